//! A browser of any engine with one open page.

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use fantoccini::Client;

use super::chromium::{self, ChromiumPage};
use super::error::BrowserError;
use super::firefox::{self, FirefoxPage};
use super::page::{
    self, BrowserInfo, FoundRule, LookReads, Page, PageResources, PageTime, Parameters, Settled,
    StepBarrier, StorageState, Thoroughness,
};
use super::webkit::{self, WebKitPage};
use crate::manifest::{BrowserSettings, CaptureSettings, Credentials, Device, Screen, Step, Theme};
use crate::model::{BrowserName, Measurements, PageError, PerformedStep};

/// A browser of any engine with one open page.
#[derive(Debug)]
pub enum Browser {
    /// Chromium or Chrome, through chromedriver.
    Chromium(Box<ChromiumPage>),
    /// Firefox, through geckodriver.
    Firefox(Box<FirefoxPage>),
    /// WebKit, through WebKitWebDriver.
    Webkit(Box<WebKitPage>),
}

/// Calls the same method of whichever engine it is.
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
    /// Starts a browser of this engine, or opens a session on a remote WebDriver.
    /// Profiles are created in `scratch` and removed with the session.
    ///
    /// # Errors
    /// When browser or driver are missing or do not start.
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

    /// Whether colour scheme and scale are fixed when the engine starts, so that
    /// another theme needs a restart.
    pub fn needs_restart_for_theme(engine: BrowserName, settings: &BrowserSettings) -> bool {
        match engine {
            BrowserName::Chromium => false,
            // Preferences can be changed through a local driver only.
            BrowserName::Firefox => settings.webdriver.is_some(),
            BrowserName::Webkit => true,
        }
    }

    /// The engine.
    pub fn name(&self) -> BrowserName {
        match self {
            Self::Chromium(_) => BrowserName::Chromium,
            Self::Firefox(_) => BrowserName::Firefox,
            Self::Webkit(_) => BrowserName::Webkit,
        }
    }

    /// Names and versions of browser and driver.
    pub fn info(&self) -> &BrowserInfo {
        each!(self, session => session.info())
    }

    /// Sends credentials to the server at `base` from the next load on.
    pub fn set_credentials(&mut self, base: &str, credentials: Arc<Credentials>) {
        each!(self, session => session.set_credentials(base, credentials));
    }

    /// Sets the device to emulate from the next load or [`show`](Self::show) on.
    pub fn set_device(&mut self, device: &Device) {
        each!(self, session => session.set_device(device));
    }

    /// Sets the cookies and storage of a login from the next load on. Earlier
    /// ones are kept until [`forget`](Self::forget).
    pub fn set_storage_state(&mut self, state: Option<StorageState>) {
        each!(self, session => session.set_storage_state(state));
    }

    /// Loads an address with this screen and colour scheme. The browser's cache
    /// is used.
    ///
    /// # Errors
    /// When the address cannot be loaded in the story's time, or the browser
    /// disconnects.
    pub async fn load(
        &mut self,
        address: &str,
        theme: &Theme,
        screen: Screen,
        capture: &CaptureSettings,
    ) -> Result<(), BrowserError> {
        each!(self, session => session.load(address, theme, screen, capture).await)
    }

    /// Loads an address in a new page without cache, cookies and storage.
    ///
    /// # Errors
    /// When the address cannot be loaded in the story's time, or the browser
    /// disconnects.
    pub async fn load_fresh(
        &mut self,
        address: &str,
        theme: &Theme,
        screen: Screen,
        capture: &CaptureSettings,
    ) -> Result<(), BrowserError> {
        each!(self, session => session.load_fresh(address, theme, screen, capture).await)
    }

    /// Removes what a story may have stored: cookies, and all storage of the
    /// address's origin.
    ///
    /// # Errors
    /// When the browser rejects a command or disconnects.
    pub async fn forget(&mut self, address: &str) -> Result<(), BrowserError> {
        each!(self, session => session.forget(address).await)
    }

    /// Applies a screen and a theme to the loaded page, and draws a frame for its
    /// listeners.
    ///
    /// # Errors
    /// When the browser rejects a command or disconnects.
    pub async fn show(&mut self, theme: &Theme, screen: Screen) -> Result<(), BrowserError> {
        each!(self, session => session.show(theme, screen).await)
    }

    /// Waits until the page is ready, within the story's time from `started`.
    ///
    /// # Errors
    /// [`BrowserError::Unsettled`] with the pending conditions, or the browser's
    /// error.
    pub async fn settle(
        &mut self,
        capture: &CaptureSettings,
        thoroughness: Thoroughness,
        started: Instant,
    ) -> Result<Settled, BrowserError> {
        each!(self, session => page::settle(&**session, capture, thoroughness, started).await)
    }

    /// Draws one frame, so that every change since the last one is visible.
    ///
    /// # Errors
    /// When the browser rejects a command or disconnects.
    pub async fn frame(&self) -> Result<(), BrowserError> {
        each!(self, session => session.frame().await)
    }

    /// Waits until the loaded Storybook has rendered the story `id` and finished
    /// its play function, within `limit` from `started`.
    ///
    /// # Errors
    /// [`BrowserError::Storybook`] with Storybook's message when the story failed;
    /// [`BrowserError::Unsettled`] when it was not rendered in time.
    pub async fn wait_for_storybook(
        &self,
        id: &str,
        limit: Duration,
        started: Instant,
    ) -> Result<Parameters, BrowserError> {
        each!(self, session => page::wait_for_storybook(&**session, id, limit, started).await)
    }

    /// Performs a story's steps. The page is waited for before each of them and
    /// after the last. Each step has the story's time. Other engines are met at
    /// `barrier`.
    ///
    /// # Errors
    /// [`BrowserError::Step`] with the step that failed and the reason, or the
    /// browser's error.
    pub async fn perform_steps(
        &mut self,
        steps: &[Step],
        theme: &Theme,
        capture: &CaptureSettings,
        started: Instant,
        barrier: Option<&dyn StepBarrier>,
    ) -> Result<(), BrowserError> {
        each!(self, session => {
            page::perform_steps(&mut **session, steps, theme, capture, started, barrier).await
        })
    }

    /// The cookies of the browser and the local storage of the loaded page.
    ///
    /// # Errors
    /// When the browser rejects a command or disconnects.
    pub async fn storage_state(&self) -> Result<StorageState, BrowserError> {
        each!(self, session => session.storage_state().await)
    }

    /// Whether the browser has a cookie, including those that scripts cannot
    /// read. WebKit reports those of the open page only.
    ///
    /// # Errors
    /// When the browser rejects a command or disconnects.
    pub async fn has_cookies(&self) -> Result<bool, BrowserError> {
        each!(self, session => session.has_cookies().await)
    }

    /// The document's address and HTTP status, and whether an element is
    /// present.
    ///
    /// # Errors
    /// When the browser rejects a command or disconnects.
    pub async fn location(
        &self,
        selector: Option<&str>,
    ) -> Result<(String, u16, bool), BrowserError> {
        each!(self, session => session.location(selector).await)
    }

    /// Finishes motion by `requestAnimationFrame`, or stops it if it is endless.
    ///
    /// # Errors
    /// When the browser rejects a command or disconnects.
    pub async fn finish_motion(&self) -> Result<(), BrowserError> {
        each!(self, session => session.finish_motion().await)
    }

    /// Whether the browser itself keeps the time of a page with these settings.
    pub fn keeps_time(&self, capture: &CaptureSettings) -> bool {
        matches!(self, Self::Chromium(page) if page.drives_frames()) && capture.virtual_time
    }

    /// What page code has read of its look, without listening to its changes.
    ///
    /// # Errors
    /// When the browser rejects a command or disconnects.
    pub(crate) async fn look_reads(&self) -> Result<LookReads, BrowserError> {
        each!(self, session => session.look_reads().await)
    }

    /// The files that the page has loaded so far, and its other dependencies.
    ///
    /// # Errors
    /// When the browser rejects a command or disconnects.
    pub async fn resources(&self) -> Result<PageResources, BrowserError> {
        each!(self, session => session.resources().await)
    }

    /// Takes the screenshot that a story's settings specify, a PNG.
    ///
    /// # Errors
    /// When the target does not exist or is not visible, or the browser rejects
    /// a command or disconnects.
    pub async fn capture(
        &mut self,
        settings: &CaptureSettings,
        screen: Screen,
    ) -> Result<Vec<u8>, BrowserError> {
        each!(self, session => page::capture(&**session, settings, screen).await)
    }

    /// The page as text, for a person who looks into a failure.
    ///
    /// # Errors
    /// When the browser rejects a command or disconnects.
    pub(crate) async fn dom_text(&self) -> Result<String, BrowserError> {
        each!(self, session => session.dom_text().await)
    }

    /// The last lines of the page's console, as far as the browser reports them.
    pub(crate) fn console_lines(&self) -> Vec<String> {
        each!(self, session => session.console_lines())
    }

    /// Failed requests, uncaught exceptions and console errors so far.
    pub(crate) fn page_errors(&self) -> Vec<PageError> {
        each!(self, session => session.page_errors())
    }

    /// The steps that were performed last.
    pub(crate) fn performed_steps(&self) -> Vec<PerformedStep> {
        each!(self, session => session.state().steps.clone())
    }

    /// Forgets the steps of the snapshot before.
    pub(crate) fn forget_steps(&mut self) {
        each!(self, session => session.state_mut().steps.clear());
    }

    /// Measures the page from its load to now.
    ///
    /// # Errors
    /// When the browser rejects a command or disconnects.
    pub(crate) async fn measure(
        &self,
        capture: &CaptureSettings,
    ) -> Result<Measurements, BrowserError> {
        each!(self, session => page::measure(&**session, capture).await)
    }

    /// The layout digest of what [`capture`](Self::capture) shows with these
    /// settings, as JSON. `None` if the captured element is no longer there.
    ///
    /// # Errors
    /// When the browser rejects a command or disconnects.
    pub(crate) async fn layout_digest(
        &self,
        settings: &CaptureSettings,
        screen: Screen,
    ) -> Result<Option<String>, BrowserError> {
        each!(self, session => page::layout_digest(&**session, settings, screen).await)
    }

    /// The rules that declare properties of elements, which are given by their
    /// index in the last [`layout_digest`](Self::layout_digest).
    ///
    /// # Errors
    /// When the browser rejects a command or disconnects.
    pub(crate) async fn declaring_rules(
        &self,
        properties: &[(usize, String)],
    ) -> Result<Vec<Option<FoundRule>>, BrowserError> {
        let mut rules =
            each!(self, session => page::declaring_rules(&**session, properties).await)?;
        if let Self::Chromium(page) = self {
            page.locate_rules(properties, &mut rules).await;
        }
        Ok(rules)
    }

    /// Leaves the page for an empty one.
    ///
    /// # Errors
    /// When the browser refuses or is gone.
    pub async fn leave_page(&mut self, limit: Duration) -> Result<(), BrowserError> {
        const BLANK: &str = "about:blank";
        if let Self::Chromium(page) = self {
            return page.navigate(BLANK, limit).await;
        }
        let left = tokio::time::timeout(limit, self.client().goto(BLANK)).await;
        left.map_err(|_| BrowserError::Timeout {
            command: "about:blank to load".to_owned(),
            limit,
        })?
        .map_err(|error| BrowserError::Disconnected {
            command: "the load of about:blank".to_owned(),
            reason: error.to_string(),
        })
    }

    /// Runs an action on the page, whose time passes as in reality meanwhile.
    pub async fn live_while<T>(&self, action: impl Future<Output = T>) -> T {
        match self {
            Self::Chromium(page) => page.live_while(Duration::ZERO, action).await,
            Self::Firefox(page) => {
                page::scripted_time::live_while(&**page, page.scripted_time(), action).await
            }
            Self::Webkit(page) => {
                page::scripted_time::live_while(&**page, page.scripted_time(), action).await
            }
        }
    }

    /// The WebDriver client, for hooks.
    pub fn client(&self) -> &Client {
        each!(self, session => session.client())
    }

    /// Stops the browser and its driver and removes their folders.
    pub async fn close(self) {
        each!(self, session => session.close().await);
    }
}

impl BrowserSettings {
    /// The start options of an engine that affect pixels.
    pub fn switches(&self, engine: BrowserName) -> Vec<String> {
        match engine {
            BrowserName::Chromium => chromium::switches(self),
            BrowserName::Firefox => firefox::switches(self),
            BrowserName::Webkit => webkit::switches(self),
        }
    }
}
