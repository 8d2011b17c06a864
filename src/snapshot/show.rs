//! Shows another snapshot of the story that is on the page.

use std::time::Instant;

use super::session_page::SessionPage;
use super::settle::Timings;
use super::story_parameters;
use crate::browser::BrowserError;
use crate::events::Part;
use crate::plan::Snapshot;

/// Shows a snapshot on the current page. Returns the time from which the story's
/// time limit counts.
pub(super) async fn show_on_page(
    page: &mut SessionPage,
    snapshot: &Snapshot,
    timings: &mut Timings,
) -> Result<Instant, BrowserError> {
    let begun = Instant::now();
    page.browser.set_device(&snapshot.device);
    page.browser.show(&snapshot.theme, snapshot.screen).await?;
    story_parameters::check(&page.site.manifest, snapshot, &page.parameters)?;
    page.note_shown(snapshot);
    timings.note(Part::Navigate, begun);
    Ok(begun)
}
