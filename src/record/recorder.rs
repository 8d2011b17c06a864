//! What a run holds of its record.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{Notify, watch};
use tokio::time::timeout;

use super::error::RecordError;
use super::health::Metrics;
use super::journal::{Cursor, Journal};
use super::operation::{Join, Operation, split_document};
use super::records::Records;
use super::settings::RecordSettings;
use super::store::Store;
use super::writer::{Progress, Writer};
use crate::model::{Reason, RecordedEvent, VisualTestRun, now_ms};

/// Of a record in memory only journals outlast the process; this many runs
/// keep theirs.
const RUNS_IN_MEMORY: usize = 20;
/// How long the end of a process waits for a server that answers slowly.
const PATIENCE: Duration = Duration::from_secs(5);

/// Takes events, from any thread, without ever waiting for Redis. Clones share
/// one record.
#[derive(Clone)]
pub struct Recorder {
    settings: RecordSettings,
    store: Arc<dyn Store>,
    join: Arc<Join>,
    journal: Arc<Journal>,
    wake: Arc<Notify>,
    hurry: Arc<Notify>,
    progress: watch::Receiver<Progress>,
    stop: Arc<watch::Sender<bool>>,
}

/// What became of a process's part in the record.
#[derive(Clone, Debug)]
pub struct RecordReport {
    /// Where the record is, in one line.
    pub place: String,
    /// Why the run ended, once it has.
    pub reason: Option<Reason>,
    /// How many operations the server does not have yet.
    pub pending: u64,
    /// The file that keeps them; absent when nothing is pending, or when the
    /// disk refused and they are lost with the process.
    pub journal: Option<PathBuf>,
    /// What the user should know, one sentence each.
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
            "{} {operations} not yet written to {} and kept in {}; the next run or `cargo \
             tintype flush` writes them",
            self.pending,
            self.place,
            journal.display()
        ))
    }
}

impl Recorder {
    /// Creates the run or joins it, and begins to write behind the work.
    /// `planned` is the number of snapshots that this process will report;
    /// `shared` says that several processes make up the run. Returns at once:
    /// a server that is away only lets the journal grow. Must be called inside
    /// a tokio runtime that outlives the work.
    ///
    /// # Errors
    /// When the run's id cannot be used at this place: see
    /// [`RecordSettings::run_id`].
    #[expect(
        clippy::unused_async,
        reason = "callers need not know that nothing is awaited yet"
    )]
    pub async fn open(
        settings: RecordSettings,
        run: VisualTestRun,
        planned: u64,
        shared: bool,
    ) -> Result<Self, RecordError> {
        settings.check(&run.run_id)?;
        let (head, tail) = split_document(&run);
        let join = Join {
            run_id: run.run_id,
            writer: uuid::Uuid::now_v7().simple().to_string(),
            host: host(),
            planned,
            shared,
            start: run.timestamp,
            head,
            tail,
            place: settings.destination(),
        };
        let folder = settings.journals.as_deref();
        let journal = Arc::new(Journal::create(folder, &join));
        if let (None, Some(folder)) = (&settings.place, folder) {
            super::journal::trim(folder, RUNS_IN_MEMORY);
        }
        let store = settings.store();
        let (wake, hurry) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
        let (progress, seen) = watch::channel(Progress::default());
        let (stop, stopped) = watch::channel(false);
        let writer = Writer {
            store: Arc::clone(&store),
            join: join.clone(),
            journal: Arc::clone(&journal),
            folder: settings.place.as_ref().and(settings.journals.clone()),
            progress,
            wake: Arc::clone(&wake),
            hurry: Arc::clone(&hurry),
            stop: stopped,
            cursor: Cursor::start(),
            joined: false,
        };
        tokio::spawn(writer.run());
        Ok(Self {
            settings,
            store,
            join: Arc::new(join),
            journal,
            wake,
            hurry,
            progress: seen,
            stop: Arc::new(stop),
        })
    }

    /// Records an event: one append to the journal.
    pub fn record(&self, event: &RecordedEvent) {
        self.journal.append(&Operation::of(event));
        self.wake.notify_one();
    }

    /// Waits a bounded time until everything is written, leaves the run, and
    /// with that ends it if this was its last process. `reason` is what this
    /// process has to say of the run; without it the counts decide.
    pub async fn finish(&self, reason: Option<Reason>) -> RecordReport {
        self.journal.append(&Operation::Leave {
            reason,
            at: now_ms(),
        });
        self.wake.notify_one();
        self.hurry.notify_one();
        let last = self.journal.last();
        let mut progress = self.progress.clone();
        let failures = progress.borrow().failures;
        // The first failure may only be that of an old connection. A server
        // that was away before is tried once more.
        let enough = failures.max(1) + 1;
        let done = progress.wait_for(|p| p.applied >= last || p.failures >= enough);
        let _ = timeout(PATIENCE, done).await;
        let _ = self.stop.send(true);
        self.report().await
    }

    /// Waits a bounded time until everything that was told is written, and not
    /// at all for a server that is away: the journal has it.
    pub async fn written(&self) -> RecordReport {
        let last = self.journal.last();
        let mut progress = self.progress.clone();
        let done = progress.wait_for(|p| p.applied >= last || p.failures > 0);
        let _ = timeout(PATIENCE, done).await;
        self.report().await
    }

    /// Where the record is, in one line.
    pub fn describe(&self) -> String {
        self.settings.describe()
    }

    /// Reads the same record.
    pub fn records(&self) -> Records {
        Records::of(&self.settings, Arc::clone(&self.store))
    }

    /// Numbers on this process's part in the record.
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
            "Times the record was reached again.",
            progress.reconnects,
        );
        count(
            "record_rewinds_total",
            "Times the server had lost something.",
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
        if let Some(trouble) = self.journal.trouble() {
            warnings.push(format!("failed to write the journal: {trouble}"));
        }
        if pending > 0 {
            warnings.extend(progress.fault.map(|fault| format!("failed to {fault}")));
        }
        let run = match pending {
            0 => self.store.run(&self.join.run_id).await.ok().flatten(),
            _ => None,
        };
        let run: Option<VisualTestRun> = run.and_then(|text| serde_json::from_str(&text).ok());
        RecordReport {
            place: self.settings.describe(),
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

/// The machine's name, of letters, digits, `.`, `_` and `-`.
pub(crate) fn host() -> String {
    let named = std::fs::read_to_string("/proc/sys/kernel/hostname")
        .or_else(|_| std::fs::read_to_string("/etc/hostname"))
        .ok()
        .or_else(|| std::env::var("COMPUTERNAME").ok())
        .or_else(|| std::env::var("HOSTNAME").ok())
        .unwrap_or_default();
    let safe = |c: char| {
        if c.is_ascii_alphanumeric() || c == '.' || c == '_' {
            c
        } else {
            '-'
        }
    };
    match named.trim() {
        "" => "localhost".to_owned(),
        name => name.chars().map(safe).collect(),
    }
}
