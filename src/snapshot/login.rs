//! Loads the address of a story that needs a login.

use std::sync::Arc;
use std::time::Instant;

use super::load::load;
use super::page_load::PageReuse;
use super::requests;
use super::session_page::SessionPage;
use super::settle::with_screenshot;
use crate::browser::{BrowserError, StorageState, Thoroughness};
use crate::login::{StoredLogin, run_command};
use crate::manifest::{CaptureSettings, Login, LoginExpiry, LoginMethod};
use crate::plan::Snapshot;

/// Loads a story's page as a logged-in user. An expired login is renewed once.
/// Returns the time at which loading began.
pub(super) async fn load_logged_in(
    page: &mut SessionPage,
    login: &Login,
    snapshot: &Snapshot,
    reuse: PageReuse,
) -> Result<Instant, BrowserError> {
    let site = Arc::clone(&page.site);
    let mut expired: Option<Arc<StoredLogin>> = None;
    for _ in 0..2 {
        // Boxed, since it needs as much stack as everything else here.
        let log_in = Box::pin(log_in(page, login, snapshot));
        let logged_in = site.logins.get(login, expired.as_deref(), log_in).await?;
        page.browser
            .set_storage_state(Some(logged_in.state.clone()));
        let started = Instant::now();
        load(page, snapshot, reuse).await?;
        page.dirty = Some(site.address(snapshot));
        if !is_expired(page, login, snapshot, started).await? {
            return Ok(started);
        }
        expired = Some(logged_in);
    }
    Err(BrowserError::Login(format!(
        "the login `{}` has no effect: after renewing it, {} still shows a logged-out page",
        login.name, snapshot.story.path
    )))
}

/// Whether the loaded page shows that the login has expired.
async fn is_expired(
    page: &mut SessionPage,
    login: &Login,
    snapshot: &Snapshot,
    started: Instant,
) -> Result<bool, BrowserError> {
    let capture = &snapshot.story.capture;
    let settled = page
        .browser
        .settle(capture, Thoroughness::Quick, started)
        .await;
    let selector = match &login.expired {
        Some(LoginExpiry::Selector(selector)) => Some(selector.as_str()),
        _ => None,
    };
    let (address, status, found) = page.browser.location(selector).await?;
    let path = url::Url::parse(&address).map(|url| url.path().to_owned());
    let path = path.unwrap_or_default();
    let is_login_page = match &login.expired {
        Some(LoginExpiry::Path(login)) => path.starts_with(login.as_str()),
        _ => found,
    };
    if is_login_page || matches!(status, 401 | 403) {
        return Ok(true);
    }
    settled.map(|_| false)
}

/// Logs in, in a browser without cookies and storage.
async fn log_in(
    page: &mut SessionPage,
    login: &Login,
    snapshot: &Snapshot,
) -> Result<StorageState, BrowserError> {
    tracing::info!(login = login.name, "logging in");
    let (path, steps) = match &login.how {
        LoginMethod::Steps { path, steps } => (path, steps),
        LoginMethod::Command(command) => {
            let (root, base) = (&page.site.manifest.root, &page.site.base);
            let state = run_command(command, root, base).await;
            return state.map_err(|reason| {
                BrowserError::Login(format!("the login `{}` failed: {reason}", login.name))
            });
        }
    };
    let address = format!("{}/{}", page.site.base, path.trim_start_matches('/'));
    let capture = CaptureSettings {
        timeout: snapshot.story.capture.timeout,
        ..CaptureSettings::default()
    };
    let (theme, screen) = (&snapshot.theme, snapshot.screen);
    page.browser.set_storage_state(None);
    requests::apply_rules(page, &snapshot.story).await?;
    let begun = Instant::now();
    let browser = &mut page.browser;
    browser
        .load_fresh(&address, theme, screen, &capture)
        .await?;
    page.dirty = Some(address);
    let performed = browser
        .perform_steps(steps, theme, &capture, begun, None)
        .await;
    match performed {
        Ok(()) => page.browser.storage_state().await,
        Err(error) => Err(match with_screenshot(page, error, snapshot).await {
            BrowserError::Step(mut unmet) => {
                unmet.login = Some(login.name.clone());
                BrowserError::Step(unmet)
            }
            other => other,
        }),
    }
}
