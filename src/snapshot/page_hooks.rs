//! Runs the hooks on a page, between loading it and its last capture.

use std::time::Instant;

use super::hooks::Moment;
use super::session_page::SessionPage;
use super::story_parameters;
use crate::browser::{BrowserError, Parameters};
use crate::plan::Snapshot;

/// Waits until a Storybook story has rendered, reads its parameters, and runs
/// the `before` hooks.
pub(super) async fn run_before_hooks(
    page: &mut SessionPage,
    snapshot: &Snapshot,
    begun: Instant,
) -> Result<(), BrowserError> {
    page.parameters = match &snapshot.story.storybook {
        Some(its) => {
            let limit = snapshot.story.capture.timeout;
            page.browser
                .wait_for_storybook(&its.id, limit, begun)
                .await?
        }
        None => Parameters::default(),
    };
    story_parameters::check(&page.site.manifest, snapshot, &page.parameters)?;
    if !page.site.hooks.is_empty() {
        page.is_hooked = true;
        run_hooks(page, Moment::Before, snapshot).await?;
    }
    Ok(())
}

/// Runs the `after` hooks if the `before` hooks have started, whether or not
/// the capture succeeded. The first error is returned.
pub(super) async fn run_after_hooks<T>(
    page: &mut SessionPage,
    snapshot: &Snapshot,
    captured: Result<T, BrowserError>,
) -> Result<T, BrowserError> {
    let is_hooked = std::mem::take(&mut page.is_hooked);
    if !is_hooked || captured.as_ref().is_err_and(BrowserError::is_fatal) {
        return captured;
    }
    let ended = run_hooks(page, Moment::After, snapshot).await;
    let captured = captured?;
    ended.map(|()| captured)
}

async fn run_hooks(
    page: &SessionPage,
    moment: Moment,
    snapshot: &Snapshot,
) -> Result<(), BrowserError> {
    let (client, limit) = (page.browser.client(), snapshot.story.capture.timeout);
    let hooks = page.site.hooks.run(moment, client, snapshot, limit);
    page.browser.live_while(hooks).await
}
