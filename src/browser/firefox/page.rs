//! A tab of Firefox: loads stories and applies screens and themes.

use std::path::{Path, PathBuf};
use std::time::Duration;

use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use url::Url;

use super::applied::Tab;
use super::bidi::{Bidi, BidiError};
use super::{requests, start};
use crate::browser::driver::{COMMAND_TIMEOUT, Driver, within};
use crate::browser::error::BrowserError;
use crate::browser::page::{
    BrowserInfo, Page, PageState, PageTime, ScriptedTime, Timekeeping, only_changes_fragment,
    prelude,
};
use crate::manifest::{BrowserSettings, CaptureSettings, ColorScheme, Device, Screen, Theme};
use crate::model::Measurements;

/// Evaluates an expression in the page.
const EVALUATE: &str = include_str!("../scripts/firefox_evaluate.js");

/// A Firefox under WebDriver with one open tab.
#[derive(Debug)]
pub struct FirefoxPage {
    pub(super) settings: BrowserSettings,
    pub(super) scratch: PathBuf,
    pub(super) driver: Driver,
    pub(super) bidi: Bidi,
    pub(super) info: BrowserInfo,
    pub(super) state: PageState,
    /// The time limit for loading it.
    pub(super) limit: Duration,
    pub(super) scheme: Option<ColorScheme>,
    /// The browser's own window, whose scripts may change preferences. A remote
    /// driver gives no access to it.
    pub(super) window: Option<String>,
    pub(super) tab: Tab,
    /// The scripts that run before the page's own, and their id.
    pub(super) prelude: Option<(String, String)>,
    pub(super) cache_is_off: bool,
    /// The device that is emulated in the tab.
    pub(super) emulated_device: Device,
    /// The clock of the open tab.
    pub(super) time: ScriptedTime,
}

impl FirefoxPage {
    /// Starts a browser, or opens a session on a remote WebDriver.
    pub(in crate::browser) async fn open(
        settings: &BrowserSettings,
        scratch: &Path,
    ) -> Result<Self, BrowserError> {
        Self::in_scheme(settings, scratch, None).await
    }

    pub(super) async fn in_scheme(
        settings: &BrowserSettings,
        scratch: &Path,
        scheme: Option<ColorScheme>,
    ) -> Result<Self, BrowserError> {
        let driver = start::start(settings, scratch, scheme).await?;
        let Some(address) = driver.capabilities["webSocketUrl"].as_str() else {
            return Err(BrowserError::Session(
                "Firefox does not support WebDriver BiDi (its capabilities have no \
                 `webSocketUrl`)\nhelp: install Firefox 140 or later"
                    .to_owned(),
            ));
        };
        let address = &reachable(address, driver.remote.as_deref());
        let what = format!("the connection to {address}");
        // Boxed, because the future is large.
        let bidi = within(&what, Box::pin(Bidi::connect(address))).await?;
        let bidi = bidi.map_err(|error| {
            BrowserError::Session(format!("failed to connect to {address}: {error}"))
        })?;
        let mut session = Self {
            settings: settings.clone(),
            scratch: scratch.to_owned(),
            info: info(&driver.capabilities),
            driver,
            bidi,
            state: PageState::default(),
            limit: COMMAND_TIMEOUT,
            scheme,
            window: None,
            tab: Tab::default(),
            prelude: None,
            cache_is_off: false,
            emulated_device: Device::default(),
            time: ScriptedTime::default(),
        };
        let windows = json!({ "moz:scope": "chrome" });
        session.window = match session.bidi("browsingContext.getTree", windows).await {
            Ok(windows) => Some(text(&windows["contexts"][0]["context"])),
            Err(BrowserError::Refused { .. }) => None,
            Err(error) => return Err(error),
        };
        let events = json!({ "events": requests::EVENTS });
        session.bidi("session.subscribe", events).await?;
        let tabs = session.bidi("browsingContext.getTree", json!({})).await?;
        session.tab.id = text(&tabs["contexts"][0]["context"]);
        session.open_tab().await?;
        Ok(session)
    }

    /// Loads an address. The browser's cache is used.
    pub(in crate::browser) async fn load(
        &mut self,
        address: &str,
        theme: &Theme,
        screen: Screen,
        capture: &CaptureSettings,
    ) -> Result<(), BrowserError> {
        if !self.supports_theme(theme) {
            self.restart(theme).await?;
        }
        if self.state.has_acted {
            // In the old tab, the mouse would stay where a step has moved it.
            self.open_tab().await?;
        }
        if self.cache_is_off {
            self.set_cache_behavior("default").await?;
            self.cache_is_off = false;
        }
        if only_changes_fragment(&self.state.address, address) {
            self.navigate("about:blank", capture.timeout).await?;
        }
        self.load_in_tab(address, theme, screen, capture).await
    }

    /// Loads an address in a tab that shares nothing with earlier ones.
    pub(in crate::browser) async fn load_fresh(
        &mut self,
        address: &str,
        theme: &Theme,
        screen: Screen,
        capture: &CaptureSettings,
    ) -> Result<(), BrowserError> {
        if self.supports_theme(theme) {
            self.open_tab().await?;
        } else {
            self.restart(theme).await?;
        }
        // The cache of a new container is empty. Without a cache, the number of requests
        // for a file that a page uses twice depends on the time of the first answer.
        if !capture.measure {
            self.set_cache_behavior("bypass").await?;
            self.cache_is_off = true;
        }
        self.load_in_tab(address, theme, screen, capture).await
    }

    /// Loads an address in the open tab.
    pub(super) async fn load_in_tab(
        &mut self,
        address: &str,
        theme: &Theme,
        screen: Screen,
        capture: &CaptureSettings,
    ) -> Result<(), BrowserError> {
        self.time.start(capture);
        let time = Timekeeping::without_browser(capture);
        self.install(prelude(capture, time)).await?;
        self.send_credentials().await?;
        self.emulate(theme, screen).await?;
        address.clone_into(&mut self.state.address);
        self.limit = capture.timeout;
        self.navigate_signed_in(address, capture.timeout).await?;
        self.apply_theme(theme, false).await
    }

    /// Opens a tab in a new container: the old one and its data are removed.
    pub(in crate::browser) async fn forget(&mut self, _address: &str) -> Result<(), BrowserError> {
        self.open_tab().await
    }

    pub(super) async fn navigate(
        &self,
        address: &str,
        limit: Duration,
    ) -> Result<(), BrowserError> {
        tracing::debug!(address, "loading");
        self.bidi.requests().clear();
        let to = json!({ "context": self.tab.id, "url": address, "wait": "complete" });
        let loaded = self
            .bidi_within("browsingContext.navigate", to, limit)
            .await;
        loaded.map(drop).map_err(|error| error.of_loading(address))
    }

    /// Applies a screen and a theme to the loaded page.
    pub(in crate::browser) async fn show(
        &mut self,
        theme: &Theme,
        screen: Screen,
    ) -> Result<(), BrowserError> {
        if self.supports_theme(theme) {
            self.call::<Value>("disableTransitions", &[]).await?;
            self.resume();
            self.emulate(theme, screen).await?;
            self.apply_theme(theme, false).await?;
            return self.proceed().await;
        }
        let (address, limit) = (std::mem::take(&mut self.state.address), self.limit);
        let prelude = self.prelude.take();
        let time = std::mem::take(&mut self.time);
        self.restart(theme).await?;
        self.send_credentials().await?;
        self.emulate(theme, screen).await?;
        if let Some((source, _)) = prelude {
            self.install(source).await?;
        }
        if address.is_empty() {
            return Ok(());
        }
        self.time = time;
        self.resume();
        self.state.address = address;
        self.navigate_signed_in(&self.state.address, limit).await?;
        self.apply_theme(theme, false).await
    }

    /// Whether the theme can be applied without a restart.
    pub(super) fn supports_theme(&self, theme: &Theme) -> bool {
        self.window.is_some() || self.scheme == theme.color_scheme
    }

    /// Starts another session with a colour scheme that cannot be changed in this
    /// one.
    pub(super) async fn restart(&mut self, theme: &Theme) -> Result<(), BrowserError> {
        // The remote driver may have only one slot.
        self.driver.release_remote().await;
        let (settings, scratch) = (self.settings.clone(), self.scratch.clone());
        let mut state = std::mem::take(&mut self.state);
        *self = Self::in_scheme(&settings, &scratch, theme.color_scheme).await?;
        state.reset_tab();
        self.state = state;
        Ok(())
    }

    pub(super) async fn emulate(
        &mut self,
        theme: &Theme,
        screen: Screen,
    ) -> Result<(), BrowserError> {
        if self.state.screen != Some(screen) {
            self.set_size(screen).await?;
            self.state.screen = Some(screen);
        }
        if self.scheme != theme.color_scheme
            && let Some(window) = &self.window
        {
            let (name, number) = (start::SCHEME, start::scheme_number(theme.color_scheme));
            let change = include_str!("../scripts/firefox_preference.js").trim_end();
            let change = format!("{change}({}, {number})", json!(name));
            self.evaluate_in(window, &change).await?;
            self.scheme = theme.color_scheme;
        }
        self.emulate_device().await
    }

    /// Evaluates in a page or in the browser's own window.
    pub(super) async fn evaluate_in(
        &self,
        context: &str,
        script: &str,
    ) -> Result<Value, BrowserError> {
        let call = json!({
            "expression": script,
            "target": { "context": context },
            "awaitPromise": true,
        });
        let answer = self.bidi("script.evaluate", call).await?;
        if answer["type"] == "exception" {
            let thrown = text(&answer["exceptionDetails"]["text"]);
            return Err(BrowserError::of_script(thrown));
        }
        Ok(answer["result"]["value"].clone())
    }

    pub(super) async fn bidi(
        &self,
        method: &str,
        parameters: Value,
    ) -> Result<Value, BrowserError> {
        self.bidi_within(method, parameters, COMMAND_TIMEOUT).await
    }

    pub(super) async fn bidi_within(
        &self,
        method: &str,
        parameters: Value,
        limit: Duration,
    ) -> Result<Value, BrowserError> {
        tracing::trace!(command = method, "sending a command");
        let command = format!("`{method}`");
        match self.bidi.ask(method, parameters, limit).await {
            Ok(answer) => Ok(answer),
            Err(BidiError::Refused(reason)) => Err(BrowserError::Refused { command, reason }),
            Err(BidiError::Gone(reason)) => Err(self.driver.disconnected(method, reason)),
            Err(BidiError::Hung(limit)) => Err(BrowserError::Timeout { command, limit }),
        }
    }

    /// Stops the browser.
    pub(in crate::browser) async fn close(self) {
        self.driver.close().await;
    }
}

impl Page for FirefoxPage {
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
        self.tab.has_credentials = false;
    }

    fn requests_outside(&self, by_script: bool) -> Vec<String> {
        self.bidi.requests().in_flight(by_script)
    }

    fn console_lines(&self) -> Vec<String> {
        self.bidi.requests().console().lines()
    }

    async fn add_counts(&self, measured: &mut Measurements) -> Result<(), BrowserError> {
        let requests = self.bidi.requests();
        let (sent, bytes) = requests.traffic();
        (measured.requests, measured.bytes) = (Some(sent), Some(bytes));
        measured.console_errors = Some(requests.console().errors());
        Ok(())
    }

    async fn evaluate<T: DeserializeOwned + Send>(&self, script: &str) -> Result<T, BrowserError> {
        let script = EVALUATE.replace("EXPRESSION", script);
        let answer = self.evaluate_in(&self.tab.id, &script).await?;
        serde_json::from_str(answer.as_str().unwrap_or("null"))
            .map_err(|error| BrowserError::of_script(error.to_string()))
    }

    async fn frame(&self) -> Result<(), BrowserError> {
        self.call::<bool>("nextFrame", &[]).await.map(drop)
    }
}

impl PageTime for FirefoxPage {
    fn scripted_time(&self) -> &ScriptedTime {
        &self.time
    }
}

/// The socket's address on the host by which a hub was reached. The hub reports
/// its own address, which may not be reachable from here.
fn reachable(socket: &str, hub: Option<&str>) -> String {
    let moved = || {
        let (socket, hub) = (Url::parse(socket).ok()?, Url::parse(hub?).ok()?);
        if !socket.path().ends_with("/se/bidi") {
            return None;
        }
        let kind = if hub.scheme() == "https" { "wss" } else { "ws" };
        let host = hub.host_str()?;
        let port = hub.port().map_or(String::new(), |port| format!(":{port}"));
        Some(format!("{kind}://{host}{port}{}", socket.path()))
    };
    moved().unwrap_or_else(|| socket.to_owned())
}

pub(super) fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

fn info(capabilities: &Value) -> BrowserInfo {
    BrowserInfo {
        browser: format!("firefox {}", text(&capabilities["browserVersion"])),
        driver: format!(
            "geckodriver {}",
            text(&capabilities["moz:geckodriverVersion"])
        ),
        drives_frames: false,
    }
}
