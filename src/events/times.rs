//! When a snapshot and its parts began and ended.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

/// The most parts of one snapshot; further ones are not logged.
const MAX_PARTS: usize = 1_000;

/// A part of the work on a snapshot.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Part {
    /// Loading the page.
    Navigate,
    /// Performing steps, and waiting until the page has settled.
    Settle,
    /// Capturing the image.
    Capture,
    /// Comparing it with the baseline.
    Compare,
}

/// When a part began and ended.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct PartTime {
    pub part: Part,
    /// The number of the attempt, from 1.
    pub attempt: u32,
    pub start: Instant,
    pub end: Instant,
}

/// When a snapshot began and ended, and its parts in the order of their ends. A part
/// occurs more than once if the snapshot was captured more than once.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct SnapshotTimes {
    pub start: Instant,
    pub end: Instant,
    pub parts: Vec<PartTime>,
}

/// Logs the parts of one attempt at a snapshot, also if it fails. Clones share
/// their log.
#[derive(Clone, Debug)]
pub(crate) struct PartLog {
    parts: Arc<Mutex<Vec<PartTime>>>,
    attempt: u32,
    start: Instant,
}

impl PartLog {
    /// The log of a snapshot that starts now.
    pub(crate) fn start() -> Self {
        Self {
            parts: Arc::default(),
            attempt: 1,
            start: Instant::now(),
        }
    }

    /// The same log, for the parts of this attempt.
    pub(crate) fn of_attempt(&self, attempt: u32) -> Self {
        Self {
            attempt,
            ..self.clone()
        }
    }

    /// The number of its attempt, from 1.
    pub(crate) fn attempt(&self) -> u32 {
        self.attempt
    }

    /// Logs a part that ends now, and returns its duration.
    pub(crate) fn note(&self, part: Part, start: Instant) -> Duration {
        let end = Instant::now();
        let mut parts = self.parts.lock().unwrap_or_else(PoisonError::into_inner);
        if parts.len() < MAX_PARTS {
            let attempt = self.attempt;
            parts.push(PartTime {
                part,
                attempt,
                start,
                end,
            });
        }
        end - start
    }

    /// The times of the snapshot, which ends now.
    pub(crate) fn end(&self) -> SnapshotTimes {
        let mut parts = self.parts.lock().unwrap_or_else(PoisonError::into_inner);
        SnapshotTimes {
            start: self.start,
            end: Instant::now(),
            parts: std::mem::take(&mut parts),
        }
    }
}
