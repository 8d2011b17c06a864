//! A browser of any engine, with one page in it.

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use fantoccini::Client;

use super::chromium::{self, ChromiumPage};
use super::error::BrowserError;
use super::firefox::{self, FirefoxPage};
use super::page::{
    self, BrowserInfo, Page, PageResources, Parameters, Settled, StorageState, Thoroughness,
};
use super::webkit::{self, WebKitPage};
use crate::manifest::{BrowserSettings, CaptureSettings, Credentials, Device, Screen, Step, Theme};
use crate::model::BrowserName;

/// A browser with one page in it, whichever engine it is.
#[derive(Debug)]
pub enum Browser {
    /// Chromium or Chrome, through chromedriver.
    Chromium(Box<ChromiumPage>),
    /// Firefox, through geckodriver.
    Firefox(Box<FirefoxPage>),
    /// WebKit, through WebKitWebDriver.
    Webkit(Box<WebKitPage>),
}

/// The same done with whichever it is.
macro_rules! each {
    ($browser:expr, $session:ident => $done:expr) => {
        match $browser {
            Browser::Chromium($session) => $done,
            Browser::Firefox($session) => $done,
            Browser::Webkit($session) => $done,
        }
    };
}

impl Browser {
    /// Starts a browser of this engine, or opens a session on a WebDriver that
    /// is up. Profiles go below `scratch` and are removed with the session.
    ///
    /// # Errors
    /// When there is no such browser or driver, or they do not start.
    pub async fn open(
        name: BrowserName,
        settings: &BrowserSettings,
        scratch: &Path,
    ) -> Result<Self, BrowserError> {
        Ok(match name {
            BrowserName::Chromium => {
                Self::Chromium(Box::new(ChromiumPage::open(settings, scratch).await?))
            }
            BrowserName::Firefox => {
                Self::Firefox(Box::new(FirefoxPage::open(settings, scratch).await?))
            }
            BrowserName::Webkit => {
                Self::Webkit(Box::new(WebKitPage::open(settings, scratch).await?))
            }
        })
    }

    /// Whether an engine is told colour scheme and scale when it starts, so
    /// that another style needs another start.
    pub fn needs_restart_for_theme(engine: BrowserName, settings: &BrowserSettings) -> bool {
        match engine {
            BrowserName::Chromium => false,
            // Only our own driver lets us change its preferences.
            BrowserName::Firefox => settings.webdriver.is_some(),
            BrowserName::Webkit => true,
        }
    }

    /// Which engine it is.
    pub fn name(&self) -> BrowserName {
        match self {
            Self::Chromium(_) => BrowserName::Chromium,
            Self::Firefox(_) => BrowserName::Firefox,
            Self::Webkit(_) => BrowserName::Webkit,
        }
    }

    /// Names and versions.
    pub fn info(&self) -> &BrowserInfo {
        each!(self, session => session.info())
    }

    /// Presents credentials to the server at `base` from the next page on.
    pub fn set_credentials(&mut self, base: &str, credentials: Arc<Credentials>) {
        each!(self, session => session.set_credentials(base, credentials));
    }

    /// Says before which device, and person, pages are shown from the next load
    /// or [`show`](Self::show) on.
    pub fn set_device(&mut self, device: &Device) {
        each!(self, session => session.set_device(device));
    }

    /// Makes the browser somebody's, or nobody's, from the next load on. What
    /// it has been before is not forgotten by this.
    pub fn set_storage_state(&mut self, state: Option<StorageState>) {
        each!(self, session => session.set_storage_state(state));
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
        each!(self, session => session.load(address, theme, screen, capture).await)
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
        each!(self, session => session.load_fresh(address, theme, screen, capture).await)
    }

    /// Empties what a story may have left: cookies, and all storage of the
    /// address's origin.
    ///
    /// # Errors
    /// When the browser refuses or is gone.
    pub async fn forget(&mut self, address: &str) -> Result<(), BrowserError> {
        each!(self, session => session.forget(address).await)
    }

    /// Shows the loaded page on this screen and in this theme, and draws the
    /// frame in which the page learns of it.
    ///
    /// # Errors
    /// When the browser refuses or is gone.
    pub async fn show(&mut self, theme: &Theme, screen: Screen) -> Result<(), BrowserError> {
        each!(self, session => session.show(theme, screen).await)
    }

    /// Brings the page to rest within the story's time from `started`.
    ///
    /// # Errors
    /// [`BrowserError::Unsettled`] with what was still waited for, or what the
    /// browser said.
    pub async fn settle(
        &mut self,
        capture: &CaptureSettings,
        thoroughness: Thoroughness,
        started: Instant,
    ) -> Result<Settled, BrowserError> {
        each!(self, session => page::settle(&**session, capture, thoroughness, started).await)
    }

    /// Draws one frame, so that what was changed since the last is on screen.
    ///
    /// # Errors
    /// When the browser refuses or is gone.
    pub async fn frame(&self) -> Result<(), BrowserError> {
        each!(self, session => session.frame().await)
    }

    /// Waits until the Storybook that is loaded says that it has rendered the
    /// story `id` and played its play function, within `limit` from `started`.
    ///
    /// # Errors
    /// [`BrowserError::Storybook`] with Storybook's own message, when the story
    /// broke; [`BrowserError::Unsettled`] when it did not come to an end.
    pub async fn wait_for_storybook(
        &self,
        id: &str,
        limit: Duration,
        started: Instant,
    ) -> Result<Parameters, BrowserError> {
        each!(self, session => page::wait_for_storybook(&**session, id, limit, started).await)
    }

    /// Brings the loaded page to rest and does a story's steps, one after the
    /// other; after each of them the page is brought to rest again. Each has
    /// the story's time.
    ///
    /// # Errors
    /// [`BrowserError::Step`] with the step that could not be done and the
    /// reason, or what the browser said.
    pub async fn perform_steps(
        &mut self,
        steps: &[Step],
        theme: &Theme,
        capture: &CaptureSettings,
        started: Instant,
    ) -> Result<(), BrowserError> {
        each!(self, session => {
            page::perform_steps(&mut **session, steps, theme, capture, started).await
        })
    }

    /// What the loaded page and its browser have become by a log-in.
    ///
    /// # Errors
    /// When the browser refuses or is gone.
    pub async fn storage_state(&self) -> Result<StorageState, BrowserError> {
        each!(self, session => session.storage_state().await)
    }

    /// Whether the browser keeps a cookie, also one that scripts cannot read.
    /// WebKit tells of the open page's only.
    ///
    /// # Errors
    /// When the browser refuses or is gone.
    pub async fn has_cookies(&self) -> Result<bool, BrowserError> {
        each!(self, session => session.has_cookies().await)
    }

    /// Where the page is now, the status with which it was answered, and
    /// whether an element is there.
    ///
    /// # Errors
    /// When the browser refuses or is gone.
    pub async fn location(
        &self,
        selector: Option<&str>,
    ) -> Result<(String, u16, bool), BrowserError> {
        each!(self, session => session.location(selector).await)
    }

    /// Brings motion by `requestAnimationFrame` to its end, or where it has
    /// none to a halt.
    ///
    /// # Errors
    /// When the browser refuses or is gone.
    pub async fn finish_motion(&self) -> Result<(), BrowserError> {
        each!(self, session => session.finish_motion().await)
    }

    /// Everything that the page has loaded by now, and what cannot be known of
    /// it.
    ///
    /// # Errors
    /// When the browser refuses or is gone.
    pub async fn resources(&self) -> Result<PageResources, BrowserError> {
        each!(self, session => session.resources().await)
    }

    /// The picture that a story's settings ask for: a PNG, as the browser wrote
    /// it wherever it was drawn in one piece.
    ///
    /// # Errors
    /// When the target is not there, or the browser refuses or is gone.
    pub async fn capture(
        &mut self,
        settings: &CaptureSettings,
        screen: Screen,
    ) -> Result<Vec<u8>, BrowserError> {
        each!(self, session => page::capture(&**session, settings, screen).await)
    }

    /// The WebDriver client, for hooks.
    pub fn client(&self) -> &Client {
        each!(self, session => session.client())
    }

    /// Ends the browser and its driver and removes their folders.
    pub async fn close(self) {
        each!(self, session => session.close().await);
    }
}

impl BrowserSettings {
    /// What an engine is started with as far as it decides pixels, for whoever
    /// asks whether two runs draw alike.
    pub fn switches(&self, engine: BrowserName) -> Vec<String> {
        match engine {
            BrowserName::Chromium => chromium::switches(self),
            BrowserName::Firefox => firefox::switches(self),
            BrowserName::Webkit => webkit::switches(self),
        }
    }
}
