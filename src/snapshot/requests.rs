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
/// rules. Without rules this matters only after a page whose requests were
/// blocked; leaving every page would take too long.
pub(super) async fn apply_rules(
    page: &mut SessionPage,
    story: &StorySpec,
) -> Result<(), BrowserError> {
    let Some(proxy) = &page.proxy else {
        return Ok(());
    };
    page.is_alone = proxy.may_have_rules() || proxy.has_blocked();
    if page.is_alone {
        page.browser.leave_page(LEAVE_LIMIT).await?;
        if let Some(address) = page.dirty.take() {
            page.browser.forget(&address).await?;
        }
        if proxy.has_blocked() {
            page.leaving.note_left(&proxy.traffic().blocked);
        }
    }
    page.leaving.begin_story();
    proxy.set_story(story);
    Ok(())
}

/// A warning for every server to which a page that was left has sent a request
/// that was blocked, once. It is complete when the page after it is captured.
pub(super) fn take_left(page: &mut SessionPage) -> Vec<String> {
    if page.leaving.is_empty() || are_unattributed(page) {
        return Vec::new();
    }
    let own = page.proxy.as_ref().map(|proxy| proxy.traffic().blocked);
    let errors = page.leaving.take(&own.unwrap_or_default()).into_iter();
    errors
        .map(|error| page.site.describe_error(error))
        .map(|error| format!("while a story was left: {error}"))
        .collect()
}

/// Whether requests were blocked that may be those of the previous page.
pub(super) fn are_unattributed(page: &SessionPage) -> bool {
    !page.is_alone && page.proxy.as_ref().is_some_and(Proxy::has_blocked)
}

/// Fails if the page has sent a request that is refused, or one that a rule
/// should have answered and could not. The proxy also knows requests that the
/// page does not report. Blocked requests become errors of the page.
pub(super) fn check(page: &mut SessionPage, settled: &mut Settled) -> Result<(), BrowserError> {
    let Some(proxy) = &page.proxy else {
        return Ok(());
    };
    let Traffic {
        to_network,
        refused,
        blocked,
        ..
    } = proxy.traffic();
    if !refused.is_empty() {
        return Err(BrowserError::OpenNetwork {
            addresses: refused.into_iter().collect(),
            after: None,
        });
    }
    if !are_unattributed(page) {
        settled.page_errors.extend(blocked.errors());
        page.leaving.report(&blocked);
    }
    if !proxy.may_have_rules() {
        settled.foreign.retain(|address| !blocked.contains(address));
        return Ok(());
    }
    let rules = proxy.bypassed_rules(&settled.foreign);
    if !rules.is_empty() {
        return Err(BrowserError::OverTls { rules });
    }
    settled.foreign = to_network.into_iter().collect();
    Ok(())
}

/// Reports refused and blocked requests with an error that they probably caused.
/// Errors that end the session, and skipped stories, are reported as they are.
pub(super) fn explain(page: &SessionPage, error: BrowserError) -> BrowserError {
    let Some(proxy) = &page.proxy else {
        return error;
    };
    let is_reported = matches!(
        error,
        BrowserError::OpenNetwork { .. }
            | BrowserError::PageErrors { .. }
            | BrowserError::Skipped(_)
    );
    if is_reported || error.is_fatal() {
        return error;
    }
    let Traffic {
        refused, blocked, ..
    } = proxy.traffic();
    if !refused.is_empty() {
        return BrowserError::OpenNetwork {
            addresses: refused.into_iter().collect(),
            after: Some(error.to_string()),
        };
    }
    if blocked.is_empty() {
        return error;
    }
    let errors = blocked.errors().into_iter();
    BrowserError::BlockedRequests {
        errors: errors
            .map(|error| page.site.describe_error(error))
            .collect(),
        cause: Box::new(error),
    }
}
