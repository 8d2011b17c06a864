//! Loads a story and performs its steps.

use std::sync::Arc;
use std::time::Instant;

use super::load::load;
use super::login::load_logged_in;
use super::page_hooks::run_before_hooks;
use super::page_load::PageReuse;
use super::session_page::SessionPage;
use super::settle::{Timings, with_screenshot};
use crate::browser::BrowserError;
use crate::events::Part;
use crate::plan::Snapshot;

/// Loads a snapshot's story, runs the `before` hooks and performs the story's
/// steps. Returns the time from which the story's time limit counts.
pub(super) async fn navigate(
    page: &mut SessionPage,
    snapshot: &Snapshot,
    reuse: PageReuse,
    timings: &mut Timings,
) -> Result<Instant, BrowserError> {
    let site = Arc::clone(&page.site);
    site.barriers.begin(snapshot).await;
    let begun = Instant::now();
    let opened = open(page, snapshot, reuse, begun).await;
    timings.note(Part::Navigate, begun);
    let started = opened?;
    if snapshot.story.steps.is_empty() {
        return Ok(started);
    }
    // A step may leave cookies or storage behind.
    page.dirty = Some(page.site.address(snapshot));
    let begun = Instant::now();
    let story = &snapshot.story;
    let mut barrier = site.barriers.of(snapshot);
    barrier.progress = page.progress.as_ref();
    let performed = page
        .browser
        .perform_steps(
            &story.steps,
            &snapshot.theme,
            &story.capture,
            started,
            Some(&barrier),
        )
        .await;
    timings.note(Part::Settle, begun);
    match performed {
        Ok(()) => Ok(Instant::now()),
        Err(error) => Err(with_screenshot(page, error, snapshot).await),
    }
}

/// Loads the story and runs the `before` hooks.
async fn open(
    page: &mut SessionPage,
    snapshot: &Snapshot,
    reuse: PageReuse,
    begun: Instant,
) -> Result<Instant, BrowserError> {
    page.browser.forget_steps();
    page.browser.set_device(&snapshot.device);
    let started = match &snapshot.story.login {
        None => {
            page.browser.set_storage_state(None);
            load(page, snapshot, reuse).await?;
            begun
        }
        Some(login) => load_logged_in(page, login, snapshot, reuse).await?,
    };
    run_before_hooks(page, snapshot, started).await?;
    Ok(started)
}
