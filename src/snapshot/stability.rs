//! Captures on fresh pages until two of them agree.
//!
//! A snapshot that does not equal its baseline on the fast path is captured on
//! a page that has never shown anything, where it must stand still. Baselines
//! come from such pages too. If this capture differs from that of the fast
//! path, a second fresh page decides.

use super::load::PageReuse;
use super::navigate::navigate;
use super::page_hooks::run_after_hooks;
use super::session_page::{LoadedPage, SessionPage};
use super::settle::{Capture, Timings, settle_and_capture};
use crate::baseline::Baseline;
use crate::browser::{BrowserError, Settled, Thoroughness, Unstable};
use crate::model::Region;
use crate::plan::Snapshot;
use tintype_compare::{Options, compare_png, inspect_png};

/// How many captures in a row may differ before animations that the page drives
/// itself are stopped.
const MOVING_CAPTURES: u32 = 3;

/// How many captures are taken before a page counts as unstable.
const CAPTURES: u32 = 8;

/// Captures a snapshot on a fresh page. Unless the image is the baseline, it
/// must equal the image `seen` on the fast path or that of another fresh page.
pub(super) async fn capture(
    page: &mut SessionPage,
    snapshot: &Snapshot,
    baseline: Option<&Baseline>,
    seen: &[u8],
    timings: &mut Timings,
) -> Result<Capture, BrowserError> {
    let first = capture_stable(page, snapshot, timings).await;
    let first = run_after_hooks(page, snapshot, first).await?;
    let is_baseline = baseline.is_some_and(|baseline| baseline.bytes == first.png);
    if is_baseline || differences(seen, &first.png)?.is_empty() {
        return Ok(first);
    }
    let second = capture_stable(page, snapshot, timings).await;
    let second = run_after_hooks(page, snapshot, second).await?;
    let moved = differences(&first.png, &second.png)?;
    if moved.is_empty() {
        return Ok(second);
    }
    let between = "the pictures of two fresh pages";
    Err(unstable(between, &first.png, second, moved))
}

/// Captures a snapshot on a fresh page until two captures, one frame apart, are
/// equal.
async fn capture_stable(
    page: &mut SessionPage,
    snapshot: &Snapshot,
    timings: &mut Timings,
) -> Result<Capture, BrowserError> {
    page.leave().await;
    let begun = navigate(page, snapshot, PageReuse::Fresh, timings).await?;
    let mut last =
        settle_and_capture(page, snapshot, Thoroughness::Thorough, begun, timings).await?;
    for captures in 2..=CAPTURES {
        page.browser.frame().await?;
        let mut next =
            settle_and_capture(page, snapshot, Thoroughness::Thorough, begun, timings).await?;
        // The conditions were met before the first capture.
        next.settled.steps.clone_from(&last.settled.steps);
        let moved = differences(&last.png, &next.png)?;
        if moved.is_empty() {
            let address = page.site.address(snapshot);
            page.loaded = Some(LoadedPage::new(address, snapshot));
            return Ok(next);
        }
        if captures == CAPTURES {
            let between = "two pictures around a frame";
            return Err(unstable(between, &last.png, next, moved));
        }
        if captures > MOVING_CAPTURES {
            page.browser.finish_motion().await?;
        }
        last = next;
    }
    Ok(last)
}

/// The regions in which two images differ in any pixel.
fn differences(one: &[u8], other: &[u8]) -> Result<Vec<Region>, BrowserError> {
    if one == other {
        return Ok(Vec::new());
    }
    match compare_png(one, other, &Options::exact()) {
        Ok(comparison) => Ok(comparison.regions),
        Err(error) => Err(BrowserError::Refused {
            command: "the screenshot".to_owned(),
            reason: format!("two of its pictures cannot be compared: {error}"),
        }),
    }
}

/// The error of a page whose last image differs from the one before.
fn unstable(
    between: &'static str,
    before: &[u8],
    last: Capture,
    moved: Vec<Region>,
) -> BrowserError {
    let inspected = inspect_png(before, &last.png, &Options::exact());
    let motion = inspected.and_then(|mut found| found.diff_png()).ok();
    BrowserError::Unstable(Unstable {
        between,
        motion,
        moved,
        why: causes(&last.settled),
        last: last.png,
    })
}

/// Possible causes of an unstable page, with what to do about them.
fn causes(settled: &Settled) -> Vec<String> {
    let mut causes = Vec::new();
    if settled.moving {
        causes.push("it moves by requestAnimationFrame".to_owned());
    }
    match missing_fonts(settled) {
        Some(fonts) => causes.push(fonts),
        None => causes.push(
            "where it depends on time, chance or the order of loading, `capture.clock`, \
             `capture.seed` and `capture.wait-for` in the manifest help"
                .to_owned(),
        ),
    }
    causes
}

/// The fonts that the page uses and that failed to load.
pub(super) fn missing_fonts(settled: &Settled) -> Option<String> {
    let fonts = &settled.missing_fonts;
    (!fonts.is_empty()).then(|| format!("fonts that failed to load: {}", fonts.join(", ")))
}
