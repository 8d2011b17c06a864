//! Captures on a page that was used before.
//!
//! One page serves several snapshots of a story. What it shows may depend on
//! what it has shown before, so only one conclusion is drawn from it: that the
//! image equals the baseline.

use std::sync::Arc;
use std::time::Instant;

use super::navigate::navigate;
use super::page_hooks::run_after_hooks;
use super::page_load::PageReuse;
use super::requests;
use super::session_page::SessionPage;
use super::settle::{Capture, Timings, settle_and_capture};
use super::show::show_on_page;
use crate::baseline::Baseline;
use crate::browser::{BrowserError, LookReads, Thoroughness};
use crate::events::Part;
use crate::plan::Snapshot;
use tintype_compare::{Options, Verdict, compare_png};

/// How many captures the fast path may take to find the baseline.
const CAPTURES: u32 = 2;

/// Captures a snapshot on the current page if that page can show it, and
/// compares it with the baseline.
pub(super) async fn capture(
    page: &mut SessionPage,
    snapshot: &Snapshot,
    baseline: Option<&Arc<Baseline>>,
    timings: &mut Timings,
) -> Result<Capture, BrowserError> {
    let captured = capture_and_compare(page, snapshot, baseline, timings).await;
    if captured.is_err() {
        // The next attempt must not use the same broken page.
        page.loaded = None;
    }
    run_after_hooks(page, snapshot, captured).await
}

/// A page that changes in the frame after it has settled gets one more capture.
async fn capture_and_compare(
    page: &mut SessionPage,
    snapshot: &Snapshot,
    baseline: Option<&Arc<Baseline>>,
    timings: &mut Timings,
) -> Result<Capture, BrowserError> {
    let begun = show(page, snapshot, timings).await?;
    let mut measurements = None;
    for number in 1.. {
        let mut capture =
            settle_and_capture(page, snapshot, Thoroughness::Quick, begun, timings).await?;
        if measurements.is_none() && snapshot.story.capture.measure {
            let measured = page.browser.measure(&snapshot.story.capture).await?;
            measurements = Some(measured);
        }
        capture.measurements.clone_from(&measurements);
        let Some(baseline) = baseline else {
            return Ok(capture);
        };
        if requests::are_unattributed(page) {
            // A fresh page shows whose they are.
            return Ok(capture);
        }
        capture.equals_baseline = equals(baseline, &capture.png, timings).await;
        if capture.equals_baseline || number == CAPTURES {
            return Ok(capture);
        }
        page.browser.frame().await?;
    }
    unreachable!("the loop returns the last capture")
}

/// Shows a snapshot, on the current page if possible. One that is measured is shown
/// on a page of its own. Returns the time from which the story's time limit counts.
async fn show(
    page: &mut SessionPage,
    snapshot: &Snapshot,
    timings: &mut Timings,
) -> Result<Instant, BrowserError> {
    let is_measured = snapshot.story.capture.measure;
    if !is_measured && page.load_that_serves(snapshot).is_some() {
        return show_on_page(page, snapshot, timings).await;
    }
    page.leave().await;
    let reuse = if is_measured {
        PageReuse::Fresh
    } else {
        PageReuse::Reuse
    };
    let begun = navigate(page, snapshot, reuse, timings).await?;
    page.note_load(snapshot, reuse, LookReads::ALL);
    Ok(begun)
}

/// Compares outside of the thread that controls the browser, unless the bytes
/// are equal.
async fn equals(baseline: &Arc<Baseline>, png: &[u8], timings: &mut Timings) -> bool {
    let begun = Instant::now();
    let equal = baseline.is_capture(png) || {
        let (baseline, png) = (Arc::clone(baseline), png.to_owned());
        tokio::task::spawn_blocking(move || has_equal_pixels(&baseline, &png))
            .await
            .unwrap_or(false)
    };
    timings.note(Part::Compare, begun);
    equal
}

/// Whether every pixel equals that of the baseline.
fn has_equal_pixels(baseline: &Baseline, png: &[u8]) -> bool {
    compare_png(&baseline.bytes, png, &Options::exact())
        .is_ok_and(|comparison| comparison.verdict == Verdict::Same)
}
