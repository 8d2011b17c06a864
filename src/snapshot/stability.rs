//! Captures on fresh pages until two of them agree.
//!
//! A snapshot that does not equal its baseline on the fast path is captured on
//! a page that has never shown anything, where it must stand still. Baselines
//! come from such pages too. If this capture differs from that of the fast
//! path, a second fresh page decides.

use super::digest::take_digest;
use super::first_look::FirstLook;
use super::image_differences::differences;
use super::navigate::navigate;
use super::page_hooks::run_after_hooks;
use super::page_load::PageReuse;
use super::session_page::SessionPage;
use super::settle::{Capture, Timings, settle_and_capture};
use super::shared_page;
use crate::baseline::Baseline;
use crate::browser::{BrowserError, LookReads, Settled, Thoroughness, Unstable, WorkerMotion};
use crate::manifest::Target;
use crate::model::Region;
use crate::plan::Snapshot;
use tintype_compare::{Options, inspect_png};

/// How many captures in a row may differ before animations that the page drives
/// itself are stopped.
const MOVING_CAPTURES: u32 = 3;

/// How many captures are taken before a page counts as unstable.
const CAPTURES: u32 = 8;

/// Captures a snapshot on a fresh page. Unless the image is the baseline, it
/// must equal the image of the first look or that of another fresh page.
pub(super) async fn capture(
    page: &mut SessionPage,
    snapshot: &Snapshot,
    baseline: Option<&Baseline>,
    look: &FirstLook,
    timings: &mut Timings,
) -> Result<Capture, BrowserError> {
    if let Some(capture) = shared_page::capture(page, snapshot, look, timings).await? {
        return Ok(capture);
    }
    let first = capture_stable(page, snapshot, look, timings).await;
    let first = run_after_hooks(page, snapshot, first).await?;
    let is_baseline = baseline.is_some_and(|baseline| baseline.is_capture(&first.png));
    if is_baseline || differences(&look.png, &first.png)?.is_empty() {
        return Ok(first);
    }
    let second = capture_stable(page, snapshot, look, timings).await;
    let second = run_after_hooks(page, snapshot, second).await?;
    let moved = differences(&first.png, &second.png)?;
    if moved.is_empty() {
        return Ok(second);
    }
    let between = "the screenshots of two fresh pages";
    Err(unstable(snapshot, between, &first.png, second, moved))
}

/// Captures a snapshot on a fresh page until two captures, one frame apart, are
/// equal. One is enough where the frames before it are known to be.
async fn capture_stable(
    page: &mut SessionPage,
    snapshot: &Snapshot,
    look: &FirstLook,
    timings: &mut Timings,
) -> Result<Capture, BrowserError> {
    let mut capture = capture_until_equal(page, snapshot, timings).await?;
    take_digest(page, snapshot, look, &mut capture).await?;
    Ok(capture)
}

async fn capture_until_equal(
    page: &mut SessionPage,
    snapshot: &Snapshot,
    timings: &mut Timings,
) -> Result<Capture, BrowserError> {
    page.leave().await;
    let begun = navigate(page, snapshot, PageReuse::Fresh, timings).await?;
    let mut last =
        settle_and_capture(page, snapshot, Thoroughness::Thorough, begun, timings).await?;
    if last.settled.still && snapshot.story.capture.target == Target::Viewport {
        note_fresh_load(page, snapshot).await?;
        return Ok(last);
    }
    for captures in 2..=CAPTURES {
        page.browser.frame().await?;
        let mut next =
            settle_and_capture(page, snapshot, Thoroughness::Thorough, begun, timings).await?;
        // The conditions were met before the first capture.
        next.settled.steps.clone_from(&last.settled.steps);
        let moved = differences(&last.png, &next.png)?;
        if moved.is_empty() {
            note_fresh_load(page, snapshot).await?;
            return Ok(next);
        }
        if captures == CAPTURES {
            let between = "two screenshots around a frame";
            return Err(unstable(snapshot, between, &last.png, next, moved));
        }
        if captures > MOVING_CAPTURES {
            page.browser.finish_motion().await?;
        }
        last = next;
    }
    Ok(last)
}

/// The next snapshots of the story may be captured on the page as well.
async fn note_fresh_load(page: &mut SessionPage, snapshot: &Snapshot) -> Result<(), BrowserError> {
    let reads = if page.browser.keeps_time(&snapshot.story.capture) {
        page.browser.look_reads().await?
    } else {
        LookReads::ALL
    };
    page.note_load(snapshot, PageReuse::Fresh, reads);
    Ok(())
}

/// The error of a page whose last image differs from the one before.
fn unstable(
    snapshot: &Snapshot,
    between: &'static str,
    before: &[u8],
    last: Capture,
    moved: Vec<Region>,
) -> BrowserError {
    let inspected = inspect_png(before, &last.png, &Options::exact());
    let motion = inspected.and_then(|mut found| found.diff_png()).ok();
    BrowserError::Unstable(Box::new(Unstable {
        between,
        motion,
        moved,
        why: causes(&last.settled),
        help: help(snapshot, &last.settled),
        last: last.png,
    }))
}

/// The known causes of an unstable page.
fn causes(settled: &Settled) -> Vec<String> {
    let moving = "it moves by requestAnimationFrame".to_owned();
    let moving = settled.moving.then_some(moving);
    let workers = settled.worker_motion.map(describe_worker);
    let causes = workers.into_iter().chain(moving);
    causes.chain(missing_fonts(settled)).collect()
}

fn describe_worker(motion: WorkerMotion) -> String {
    let motion = match motion {
        WorkerMotion::Canvas => "a worker draws on a canvas",
        WorkerMotion::Messages => "workers send it messages",
    };
    format!("{motion}, and workers run in real time")
}

/// The settings that may make an unstable page stable. Those that the snapshot
/// already has are not suggested; missing fonts are a cause to fix first.
fn help(snapshot: &Snapshot, settled: &Settled) -> Option<String> {
    if missing_fonts(settled).is_some() {
        return None;
    }
    let capture = &snapshot.story.capture;
    let mut help = "if content arrives late, wait for it with `wait-for` in [capture]; if a part \
                    always differs, cover it with `mask`"
        .to_owned();
    if !capture.seeded || !(capture.virtual_time || capture.seed.is_some()) {
        help += "; if it uses random numbers, set `seed = 1`";
    }
    if settled.worker_motion.is_some() {
        help += "; if the page can do the work of the worker itself, let it do so in stories";
    }
    if !capture.virtual_time {
        help += "; if it depends on time, set `virtual-time = true`";
    }
    Some(help)
}

/// The fonts that the page uses and that failed to load.
pub(super) fn missing_fonts(settled: &Settled) -> Option<String> {
    let fonts = &settled.missing_fonts;
    (!fonts.is_empty()).then(|| format!("fonts that failed to load: {}", fonts.join(", ")))
}
