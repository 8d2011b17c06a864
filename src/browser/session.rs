//! A page of ours in Chromium: load a story, show it in a theme on a screen,
//! bring it to rest, capture it.

use std::path::Path;
use std::time::{Duration, Instant};

use fantoccini::Client;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use super::access::Visit;
use super::ask::COMMAND_LIMIT;
use super::driver::Driver;
use super::emulation::Emulated;
use super::error::BrowserError;
use super::page::Page;
use super::post::Post;
use super::sign_in::SignedIn;
use crate::manifest::{BrowserSettings, CaptureSettings, Device, Screen, Theme};

/// What runs in every page before its own first script.
pub(super) const LIBRARY: &str = include_str!("page/library.js");

/// What runs before even that where a story asks for it.
const CLOCK: &str = include_str!("page/clock.js");

/// Names and versions of a session's browser and driver.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BrowserInfo {
    /// `chromium 156.0.8078.79`
    pub browser: String,
    /// `chromedriver 156.0.8078.79`
    pub driver: String,
    /// Whether frames are driven, or the browser runs freely.
    pub drives_frames: bool,
}

/// What a page has loaded, as it says itself.
#[derive(Clone, Debug, Default, PartialEq, Eq, serde::Deserialize)]
pub struct PageLoads {
    /// Addresses, each once.
    pub files: Vec<String>,
    /// What makes the page depend on more than these.
    pub unseen: Vec<String>,
}

/// One Chromium under WebDriver with one page in it.
#[derive(Debug)]
pub struct Session {
    pub(super) driver: Driver,
    info: BrowserInfo,
    address: String,
    screen: Option<Screen>,
    /// Before which device pages are shown, and what of that is set.
    pub(super) device: Device,
    pub(super) emulated: Emulated,
    /// Whether the loaded page wears something of a theme.
    pub(super) dressed: bool,
    /// Whether the loaded page changes its look at once.
    hastened: bool,
    /// A page that was told to close, by its name among the browser's targets.
    closing: Option<String>,
    /// What runs in the page before its own scripts, and the browser's name
    /// for it.
    prelude: Option<(String, String)>,
    cache_is_off: bool,
    pub(super) visit: Visit,
    /// Whether steps have been done since the address was loaded.
    pub(super) acted: bool,
    /// Whose browser it is.
    pub(super) signed_in: Option<SignedIn>,
}

impl Session {
    /// Starts a browser, or opens a session on a WebDriver that is up. Profiles
    /// go below `scratch` and are removed with the session.
    ///
    /// # Errors
    /// When there is no browser or driver, or they do not start.
    pub async fn open(settings: &BrowserSettings, scratch: &Path) -> Result<Self, BrowserError> {
        let driver = Driver::open(settings, scratch).await?;
        let mut session = Self {
            info: info(&driver.capabilities, driver.frames),
            driver,
            address: String::new(),
            screen: None,
            device: Device::default(),
            emulated: Emulated::default(),
            dressed: false,
            hastened: false,
            closing: None,
            prelude: None,
            cache_is_off: false,
            visit: Visit::default(),
            acted: false,
            signed_in: None,
        };
        session.open_tab().await?;
        Ok(session)
    }

    /// Names and versions.
    pub fn info(&self) -> &BrowserInfo {
        &self.info
    }

    /// Whether each frame is issued from here.
    pub(super) fn drives_frames(&self) -> bool {
        self.driver.frames
    }

    /// Opens a page whose frames we drive, where that is possible, and
    /// installs nothing in it yet.
    async fn open_tab(&mut self) -> Result<(), BrowserError> {
        if self.acted {
            self.take_mouse_away().await;
            self.acted = false;
        }
        let mut page = json!({ "url": "about:blank" });
        if self.driver.frames {
            page["enableBeginFrameControl"] = json!(true);
        }
        let client = &self.driver.client;
        let before = self.driver.ask("window", client.window()).await?;
        let target = self.cdp("Target.createTarget", page).await?;
        let id = target["targetId"].as_str().unwrap_or_default().to_owned();
        let handle = id.try_into().map_err(|_| BrowserError::Refused {
            command: "Target.createTarget".to_owned(),
            reason: format!("its answer names no page: {target}"),
        })?;
        let client = &self.driver.client;
        self.driver
            .ask("switch window", client.switch_to_window(handle))
            .await?;
        // The driver's own way to close a page takes five times as long.
        let before = String::from(before);
        self.cdp("Target.closeTarget", json!({ "targetId": before }))
            .await?;
        self.closing = Some(before);
        // A page that believes to be in front looks the same in every tab.
        let focus = json!({ "enabled": true });
        self.cdp("Emulation.setFocusEmulationEnabled", focus)
            .await?;
        self.address.clear();
        (self.screen, self.prelude) = (None, None);
        self.emulated = Emulated::default();
        self.cache_is_off = false;
        self.visit.page_knows = false;
        Ok(())
    }

    /// Waits until the page that was told to close can write nothing any more.
    async fn until_closed(&mut self) -> Result<(), BrowserError> {
        let Some(closing) = self.closing.take() else {
            return Ok(());
        };
        let is_open = |target: &Value| target["targetId"] == closing.as_str();
        let begun = Instant::now();
        loop {
            let answer = self.cdp("Target.getTargets", json!({})).await?;
            let open = answer["targetInfos"].as_array();
            if !open.is_some_and(|open| open.iter().any(is_open)) {
                return Ok(());
            }
            if begun.elapsed() > COMMAND_LIMIT {
                return Err(BrowserError::Hung {
                    command: "close the page before".to_owned(),
                    limit: COMMAND_LIMIT,
                });
            }
        }
    }

    /// Makes the library, and the clock that the story asks for, run in every
    /// document from the next on.
    async fn install(&mut self, capture: &CaptureSettings) -> Result<(), BrowserError> {
        let source = prelude(capture);
        match &self.prelude {
            Some((installed, _)) if *installed == source => return Ok(()),
            Some((_, name)) => {
                let old = json!({ "identifier": name });
                self.cdp("Page.removeScriptToEvaluateOnNewDocument", old)
                    .await?;
            }
            None => {}
        }
        let new = json!({ "source": source });
        let answer = self
            .cdp("Page.addScriptToEvaluateOnNewDocument", new)
            .await?;
        let name = answer["identifier"].as_str().unwrap_or_default().to_owned();
        self.prelude = Some((source, name));
        Ok(())
    }

    /// Loads an address on this screen and with this colour scheme from its
    /// first moment on. What the browser has cached may be used.
    ///
    /// # Errors
    /// When it cannot be loaded in the story's time, or the browser is gone.
    pub async fn load(
        &mut self,
        address: &str,
        theme: &Theme,
        screen: Screen,
        capture: &CaptureSettings,
    ) -> Result<(), BrowserError> {
        self.load_once(address, theme, screen, capture).await?;
        if self.is_asked_for_password().await? {
            self.log_in(address).await?;
            self.load_once(address, theme, screen, capture).await?;
        }
        Ok(())
    }

    async fn load_once(
        &mut self,
        address: &str,
        theme: &Theme,
        screen: Screen,
        capture: &CaptureSettings,
    ) -> Result<(), BrowserError> {
        let limit = capture.timeout;
        if self.cache_is_off {
            self.cdp("Network.disable", json!({})).await?;
            self.cache_is_off = false;
            self.visit.page_knows = false;
        }
        if self.acted {
            // The mouse would still rest where a step has moved it.
            self.open_tab().await?;
        }
        self.present().await?;
        if only_moves(&self.address, address) {
            // Otherwise only the fragment would change and nothing be loaded.
            self.go("about:blank", limit).await?;
        }
        self.install(capture).await?;
        self.emulate(theme, screen).await?;
        address.clone_into(&mut self.address);
        self.acted = false;
        self.enter(address, limit).await?;
        (self.dressed, self.hastened) = (false, false);
        self.dress(theme).await
    }

    /// Loads an address in a page that has never shown anything, of a browser
    /// that remembers nothing: no cache, no cookies, no storage.
    ///
    /// # Errors
    /// When it cannot be loaded in the story's time, or the browser is gone.
    pub async fn load_fresh(
        &mut self,
        address: &str,
        theme: &Theme,
        screen: Screen,
        capture: &CaptureSettings,
    ) -> Result<(), BrowserError> {
        self.load_fresh_once(address, theme, screen, capture)
            .await?;
        if self.is_asked_for_password().await? {
            self.log_in(address).await?;
            self.load_fresh_once(address, theme, screen, capture)
                .await?;
        }
        Ok(())
    }

    async fn load_fresh_once(
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
        self.present().await?;
        self.cdp("Network.enable", json!({})).await?;
        self.cdp("Network.setCacheDisabled", json!({ "cacheDisabled": true }))
            .await?;
        self.cache_is_off = true;
        address.clone_into(&mut self.address);
        self.acted = false;
        self.enter(address, capture.timeout).await?;
        (self.dressed, self.hastened) = (false, false);
        self.dress(theme).await
    }

    /// Empties what a story may have left: cookies, and all storage of the
    /// address's origin.
    ///
    /// # Errors
    /// When the browser refuses or is gone.
    pub async fn forget(&mut self, address: &str) -> Result<(), BrowserError> {
        if let Ok(url) = url::Url::parse(address) {
            let origin = url.origin().ascii_serialization();
            let all = json!({ "origin": origin, "storageTypes": "all" });
            self.cdp("Storage.clearDataForOrigin", all).await?;
        }
        self.cdp("Network.clearBrowserCookies", json!({})).await?;
        self.visit.has_cookies = false;
        Ok(())
    }

    pub(super) async fn go(&self, address: &str, limit: Duration) -> Result<(), BrowserError> {
        tracing::debug!(address, "loading");
        let load = self.driver.client.goto(address);
        let loaded = self.driver.ask_within("load", limit, load).await;
        loaded.map_err(|error| error.of_loading(address))
    }

    /// Shows the loaded page on this screen and in this theme, and draws the
    /// frame in which the page learns of it.
    ///
    /// # Errors
    /// When the browser refuses or is gone.
    pub async fn show(&mut self, theme: &Theme, screen: Screen) -> Result<(), BrowserError> {
        if !self.hastened {
            self.evaluate::<Value>("__tintype.hasten()").await?;
            self.hastened = true;
        }
        self.emulate(theme, screen).await?;
        self.dress(theme).await?;
        self.tick().await
    }

    /// Puts what the theme has for the root element on the page, and takes off
    /// what it wears.
    async fn dress(&mut self, theme: &Theme) -> Result<(), BrowserError> {
        let bare = theme.attributes.is_empty() && theme.classes.is_empty();
        if bare && !self.dressed {
            return Ok(());
        }
        self.wear(theme, false).await?;
        self.dressed = !bare;
        Ok(())
    }

    /// The screen and the colour scheme.
    async fn emulate(&mut self, theme: &Theme, screen: Screen) -> Result<(), BrowserError> {
        if self.screen != Some(screen) {
            self.set_size(screen, screen.viewport.height, None).await?;
            self.screen = Some(screen);
        }
        self.surround(theme, screen).await
    }

    /// Lays the page out at the screen's width and this height, of which
    /// `clip` is visible, or all.
    pub(super) async fn set_size(
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
        let scaled = self.driver.frames && screen.scale != 1.0;
        if let Some(clip) = clip.or_else(|| scaled.then(whole)) {
            metrics["viewport"] = clip;
        }
        self.cdp("Emulation.setDeviceMetricsOverride", metrics)
            .await
            .map(drop)
    }

    /// One frame for the page and for nobody's eyes: its callbacks and
    /// listeners run, its layout is made anew, nothing is drawn.
    ///
    /// # Errors
    /// When the browser refuses or is gone.
    pub(super) async fn tick(&self) -> Result<(), BrowserError> {
        if self.driver.frames {
            let unseen = json!({ "noDisplayUpdates": true });
            let frame = self.cdp("HeadlessExperimental.beginFrame", unseen);
            return frame.await.map(drop);
        }
        self.frame().await
    }

    /// A command of the DevTools protocol, through the driver.
    pub(super) async fn cdp(&self, method: &str, parameters: Value) -> Result<Value, BrowserError> {
        let command = Post {
            command: "goog/cdp/execute",
            body: json!({ "cmd": method, "params": parameters }),
        };
        self.driver
            .ask(method, self.driver.client.issue_cmd(command))
            .await
    }

    /// The WebDriver client, for hooks.
    pub fn client(&self) -> &Client {
        &self.driver.client
    }

    /// Ends the browser and its driver and removes their folders.
    pub async fn close(self) {
        self.driver.close().await;
    }
}

impl Page for Session {
    fn address(&self) -> &str {
        &self.address
    }

    fn acted(&self) -> bool {
        self.acted
    }

    async fn frame(&self) -> Result<(), BrowserError> {
        if self.driver.frames {
            let frame = self.cdp("HeadlessExperimental.beginFrame", json!({}));
            return frame.await.map(drop);
        }
        self.evaluate::<bool>("__tintype.frame()").await.map(drop)
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

/// What runs in a document before its own scripts: the library, and the clock
/// that the story asks for.
pub(super) fn prelude(capture: &CaptureSettings) -> String {
    match (capture.clock, capture.seed) {
        (None, None) => LIBRARY.to_owned(),
        (clock, seed) => {
            let config = json!({ "clock": clock, "seed": seed });
            format!("{}({config});\n{LIBRARY}", CLOCK.trim_end())
        }
    }
}

/// Whether loading `next` where `now` is shown would only change the fragment,
/// and load nothing.
pub(super) fn only_moves(now: &str, next: &str) -> bool {
    let same = now.is_empty() || without_fragment(now) == without_fragment(next);
    same && next.contains('#')
}

fn without_fragment(address: &str) -> &str {
    address.split('#').next().unwrap_or_default()
}

/// Names and versions from what the session's capabilities say.
fn info(capabilities: &Value, drives_frames: bool) -> BrowserInfo {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let version = text(&capabilities["browserVersion"]);
    let driver = text(&capabilities["chrome"]["chromedriverVersion"]);
    let driver = driver.split(' ').next().unwrap_or_default();
    BrowserInfo {
        // The headless shell has the version of the whole browser, but not its
        // text rendering: their pictures differ.
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
