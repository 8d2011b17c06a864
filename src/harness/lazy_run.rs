//! Starts a run when the first test asks for a result, and answers the tests.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, OnceLock};

use libtest_mimic::{Completion, Failed};

use super::nextest::{self, Rendezvous, TestResponse};
use super::reports;
use super::trials::TrialResult;
use crate::config::Config;
use crate::escape::{print_error, printable, single_line};
use crate::events::Bus;
use crate::manifest::Manifest;
use crate::model::{Reason, Status};
use crate::plan::Snapshot;
use crate::redact::redact;
use crate::report::FailureMessages;
use crate::run::{RunError, RunHandle, RunOptions, Scheduling};

/// A run that starts with the first test that is not ignored. If every test is
/// ignored, no browser starts.
pub(super) struct LazyRun {
    manifest: Arc<Manifest>,
    config: Config,
    snapshots: Arc<Vec<Snapshot>>,
    options: RunOptions,
    run: OnceLock<Result<RunHandle, RunError>>,
    /// Whether a test has reported in full why the run could not start.
    error_reported: AtomicBool,
    /// The number of snapshots that were compared or failed.
    completed: AtomicUsize,
    messages: FailureMessages,
}

impl LazyRun {
    pub(super) fn new(
        manifest: Manifest,
        snapshots: Arc<Vec<Snapshot>>,
        config: Config,
        options: RunOptions,
    ) -> Self {
        Self {
            manifest: Arc::new(manifest),
            messages: FailureMessages::new(config.explain),
            config,
            snapshots,
            options,
            run: OnceLock::new(),
            error_reported: AtomicBool::new(false),
            completed: AtomicUsize::new(0),
        }
    }

    /// Waits for the result of a snapshot and returns that of its test.
    pub(super) fn trial_result(&self, index: usize) -> TrialResult {
        if self.config.nextest.active && Rendezvous::IS_SUPPORTED {
            return self.result_from_coordinator(index);
        }
        match self.run.get_or_init(|| self.start()) {
            Ok(run) => {
                let finished = run.wait(index);
                self.result_for(finished.result.status, self.messages.message(&finished))
            }
            Err(error) => Err(self.not_started(error)),
        }
    }

    fn result_for(&self, status: Status, message: Option<String>) -> TrialResult {
        if status != Status::Skipped {
            self.completed.fetch_add(1, Ordering::Relaxed);
        }
        match (status, message) {
            (Status::Skipped, reason) => Ok(Completion::Ignored {
                reason: reason.map(|reason| single_line(&reason).into_owned()),
            }),
            // A new snapshot without a message was accepted as the baseline.
            (Status::Passed | Status::Changed, _) | (Status::New, None) => {
                Ok(Completion::Completed)
            }
            (status, message) => Err(self.failure(&message.unwrap_or_else(|| status.to_string()))),
        }
    }

    /// Asks the coordinator process, which runs the snapshots of all tests.
    fn result_from_coordinator(&self, index: usize) -> TrialResult {
        let test = self.snapshots[index].identifier.test_name();
        let rendezvous = Rendezvous::of_parent(&self.manifest, &self.config);
        let response = rendezvous.and_then(|rendezvous| nextest::request(&rendezvous, &test));
        match response {
            Ok(TestResponse::Finished {
                status,
                message,
                warnings,
            }) => {
                let result = self.result_for(status, message);
                for warning in warnings {
                    print_error(&format!("warning: {warning}"));
                }
                result
            }
            Ok(TestResponse::NotStarted(reason)) => Err(self.failure(&reason)),
            Err(error) => Err(self.failure(&error.to_string())),
        }
    }

    /// Ends the run. Returns false if it was interrupted, or if it was planned
    /// to compare snapshots and compared none.
    pub(super) fn finish(self: Arc<Self>, planned: usize) -> bool {
        let completed = self.completed.load(Ordering::Relaxed);
        let shares_work = self.config.run.shares_work;
        // All tests have ended, so this is the last reference.
        if let Some(Self { run, .. }) = Arc::into_inner(self)
            && let Some(Ok(run)) = run.into_inner()
            && run.finish().run.reason == Some(Reason::Interrupted)
        {
            return false;
        }
        // Other machines may have done everything.
        let compared_nothing = !shares_work && planned > 0 && completed == 0;
        if compared_nothing {
            print_error("error: nothing was compared");
        }
        !compared_nothing
    }

    fn start(&self) -> Result<RunHandle, RunError> {
        let bus = Bus::new();
        reports::subscribe_all(&bus, &self.manifest, &self.config);
        #[cfg(feature = "artifacts")]
        crate::baseline::prefetch(&self.manifest, &self.snapshots);
        RunHandle::start(
            Arc::clone(&self.manifest),
            Arc::clone(&self.snapshots),
            Scheduling::All,
            self.config.clone(),
            self.options.clone(),
            bus,
        )
    }

    /// Reports the error in full once; the other tests refer to it.
    fn not_started(&self, error: &RunError) -> Failed {
        if self.error_reported.swap(true, Ordering::Relaxed) {
            "the run could not be started; the reason is in the first failure".into()
        } else {
            self.failure(&error.to_string())
        }
    }

    /// libtest prints the message. nextest also reads the first line of it from
    /// `Error: …` on stderr, for its JUnit report.
    fn failure(&self, message: &str) -> Failed {
        if self.config.nextest.active {
            let first = message.lines().next().unwrap_or_default();
            print_error(&format!("Error: {first}"));
        }
        shown_failure(message).into()
    }
}

/// The message of a failure without secrets and escaped: libtest prints it as it
/// is.
fn shown_failure(message: &str) -> String {
    printable(&redact(message)).into_owned()
}

#[cfg(test)]
mod tests {
    use super::shown_failure;
    use crate::redact;

    #[test]
    fn failures_have_no_secrets_and_control_no_terminal() {
        redact::register("failed-secret-4417");
        let shown = shown_failure("a failed-secret-4417\n::error::\u{1b}[2J");
        assert_eq!(shown, "a ***\n\\::error::\\u{1b}[2J");
    }
}
