//! Sends the journal to the store in the background, in order, and sends again
//! what the server has lost.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{Notify, watch};
use tokio::time::{Instant, sleep};

use super::journal::{Journal, JournalCursor};
use super::journal_folder::journals;
use super::operation::JoinRequest;
use super::orphan_journals;
use super::store::{ApplyOutcome, JoinOutcome, Store};
use crate::redis::{Recovery, StoreError, StoreErrorKind};

/// The number of operations per request.
const BATCH: usize = 256;
/// The interval of heartbeats.
const HEARTBEAT_INTERVAL: Duration = Duration::from_secs(1);

/// The progress of the writer.
#[derive(Clone, Debug, Default)]
pub(crate) struct WriterProgress {
    /// Whether the worker has joined its run.
    pub(crate) has_joined: bool,
    /// The sequence number of the last operation that the store has applied.
    pub(crate) applied: u64,
    /// The current error, if the last request failed.
    pub(crate) error: Option<StoreError>,
    /// The number of failed requests since the last success, or since the last one
    /// after which an operation was applied.
    pub(crate) failures: u32,
    /// How often the connection was re-established.
    pub(crate) reconnects: u64,
    /// How often lost operations were sent again.
    pub(crate) rewinds: u64,
    /// Warnings for the user, a sentence each.
    pub(crate) warnings: Vec<String>,
}

/// The task that sends a journal.
pub(crate) struct JournalWriter {
    pub(crate) store: Arc<dyn Store>,
    pub(crate) join: JoinRequest,
    pub(crate) journal: Arc<Journal>,
    /// The folder with the journals of all workers.
    pub(crate) folder: Option<PathBuf>,
    pub(crate) progress: watch::Sender<WriterProgress>,
    pub(crate) wake: Arc<Notify>,
    /// Triggers an immediate retry, when a caller waits.
    pub(crate) retry_now: Arc<Notify>,
    /// True when no more operations will be recorded.
    pub(crate) stop: watch::Receiver<bool>,
    pub(crate) cursor: JournalCursor,
    pub(crate) joined: bool,
    /// What the store had applied when a request last failed.
    pub(crate) applied_before: u64,
}

impl JournalWriter {
    /// Runs until it is stopped and everything is sent or a request fails.
    pub(crate) async fn run(mut self) {
        let mut last_heartbeat = Instant::now();
        loop {
            let result = self.send_pending(&mut last_heartbeat).await;
            let failures = self.update_progress(result);
            // A dropped recorder records nothing more either.
            let stopped = *self.stop.borrow() || self.stop.has_changed().is_err();
            if stopped && (failures > 0 || self.is_done()) {
                return;
            }
            let stop = &mut self.stop;
            if failures == 0 {
                tokio::select! {
                    () = self.wake.notified() => {}
                    () = sleep(HEARTBEAT_INTERVAL) => {}
                    _ = stop.changed() => {}
                }
            } else {
                // New operations do not cut the back-off short.
                tokio::select! {
                    () = sleep(backoff(failures)) => {}
                    () = self.retry_now.notified() => {}
                    _ = stop.changed() => {}
                }
            }
        }
    }

    fn is_done(&self) -> bool {
        self.progress.borrow().applied >= self.journal.last()
    }

    /// Sends all pending operations, and a heartbeat when it is due.
    async fn send_pending(&mut self, last_heartbeat: &mut Instant) -> Result<(), StoreError> {
        if !self.joined {
            self.join_run().await?;
        }
        while self.send_batch().await? {}
        if last_heartbeat.elapsed() >= HEARTBEAT_INTERVAL && !self.journal.is_closed() {
            *last_heartbeat = Instant::now();
            let known = self.progress.borrow().applied;
            let outcome = self.store.heartbeat(&self.join, known).await?;
            if outcome != ApplyOutcome::Done {
                self.rewind(&outcome).await?;
            }
        }
        Ok(())
    }

    /// Sends two batches, the second while the server processes the first.
    /// Returns whether there may be more.
    async fn send_batch(&mut self) -> Result<bool, StoreError> {
        let first = self.cursor.next;
        let one = self.journal.read(&mut self.cursor, BATCH);
        let two = self.journal.read(&mut self.cursor, BATCH);
        if one.is_empty() {
            return Ok(false);
        }
        let second = first + one.len() as u64;
        let (outcomes, more) = tokio::join!(
            self.store.apply(&self.join, first, &one),
            self.store.apply(&self.join, second, &two),
        );
        let outcomes = outcomes.inspect_err(|_| self.journal.rewind(&mut self.cursor, first))?;
        let complete = outcomes.len() == one.len();
        if !self.confirm(first, outcomes).await? {
            return Ok(true);
        }
        if !complete {
            let applied = self.progress.borrow().applied;
            self.journal.rewind(&mut self.cursor, applied + 1);
            return Ok(true);
        }
        let more = more.inspect_err(|_| self.journal.rewind(&mut self.cursor, second))?;
        let complete = more.len() == two.len();
        if self.confirm(second, more).await? && !complete {
            let applied = self.progress.borrow().applied;
            self.journal.rewind(&mut self.cursor, applied + 1);
        }
        Ok(true)
    }

    /// Handles the outcomes of operations from `first` on. Returns false if the
    /// server has lost data, so that it is sent again.
    async fn confirm(
        &mut self,
        first: u64,
        outcomes: Vec<ApplyOutcome>,
    ) -> Result<bool, StoreError> {
        for (number, outcome) in (first..).zip(outcomes) {
            match outcome {
                ApplyOutcome::Done | ApplyOutcome::Stale | ApplyOutcome::Duplicate(_) => {
                    self.set_applied(number);
                }
                ApplyOutcome::Gap(_) | ApplyOutcome::NoRun => {
                    self.rewind(&outcome).await?;
                    return Ok(false);
                }
            }
        }
        Ok(true)
    }

    /// Joins the run, and sends the journals of dead workers.
    async fn join_run(&mut self) -> Result<(), StoreError> {
        let joined = self.store.join(&self.join, true).await?;
        if joined.outcome == JoinOutcome::Gone {
            return Err(pruned(&self.join));
        }
        self.joined = true;
        self.progress.send_modify(|p| p.has_joined = true);
        self.journal.rewind(&mut self.cursor, joined.applied + 1);
        self.progress.send_modify(|p| p.applied = joined.applied);
        if let Ok(Some(server)) = self.store.server_info().await {
            self.progress
                .send_modify(|p| p.warnings = server.warnings());
        }
        let Some(folder) = self.folder.clone() else {
            return Ok(());
        };
        let run = &self.join.run_id;
        let orphans_of = match joined.outcome {
            // The first worker of a run sends the journals of all runs; this is
            // also the case after the server has lost the run.
            JoinOutcome::Created => None,
            _ if (journals(&folder, Some(run)).len() as u64) > joined.writers => Some(run),
            _ => return Ok(()),
        };
        let orphans =
            orphan_journals::send_orphan_journals(&*self.store, &folder, &self.join, orphans_of)
                .await;
        if joined.outcome == JoinOutcome::Created {
            // The next run ends runs whose processes have all died.
            orphan_journals::end_abandoned_runs(&*self.store, Some(run)).await?;
        }
        self.progress.send_modify(|p| {
            p.warnings.extend(orphans.warnings);
            p.warnings.extend(self.store.skipped().take());
        });
        Ok(())
    }

    /// Handles lost data on the server: sends again from there, including the
    /// journals of dead workers of the run.
    async fn rewind(&mut self, outcome: &ApplyOutcome) -> Result<(), StoreError> {
        self.progress.send_modify(|p| p.rewinds += 1);
        if let ApplyOutcome::Gap(last) = *outcome {
            self.journal.rewind(&mut self.cursor, last + 1);
            self.progress.send_modify(|p| p.applied = last);
        } else {
            self.join_run().await?;
        }
        if let Some(folder) = self.folder.clone() {
            let run = Some(&self.join.run_id);
            orphan_journals::send_orphan_journals(&*self.store, &folder, &self.join, run).await;
        }
        Ok(())
    }

    fn set_applied(&self, number: u64) {
        self.progress.send_modify(|p| p.applied = number);
    }

    /// Records success or failure, and returns the number of consecutive
    /// failures.
    fn update_progress(&mut self, result: Result<(), StoreError>) -> u32 {
        match result {
            Ok(()) => self.progress.send_modify(|p| {
                if p.failures > 0 {
                    p.reconnects += 1;
                    tracing::info!("the record store is reachable again");
                }
                (p.error, p.failures) = (None, 0);
            }),
            Err(error) => {
                let reconnect = error.kind.recovery() == Recovery::Reconnect;
                self.joined &= !reconnect;
                let applied = self.progress.borrow().applied;
                let has_progressed = applied > self.applied_before;
                self.applied_before = applied;
                self.progress.send_modify(|p| {
                    if p.failures == 0 {
                        tracing::warn!("results are kept in the journal for now: {error}");
                    }
                    p.failures = match has_progressed {
                        true => 1,
                        false => p.failures.saturating_add(1),
                    };
                    p.error = Some(error);
                });
            }
        }
        self.progress.borrow().failures
    }
}

/// The error for a run that was pruned after it had started.
fn pruned(join: &JoinRequest) -> StoreError {
    StoreError {
        kind: StoreErrorKind::Other,
        message: format!(
            "the run `{}` was pruned after it had started, so nothing is recorded any more",
            join.run_id
        ),
    }
}

/// The delay after this number of consecutive failures.
fn backoff(failures: u32) -> Duration {
    let doubled = 25_u64 << failures.min(6);
    Duration::from_millis(doubled.min(1000))
}
