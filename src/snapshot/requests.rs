//! Rules for a page's requests, and requests that break them.

use std::time::Duration;

use super::session_page::SessionPage;
use crate::browser::{BrowserError, Settled};
use crate::manifest::StorySpec;
use crate::proxy::{Proxy, Traffic};

/// How long a browser may take to leave a page.
const LEAVE_LIMIT: Duration = Duration::from_secs(20);

/// Applies a story's own rules from now on. Requests that the previous page, or
/// a service worker of a dirty address, still sends fall under the previous
/// rules.
pub(super) async fn apply_rules(
    page: &mut SessionPage,
    story: &StorySpec,
) -> Result<(), BrowserError> {
    let Some(proxy) = &page.proxy else {
        return Ok(());
    };
    page.browser.leave_page(LEAVE_LIMIT).await?;
    if let Some(address) = page.dirty.take() {
        page.browser.forget(&address).await?;
    }
    proxy.set_story(story);
    Ok(())
}

/// Fails if the page has sent a request that is refused, or one that a rule
/// should have answered and could not. The proxy also knows requests that the
/// page does not report.
pub(super) fn check(proxy: Option<&Proxy>, settled: &mut Settled) -> Result<(), BrowserError> {
    let Some(proxy) = proxy else {
        return Ok(());
    };
    let Traffic {
        to_network,
        refused,
        ..
    } = proxy.traffic();
    if !refused.is_empty() {
        return Err(BrowserError::OpenNetwork {
            addresses: refused.into_iter().collect(),
            after: None,
        });
    }
    let rules = proxy.bypassed_rules(&settled.foreign);
    if !rules.is_empty() {
        return Err(BrowserError::OverTls { rules });
    }
    settled.foreign = to_network.into_iter().collect();
    Ok(())
}

/// Reports refused requests instead of an error that they probably caused.
/// Errors that end the session, and skipped stories, are reported as they are.
pub(super) fn explain(proxy: Option<&Proxy>, error: BrowserError) -> BrowserError {
    let refused = proxy.map(|proxy| proxy.traffic().refused);
    let is_reported = matches!(
        error,
        BrowserError::OpenNetwork { .. } | BrowserError::Skipped(_)
    );
    let is_explained = is_reported || error.is_fatal();
    match refused.filter(|refused| !refused.is_empty() && !is_explained) {
        None => error,
        Some(refused) => BrowserError::OpenNetwork {
            addresses: refused.into_iter().collect(),
            after: Some(error.to_string()),
        },
    }
}
