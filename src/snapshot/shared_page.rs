//! Captures a snapshot on a fresh page that was loaded for another one of its
//! story.
//!
//! Such a page may show something else than a page of the snapshot's own: its
//! scripts may have read the theme or the size of the viewport once, and what it
//! has shown before may have left traces. So its image counts only if it equals
//! the first look, which another page has had, after other snapshots. And for
//! everything that the page has read, one of the two pages must have been loaded
//! with that of the snapshot: a page that keeps what it has read shows another
//! image then.

use super::digest::take_digest;
use super::first_look::FirstLook;
use super::image_differences::differences;
use super::page_hooks::run_after_hooks;
use super::page_load::PageReuse;
use super::session_page::SessionPage;
use super::settle::{Capture, Timings, settle_and_capture};
use super::show::show_on_page;
use crate::browser::{BrowserError, Thoroughness};
use crate::plan::Snapshot;

/// Captures a snapshot on the current page. `None` if the page cannot show it, or
/// shows something else than at the first look.
pub(super) async fn capture(
    page: &mut SessionPage,
    snapshot: &Snapshot,
    look: &FirstLook,
    timings: &mut Timings,
) -> Result<Option<Capture>, BrowserError> {
    if !can_judge(page, snapshot, look) {
        return Ok(None);
    }
    let captured = show_and_capture(page, snapshot, look, timings).await;
    let captured = run_after_hooks(page, snapshot, captured).await;
    match captured {
        Ok(capture) if differences(&look.png, &capture.png)?.is_empty() => Ok(Some(capture)),
        Err(error) if error.is_fatal() => Err(error),
        _ => {
            page.depends_on_past = Some(page.site.address(snapshot));
            Ok(None)
        }
    }
}

async fn show_and_capture(
    page: &mut SessionPage,
    snapshot: &Snapshot,
    look: &FirstLook,
    timings: &mut Timings,
) -> Result<Capture, BrowserError> {
    let begun = show_on_page(page, snapshot, timings).await?;
    let mut capture =
        settle_and_capture(page, snapshot, Thoroughness::Thorough, begun, timings).await?;
    take_digest(page, snapshot, look, &mut capture).await?;
    Ok(capture)
}

/// Whether the image of the current page and that of the first look can confirm
/// each other.
fn can_judge(page: &SessionPage, snapshot: &Snapshot, look: &FirstLook) -> bool {
    let (Some(seen), Some(load)) = (&look.load, page.load_that_serves(snapshot)) else {
        return false;
    };
    let is_suspect = page.depends_on_past.as_ref() == Some(&page.site.address(snapshot));
    let is_other_load = load.number != seen.number;
    load.reuse == PageReuse::Fresh && is_other_load && !is_suspect && {
        let loads = [load, seen];
        (!load.reads.theme || loads.iter().any(|load| load.has_theme_of(snapshot)))
            && (!load.reads.viewport || loads.iter().any(|load| load.has_screen_of(snapshot)))
    }
}
