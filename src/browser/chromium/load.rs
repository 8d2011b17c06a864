//! Loads stories, in the open tab or in a new one.

use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::devtools::{DevTools, DevToolsError};
use super::page::ChromiumPage;
use crate::browser::error::BrowserError;
use crate::browser::page::{Page, PageTime, only_changes_fragment};
use crate::manifest::{CaptureSettings, Screen, Theme};

/// Page time that passes with a frame while a page is loading whose `load` event
/// needs page time, in milliseconds.
const LOADING: f64 = 100.0;

/// The command that navigates, and as errors name it.
const NAVIGATE: &str = "navigate";
const NAVIGATION: &str = "`navigate`";

/// After this many steps, loading is taken to need page time.
const MAX_INSTANTS: u32 = 900;

impl ChromiumPage {
    /// Loads an address with this screen and colour scheme. The browser's cache
    /// is used.
    pub async fn load(
        &mut self,
        address: &str,
        theme: &Theme,
        screen: Screen,
        capture: &CaptureSettings,
    ) -> Result<(), BrowserError> {
        // A new tab shows an empty page.
        let was_used = !self.state.address.is_empty();
        let mut loaded = self.load_once(address, theme, screen, capture).await;
        if let Err(error) = &loaded
            && is_navigation(error)
            && was_used
        {
            // The page that is left may have prevented it.
            tracing::warn!(%error, "loading the story again, in a new tab");
            self.open_tab(Some(screen)).await?;
            loaded = self.load_once(address, theme, screen, capture).await;
        }
        loaded.map_err(|error| of_navigation(error, address))?;
        if self.needs_password().await? {
            self.authenticate(address).await?;
            let loaded = self.load_once(address, theme, screen, capture).await;
            loaded.map_err(|error| of_navigation(error, address))?;
        }
        Ok(())
    }

    pub(super) async fn load_once(
        &mut self,
        address: &str,
        theme: &Theme,
        screen: Screen,
        capture: &CaptureSettings,
    ) -> Result<(), BrowserError> {
        let limit = capture.timeout;
        if self.cache_is_off {
            let cached = json!({ "cacheDisabled": false });
            self.cdp("Network.setCacheDisabled", cached).await?;
            self.cache_is_off = false;
        }
        // Virtual time cannot be turned off.
        let is_wrong_clock = self.time.is_virtual() && !capture.virtual_time;
        if self.state.has_acted || is_wrong_clock {
            // In the old tab, the mouse would stay where a step has moved it.
            self.open_tab(Some(screen)).await?;
        }
        self.send_credentials().await?;
        if only_changes_fragment(&self.state.address, address) {
            // Otherwise only the fragment would change, and nothing be loaded.
            self.navigate("about:blank", limit).await?;
        }
        self.install(capture).await?;
        self.emulate(theme, screen).await?;
        self.state.begin_story(address);
        self.navigate_signed_in(address, limit).await?;
        (self.has_theme, self.transitions_off) = (false, false);
        self.set_theme(theme).await
    }

    /// Loads an address in a new tab without cache, cookies and storage.
    pub async fn load_fresh(
        &mut self,
        address: &str,
        theme: &Theme,
        screen: Screen,
        capture: &CaptureSettings,
    ) -> Result<(), BrowserError> {
        let loaded = self.load_fresh_once(address, theme, screen, capture).await;
        loaded.map_err(|error| of_navigation(error, address))?;
        if self.needs_password().await? {
            self.authenticate(address).await?;
            let loaded = self.load_fresh_once(address, theme, screen, capture).await;
            loaded.map_err(|error| of_navigation(error, address))?;
        }
        Ok(())
    }

    pub(super) async fn load_fresh_once(
        &mut self,
        address: &str,
        theme: &Theme,
        screen: Screen,
        capture: &CaptureSettings,
    ) -> Result<(), BrowserError> {
        self.open_tab(Some(screen)).await?;
        self.install(capture).await?;
        self.emulate(theme, screen).await?;
        self.until_closed().await?;
        self.forget(address).await?;
        self.send_credentials().await?;
        self.cdp("Network.enable", json!({})).await?;
        self.cdp("Network.setCacheDisabled", json!({ "cacheDisabled": true }))
            .await?;
        self.cache_is_off = true;
        self.start_measuring(capture).await?;
        self.state.begin_story(address);
        self.navigate_signed_in(address, capture.timeout).await?;
        (self.has_theme, self.transitions_off) = (false, false);
        self.set_theme(theme).await
    }

    /// Removes cookies, and all storage of the address's origin.
    pub async fn forget(&mut self, address: &str) -> Result<(), BrowserError> {
        if let Ok(url) = url::Url::parse(address) {
            let origin = url.origin().ascii_serialization();
            let all = json!({ "origin": origin, "storageTypes": "all" });
            self.cdp("Storage.clearDataForOrigin", all).await?;
        }
        self.cdp("Network.clearBrowserCookies", json!({})).await?;
        self.sent.cookies = false;
        Ok(())
    }

    /// Navigates to an address and waits until it has loaded.
    pub(in crate::browser) async fn navigate(
        &self,
        address: &str,
        limit: Duration,
    ) -> Result<(), BrowserError> {
        let loaded = self.try_navigate(address, limit).await;
        loaded.map_err(|error| of_navigation(error, address))
    }

    /// The same. An error that the browser does not explain is a refused
    /// [`NAVIGATION`].
    pub(super) async fn try_navigate(
        &self,
        address: &str,
        limit: Duration,
    ) -> Result<(), BrowserError> {
        // The address may contain a password.
        if !address.contains('@') {
            tracing::debug!(address, "loading");
        }
        if let Some(devtools) = &self.devtools {
            return self.load_document(devtools, address, limit).await;
        }
        let mut loaded = self.goto(address, limit).await;
        if loaded.as_ref().is_err_and(is_broken_by_page) {
            // A document that no page code has touched.
            let blank = json!({ "url": "about:blank" });
            self.cdp("Page.navigate", blank).await?;
            loaded = self.goto(address, limit).await;
        }
        loaded.map_err(|error| match error {
            BrowserError::Timeout { .. } => error.of_loading(address),
            other => other,
        })
    }

    async fn goto(&self, address: &str, limit: Duration) -> Result<(), BrowserError> {
        let load = self.driver.client.goto(address);
        self.driver.command_within(NAVIGATE, limit, load).await
    }

    /// Applies a screen and a theme to the loaded page, and draws a frame for its
    /// listeners.
    pub async fn show(&mut self, theme: &Theme, screen: Screen) -> Result<(), BrowserError> {
        if !self.transitions_off {
            self.call::<Value>("disableTransitions", &[]).await?;
            self.transitions_off = true;
        }
        self.resume();
        self.emulate(theme, screen).await?;
        self.set_theme(theme).await?;
        self.proceed().await
    }

    /// Loads an address, until its `load` event.
    pub(super) async fn load_document(
        &self,
        devtools: &DevTools,
        address: &str,
        limit: Duration,
    ) -> Result<(), BrowserError> {
        let begun = Instant::now();
        self.restart_virtual_time(true).await?;
        devtools.events().start_navigation();
        let unexplained = |reason: String| BrowserError::Refused {
            command: NAVIGATION.to_owned(),
            reason,
        };
        let target = json!({ "url": address });
        match devtools.call("Page.navigate", target, limit).await {
            Ok(answer) => {
                if let Some(reason) = answer["errorText"].as_str() {
                    return Err(BrowserError::Load {
                        url: address.to_owned(),
                        reason: describe_failure(reason),
                    });
                }
                if answer.get("loaderId").is_none() {
                    return Ok(());
                }
            }
            Err(DevToolsError::Rejected(reason)) => return Err(unexplained(reason)),
            Err(DevToolsError::Timeout(_)) => {
                let _ = self.cdp("Page.stopLoading", json!({})).await;
                let seconds = limit.as_secs_f32();
                return Err(unexplained(format!("no answer within {seconds} s")));
            }
            Err(error) => return Err(self.devtools_error("load", error)),
        }
        // The speed of network and machine must not decide at which page time
        // scripts start. A step that has begun is brought to its end.
        let (mut has_passed, mut instants) = (false, 0);
        while !has_passed || !devtools.events().is_loaded() {
            if self.time.is_virtual() && instants < MAX_INSTANTS {
                // Without a frame, in which scripts would move something.
                has_passed = self.pass_instant(devtools).await?;
                instants += u32::from(has_passed);
            } else {
                has_passed = self.pass_time(devtools, LOADING).await?;
                if has_passed {
                    self.issue_frame(None).await?;
                }
            }
            if begun.elapsed() > limit {
                break;
            }
        }
        self.finish_instants(devtools).await?;
        self.synchronize_clock().await?;
        self.issue_frame(None).await.map(drop)
    }

    /// Sets the time of the next frame to the page's own: each request moves the
    /// browser's clock a little.
    async fn synchronize_clock(&self) -> Result<(), BrowserError> {
        if !self.time.is_virtual() {
            return Ok(());
        }
        let now: Option<f64> = self.ask("globalThis.__tintypeTime?.present()").await?;
        let mut clock = self.time.lock();
        if let Some(now) = now {
            // Instants are fractions of a millisecond.
            let fraction = clock.passed.fract();
            clock.passed = clock.passed.max(clock.started + now.floor() + fraction);
        }
        clock.active_since = clock.passed;
        Ok(())
    }
}

/// Whether this is the error of a navigation that the browser does not explain.
fn is_navigation(error: &BrowserError) -> bool {
    matches!(error, BrowserError::Refused { command, .. } if command == NAVIGATION)
}

/// Makes the error of a navigation name the address.
fn of_navigation(error: BrowserError, address: &str) -> BrowserError {
    if is_navigation(&error) {
        error.of_loading(address)
    } else {
        error
    }
}

/// Whether the driver failed because of page code. The driver calls a function
/// in the old page before it navigates, which fails where the page has replaced
/// `JSON.stringify` or defined `Object.prototype.toJSON`.
fn is_broken_by_page(error: &BrowserError) -> bool {
    matches!(
        error,
        BrowserError::Refused { reason, .. }
            if reason.contains("deserialize") || reason.contains("javascript error")
    )
}

/// The browser's name for a failed navigation, in words.
fn describe_failure(reason: &str) -> String {
    match reason {
        "net::ERR_ABORTED" => {
            "the server answered without a page that the browser can show: with status 204, \
             205 or 304, or with a download, such as a PDF\nhelp: name a page that shows the \
             content"
                .to_owned()
        }
        other if other.starts_with("net::ERR_CERT") => format!(
            "{other}\nhelp: if the server's certificate is not trusted, \
             set `insecure = true` in [stories]"
        ),
        other => other.to_owned(),
    }
}
