//! Between the trials and the run.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use libtest_mimic::{Completion, Failed};

use crate::config::Config;
use crate::events::Bus;
use crate::manifest::Manifest;
use crate::model::{Reason, Status};
use crate::plan::Snapshot;
use crate::run::{RunError, RunHandle, RunOptions, Scheduling, SnapshotOutcome};

use super::ending;
#[cfg(unix)]
use super::nextest::{self, Answer, Place};
use super::trials::Verdict;

/// The work that trials wait for. It begins with the first of them, so that a
/// run in which everything is ignored opens no browser.
pub(super) struct Work {
    manifest: Arc<Manifest>,
    config: Config,
    /// Handed over at the start.
    snapshots: Mutex<Vec<Snapshot>>,
    options: RunOptions,
    run: OnceLock<Result<RunHandle, RunError>>,
    /// Whether a trial has said in full why nothing could be started.
    has_said: AtomicBool,
    /// How many snapshots came to a comparison or a failure.
    done: AtomicUsize,
}

impl Work {
    pub(super) fn new(
        manifest: Manifest,
        snapshots: Vec<Snapshot>,
        config: Config,
        options: RunOptions,
    ) -> Self {
        Self {
            manifest: Arc::new(manifest),
            config,
            snapshots: Mutex::new(snapshots),
            options,
            run: OnceLock::new(),
            has_said: AtomicBool::new(false),
            done: AtomicUsize::new(0),
        }
    }

    /// Waits for a snapshot and says what libtest is told of it.
    pub(super) fn verdict(&self, index: usize) -> Verdict {
        #[cfg(unix)]
        if self.config.nextest {
            return self.by_studio(index);
        }
        match self.run.get_or_init(|| self.start()) {
            Ok(run) => self.told(run.wait(index)),
            Err(error) => Err(self.not_started(error)),
        }
    }

    /// What libtest is told of an outcome.
    fn told(&self, outcome: SnapshotOutcome) -> Verdict {
        let SnapshotOutcome { status, message } = outcome;
        if status != Status::Skipped {
            self.done.fetch_add(1, Ordering::Relaxed);
        }
        match (status, message) {
            (Status::Skipped, reason) => Ok(Completion::Ignored { reason }),
            // What is new and has no message has just become the baseline.
            (Status::Passed | Status::Changed, _) | (Status::New, None) => {
                Ok(Completion::Completed)
            }
            (status, message) => Err(self.failure(message.unwrap_or_else(|| status.to_string()))),
        }
    }

    /// Has a snapshot done by the process that works for all tests.
    #[cfg(unix)]
    fn by_studio(&self, index: usize) -> Verdict {
        let test = {
            let snapshots = self.snapshots.lock();
            let snapshots = snapshots.unwrap_or_else(PoisonError::into_inner);
            snapshots[index].identifier.test_name()
        };
        let place = Place::of_parent(&self.manifest, &self.config);
        match place.and_then(|place| nextest::ask(&place, &test)) {
            Ok(Answer::Done {
                status,
                message,
                warnings,
            }) => {
                let verdict = self.told(SnapshotOutcome { status, message });
                for warning in warnings {
                    eprintln!("warning: {warning}");
                }
                verdict
            }
            Ok(Answer::NotStarted(reason)) => Err(self.failure(reason)),
            Err(error) => Err(self.failure(error.to_string())),
        }
    }

    /// Ends the run. Whether it did what it was there for: not when it was
    /// interrupted, nor when it was planned to compare something and compared
    /// nothing.
    pub(super) fn finish(self: Arc<Self>, planned: usize) -> bool {
        let done = self.done.load(Ordering::Relaxed);
        // All trials are over, and with them all other owners.
        let work = Arc::into_inner(self);
        if let Some(Self { run, .. }) = work
            && let Some(Ok(run)) = run.into_inner()
        {
            let report = run.finish();
            if report.run.reason == Some(Reason::Interrupted) {
                return false;
            }
        }
        let nothing = planned > 0 && done == 0;
        if nothing {
            eprintln!("error: {planned} snapshots were to be compared, and none was");
        }
        !nothing
    }

    fn start(&self) -> Result<RunHandle, RunError> {
        let mut snapshots = self
            .snapshots
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        let snapshots = std::mem::take(&mut *snapshots);
        let (manifest, config) = (Arc::clone(&self.manifest), self.config.clone());
        let bus = Bus::new();
        ending::subscribe_all(&bus, &self.manifest);
        RunHandle::start(
            manifest,
            snapshots,
            Scheduling::All,
            config,
            self.options.clone(),
            bus,
        )
    }

    /// The first trial says why, the others that it has been said.
    fn not_started(&self, error: &RunError) -> Failed {
        if self.has_said.swap(true, Ordering::Relaxed) {
            "the run could not be started; another test says why".into()
        } else {
            self.failure(error.to_string())
        }
    }

    /// nextest takes the message of its JUnit report from `Error: …` on
    /// stderr, and shows stdout beside it: there the message need not stand.
    fn failure(&self, message: String) -> Failed {
        if self.config.nextest {
            eprintln!("Error: {message}");
            return Failed::without_message();
        }
        message.into()
    }
}
