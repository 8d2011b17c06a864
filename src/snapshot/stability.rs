//! A story on fresh pages, standing still: what is not its baseline at once is
//! judged by nothing less.

use super::capture::{LoadedPage, SessionPage, Shot, Times, address};
use super::navigate::PageReuse;
use crate::baseline::Baseline;
use crate::browser::{BrowserError, Settled, Thoroughness, Unstable};
use crate::compare::{Antialiasing, Options, compare_png, inspect_png};
use crate::model::Region;
use crate::plan::Snapshot;

/// How many pictures in a row may differ before motion that the page drives
/// itself is brought to rest.
const RESTLESS: u32 = 3;

/// How many pictures are taken before a page counts as unstable.
const PICTURES: u32 = 8;

impl SessionPage {
    /// The story on a fresh page, as it was `seen` on another page as well, or
    /// as it looks on another fresh one, unless it is the baseline.
    pub(crate) async fn capture_stable(
        &mut self,
        snapshot: &Snapshot,
        baseline: Option<&Baseline>,
        seen: &[u8],
        times: &mut Times,
    ) -> Result<Shot, BrowserError> {
        let first = self.settle_on_fresh_page(snapshot, times).await;
        let first = self.part(snapshot, first).await?;
        let is_baseline = baseline.is_some_and(|baseline| baseline.bytes == first.png);
        if is_baseline || differences(seen, &first.png)?.is_empty() {
            return Ok(first);
        }
        let second = self.settle_on_fresh_page(snapshot, times).await;
        let second = self.part(snapshot, second).await?;
        let moved = differences(&first.png, &second.png)?;
        if moved.is_empty() {
            return Ok(second);
        }
        let between = "the pictures of two fresh pages";
        Err(unstable(between, &first.png, second, moved))
    }

    /// The story on a fresh page, standing still: two pictures around a frame
    /// are equal.
    async fn settle_on_fresh_page(
        &mut self,
        snapshot: &Snapshot,
        times: &mut Times,
    ) -> Result<Shot, BrowserError> {
        self.leave_page().await;
        let begun = self.visit(snapshot, PageReuse::Fresh, times).await?;
        let mut shot = self
            .settle_and_capture(snapshot, Thoroughness::Thorough, begun, times)
            .await?;
        for pictures in 2..=PICTURES {
            self.session.frame().await?;
            let mut next = self
                .settle_and_capture(snapshot, Thoroughness::Thorough, begun, times)
                .await?;
            // What it was waited for was waited for before the first picture.
            next.settled.steps.clone_from(&shot.settled.steps);
            let moved = differences(&shot.png, &next.png)?;
            if moved.is_empty() {
                let address = address(&self.context.base, snapshot);
                self.loaded = Some(LoadedPage::of(address, snapshot));
                return Ok(next);
            }
            if pictures == PICTURES {
                let between = "two pictures around a frame";
                return Err(unstable(between, &shot.png, next, moved));
            }
            if pictures > RESTLESS {
                self.session.finish_motion().await?;
            }
            shot = next;
        }
        Ok(shot)
    }
}

/// Where two pictures of the same thing differ in any pixel at all.
fn differences(one: &[u8], other: &[u8]) -> Result<Vec<Region>, BrowserError> {
    if one == other {
        return Ok(Vec::new());
    }
    match compare_png(one, other, &exactly()) {
        Ok(comparison) => Ok(comparison.regions),
        Err(error) => Err(BrowserError::Refused {
            command: "capture".to_owned(),
            reason: format!("two of its pictures cannot be compared: {error}"),
        }),
    }
}

/// A page of which the last picture differs from the one before.
fn unstable(between: &'static str, before: &[u8], last: Shot, moved: Vec<Region>) -> BrowserError {
    let inspected = inspect_png(before, &last.png, &exactly());
    let motion = inspected.and_then(|mut found| found.diff_png()).ok();
    BrowserError::Unstable(Unstable {
        between,
        motion,
        moved,
        why: suspects(&last.settled),
        last: last.png,
    })
}

/// Two pictures of the same page may not differ at all.
fn exactly() -> Options {
    Options {
        threshold: 0.0,
        antialiasing: Antialiasing::Count,
        ..Options::default()
    }
}

/// What may move a page that is unstable, and what to do about it.
fn suspects(settled: &Settled) -> Vec<String> {
    let mut why = Vec::new();
    if settled.moving {
        why.push("it moves by requestAnimationFrame".to_owned());
    }
    if settled.missing_fonts.is_empty() {
        why.push(
            "where it depends on time, chance or the order of loading, `capture.clock`, \
             `capture.seed` and `capture.wait-for` in the manifest help"
                .to_owned(),
        );
    } else {
        why.push(format!(
            "fonts that failed to load: {}",
            settled.missing_fonts.join(", ")
        ));
    }
    why
}

pub(crate) fn missing_fonts(settled: &Settled) -> Option<String> {
    let fonts = &settled.missing_fonts;
    (!fonts.is_empty()).then(|| format!("\n  fonts that failed to load: {}", fonts.join(", ")))
}
