//! A page of ours in WebKitGTK.
//!
//! Only the classic protocol speaks to it, and colour scheme and scale are
//! given when it starts: for another style another browser is started.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use fantoccini::Client;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use super::display::Display;
use super::start::{self, LaunchStyle};
use crate::browser::driver::{COMMAND_TIMEOUT, Driver};
use crate::browser::error::BrowserError;
use crate::browser::page::{
    BrowserInfo, Page, PageResources, PageState, Screenshot, StorageState, image,
    only_changes_fragment, prelude,
};
use crate::manifest::{BrowserSettings, CaptureSettings, Credentials, Device, Screen, Theme};

/// What is done to each page as soon as it has loaded.
const PREPARE: &str = include_str!("../scripts/webkit_setup.js");

/// Evaluates an expression in the page.
const EVALUATE: &str = include_str!("../scripts/webkit_evaluate.js");

/// What a script says in a page that was not prepared.
const UNPREPARED: &str = "the page has no library";

/// One WebKit under WebDriver with one page in it.
#[derive(Debug)]
pub struct WebKitPage {
    pub(super) settings: BrowserSettings,
    pub(super) scratch: PathBuf,
    pub(super) driver: Driver,
    pub(super) style: LaunchStyle,
    pub(super) info: BrowserInfo,
    pub(super) state: PageState,
    /// What is put into a page as soon as it has loaded.
    pub(super) library: String,
    /// How long a page may take to load.
    pub(super) limit: Duration,
    /// Dropped last: the browser draws on it.
    pub(super) display: Display,
}

impl WebKitPage {
    /// Starts a display and a browser. Profiles go below `scratch` and are
    /// removed with the session.
    ///
    /// # Errors
    /// When there is no browser, driver or virtual display, or they do not
    /// start.
    pub(in crate::browser) async fn open(
        settings: &BrowserSettings,
        scratch: &Path,
    ) -> Result<Self, BrowserError> {
        if let Some(address) = &settings.webdriver {
            return Err(BrowserError::Remote {
                address: address.clone(),
                reason: "WebKit is only started here, on a display of Tintype's own; \
                         leave \"webkit\" out with TINTYPE_BROWSER"
                    .to_owned(),
            });
        }
        let display = Display::start(scratch, &settings.system.programs).await?;
        let style = LaunchStyle {
            dark: false,
            scale: 1,
        };
        let driver = start::start(settings, scratch, &display, style).await?;
        Ok(Self {
            info: info(&driver.capabilities),
            settings: settings.clone(),
            scratch: scratch.to_owned(),
            driver,
            style,
            state: PageState::default(),
            library: String::new(),
            limit: COMMAND_TIMEOUT,
            display,
        })
    }

    /// Names and versions.
    pub(in crate::browser) fn info(&self) -> &BrowserInfo {
        &self.info
    }

    /// The WebDriver client, for hooks.
    pub(in crate::browser) fn client(&self) -> &Client {
        &self.driver.client
    }

    /// What the source's server wants to see is not for this engine.
    #[expect(clippy::unused_self, reason = "other engines keep it")]
    pub(in crate::browser) fn set_credentials(
        &mut self,
        _base: &str,
        _credentials: Arc<Credentials>,
    ) {
    }

    /// Devices are not for this engine.
    #[expect(clippy::unused_self, reason = "other engines keep it")]
    pub(in crate::browser) fn set_device(&mut self, _device: &Device) {}

    /// Log-ins are not for this engine.
    #[expect(clippy::unused_self, reason = "other engines keep it")]
    pub(in crate::browser) fn set_storage_state(&mut self, _state: Option<StorageState>) {}

    /// Nobody is ever signed in.
    #[expect(clippy::unused_async, reason = "other engines ask the browser")]
    pub(in crate::browser) async fn storage_state(&self) -> Result<StorageState, BrowserError> {
        Err(image::failed("no log-ins in WebKit".to_owned()))
    }

    /// Whether the open page has a cookie, also one that scripts cannot read.
    pub(in crate::browser) async fn has_cookies(&self) -> Result<bool, BrowserError> {
        let cookies = self.driver.client.get_all_cookies();
        let cookies = self.driver.command("cookies", cookies).await?;
        Ok(!cookies.is_empty())
    }

    /// Another browser, of this style, which has seen nothing yet.
    pub(super) async fn restart(&mut self, style: LaunchStyle) -> Result<(), BrowserError> {
        let new = start::start(&self.settings, &self.scratch, &self.display, style).await?;
        std::mem::replace(&mut self.driver, new).close().await;
        self.style = style;
        self.state.has_acted = false;
        Ok(())
    }

    /// Loads an address; what the browser has cached may be used.
    pub(in crate::browser) async fn load(
        &mut self,
        address: &str,
        theme: &Theme,
        screen: Screen,
        capture: &CaptureSettings,
    ) -> Result<(), BrowserError> {
        let style = LaunchStyle::of(theme, screen);
        // The mouse would still rest where a step has moved it.
        if self.style != style || self.state.has_acted {
            self.restart(style).await?;
        } else if only_changes_fragment(&self.state.address, address) {
            self.navigate("about:blank").await?;
        }
        self.library = prelude(capture);
        self.limit = capture.timeout;
        self.set_layout_size(screen, screen.viewport.height).await?;
        address.clone_into(&mut self.state.address);
        self.navigate(address).await?;
        self.apply_theme(theme, false).await
    }

    /// Loads an address in a browser that has just been started.
    pub(in crate::browser) async fn load_fresh(
        &mut self,
        address: &str,
        theme: &Theme,
        screen: Screen,
        capture: &CaptureSettings,
    ) -> Result<(), BrowserError> {
        self.restart(LaunchStyle::of(theme, screen)).await?;
        self.state.address.clear();
        self.load(address, theme, screen, capture).await
    }

    /// A browser keeps nothing when it goes.
    pub(in crate::browser) async fn forget(&mut self, _address: &str) -> Result<(), BrowserError> {
        self.restart(self.style).await
    }

    /// Shows the loaded page on this screen and with this colour scheme.
    pub(in crate::browser) async fn show(
        &mut self,
        theme: &Theme,
        screen: Screen,
    ) -> Result<(), BrowserError> {
        let style = LaunchStyle::of(theme, screen);
        let same = self.style == style;
        if same {
            self.call::<Value>("disableTransitions", &[]).await?;
        } else {
            self.restart(style).await?;
        }
        self.set_layout_size(screen, screen.viewport.height).await?;
        if !same {
            self.navigate(&self.state.address).await?;
        }
        self.apply_theme(theme, false).await?;
        self.frame().await
    }

    pub(super) async fn navigate(&self, address: &str) -> Result<(), BrowserError> {
        tracing::debug!(address, "loading");
        let driver = &self.driver;
        let load = driver.client.goto(address);
        let loaded = driver.command_within("load", self.limit, load).await;
        loaded.map_err(|error| error.of_loading(address))?;
        self.prepare().await
    }

    /// Puts the library into the page, where it is not yet: a step may have led
    /// to another page.
    pub(super) async fn prepare(&self) -> Result<(), BrowserError> {
        let driver = &self.driver;
        let library = vec![json!(self.library)];
        let put = driver.client.execute_async(PREPARE, library);
        driver.command("library", put).await.map(drop)
    }

    /// What a script comes to: its `value`, or an `error`.
    pub(super) async fn run(&self, script: &str) -> Result<Value, BrowserError> {
        let script = EVALUATE.replace("EXPRESSION", script);
        let call = self.driver.client.execute_async(&script, Vec::new());
        self.driver.command("script in the page", call).await
    }

    pub(super) async fn size(&self) -> Result<(u32, u32), BrowserError> {
        let script = "return [innerWidth, innerHeight]";
        let size = self.driver.client.execute(script, Vec::new());
        let size = self.driver.command("size", size).await?;
        serde_json::from_value(size).map_err(|error| image::failed(error.to_string()))
    }

    /// Ends the browser.
    pub(in crate::browser) async fn close(self) {
        self.driver.close().await;
        self.display.stop().await;
    }
}

impl Page for WebKitPage {
    fn state(&self) -> &PageState {
        &self.state
    }

    fn state_mut(&mut self) -> &mut PageState {
        &mut self.state
    }

    async fn evaluate<T: DeserializeOwned + Send>(&self, script: &str) -> Result<T, BrowserError> {
        let mut answer = self.run(script).await?;
        if answer["error"] == UNPREPARED {
            self.prepare().await?;
            answer = self.run(script).await?;
        }
        if let Some(error) = answer["error"].as_str() {
            return Err(BrowserError::of_script(error.to_owned()));
        }
        serde_json::from_value(answer["value"].take())
            .map_err(|error| BrowserError::of_script(error.to_string()))
    }

    async fn frame(&self) -> Result<(), BrowserError> {
        self.call::<bool>("nextFrame", &[]).await.map(drop)
    }

    async fn resources(&self) -> Result<PageResources, BrowserError> {
        let mut resources: PageResources = self.call("pageResources", &[]).await?;
        // The library comes when the page has loaded.
        resources
            .untracked
            .push("what it did while it was loading, in WebKit".to_owned());
        Ok(resources)
    }
}

fn info(capabilities: &Value) -> BrowserInfo {
    let version = capabilities["browserVersion"].as_str().unwrap_or_default();
    BrowserInfo {
        browser: format!("webkit {version}"),
        driver: format!("WebKitWebDriver {version}"),
        drives_frames: false,
    }
}
