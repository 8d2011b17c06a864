//! What the fast path has seen of a snapshot that does not equal its baseline.

use std::time::Instant;

use super::baseline_state::BaselineState;
use super::page_load::PageLoad;
use super::session_page::SessionPage;
use super::settle::{Capture, Timings};
use crate::manifest::Isolation;
use crate::model::Measurements;
use crate::plan::Snapshot;

/// The first image of a snapshot that does not equal its baseline.
pub(crate) struct FirstLook {
    pub(super) png: Vec<u8>,
    /// The load of the page that showed it, if that page can show other snapshots.
    pub(super) load: Option<PageLoad>,
    pub(super) baseline: BaselineState,
    /// The measurements of its page.
    pub(super) measurements: Option<Measurements>,
    timings: Timings,
    taken: Instant,
}

impl FirstLook {
    pub(super) fn new(
        page: &SessionPage,
        snapshot: &Snapshot,
        capture: Capture,
        baseline: BaselineState,
        timings: Timings,
    ) -> Self {
        let settings = &snapshot.story.capture;
        let is_shared =
            settings.isolation != Isolation::Snapshot && page.browser.keeps_time(settings);
        let load = page
            .load_that_serves(snapshot)
            .filter(|_| is_shared)
            .cloned();
        Self {
            png: capture.png,
            measurements: capture.measurements,
            load,
            baseline,
            timings,
            taken: Instant::now(),
        }
    }

    /// Whether the snapshot is judged faster after the other ones of its story: a
    /// fresh page can then show several of them.
    pub(crate) fn can_wait(&self) -> bool {
        self.load.is_some()
    }

    /// The memory that it takes, in bytes.
    pub(crate) fn size(&self) -> usize {
        self.png.len()
    }

    /// The times so far, without the time for which it has waited.
    pub(super) fn timings(&self) -> Timings {
        let mut timings = self.timings.clone();
        timings.started += self.taken.elapsed();
        timings
    }
}
