//! A page of ours in a browser: load a story, show it in a theme on a screen,
//! bring it to rest, capture it.

use std::future::Future;
use std::path::Path;
use std::time::{Duration, Instant};

use base64::Engine as _;
use fantoccini::Client;
use fantoccini::error::CmdError;
use fantoccini::wd::WebDriverCompatibleCommand;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use super::driver::Driver;
use super::error::BrowserError;
use super::settle::{self, Settled};
use crate::manifest::{BrowserSettings, Screen, Target, Theme};

/// How long one command may take beyond a story's own time.
const COMMAND_LIMIT: Duration = Duration::from_secs(20);

/// What runs in every page before its own first script.
const PAGE_LIBRARY: &str = include_str!("page.js");

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

/// One browser under WebDriver with one page in it.
#[derive(Debug)]
pub struct Session {
    driver: Driver,
    info: BrowserInfo,
    address: String,
    screen: Option<Screen>,
    scheme: Option<&'static str>,
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
            scheme: None,
        };
        session.prepare().await?;
        Ok(session)
    }

    /// Names and versions.
    pub fn info(&self) -> &BrowserInfo {
        &self.info
    }

    /// The address of the story that is loaded.
    pub(super) fn address(&self) -> &str {
        &self.address
    }

    /// Opens the page whose frames we drive, where that is possible, and
    /// installs the library in it.
    async fn prepare(&mut self) -> Result<(), BrowserError> {
        if self.driver.frames {
            let page = json!({ "url": "about:blank", "enableBeginFrameControl": true });
            let target = self.cdp("Target.createTarget", page).await?;
            let id = target["targetId"].as_str().unwrap_or_default().to_owned();
            let handle = id.try_into().map_err(|_| BrowserError::Refused {
                command: "Target.createTarget".to_owned(),
                reason: format!("its answer names no page: {target}"),
            })?;
            self.command("switch window", self.driver.client.switch_to_window(handle))
                .await?;
        }
        let library = json!({ "source": PAGE_LIBRARY });
        self.cdp("Page.addScriptToEvaluateOnNewDocument", library)
            .await?;
        Ok(())
    }

    /// Loads an address in a page as fresh as a new one, on this screen and
    /// with this colour scheme from its first moment on.
    ///
    /// # Errors
    /// When it cannot be loaded within `limit`, or the browser is gone.
    pub async fn load(
        &mut self,
        address: &str,
        theme: &Theme,
        screen: Screen,
        limit: Duration,
    ) -> Result<(), BrowserError> {
        if self.address.contains('#')
            && without_fragment(&self.address) == without_fragment(address)
        {
            // Otherwise only the fragment would change and nothing be loaded.
            self.go("about:blank", limit).await?;
        }
        self.show(theme, screen).await?;
        address.clone_into(&mut self.address);
        self.go(address, limit).await
    }

    async fn go(&self, address: &str, limit: Duration) -> Result<(), BrowserError> {
        tracing::debug!(address, "loading");
        let load = self.driver.client.goto(address);
        match tokio::time::timeout(limit, load).await {
            Ok(Ok(())) => Ok(()),
            Ok(Err(error)) => Err(match self.classify("load", &error) {
                BrowserError::Refused { reason, .. } => BrowserError::Load {
                    url: address.to_owned(),
                    reason,
                },
                other => other,
            }),
            Err(_) => Err(BrowserError::Hung {
                command: format!("load {address}"),
                limit,
            }),
        }
    }

    /// Shows the loaded page on this screen and with this colour scheme.
    ///
    /// # Errors
    /// When the browser refuses or is gone.
    pub async fn show(&mut self, theme: &Theme, screen: Screen) -> Result<(), BrowserError> {
        if self.screen != Some(screen) {
            self.set_size(screen, screen.viewport.height).await?;
            self.screen = Some(screen);
        }
        let scheme = theme.color_scheme.map_or("", |scheme| scheme.as_str());
        if self.scheme != Some(scheme) {
            let media =
                json!({ "features": [{ "name": "prefers-color-scheme", "value": scheme }] });
            self.cdp("Emulation.setEmulatedMedia", media).await?;
            self.scheme = Some(scheme);
        }
        Ok(())
    }

    async fn set_size(&self, screen: Screen, height: u32) -> Result<(), BrowserError> {
        let metrics = json!({
            "width": screen.viewport.width,
            "height": height,
            "deviceScaleFactor": screen.scale,
            "mobile": false,
        });
        self.cdp("Emulation.setDeviceMetricsOverride", metrics)
            .await
            .map(drop)
    }

    /// Dresses the page in the theme and brings it to rest within `limit` from
    /// `started`.
    ///
    /// # Errors
    /// [`BrowserError::Unsettled`] with what was still waited for, or what the
    /// browser said.
    pub async fn settle(
        &mut self,
        theme: &Theme,
        limit: Duration,
        started: Instant,
    ) -> Result<Settled, BrowserError> {
        settle::settle(self, theme, limit, started).await
    }

    /// Draws one frame, so that what was changed since the last is on screen.
    ///
    /// # Errors
    /// When the browser refuses or is gone.
    pub async fn frame(&self) -> Result<(), BrowserError> {
        if self.driver.frames {
            let frame = self.cdp("HeadlessExperimental.beginFrame", json!({}));
            return frame.await.map(drop);
        }
        // The second callback runs after the first's frame was drawn.
        let drawn = "new Promise(done => requestAnimationFrame(() => requestAnimationFrame(() => done(true))))";
        self.evaluate::<bool>(drawn).await.map(drop)
    }

    /// The picture: a PNG as the browser wrote it, RGB or RGBA, 8 bits.
    ///
    /// # Errors
    /// When the target is not there, or the browser refuses or is gone.
    pub async fn capture(&mut self, target: &Target) -> Result<Vec<u8>, BrowserError> {
        match target {
            Target::Viewport => {
                self.frame().await?;
                self.picture().await
            }
            Target::Page => self.whole_page().await,
            Target::Element(selector) => {
                let area: Option<Area> = self
                    .evaluate(&format!("__tintype.box({})", json!(selector)))
                    .await?;
                let area = area.ok_or_else(|| BrowserError::NoTarget {
                    selector: selector.clone(),
                })?;
                let scale = self.screen.map_or(1.0, |screen| screen.scale);
                let page = self.whole_page().await?;
                crop(&page, &area, scale)
            }
        }
    }

    /// The whole page: the viewport is made as tall as the content for the
    /// length of one picture.
    async fn whole_page(&mut self) -> Result<Vec<u8>, BrowserError> {
        let Some(screen) = self.screen else {
            return self.picture().await;
        };
        let extent: Area = self
            .evaluate("({x: 0, y: 0, ...__tintype.extent()})")
            .await?;
        let height = (extent.height.ceil() as u32).max(screen.viewport.height);
        self.set_size(screen, height).await?;
        self.frame().await?;
        let picture = self.picture().await;
        self.set_size(screen, screen.viewport.height).await?;
        picture
    }

    /// What the viewport shows in this moment.
    async fn picture(&self) -> Result<Vec<u8>, BrowserError> {
        let format = json!({ "format": "png", "optimizeForSpeed": true });
        let (answer, field) = if self.driver.frames {
            let shot = json!({ "screenshot": format });
            let answer = self.cdp("HeadlessExperimental.beginFrame", shot).await?;
            (answer, "screenshotData")
        } else {
            let answer = self.cdp("Page.captureScreenshot", format).await?;
            (answer, "data")
        };
        let text = answer[field].as_str().unwrap_or_default();
        let refused = |reason: String| BrowserError::Refused {
            command: "capture".to_owned(),
            reason,
        };
        if text.is_empty() {
            return Err(refused("the browser drew no picture".to_owned()));
        }
        base64::engine::general_purpose::STANDARD
            .decode(text)
            .map_err(|error| refused(format!("its picture is not base64: {error}")))
    }

    /// Evaluates an expression in the page and reads its value.
    pub(super) async fn evaluate<T: DeserializeOwned>(
        &self,
        script: &str,
    ) -> Result<T, BrowserError> {
        let call = json!({ "expression": script, "returnByValue": true, "awaitPromise": true });
        let answer = self.cdp("Runtime.evaluate", call).await?;
        let refused = |reason: String| BrowserError::Refused {
            command: "script in the page".to_owned(),
            reason,
        };
        if let Some(thrown) = answer.get("exceptionDetails") {
            let text = thrown["exception"]["description"]
                .as_str()
                .or_else(|| thrown["text"].as_str());
            return Err(refused(text.unwrap_or_default().to_owned()));
        }
        let value = answer["result"].get("value").cloned().unwrap_or_default();
        serde_json::from_value(value).map_err(|error| refused(error.to_string()))
    }

    /// A command of the DevTools protocol, through the driver.
    async fn cdp(&self, method: &str, parameters: Value) -> Result<Value, BrowserError> {
        let command = Cdp(json!({ "cmd": method, "params": parameters }));
        self.command(method, self.driver.client.issue_cmd(command))
            .await
    }

    /// Gives a command its time and its error a meaning.
    async fn command<T>(
        &self,
        name: &str,
        command: impl Future<Output = Result<T, CmdError>>,
    ) -> Result<T, BrowserError> {
        tracing::trace!(command = name, "asking the browser");
        match tokio::time::timeout(COMMAND_LIMIT, command).await {
            Ok(Ok(value)) => Ok(value),
            Ok(Err(error)) => Err(self.classify(name, &error)),
            Err(_) => Err(BrowserError::Hung {
                command: name.to_owned(),
                limit: COMMAND_LIMIT,
            }),
        }
    }

    fn classify(&self, command: &str, error: &CmdError) -> BrowserError {
        let command = command.to_owned();
        let gone = match error {
            CmdError::Standard(answer) => {
                let text = answer.to_string();
                [
                    "invalid session id",
                    "disconnected",
                    "not reachable",
                    "crashed",
                    "no such window",
                    "closed",
                ]
                .iter()
                .any(|sign| text.contains(sign))
            }
            _ => true,
        };
        let mut reason = error.to_string();
        if gone {
            let words = self.driver.last_words();
            if !words.is_empty() {
                reason = format!("{reason}; its last words:\n{words}");
            }
            BrowserError::Gone { command, reason }
        } else {
            BrowserError::Refused { command, reason }
        }
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

/// `POST /session/{id}/goog/cdp/execute`
#[derive(Debug)]
struct Cdp(Value);

impl WebDriverCompatibleCommand for Cdp {
    fn endpoint(
        &self,
        base: &url::Url,
        session: Option<&str>,
    ) -> Result<url::Url, url::ParseError> {
        let session = session.unwrap_or_default();
        base.join(&format!("session/{session}/goog/cdp/execute"))
    }

    fn method_and_body(&self, _: &url::Url) -> (hyper::Method, Option<String>) {
        (hyper::Method::POST, Some(self.0.to_string()))
    }
}

/// A rectangle in CSS pixels of the page.
#[derive(Debug, serde::Deserialize)]
struct Area {
    x: f64,
    y: f64,
    width: f64,
    height: f64,
}

/// Cuts an element out of a picture of its page. Edges between two pixels take
/// both in.
fn crop(page: &[u8], area: &Area, scale: f64) -> Result<Vec<u8>, BrowserError> {
    let refused = |error: image::ImageError| BrowserError::Refused {
        command: "capture".to_owned(),
        reason: error.to_string(),
    };
    let whole = image::load_from_memory(page).map_err(refused)?;
    let low = |edge: f64| (edge * scale).floor().max(0.0) as u32;
    let high = |edge: f64, most: u32| ((edge * scale).ceil().max(0.0) as u32).min(most);
    let (left, top) = (low(area.x), low(area.y));
    let width = high(area.x + area.width, whole.width())
        .saturating_sub(left)
        .max(1);
    let height = high(area.y + area.height, whole.height())
        .saturating_sub(top)
        .max(1);
    let mut png = std::io::Cursor::new(Vec::new());
    whole
        .crop_imm(left, top, width, height)
        .write_to(&mut png, image::ImageFormat::Png)
        .map_err(refused)?;
    Ok(png.into_inner())
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
        browser: format!("chromium {version}"),
        driver: format!("chromedriver {driver}"),
        drives_frames,
    }
}
