//! Everything that happens in a run.

use std::collections::BTreeMap;
use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;

use super::times::SnapshotTimes;
use crate::model::{
    Environment, RecordedEvent, RunFile, StoryIdentifier, VisualTestResult, VisualTestRun,
};

/// Something that happened.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub(crate) enum Event {
    /// An event that the record keeps and announces, see the contract.
    Recorded(RecordedEvent),
    /// Everything that the run needs is open; the first snapshot follows.
    RunReady(Arc<RunSetup>),
    /// Everything so far is written, and the process may end at any moment:
    /// under nextest the runner ends without notice.
    RunPaused(Arc<RunReport>),
    /// The run has ended and everything is written.
    RunEnded(Arc<RunReport>),
    /// A report was written.
    ReportWritten {
        /// Which one.
        kind: ReportKind,
        /// Its file.
        path: PathBuf,
    },
    /// When a snapshot of this process and its parts began and ended; its
    /// `test:finished` follows.
    #[cfg_attr(
        not(feature = "otel"),
        expect(dead_code, reason = "only traces read it")
    )]
    SnapshotTimed(StoryIdentifier, Arc<SnapshotTimes>),
    /// A story waits for a lock, or the number of those before it has changed.
    LockWaiting(LockWait),
    /// Something that the user should know: one sentence.
    Warning(String),
}

/// A story that waits for a lock.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct LockWait {
    /// The story's id.
    pub story: String,
    /// The lock's name.
    pub lock: String,
    /// How many hold the lock or asked for it earlier.
    pub before: u64,
}

impl LockWait {
    /// The warning that the lock was lost before its release.
    pub(crate) fn loss(&self) -> String {
        format!(
            "the lock `{}` was lost while `{}` was captured: the server was away, or this machine \
             stood still, for longer than a lease; another run may have held the lock at the same time",
            self.lock, self.story
        )
    }
}

impl fmt::Display for LockWait {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "waits for {}: {} before it", self.lock, self.before)
    }
}

/// A kind of report that is a file in the run's folder.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub(crate) enum ReportKind {
    /// `report.html`.
    Html,
    /// `junit.xml`.
    Junit,
}

impl From<RecordedEvent> for Event {
    fn from(event: RecordedEvent) -> Self {
        Self::Recorded(event)
    }
}

/// The settings and size of a run at its start.
#[derive(Clone, Debug)]
pub(crate) struct RunSetup {
    /// How many snapshots will run.
    pub planned: usize,
    /// Where the run takes place, as far as it is known.
    pub environment: Environment,
    /// Where the record is, in one line.
    pub record: String,
    /// The state of the shared run that the process has joined, in one line.
    pub joined: Option<String>,
}

/// The state of a run at its end, or at a pause.
#[derive(Clone, Debug)]
pub(crate) struct RunReport {
    /// The run's document, with the counts of this process.
    pub run: VisualTestRun,
    /// The run with the results of all its processes so far. Those of this
    /// process come first, in the plan's order.
    pub whole: RunFile,
    /// The number of results of this process.
    pub own: usize,
    /// The folder with images and reports.
    pub folder: PathBuf,
    /// Stories that cannot be cached, with the reason.
    pub uncacheable: BTreeMap<String, String>,
}

impl RunReport {
    /// The results of this process, in the plan's order.
    pub(crate) fn results(&self) -> &[VisualTestResult] {
        &self.whole.results[..self.own]
    }
}
