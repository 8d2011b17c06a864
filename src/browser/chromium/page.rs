//! A tab of Chromium: loads stories and applies screens and themes.

use std::path::Path;
use std::time::{Duration, Instant};

use fantoccini::Client;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use super::applied::{Emulated, SentCredentials};
use super::devtools::DevTools;
use super::start;
use super::virtual_clock::VirtualTime;
use crate::browser::driver::{COMMAND_TIMEOUT, Driver, RawCommand};
use crate::browser::error::BrowserError;
use crate::browser::page::{
    BrowserInfo, Page, PageState, Progress, Thoroughness, only_changes_fragment,
};
use crate::manifest::{BrowserSettings, CaptureSettings, Screen, Theme};
use crate::model::PageError;

/// Page time that passes with a frame while the page is waited for, in
/// milliseconds.
const FRAME: f64 = 20.0;

/// A Chromium under WebDriver with one open tab.
#[derive(Debug)]
pub struct ChromiumPage {
    pub(super) driver: Driver,
    /// The connection to the open tab of a browser whose frames are driven.
    pub(super) devtools: Option<DevTools>,
    /// The clock of the open tab.
    pub(super) time: VirtualTime,
    /// The target id of the open tab.
    pub(super) target: String,
    pub(super) info: BrowserInfo,
    pub(super) state: PageState,
    pub(super) emulated: Emulated,
    /// Whether a theme is applied to the loaded page's root element.
    pub(super) has_theme: bool,
    /// Whether transitions are disabled in the loaded page.
    pub(super) transitions_off: bool,
    /// The target id of a tab that is being closed.
    pub(super) closing: Option<String>,
    /// The scripts that run before the page's own, and their id.
    pub(super) prelude: Option<(String, String)>,
    pub(super) cache_is_off: bool,
    pub(super) sent: SentCredentials,
}

impl ChromiumPage {
    /// Starts a browser, or opens a session on a remote WebDriver.
    pub async fn open(settings: &BrowserSettings, scratch: &Path) -> Result<Self, BrowserError> {
        let driver = start::start(settings, scratch).await?;
        let mut session = Self {
            info: info(&driver.capabilities, driver.drives_frames),
            driver,
            devtools: None,
            time: VirtualTime::default(),
            target: String::new(),
            state: PageState::default(),
            emulated: Emulated::default(),
            has_theme: false,
            transitions_off: false,
            closing: None,
            prelude: None,
            cache_is_off: false,
            sent: SentCredentials::default(),
        };
        session.open_tab().await?;
        Ok(session)
    }

    /// Names and versions of browser and driver.
    pub fn info(&self) -> &BrowserInfo {
        &self.info
    }

    /// Whether frames are driven.
    pub(in crate::browser) fn drives_frames(&self) -> bool {
        self.driver.drives_frames
    }

    /// Loads an address with this screen and colour scheme. The browser's cache
    /// is used.
    pub async fn load(
        &mut self,
        address: &str,
        theme: &Theme,
        screen: Screen,
        capture: &CaptureSettings,
    ) -> Result<(), BrowserError> {
        self.load_once(address, theme, screen, capture).await?;
        if self.needs_password().await? {
            self.authenticate(address).await?;
            self.load_once(address, theme, screen, capture).await?;
        }
        Ok(())
    }

    pub(super) async fn load_once(
        &mut self,
        address: &str,
        theme: &Theme,
        screen: Screen,
        capture: &CaptureSettings,
    ) -> Result<(), BrowserError> {
        let limit = capture.timeout;
        if self.cache_is_off {
            let cached = json!({ "cacheDisabled": false });
            self.cdp("Network.setCacheDisabled", cached).await?;
            self.cache_is_off = false;
        }
        // Virtual time cannot be turned off.
        let is_wrong_clock = self.time.is_virtual() && !capture.virtual_time;
        if self.state.has_acted || is_wrong_clock {
            // In the old tab, the mouse would stay where a step has moved it.
            self.open_tab().await?;
        }
        self.send_credentials().await?;
        if only_changes_fragment(&self.state.address, address) {
            // Otherwise only the fragment would change, and nothing be loaded.
            self.navigate("about:blank", limit).await?;
        }
        self.install(capture).await?;
        self.emulate(theme, screen).await?;
        self.state.begin_story(address);
        self.navigate_signed_in(address, limit).await?;
        (self.has_theme, self.transitions_off) = (false, false);
        self.set_theme(theme).await
    }

    /// Loads an address in a new tab without cache, cookies and storage.
    pub async fn load_fresh(
        &mut self,
        address: &str,
        theme: &Theme,
        screen: Screen,
        capture: &CaptureSettings,
    ) -> Result<(), BrowserError> {
        self.load_fresh_once(address, theme, screen, capture)
            .await?;
        if self.needs_password().await? {
            self.authenticate(address).await?;
            self.load_fresh_once(address, theme, screen, capture)
                .await?;
        }
        Ok(())
    }

    pub(super) async fn load_fresh_once(
        &mut self,
        address: &str,
        theme: &Theme,
        screen: Screen,
        capture: &CaptureSettings,
    ) -> Result<(), BrowserError> {
        self.open_tab().await?;
        self.install(capture).await?;
        self.emulate(theme, screen).await?;
        self.until_closed().await?;
        self.forget(address).await?;
        self.send_credentials().await?;
        self.cdp("Network.enable", json!({})).await?;
        self.cdp("Network.setCacheDisabled", json!({ "cacheDisabled": true }))
            .await?;
        self.cache_is_off = true;
        self.state.begin_story(address);
        self.navigate_signed_in(address, capture.timeout).await?;
        (self.has_theme, self.transitions_off) = (false, false);
        self.set_theme(theme).await
    }

    /// Removes cookies, and all storage of the address's origin.
    pub async fn forget(&mut self, address: &str) -> Result<(), BrowserError> {
        if let Ok(url) = url::Url::parse(address) {
            let origin = url.origin().ascii_serialization();
            let all = json!({ "origin": origin, "storageTypes": "all" });
            self.cdp("Storage.clearDataForOrigin", all).await?;
        }
        self.cdp("Network.clearBrowserCookies", json!({})).await?;
        self.sent.cookies = false;
        Ok(())
    }

    /// Navigates to an address and waits until it has loaded.
    pub(in crate::browser) async fn navigate(
        &self,
        address: &str,
        limit: Duration,
    ) -> Result<(), BrowserError> {
        // The address may contain a password.
        if !address.contains('@') {
            tracing::debug!(address, "loading");
        }
        if let Some(devtools) = &self.devtools {
            return self.load_document(devtools, address, limit).await;
        }
        let mut loaded = self.goto(address, limit).await;
        if loaded.as_ref().is_err_and(is_broken_by_page) {
            // A document that no page code has touched.
            let blank = json!({ "url": "about:blank" });
            self.cdp("Page.navigate", blank).await?;
            loaded = self.goto(address, limit).await;
        }
        loaded.map_err(|error| error.of_loading(address))
    }

    async fn goto(&self, address: &str, limit: Duration) -> Result<(), BrowserError> {
        let load = self.driver.client.goto(address);
        self.driver.command_within("navigate", limit, load).await
    }

    /// Applies a screen and a theme to the loaded page, and draws a frame for its
    /// listeners.
    pub async fn show(&mut self, theme: &Theme, screen: Screen) -> Result<(), BrowserError> {
        if !self.transitions_off {
            self.call::<Value>("disableTransitions", &[]).await?;
            self.transitions_off = true;
        }
        self.time.resume();
        self.emulate(theme, screen).await?;
        self.set_theme(theme).await?;
        self.proceed().await
    }

    /// Applies a theme to the root element, and removes the one before.
    pub(super) async fn set_theme(&mut self, theme: &Theme) -> Result<(), BrowserError> {
        let bare = theme.attributes.is_empty() && theme.classes.is_empty();
        if bare && !self.has_theme {
            return Ok(());
        }
        self.apply_theme(theme, false).await?;
        self.has_theme = !bare;
        Ok(())
    }

    /// Applies the screen and the emulated device.
    pub(super) async fn emulate(
        &mut self,
        theme: &Theme,
        screen: Screen,
    ) -> Result<(), BrowserError> {
        if self.state.screen != Some(screen) {
            self.set_size(screen, screen.viewport.height, None).await?;
            self.state.screen = Some(screen);
        }
        self.emulate_device(theme, screen).await
    }

    /// Sets the layout to the screen's width and this height, of which `clip` or
    /// everything is visible.
    pub(in crate::browser) async fn set_size(
        &self,
        screen: Screen,
        height: u32,
        clip: Option<Value>,
    ) -> Result<(), BrowserError> {
        let mut metrics = json!({
            "width": screen.viewport.width,
            "height": height,
            "deviceScaleFactor": screen.scale,
            "mobile": screen.mobile,
        });
        // Without a clip, driven frames come in CSS pixels whatever the scale.
        let whole = || json!({ "x": 0, "y": 0, "width": screen.viewport.width, "height": height, "scale": 1 });
        let scaled = self.driver.drives_frames && screen.scale != 1.0;
        if let Some(clip) = clip.or_else(|| scaled.then(whole)) {
            metrics["viewport"] = clip;
        }
        self.cdp("Emulation.setDeviceMetricsOverride", metrics)
            .await
            .map(drop)
    }

    /// Sends a command of the DevTools protocol.
    pub(in crate::browser) async fn cdp(
        &self,
        method: &str,
        parameters: Value,
    ) -> Result<Value, BrowserError> {
        if let Some(devtools) = &self.devtools {
            let reply = devtools.call(method, parameters, COMMAND_TIMEOUT).await;
            return reply.map_err(|error| self.devtools_error(method, error));
        }
        let command = RawCommand {
            command: "goog/cdp/execute",
            body: json!({ "cmd": method, "params": parameters }),
        };
        self.driver
            .command(method, self.driver.client.issue_cmd(command))
            .await
    }

    /// The WebDriver client, for hooks.
    pub fn client(&self) -> &Client {
        &self.driver.client
    }

    /// Stops the browser and its driver and removes their folders.
    pub async fn close(self) {
        self.driver.close().await;
    }
}

impl Page for ChromiumPage {
    fn state(&self) -> &PageState {
        &self.state
    }

    fn state_mut(&mut self) -> &mut PageState {
        &mut self.state
    }

    async fn frame(&self) -> Result<(), BrowserError> {
        if self.devtools.is_some() {
            return self.issue_frame(None).await.map(drop);
        }
        self.call::<bool>("nextFrame", &[]).await.map(drop)
    }

    fn resume(&self) {
        self.time.resume();
    }

    async fn proceed(&self) -> Result<(), BrowserError> {
        let Some(devtools) = &self.devtools else {
            return self.frame().await;
        };
        if self.pass_time(devtools, FRAME).await? {
            self.issue_frame(None).await?;
        }
        Ok(())
    }

    async fn wait(&self, time: Duration) -> Result<(), BrowserError> {
        match &self.devtools {
            Some(devtools) if self.time.is_virtual() => self.pass(devtools, time).await,
            _ => {
                tokio::time::sleep(time).await;
                Ok(())
            }
        }
    }

    async fn pass_time_until_idle(
        &self,
        capture: &CaptureSettings,
        thoroughness: Thoroughness,
        started: Instant,
    ) -> Result<Progress, BrowserError> {
        match &self.devtools {
            Some(devtools) if self.time.is_virtual() => {
                self.run_until_idle(devtools, capture, thoroughness, started)
                    .await
            }
            _ => Ok(Progress::AtRest),
        }
    }

    fn requests_in_flight(&self, capture: &CaptureSettings) -> Vec<String> {
        let events = self.devtools.as_ref().map(DevTools::events);
        events.map_or_else(Vec::new, |events| {
            events.requests_in_flight(capture.wait_for_network)
        })
    }

    fn page_errors(&self) -> Vec<PageError> {
        let events = self.devtools.as_ref().map(DevTools::events);
        events.map_or_else(Vec::new, |events| events.errors(&self.state.address))
    }

    async fn evaluate<T: DeserializeOwned + Send>(&self, script: &str) -> Result<T, BrowserError> {
        let call = json!({ "expression": script, "returnByValue": true, "awaitPromise": true });
        let answer = self.cdp("Runtime.evaluate", call).await?;
        if let Some(thrown) = answer.get("exceptionDetails") {
            let text = thrown["exception"]["description"]
                .as_str()
                .or_else(|| thrown["text"].as_str());
            let text = text.unwrap_or_default().to_owned();
            return Err(BrowserError::of_script(text));
        }
        let value = answer["result"].get("value").cloned().unwrap_or_default();
        serde_json::from_value(value).map_err(|error| BrowserError::of_script(error.to_string()))
    }
}

/// Whether the driver failed because of page code. The driver calls a function
/// in the old page before it navigates, which fails where the page has replaced
/// `JSON.stringify` or defined `Object.prototype.toJSON`.
fn is_broken_by_page(error: &BrowserError) -> bool {
    matches!(
        error,
        BrowserError::Refused { reason, .. }
            if reason.contains("deserialize") || reason.contains("javascript error")
    )
}

/// Names and versions from the session's capabilities.
fn info(capabilities: &Value, drives_frames: bool) -> BrowserInfo {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let version = text(&capabilities["browserVersion"]);
    let driver = text(&capabilities["chrome"]["chromedriverVersion"]);
    let driver = driver.split(' ').next().unwrap_or_default();
    BrowserInfo {
        // The headless shell has the browser's version number, but renders text
        // differently.
        browser: format!(
            "chromium {version}{}",
            if drives_frames {
                " (headless shell)"
            } else {
                ""
            }
        ),
        driver: format!("chromedriver {driver}"),
        drives_frames,
    }
}
