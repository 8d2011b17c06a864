//! A page of ours in Firefox.
//!
//! geckodriver starts it and opens the session; everything about the page goes
//! over WebDriver BiDi, which can do what the classic protocol cannot: a
//! viewport of any size and scale, scripts that run before the page's own, and
//! tabs that share nothing with each other.

mod bidi;
mod device;
mod sign_in;
pub(super) mod start;
mod tab;

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use fantoccini::Client;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use url::Url;

use self::bidi::{Bidi, BidiError};
use self::device::Visit;
use self::tab::Tab;
use super::ask::COMMAND_LIMIT;
use super::capture::{self, Canvas, Frame};
use super::driver::{Driver, within};
use super::error::BrowserError;
use super::page::Page;
use super::session::{BrowserInfo, only_moves, prelude};
use super::sign_in::SignedIn;
use super::steps::Hands;
use crate::manifest::{
    BrowserSettings, CaptureSettings, ColorScheme, Credentials, Device, Screen, Theme,
};

/// One Firefox under WebDriver with one page in it.
#[derive(Debug)]
pub struct Firefox {
    settings: BrowserSettings,
    scratch: PathBuf,
    driver: Driver,
    bidi: Bidi,
    info: BrowserInfo,
    address: String,
    /// How long it may take to load.
    limit: Duration,
    screen: Option<Screen>,
    scheme: Option<ColorScheme>,
    /// The browser's own window, whose scripts may change preferences: not
    /// where somebody else has started the driver.
    window: Option<String>,
    tab: Tab,
    /// What runs in each page before its own scripts, and the browser's name
    /// for it.
    prelude: Option<(String, String)>,
    cache_is_off: bool,
    /// Whether steps have been done since the address was loaded.
    acted: bool,
    visit: Visit,
    /// Before which device pages are shown, and what of that is set in the tab.
    device: Device,
    surrounded: Device,
    /// Whose browser it is.
    signed_in: Option<SignedIn>,
}

impl Firefox {
    /// Starts a browser, or opens a session on a WebDriver that is up. Its
    /// profile goes below `scratch` and is removed with it.
    ///
    /// # Errors
    /// When there is no browser or driver, or they do not start.
    pub(super) async fn open(
        settings: &BrowserSettings,
        scratch: &Path,
    ) -> Result<Self, BrowserError> {
        Self::in_scheme(settings, scratch, None).await
    }

    async fn in_scheme(
        settings: &BrowserSettings,
        scratch: &Path,
        scheme: Option<ColorScheme>,
    ) -> Result<Self, BrowserError> {
        let driver = start::start(settings, scratch, scheme).await?;
        let Some(address) = driver.capabilities["webSocketUrl"].as_str() else {
            return Err(BrowserError::Session(
                "Firefox offers no WebDriver BiDi (no `webSocketUrl` in its capabilities); \
                 version 140 or newer does"
                    .to_owned(),
            ));
        };
        let address = &reachable(address, driver.remote.as_deref());
        let what = format!("connection to {address}");
        // Boxed, to spare the stack of whatever may start a browser.
        let bidi = within(&what, Box::pin(Bidi::connect(address))).await?;
        let bidi = bidi.map_err(|error| {
            BrowserError::Session(format!("no connection to {address}: {error}"))
        })?;
        let mut session = Self {
            settings: settings.clone(),
            scratch: scratch.to_owned(),
            info: info(&driver.capabilities),
            driver,
            bidi,
            address: String::new(),
            limit: COMMAND_LIMIT,
            screen: None,
            scheme,
            window: None,
            tab: Tab::default(),
            prelude: None,
            cache_is_off: false,
            acted: false,
            visit: Visit::default(),
            device: Device::default(),
            surrounded: Device::default(),
            signed_in: None,
        };
        let windows = json!({ "moz:scope": "chrome" });
        session.window = match session.bidi("browsingContext.getTree", windows).await {
            Ok(windows) => Some(text(&windows["contexts"][0]["context"])),
            Err(BrowserError::Refused { .. }) => None,
            Err(error) => return Err(error),
        };
        let tabs = session.bidi("browsingContext.getTree", json!({})).await?;
        session.tab.id = text(&tabs["contexts"][0]["context"]);
        session.open_tab().await?;
        Ok(session)
    }

    /// Names and versions.
    pub(super) fn info(&self) -> &BrowserInfo {
        &self.info
    }

    /// The WebDriver client, for hooks.
    pub(super) fn client(&self) -> &Client {
        &self.driver.client
    }

    /// Presents credentials to the server at `base` from the next page on.
    pub(super) fn visit(&mut self, base: &str, credentials: Arc<Credentials>) {
        self.visit = Visit::of(base, credentials);
    }

    /// Says before which device pages are shown from the next load on.
    pub(super) fn set_device(&mut self, device: &Device) {
        self.device.clone_from(device);
    }

    /// Makes the browser somebody's, or nobody's, from the next load on.
    pub(super) fn sign_in(&mut self, state: Option<SignedIn>) {
        self.signed_in = state;
    }

    /// Loads an address; what the browser has cached may be used.
    pub(super) async fn load(
        &mut self,
        address: &str,
        theme: &Theme,
        screen: Screen,
        capture: &CaptureSettings,
    ) -> Result<(), BrowserError> {
        if !self.can_wear(theme) {
            self.restart(theme).await?;
        }
        if self.acted {
            // The mouse would still rest where a step has moved it.
            self.open_tab().await?;
        }
        if self.cache_is_off {
            self.cache("default").await?;
            self.cache_is_off = false;
        }
        if only_moves(&self.address, address) {
            self.go("about:blank", capture.timeout).await?;
        }
        self.arrive(address, theme, screen, capture).await
    }

    /// Loads an address in a tab that shares nothing with any before.
    pub(super) async fn load_fresh(
        &mut self,
        address: &str,
        theme: &Theme,
        screen: Screen,
        capture: &CaptureSettings,
    ) -> Result<(), BrowserError> {
        if self.can_wear(theme) {
            self.open_tab().await?;
        } else {
            self.restart(theme).await?;
        }
        self.cache("bypass").await?;
        self.cache_is_off = true;
        self.arrive(address, theme, screen, capture).await
    }

    /// Loads an address in the tab as it is.
    async fn arrive(
        &mut self,
        address: &str,
        theme: &Theme,
        screen: Screen,
        capture: &CaptureSettings,
    ) -> Result<(), BrowserError> {
        self.install(prelude(capture)).await?;
        self.present().await?;
        self.emulate(theme, screen).await?;
        address.clone_into(&mut self.address);
        self.limit = capture.timeout;
        self.enter(address, capture.timeout).await?;
        self.wear(theme, false).await
    }

    /// Leaves all that a story may have left behind in the old tab's container.
    pub(super) async fn forget(&mut self, _address: &str) -> Result<(), BrowserError> {
        self.open_tab().await
    }

    async fn go(&self, address: &str, limit: Duration) -> Result<(), BrowserError> {
        tracing::debug!(address, "loading");
        let to = json!({ "context": self.tab.id, "url": address, "wait": "complete" });
        let loaded = self
            .bidi_within("browsingContext.navigate", to, limit)
            .await;
        loaded.map(drop).map_err(|error| error.of_loading(address))
    }

    /// Shows the loaded page on this screen and with this colour scheme.
    pub(super) async fn show(&mut self, theme: &Theme, screen: Screen) -> Result<(), BrowserError> {
        if self.can_wear(theme) {
            self.evaluate::<Value>("__tintype.hasten()").await?;
            self.emulate(theme, screen).await?;
            self.wear(theme, false).await?;
            return self.frame().await;
        }
        let (address, limit) = (std::mem::take(&mut self.address), self.limit);
        let prelude = self.prelude.take();
        self.restart(theme).await?;
        self.present().await?;
        self.emulate(theme, screen).await?;
        if let Some((source, _)) = prelude {
            self.install(source).await?;
        }
        if address.is_empty() {
            return Ok(());
        }
        self.address = address;
        self.enter(&self.address, limit).await?;
        self.wear(theme, false).await
    }

    /// Whether the colour scheme can be changed while the browser runs, or
    /// need not.
    fn can_wear(&self, theme: &Theme) -> bool {
        self.window.is_some() || self.scheme == theme.color_scheme
    }

    /// Another session, which begins with the colour scheme that cannot be
    /// changed in this one.
    async fn restart(&mut self, theme: &Theme) -> Result<(), BrowserError> {
        // Its place may be the only one that there is.
        self.driver.give_back().await;
        let (settings, scratch) = (self.settings.clone(), self.scratch.clone());
        let (signed_in, device) = (self.signed_in.take(), std::mem::take(&mut self.device));
        let visit = std::mem::take(&mut self.visit);
        *self = Self::in_scheme(&settings, &scratch, theme.color_scheme).await?;
        (self.signed_in, self.device, self.visit) = (signed_in, device, visit);
        self.visit.forget();
        Ok(())
    }

    async fn emulate(&mut self, theme: &Theme, screen: Screen) -> Result<(), BrowserError> {
        if self.screen != Some(screen) {
            self.lay_out(screen, screen.viewport.height).await?;
            self.screen = Some(screen);
        }
        if self.scheme != theme.color_scheme
            && let Some(window) = &self.window
        {
            let (name, number) = (start::SCHEME, start::scheme_number(theme.color_scheme));
            let change = format!("Services.prefs.setIntPref({name:?}, {number})");
            self.evaluate_in(window, &change).await?;
            self.scheme = theme.color_scheme;
        }
        self.surround().await
    }

    /// Evaluates in a page or in the browser's own window; an exception is a
    /// refusal.
    async fn evaluate_in(&self, context: &str, script: &str) -> Result<Value, BrowserError> {
        let call = json!({
            "expression": script,
            "target": { "context": context },
            "awaitPromise": true,
        });
        let mut answer = self.bidi("script.evaluate", call).await?;
        if answer["type"] == "exception" {
            let thrown = text(&answer["exceptionDetails"]["text"]);
            return Err(BrowserError::of_script(thrown));
        }
        Ok(answer["result"]["value"].take())
    }

    async fn bidi(&self, method: &str, parameters: Value) -> Result<Value, BrowserError> {
        self.bidi_within(method, parameters, COMMAND_LIMIT).await
    }

    async fn bidi_within(
        &self,
        method: &str,
        parameters: Value,
        limit: Duration,
    ) -> Result<Value, BrowserError> {
        tracing::trace!(command = method, "asking the browser");
        let command = method.to_owned();
        match self.bidi.ask(method, parameters, limit).await {
            Ok(answer) => Ok(answer),
            Err(BidiError::Refused(reason)) => Err(BrowserError::Refused { command, reason }),
            Err(BidiError::Gone(reason)) => Err(self.driver.gone(method, reason)),
            Err(BidiError::Hung(limit)) => Err(BrowserError::Hung { command, limit }),
        }
    }

    /// Ends the browser.
    pub(super) async fn close(self) {
        self.driver.close().await;
    }
}

impl Page for Firefox {
    fn address(&self) -> &str {
        &self.address
    }

    fn acted(&self) -> bool {
        self.acted
    }

    async fn evaluate<T: DeserializeOwned + Send>(&self, script: &str) -> Result<T, BrowserError> {
        // As text, since BiDi would wrap each part of a value in its type.
        let script = format!("(async () => JSON.stringify((await ({script})) ?? null))()");
        let answer = self.evaluate_in(&self.tab.id, &script).await?;
        serde_json::from_str(answer.as_str().unwrap_or("null"))
            .map_err(|error| BrowserError::of_script(error.to_string()))
    }

    async fn frame(&self) -> Result<(), BrowserError> {
        self.evaluate::<bool>("__tintype.frame()").await.map(drop)
    }
}

impl Hands for Firefox {
    fn driver(&self) -> &Driver {
        &self.driver
    }

    fn act(&mut self) {
        self.acted = true;
    }

    async fn dress_anew(&mut self, theme: &Theme) -> Result<(), BrowserError> {
        self.wear(theme, true).await
    }
}

impl Canvas for Firefox {
    async fn lay_out(&self, screen: Screen, height: u32) -> Result<(), BrowserError> {
        let size = json!({
            "context": self.tab.id,
            "viewport": { "width": screen.viewport.width, "height": height },
            "devicePixelRatio": screen.scale,
        });
        self.bidi("browsingContext.setViewport", size)
            .await
            .map(drop)
    }

    async fn draw(
        &self,
        _screen: Screen,
        _height: u32,
        part: Option<Frame>,
    ) -> Result<Vec<u8>, BrowserError> {
        self.frame().await?;
        let mut shot = json!({ "context": self.tab.id, "origin": "viewport" });
        if let Some(Frame {
            x,
            y,
            width,
            height,
        }) = part
        {
            shot["origin"] = json!("document");
            shot["clip"] =
                json!({ "type": "box", "x": x, "y": y, "width": width, "height": height });
        }
        let answer = self.bidi("browsingContext.captureScreenshot", shot).await?;
        capture::decode(answer["data"].as_str().unwrap_or_default())
    }
}

/// A hub names the address by which it knows itself, which need not be the one
/// by which it was reached.
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

fn text(value: &Value) -> String {
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
