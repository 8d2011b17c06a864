//! A page of ours in WebKitGTK.
//!
//! Only the classic protocol speaks to it, and colour scheme and scale are
//! given when it starts: for another look another browser is started.

mod display;
mod pointer;
pub(super) mod start;

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use fantoccini::Client;
use image::RgbaImage;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use self::display::Display;
use super::ask::COMMAND_LIMIT;
use super::capture::{self, Canvas, Frame};
use super::driver::Driver;
use super::error::BrowserError;
use super::page::Page;
use super::session::{BrowserInfo, PageLoads, only_moves, prelude};
use super::sign_in::SignedIn;
use super::steps::Hands;
use crate::manifest::{
    BrowserSettings, CaptureSettings, ColorScheme, Credentials, Device, Screen, Theme,
};

/// How often a window is asked for another size before it is believed that it
/// cannot have it.
const RESIZES: u32 = 40;

/// The pause between two looks at a window that changes its size.
const PAUSE: Duration = Duration::from_millis(5);

/// What is done to each page as soon as it has loaded.
const PREPARE: &str = include_str!("../page/webkit.js");

/// What a script says in a page that was not prepared.
const UNPREPARED: &str = "the page has no library";

/// One WebKit under WebDriver with one page in it.
#[derive(Debug)]
pub struct Webkit {
    settings: BrowserSettings,
    scratch: PathBuf,
    driver: Driver,
    look: Look,
    info: BrowserInfo,
    address: String,
    /// What is put into a page as soon as it has loaded.
    library: String,
    /// How long a page may take to load.
    limit: Duration,
    /// Whether steps have been done since the address was loaded.
    acted: bool,
    /// Dropped last: the browser draws on it.
    display: Display,
}

/// What a browser is given when it starts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Look {
    dark: bool,
    /// Device pixels per CSS pixel.
    scale: u32,
}

impl Look {
    fn of(theme: &Theme, screen: Screen) -> Self {
        Self {
            dark: theme.color_scheme == Some(ColorScheme::Dark),
            scale: screen.scale.ceil() as u32,
        }
    }
}

impl Webkit {
    /// Starts a display and a browser. Profiles go below `scratch` and are
    /// removed with the session.
    ///
    /// # Errors
    /// When there is no browser, driver or virtual display, or they do not
    /// start.
    pub(super) async fn open(
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
        let display = Display::start(scratch).await?;
        let look = Look {
            dark: false,
            scale: 1,
        };
        let driver = start::start(settings, scratch, &display, look).await?;
        Ok(Self {
            info: info(&driver.capabilities),
            settings: settings.clone(),
            scratch: scratch.to_owned(),
            driver,
            look,
            address: String::new(),
            library: String::new(),
            limit: COMMAND_LIMIT,
            acted: false,
            display,
        })
    }

    /// Names and versions.
    pub(super) fn info(&self) -> &BrowserInfo {
        &self.info
    }

    /// The WebDriver client, for hooks.
    pub(super) fn client(&self) -> &Client {
        &self.driver.client
    }

    /// What the source's server wants to see is not for this engine.
    #[expect(clippy::unused_self, reason = "other engines keep it")]
    pub(super) fn visit(&mut self, _base: &str, _credentials: Arc<Credentials>) {}

    /// Devices are not for this engine.
    #[expect(clippy::unused_self, reason = "other engines keep it")]
    pub(super) fn set_device(&mut self, _device: &Device) {}

    /// Log-ins are not for this engine.
    #[expect(clippy::unused_self, reason = "other engines keep it")]
    pub(super) fn sign_in(&mut self, _state: Option<SignedIn>) {}

    /// Nobody is ever signed in.
    #[expect(clippy::unused_async, reason = "other engines ask the browser")]
    pub(super) async fn what_signed_in(&self) -> Result<SignedIn, BrowserError> {
        Err(capture::refused("no log-ins in WebKit".to_owned()))
    }

    /// Whether the open page has a cookie, also one that scripts cannot read.
    pub(super) async fn has_cookies(&self) -> Result<bool, BrowserError> {
        let cookies = self.driver.client.get_all_cookies();
        let cookies = self.driver.ask("cookies", cookies).await?;
        Ok(!cookies.is_empty())
    }

    /// Another browser, of this look, which has seen nothing yet.
    async fn restart(&mut self, look: Look) -> Result<(), BrowserError> {
        let new = start::start(&self.settings, &self.scratch, &self.display, look).await?;
        std::mem::replace(&mut self.driver, new).close().await;
        self.look = look;
        self.acted = false;
        Ok(())
    }

    /// Loads an address; what the browser has cached may be used.
    pub(super) async fn load(
        &mut self,
        address: &str,
        theme: &Theme,
        screen: Screen,
        capture: &CaptureSettings,
    ) -> Result<(), BrowserError> {
        let look = Look::of(theme, screen);
        // The mouse would still rest where a step has moved it.
        if self.look != look || self.acted {
            self.restart(look).await?;
        } else if only_moves(&self.address, address) {
            self.go("about:blank").await?;
        }
        self.library = prelude(capture);
        self.limit = capture.timeout;
        self.lay_out(screen, screen.viewport.height).await?;
        address.clone_into(&mut self.address);
        self.go(address).await?;
        self.wear(theme, false).await
    }

    /// Loads an address in a browser that has just been started.
    pub(super) async fn load_fresh(
        &mut self,
        address: &str,
        theme: &Theme,
        screen: Screen,
        capture: &CaptureSettings,
    ) -> Result<(), BrowserError> {
        self.restart(Look::of(theme, screen)).await?;
        self.address.clear();
        self.load(address, theme, screen, capture).await
    }

    /// A browser keeps nothing when it goes.
    pub(super) async fn forget(&mut self, _address: &str) -> Result<(), BrowserError> {
        self.restart(self.look).await
    }

    /// Shows the loaded page on this screen and with this colour scheme.
    pub(super) async fn show(&mut self, theme: &Theme, screen: Screen) -> Result<(), BrowserError> {
        let look = Look::of(theme, screen);
        let same = self.look == look;
        if same {
            self.evaluate::<Value>("__tintype.hasten()").await?;
        } else {
            self.restart(look).await?;
        }
        self.lay_out(screen, screen.viewport.height).await?;
        if !same {
            self.go(&self.address).await?;
        }
        self.wear(theme, false).await?;
        self.frame().await
    }

    async fn go(&self, address: &str) -> Result<(), BrowserError> {
        tracing::debug!(address, "loading");
        let driver = &self.driver;
        let load = driver.client.goto(address);
        let loaded = driver.ask_within("load", self.limit, load).await;
        loaded.map_err(|error| error.of_loading(address))?;
        self.prepare().await
    }

    /// Puts the library into the page, where it is not yet: a step may have led
    /// to another page.
    async fn prepare(&self) -> Result<(), BrowserError> {
        let driver = &self.driver;
        let library = vec![json!(self.library)];
        let put = driver.client.execute_async(PREPARE, library);
        driver.ask("library", put).await.map(drop)
    }

    /// What a script comes to: its `value`, or an `error`.
    async fn run(&self, script: &str) -> Result<Value, BrowserError> {
        let script = format!(
            "const done = arguments[0];
            (async () => {{
              if (!window.__tintype) throw '{UNPREPARED}';
              return (await ({script})) ?? null;
            }})().then(
              (value) => done({{ value }}),
              (error) => done({{ error: String(error) }}),
            );"
        );
        let call = self.driver.client.execute_async(&script, Vec::new());
        self.driver.ask("script in the page", call).await
    }

    async fn size(&self) -> Result<(u32, u32), BrowserError> {
        let script = "return [innerWidth, innerHeight]";
        let size = self.driver.client.execute(script, Vec::new());
        let size = self.driver.ask("size", size).await?;
        serde_json::from_value(size).map_err(|error| capture::refused(error.to_string()))
    }

    /// Ends the browser.
    pub(super) async fn close(self) {
        self.driver.close().await;
        self.display.stop().await;
    }
}

impl Page for Webkit {
    fn address(&self) -> &str {
        &self.address
    }

    fn acted(&self) -> bool {
        self.acted
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
        self.evaluate::<bool>("__tintype.frame()").await.map(drop)
    }

    async fn loads(&self) -> Result<PageLoads, BrowserError> {
        let mut loads: PageLoads = self.evaluate("__tintype.loads()").await?;
        // The library comes when the page has loaded.
        loads
            .unseen
            .push("what it did while it was loading, in WebKit".to_owned());
        Ok(loads)
    }
}

impl Hands for Webkit {
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

impl Canvas for Webkit {
    /// A window has a frame and a toolbar around the page: it is asked for what
    /// it lacks until the page has its size.
    async fn lay_out(&self, screen: Screen, height: u32) -> Result<(), BrowserError> {
        let wanted = (screen.viewport.width, height);
        let driver = &self.driver;
        let mut inner = self.size().await?;
        let mut asked = wanted;
        for _ in 0..RESIZES {
            if inner == wanted {
                return Ok(());
            }
            let window = driver.client.get_window_size();
            let outer = driver.ask("window size", window).await?;
            let fit = |outer: u64, inner: u32, wanted: u32| {
                (i64::from(wanted) + outer as i64 - i64::from(inner)).max(1) as u32
            };
            asked = (
                fit(outer.0, inner.0, wanted.0),
                fit(outer.1, inner.1, wanted.1),
            );
            let resize = driver.client.set_window_size(asked.0, asked.1);
            driver.ask("window size", resize).await?;
            tokio::time::sleep(PAUSE).await;
            inner = self.size().await?;
        }
        Err(BrowserError::Refused {
            command: format!("viewport {}x{}", wanted.0, wanted.1),
            reason: format!(
                "the page is {}x{} in a window that was asked to be {}x{}",
                inner.0, inner.1, asked.0, asked.1
            ),
        })
    }

    async fn draw(
        &self,
        screen: Screen,
        _height: u32,
        part: Option<Frame>,
    ) -> Result<Vec<u8>, BrowserError> {
        self.frame().await?;
        let driver = &self.driver;
        let picture = driver.ask("screenshot", driver.client.screenshot()).await?;
        match part {
            Some(part) => cut(&picture, part, screen.scale.ceil()),
            None => Ok(picture),
        }
    }
}

/// A part of a picture that has `scale` pixels for each of the page's.
fn cut(picture: &[u8], part: Frame, scale: f64) -> Result<Vec<u8>, BrowserError> {
    let refused = |reason: String| capture::refused(reason);
    let whole: RgbaImage = image::load_from_memory(picture)
        .map_err(|error| refused(error.to_string()))?
        .to_rgba8();
    let scaled = |length: u32| (f64::from(length) * scale) as u32;
    let (x, y) = (scaled(part.x), scaled(part.y));
    let part = image::imageops::crop_imm(
        &whole,
        x,
        y,
        scaled(part.width).min(whole.width().saturating_sub(x)),
        scaled(part.height).min(whole.height().saturating_sub(y)),
    );
    crate::compare::encode_png(&part.to_image()).map_err(|error| refused(error.to_string()))
}

fn info(capabilities: &Value) -> BrowserInfo {
    let version = capabilities["browserVersion"].as_str().unwrap_or_default();
    BrowserInfo {
        browser: format!("webkit {version}"),
        driver: format!("WebKitWebDriver {version}"),
        drives_frames: false,
    }
}
