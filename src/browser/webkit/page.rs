//! A tab of WebKitGTK: loads stories and applies screens and themes.

use std::path::{Path, PathBuf};
use std::time::Duration;

use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use super::display::Display;
use super::start::{self, LaunchStyle};
use crate::browser::driver::{COMMAND_TIMEOUT, Driver};
use crate::browser::error::BrowserError;
use crate::browser::page::{
    BrowserInfo, Page, PageResources, PageState, PageTime, ScriptedTime, StorageState, image,
    only_changes_fragment, webkit_prelude,
};
use crate::manifest::{BrowserSettings, CaptureSettings, Screen, Theme};

/// Prepares each page after it has loaded.
const PREPARE: &str = include_str!("../scripts/webkit_setup.js");

/// Evaluates an expression in the page.
const EVALUATE: &str = include_str!("../scripts/webkit_evaluate.js");

/// The exception of a script in a page without the library.
const UNPREPARED: &str = "the page has no library";

/// A WebKit under WebDriver with one open tab.
#[derive(Debug)]
pub struct WebKitPage {
    pub(super) settings: BrowserSettings,
    pub(super) scratch: PathBuf,
    pub(super) driver: Driver,
    pub(super) style: LaunchStyle,
    pub(super) info: BrowserInfo,
    pub(super) state: PageState,
    /// The scripts that are installed in a page after it has loaded.
    pub(super) library: String,
    /// The time limit for loading a page.
    pub(super) limit: Duration,
    /// The clock of the open tab.
    pub(super) time: ScriptedTime,
    /// Dropped last, because the browser draws on it.
    pub(super) display: Display,
}

impl WebKitPage {
    /// Starts a virtual display and a browser on it.
    pub(in crate::browser) async fn open(
        settings: &BrowserSettings,
        scratch: &Path,
    ) -> Result<Self, BrowserError> {
        if let Some(address) = &settings.webdriver {
            return Err(BrowserError::Remote {
                address: address.clone(),
                reason: "WebKit runs on a local display only\n\
                         help: leave out \"webkit\" with TINTYPE_BROWSER"
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
            time: ScriptedTime::default(),
            display,
        })
    }

    /// Logins are not supported by this engine.
    #[expect(clippy::unused_async, reason = "other engines send a command")]
    pub(in crate::browser) async fn storage_state(&self) -> Result<StorageState, BrowserError> {
        Err(image::failed(
            "logins are not supported by WebKit".to_owned(),
        ))
    }

    /// Whether the page has a cookie, including those that scripts cannot read.
    pub(in crate::browser) async fn has_cookies(&self) -> Result<bool, BrowserError> {
        let cookies = self.driver.client.get_all_cookies();
        let cookies = self.driver.command("cookies", cookies).await?;
        Ok(!cookies.is_empty())
    }

    /// Starts a new browser with these settings.
    pub(super) async fn restart(&mut self, style: LaunchStyle) -> Result<(), BrowserError> {
        let new = start::start(&self.settings, &self.scratch, &self.display, style).await?;
        std::mem::replace(&mut self.driver, new).close().await;
        self.style = style;
        self.state.has_acted = false;
        Ok(())
    }

    /// Loads an address. The browser's cache is used.
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
        self.time.start(capture);
        self.library = webkit_prelude(capture);
        self.limit = capture.timeout;
        let size = (screen.viewport.width, screen.viewport.height);
        if self.size().await.ok() != Some(size) {
            // The code of the page before may prevent a change.
            self.navigate("about:blank").await?;
            self.set_size(size).await?;
        }
        address.clone_into(&mut self.state.address);
        self.navigate(address).await?;
        self.apply_theme(theme, false).await
    }

    /// Loads an address in a new browser.
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

    /// Starts a new browser: the old one's data is removed with it.
    pub(in crate::browser) async fn forget(&mut self, _address: &str) -> Result<(), BrowserError> {
        self.restart(self.style).await
    }

    /// Applies a screen and a theme to the loaded page.
    pub(in crate::browser) async fn show(
        &mut self,
        theme: &Theme,
        screen: Screen,
    ) -> Result<(), BrowserError> {
        let style = LaunchStyle::of(theme, screen);
        let same = self.style == style;
        self.resume();
        if same {
            self.call::<Value>("disableTransitions", &[]).await?;
        } else {
            self.restart(style).await?;
        }
        self.set_size((screen.viewport.width, screen.viewport.height))
            .await?;
        if !same {
            self.navigate(&self.state.address).await?;
        }
        self.apply_theme(theme, false).await?;
        self.proceed().await
    }

    pub(super) async fn navigate(&self, address: &str) -> Result<(), BrowserError> {
        tracing::debug!(address, "loading");
        let driver = &self.driver;
        let load = driver.client.goto(address);
        let loaded = driver.command_within("navigate", self.limit, load).await;
        loaded.map_err(|error| error.of_loading(address))?;
        self.prepare().await
    }

    /// Installs the library in the page unless it has it: a step may have
    /// navigated to another page.
    pub(super) async fn prepare(&self) -> Result<(), BrowserError> {
        let driver = &self.driver;
        let library = vec![json!(self.library)];
        let prepare = guarded(PREPARE);
        let put = driver.client.execute_async(&prepare, library);
        driver.command("library", put).await.map(drop)
    }

    /// Evaluates a script to its `value`, or to an `error`.
    pub(super) async fn run(&self, script: &str) -> Result<Value, BrowserError> {
        let script = guarded(&EVALUATE.replace("EXPRESSION", script));
        let call = self.driver.client.execute_async(&script, Vec::new());
        let answer = self.driver.command("script in the page", call).await?;
        let answer = answer.as_str().unwrap_or_default();
        serde_json::from_str(answer).map_err(|error| BrowserError::of_script(error.to_string()))
    }

    pub(super) async fn size(&self) -> Result<(u32, u32), BrowserError> {
        self.call("viewportSize", &[]).await
    }

    /// Stops the browser.
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

    fn info(&self) -> &BrowserInfo {
        &self.info
    }

    fn driver(&self) -> &Driver {
        &self.driver
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
        // Page code may make anything of it.
        let value = answer.get_mut("value").map(Value::take);
        serde_json::from_value(value.unwrap_or_default())
            .map_err(|error| BrowserError::of_script(error.to_string()))
    }

    async fn frame(&self) -> Result<(), BrowserError> {
        self.call::<bool>("nextFrame", &[]).await.map(drop)
    }

    async fn resources(&self) -> Result<PageResources, BrowserError> {
        let mut resources: PageResources = self.call("pageResources", &[]).await?;
        // The library is installed after the page has loaded.
        resources
            .untracked
            .push("its requests during the load, in WebKit".to_owned());
        Ok(resources)
    }
}

impl PageTime for WebKitPage {
    fn scripted_time(&self) -> &ScriptedTime {
        &self.time
    }
}

/// A script before which `WebKitWebDriver` gets the built-ins of before the page's
/// first script: it evaluates `(async function(){…})`, and calls the result.
fn guarded(script: &str) -> String {
    format!("}}, window.__tintypeDriver?.enter(), async function () {{\n{script}")
}

fn info(capabilities: &Value) -> BrowserInfo {
    let version = capabilities["browserVersion"].as_str().unwrap_or_default();
    BrowserInfo {
        browser: format!("webkit {version}"),
        driver: format!("WebKitWebDriver {version}"),
        drives_frames: false,
    }
}
