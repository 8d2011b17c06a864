//! Records the events of a run in the background.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use tokio::sync::{Notify, watch};
use tokio::time::timeout;

use super::config::RecordConfig;
use super::error::RecordError;
use super::journal::{Journal, JournalCursor};
use super::journal_folder::trim;
use super::leases::HeldLeases;
use super::metrics::Metrics;
use super::operation::{JoinRequest, Operation, split_document};
use super::records::Records;
use super::store::Store;
use super::writer::{JournalWriter, WriterProgress};
use crate::model::{OutcomeOrigin, Reason, RecordedEvent, VisualTestRun, now_ms};
use crate::redis::{StoreError, StoreErrorKind};

/// With a record in memory only journals outlive the process; those of this
/// many runs are kept.
const MAX_JOURNALED_RUNS: usize = 20;
/// How long the end of a process waits for a server that applies nothing.
const FINISH_TIMEOUT: Duration = Duration::from_secs(5);
/// How long it waits for a server that applies operations: enough for some
/// hundred thousand.
const DRAIN_TIMEOUT: Duration = Duration::from_secs(60);

/// Takes events from any thread without waiting for the store. Clones share
/// one journal.
#[derive(Clone)]
pub struct Recorder {
    config: RecordConfig,
    store: Arc<dyn Store>,
    /// What the outcomes of this process have in common.
    origin: Arc<OutcomeOrigin>,
    join: Arc<JoinRequest>,
    journal: Arc<Journal>,
    wake: Arc<Notify>,
    retry_now: Arc<Notify>,
    progress: watch::Receiver<WriterProgress>,
    stop: Arc<watch::Sender<bool>>,
    /// The time of the last operation, which never goes back.
    clock: Arc<AtomicI64>,
    /// The leases of the worker, if the run is shared.
    leases: Option<Arc<HeldLeases>>,
}

/// The plan of a process.
#[derive(Clone, Debug, Default)]
pub struct RecordedPlan {
    /// The same for all processes that report the same snapshots, which count
    /// once. An empty name is shared with no other process.
    pub name: String,
    /// The number of snapshots.
    pub snapshots: u64,
}

impl RecordedPlan {
    /// The plan that the machines of a shared run have in common. Its name does not
    /// depend on the snapshots: a machine with another plan is refused.
    pub fn shared(snapshots: u64) -> Self {
        Self {
            name: "queue".to_owned(),
            snapshots,
        }
    }
}

/// The state of the record at the end of a process.
#[derive(Clone, Debug)]
pub struct RecordReport {
    /// Where the record is, in one line.
    pub place: String,
    /// Why the run ended, once it has.
    pub reason: Option<Reason>,
    /// The number of operations that the store does not have yet.
    pub pending: u64,
    /// The journal that keeps them; absent when nothing is pending, or when the
    /// journal could not be written, so that they are lost with the process.
    pub journal: Option<PathBuf>,
    /// Warnings for the user, a sentence each.
    pub warnings: Vec<String>,
}

impl RecordReport {
    /// One sentence about the operations that the server does not have yet, if
    /// there are any in a journal.
    pub fn pending_message(&self) -> Option<String> {
        let journal = self.journal.as_ref()?;
        let operations = if self.pending == 1 {
            "operation is"
        } else {
            "operations are"
        };
        Some(format!(
            "{} {operations} not yet written to the {} and kept in {}; the next run or `cargo \
             tintype flush` writes them",
            self.pending,
            self.place,
            journal.display()
        ))
    }
}

impl Recorder {
    /// Creates the run or joins it, like [`join`](Self::join), with a plan of
    /// `planned` snapshots that no other process has.
    ///
    /// # Errors
    /// As `join`.
    pub fn open(
        config: RecordConfig,
        run: VisualTestRun,
        planned: u64,
        shared: bool,
    ) -> Result<Self, RecordError> {
        let plan = RecordedPlan {
            name: String::new(),
            snapshots: planned,
        };
        Self::join(config, run, plan, shared)
    }

    /// Creates the run or joins it, as a worker of a run whose machines share one
    /// plan of `planned` snapshots.
    ///
    /// # Errors
    /// As `join`.
    pub fn open_shared(
        config: RecordConfig,
        run: VisualTestRun,
        planned: u64,
    ) -> Result<Self, RecordError> {
        Self::join(config, run, RecordedPlan::shared(planned), true)
    }

    /// Creates the run or joins it, and starts to send in the background.
    /// `shared` says that the run consists of several processes. Returns
    /// immediately: while the server is unreachable, the journal grows. Must be
    /// called inside a tokio runtime that outlives the recorder.
    ///
    /// # Errors
    /// When the store cannot use the run id: see
    /// [`RecordConfig::run_id`].
    pub fn join(
        config: RecordConfig,
        run: VisualTestRun,
        plan: RecordedPlan,
        shared: bool,
    ) -> Result<Self, RecordError> {
        config.check_run_id(&run.run_id)?;
        let (started, origin) = (run.timestamp, OutcomeOrigin::of(&run).on(config.machine()));
        let (head, tail) = split_document(&run);
        let join = JoinRequest {
            run_id: run.run_id,
            writer: uuid::Uuid::now_v7().simple().to_string(),
            host: config.host().to_owned(),
            planned: plan.snapshots,
            plan: plan.name,
            decides: false,
            shared,
            start: run.timestamp,
            head,
            tail,
            place: config.destination(),
        };
        let folder = config.journals();
        let journal = Arc::new(Journal::create(folder, &join));
        if config.is_memory()
            && let Some(folder) = folder
        {
            trim(folder, MAX_JOURNALED_RUNS);
        }
        let store = config.store();
        let (wake, retry_now) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
        let (progress, seen) = watch::channel(WriterProgress::default());
        let (stop, stopped) = watch::channel(false);
        let writer = JournalWriter {
            store: Arc::clone(&store),
            join: join.clone(),
            journal: Arc::clone(&journal),
            folder: folder.filter(|_| !config.is_memory()).map(PathBuf::from),
            progress,
            wake: Arc::clone(&wake),
            retry_now: Arc::clone(&retry_now),
            stop: stopped,
            cursor: JournalCursor::start(),
            joined: false,
            applied_before: 0,
        };
        tokio::spawn(writer.run());
        Ok(Self {
            config,
            store,
            origin: Arc::new(origin),
            join: Arc::new(join),
            journal,
            wake,
            retry_now,
            progress: seen,
            stop: Arc::new(stop),
            clock: Arc::new(AtomicI64::new(started)),
            leases: None,
        })
    }

    /// The recorder of a worker that reports snapshots only under its leases.
    #[must_use]
    pub fn with_leases(mut self, leases: Arc<HeldLeases>) -> Self {
        self.leases = Some(leases);
        self
    }

    /// Records an event by appending it to the journal.
    pub fn record(&self, event: &RecordedEvent) {
        let operation = Operation::from_event_at(event, self.now(), &self.origin);
        let Some(operation) = self.under_lease(operation) else {
            return;
        };
        self.journal.append(&operation);
        self.wake.notify_one();
    }

    /// The operation under its lease. `None` if another worker has the snapshot.
    fn under_lease(&self, operation: Operation) -> Option<Operation> {
        let Some(leases) = &self.leases else {
            return Some(operation);
        };
        let Operation::Test { key, status, .. } = &operation else {
            return Some(operation);
        };
        let lease = leases.of(key)?;
        if status.is_final() {
            leases.finish(key);
        }
        Some(operation.under(&lease))
    }

    /// The current time in milliseconds since the Unix epoch, but never before
    /// the start of the run or the last operation: the clock may be set back.
    fn now(&self) -> i64 {
        let now = now_ms();
        now.max(self.clock.fetch_max(now, Ordering::Relaxed))
    }

    /// Waits until the run is created or joined.
    ///
    /// # Errors
    /// When that takes too long.
    pub async fn wait_joined(&self, limit: Duration) -> Result<(), RecordError> {
        let mut progress = self.progress.clone();
        let joined = timeout(limit, progress.wait_for(|progress| progress.has_joined)).await;
        match joined {
            Ok(Ok(_)) => Ok(()),
            _ => Err(self.unreachable()),
        }
    }

    /// Why nothing is sent.
    fn unreachable(&self) -> RecordError {
        let error = self.progress.borrow().error.clone();
        let error = error.unwrap_or_else(|| StoreError {
            kind: StoreErrorKind::Unreachable,
            message: format!("{} does not answer", self.config.redis().name()),
        });
        error.into()
    }

    /// Leaves the run, which ends it if this was its last process, and waits a
    /// bounded time until everything is sent. `reason` is this process's reason
    /// for the end of the run; without it the counts decide.
    pub async fn finish(&self, reason: Option<Reason>) -> RecordReport {
        self.journal.append(&Operation::Leave {
            reason,
            at: self.now(),
        });
        self.wake.notify_one();
        self.retry_now.notify_one();
        let last = self.journal.last();
        let mut progress = self.progress.clone();
        let failures = progress.borrow().failures;
        // The first failures may all be those of one connection that was cut: of the
        // requests that were on their way, and of one before it was replaced. A server
        // that was unreachable before gets one more attempt.
        let enough = failures.max(3) + 1;
        wait_while_applying(&mut progress, |p| p.applied >= last || p.failures >= enough).await;
        let _ = self.stop.send(true);
        self.report().await
    }

    /// Waits a bounded time until everything recorded so far is sent; returns
    /// immediately if the server is unreachable.
    pub async fn sync(&self) -> RecordReport {
        let last = self.journal.last();
        let mut progress = self.progress.clone();
        wait_while_applying(&mut progress, |p| p.applied >= last || p.failures > 0).await;
        self.report().await
    }

    /// Where the record is, in one line.
    pub fn describe(&self) -> String {
        self.config.describe()
    }

    /// Reads the same record.
    pub fn records(&self) -> Records {
        Records::new(&self.config, Arc::clone(&self.store))
    }

    /// The number of operations that the store does not have yet.
    pub(crate) fn pending(&self) -> u64 {
        let applied = self.progress.borrow().applied;
        self.journal.last().saturating_sub(applied)
    }

    /// Records an event of the run that changes no document.
    pub(crate) fn announce(&self, kind: &str, fields: String) {
        self.journal.append(&Operation::Announce {
            kind: kind.to_owned(),
            fields,
            at: self.now(),
        });
        self.wake.notify_one();
    }

    /// Metrics of this process's recorder.
    pub fn metrics(&self) -> Metrics {
        let progress = self.progress.borrow().clone();
        let pending = self.journal.last().saturating_sub(progress.applied);
        let mut metrics = Metrics::default();
        let mut count = |name, help, value| metrics.add(name, "counter", help, value);
        count(
            "record_commits_total",
            "Operations that the record has.",
            progress.applied,
        );
        count(
            "record_reconnects_total",
            "Reconnections to the record store.",
            progress.reconnects,
        );
        count(
            "record_rewinds_total",
            "Times that the server had lost operations.",
            progress.rewinds,
        );
        metrics.add(
            "journal_pending_operations",
            "gauge",
            "Operations that the record does not have yet.",
            pending,
        );
        metrics
    }

    async fn report(&self) -> RecordReport {
        let progress = self.progress.borrow().clone();
        let pending = self.journal.last().saturating_sub(progress.applied);
        let mut warnings = progress.warnings;
        if let Some(problem) = self.journal.problem() {
            warnings.push(problem);
        }
        if pending > 0 {
            warnings.extend(progress.error.map(|error| error.to_string()));
        }
        let run = match pending {
            0 => self.store.run(&self.join.run_id).await.ok().flatten(),
            _ => None,
        };
        let run: Option<VisualTestRun> = run.and_then(|text| serde_json::from_str(&text).ok());
        RecordReport {
            place: self.config.describe(),
            reason: run.and_then(|run| run.reason),
            pending,
            journal: self
                .journal
                .path()
                .filter(|_| pending > 0)
                .map(PathBuf::from),
            warnings,
        }
    }
}

/// Waits until `done`, as long as operations are applied.
async fn wait_while_applying(
    progress: &mut watch::Receiver<WriterProgress>,
    done: impl Fn(&WriterProgress) -> bool,
) {
    let applying = async {
        loop {
            let before = progress.borrow().applied;
            let waited = timeout(FINISH_TIMEOUT, progress.wait_for(&done))
                .await
                .is_ok();
            if waited || progress.borrow().applied == before {
                return;
            }
        }
    };
    let _ = timeout(DRAIN_TIMEOUT, applying).await;
}
