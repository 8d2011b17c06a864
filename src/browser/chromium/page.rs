//! A tab of Chromium: loads stories and applies screens and themes.

use std::path::Path;
use std::time::Duration;

use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use super::applied::{Emulated, SentCredentials};
use super::devtools::DevTools;
use super::start;
use super::virtual_clock::VirtualTime;
use crate::browser::driver::{COMMAND_TIMEOUT, Driver, RawCommand};
use crate::browser::error::BrowserError;
use crate::browser::page::{
    BrowserInfo, Page, PageState, PageTime, Progress, ScriptedTime, Thoroughness, scripted_time,
};
use crate::manifest::{BrowserSettings, CaptureSettings, Screen, Theme};
use crate::model::{Measurements, PageError};

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
    /// The clock where frames are not driven.
    pub(super) scripted_time: ScriptedTime,
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
            scripted_time: ScriptedTime::default(),
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
        session.open_tab(None).await?;
        Ok(session)
    }

    /// Whether frames are driven.
    pub(in crate::browser) fn drives_frames(&self) -> bool {
        self.driver.drives_frames
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
            self.set_size(screen).await?;
            self.state.screen = Some(screen);
        }
        self.emulate_device(theme, screen).await
    }

    /// Sets the size of the viewport.
    async fn set_size(&self, screen: Screen) -> Result<(), BrowserError> {
        let (width, height) = (screen.viewport.width, screen.viewport.height);
        let mut metrics = json!({
            "width": width,
            "height": height,
            "deviceScaleFactor": screen.scale,
            "mobile": screen.mobile,
        });
        // Without a clip, driven frames come in CSS pixels whatever the scale.
        if self.driver.drives_frames && screen.scale != 1.0 {
            metrics["viewport"] =
                json!({ "x": 0, "y": 0, "width": width, "height": height, "scale": 1 });
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

    fn info(&self) -> &BrowserInfo {
        &self.info
    }

    fn driver(&self) -> &Driver {
        &self.driver
    }

    fn reset_sent_credentials(&mut self) {
        self.sent = SentCredentials::default();
    }

    async fn frame(&self) -> Result<(), BrowserError> {
        if self.devtools.is_some() {
            return self.issue_frame(None).await.map(drop);
        }
        self.call::<bool>("nextFrame", &[]).await.map(drop)
    }

    fn is_still(&self) -> bool {
        self.time.lock().is_still
    }

    fn page_errors(&self) -> Vec<PageError> {
        let events = self.devtools.as_ref().map(DevTools::events);
        events.map_or_else(Vec::new, |events| events.errors(&self.state.address))
    }

    fn console_lines(&self) -> Vec<String> {
        let events = self.devtools.as_ref().map(DevTools::events);
        events.map_or_else(Vec::new, |events| events.console().lines())
    }

    async fn add_counts(&self, measured: &mut Measurements) -> Result<(), BrowserError> {
        self.add_browser_counts(measured).await
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

impl PageTime for ChromiumPage {
    fn scripted_time(&self) -> &ScriptedTime {
        &self.scripted_time
    }

    fn resume(&self) {
        self.time.resume();
        self.scripted_time.resume();
    }

    async fn proceed(&self) -> Result<(), BrowserError> {
        let Some(devtools) = &self.devtools else {
            return scripted_time::proceed(self, &self.scripted_time).await;
        };
        if self.pass_time(devtools, FRAME).await? {
            self.issue_frame(None).await?;
            // It may have drawn something.
            self.time.lock().observed.quiet = 0.0;
        }
        Ok(())
    }

    async fn wait(&self, time: Duration) -> Result<(), BrowserError> {
        match &self.devtools {
            Some(devtools) if self.time.is_virtual() => self.pass(devtools, time).await,
            _ => scripted_time::wait(self, &self.scripted_time, time).await,
        }
    }

    async fn pass_time_until_idle(
        &self,
        capture: &CaptureSettings,
        thoroughness: Thoroughness,
    ) -> Result<Progress, BrowserError> {
        match &self.devtools {
            Some(devtools) if self.time.is_virtual() => {
                self.run_until_idle(devtools, capture, thoroughness).await
            }
            _ => {
                let time = &self.scripted_time;
                scripted_time::run_until_idle(self, time, capture, thoroughness).await
            }
        }
    }

    fn requests_in_flight(&self, capture: &CaptureSettings) -> Vec<String> {
        let events = self.devtools.as_ref().map(DevTools::events);
        events.map_or_else(
            || self.scripted_time.pending(),
            |events| events.requests_in_flight(capture.wait_for_network),
        )
    }
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
