//! The operations of a store that keeps the record.
//!
//! There are two implementations, [`MemoryStore`](super::MemoryStore) and
//! `RedisStore`, and one conformance suite that both pass.

use std::time::Duration;

use super::export::ExportedRun;
use super::metrics_store::MetricsStore;
use super::operation::{JoinRequest, Operation};
use super::project_index::ProjectIndex;
use super::server_info::ServerInfo;
use super::shared_run::{SharedRun, WorkerCommand};
use super::skipped::SkippedDocuments;
pub(crate) use super::store_future::StoreFuture;
use super::stream::{EventNotifications, StreamEntry};
use crate::history::OutcomeTally;
use crate::model::{HistoryEntry, Lineage, Reason, RunId, StoryIdentifier};

/// A worker without a heartbeat for this long is considered dead.
pub(crate) const HEARTBEAT_TIMEOUT: Duration = Duration::from_secs(60);

/// How long the tombstone of a pruned run is kept.
pub(crate) const TOMBSTONE_LIFETIME: Duration = Duration::from_secs(30 * 24 * 60 * 60);

/// The minimum number of events that the stream of a run keeps. Trimmed events
/// are still in the results.
pub(crate) const STREAM_LENGTH: usize = 100_000;

/// The number of outcomes that the history of a story keeps.
pub(crate) const HISTORY_LENGTH: usize = 100;

/// A part of the index of runs.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RunPage {
    /// Run ids with their start in milliseconds, newest first.
    pub runs: Vec<(RunId, i64)>,
    /// The rank of the next part; `None` at the end.
    pub next: Option<usize>,
}

/// The reply to a worker that joins a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct JoinResponse {
    /// Whether the run existed.
    pub outcome: JoinOutcome,
    /// The sequence number of the last operation applied for this writer.
    pub applied: u64,
    /// The number of workers that have ever joined the run.
    pub writers: u64,
}

impl JoinResponse {
    /// The reply to a worker whose run the store does not have.
    pub(crate) fn without_run(outcome: JoinOutcome) -> Self {
        Self {
            outcome,
            applied: 0,
            writers: 0,
        }
    }
}

/// Whether a joined run existed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum JoinOutcome {
    /// The run was created.
    Created,
    /// The run existed.
    Joined,
    /// The run had ended and is reopened.
    Reopened,
    /// There is no such run, and the writer only decides on its snapshots.
    NoRun,
    /// The run was pruned.
    Gone,
}

/// The result of applying an operation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ApplyOutcome {
    /// It was applied.
    Done,
    /// Its sequence number was used, but a newer state was kept.
    Stale,
    /// It had been applied before; the last applied sequence number.
    Duplicate(u64),
    /// The server misses operations; the last applied sequence number.
    Gap(u64),
    /// The server does not have the run.
    NoRun,
}

/// The result of an attempt to end a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EndOutcome {
    /// It ended now.
    Ended(Reason),
    /// It had ended before.
    AlreadyEnded(Reason),
    /// This many workers are alive; at 0, other workers may still join.
    Pending(u64),
    /// The store does not have the run.
    NoRun,
}

/// Keeps the record of runs. Every method is one atomic step.
pub trait Store: MetricsStore {
    /// Where the record is, in one line, without passwords.
    fn place(&self) -> String;

    /// Creates the run or joins it. `live` is false for the journal of a dead
    /// process, which does not reopen an ended run. A run that was pruned after
    /// the start of the request's run is not created again.
    fn join<'a>(&'a self, join: &'a JoinRequest, live: bool) -> StoreFuture<'a, JoinResponse>;

    /// Applies operations of a writer in order, numbered from `first`. Returns
    /// an outcome for each, up to the first that failed.
    fn apply<'a>(
        &'a self,
        join: &'a JoinRequest,
        first: u64,
        operations: &'a [Operation],
    ) -> StoreFuture<'a, Vec<ApplyOutcome>>;

    /// Records a heartbeat of a worker that has seen `applied` operations
    /// confirmed.
    fn heartbeat<'a>(
        &'a self,
        join: &'a JoinRequest,
        applied: u64,
    ) -> StoreFuture<'a, ApplyOutcome>;

    /// The sequence number of the last operation applied for a worker, without
    /// joining.
    fn applied<'a>(&'a self, join: &'a JoinRequest) -> StoreFuture<'a, u64>;

    /// Ends a run without live workers: none had a heartbeat within a minute,
    /// or the remaining ones are on the host `dead_host`. The end time is that of the last heartbeat.
    fn end<'a>(&'a self, run: &'a RunId, dead_host: Option<&'a str>)
    -> StoreFuture<'a, EndOutcome>;

    /// When the result of a snapshot was recorded, in milliseconds since the
    /// Unix epoch.
    fn recorded_at<'a>(
        &'a self,
        run: &'a RunId,
        story: &'a StoryIdentifier,
    ) -> StoreFuture<'a, Option<i64>>;

    /// The ids of all runs with their start in milliseconds, newest first.
    fn runs(&self) -> StoreFuture<'_, Vec<(RunId, i64)>>;

    /// Up to `count` entries of the index from the rank `from` on, newest first.
    fn runs_from(&self, from: usize, count: usize) -> StoreFuture<'_, RunPage>;

    /// The same of the runs that name a project. Runs of earlier versions are
    /// not in it.
    fn project_runs<'a>(
        &'a self,
        project: &'a str,
        from: usize,
        count: usize,
    ) -> StoreFuture<'a, RunPage>;

    /// The number of runs.
    fn run_count(&self) -> StoreFuture<'_, usize>;

    /// The documents of runs, in their order; `None` for those that are missing
    /// or not text.
    fn run_documents<'a>(&'a self, runs: &'a [RunId]) -> StoreFuture<'a, Vec<Option<String>>>;

    /// Those of these runs of which the store has neither document nor state.
    fn without_data<'a>(&'a self, runs: &'a [RunId]) -> StoreFuture<'a, Vec<RunId>>;

    /// The document of a run.
    fn run<'a>(&'a self, run: &'a RunId) -> StoreFuture<'a, Option<String>>;

    /// The documents of the snapshots of a run, unordered.
    fn tests<'a>(&'a self, run: &'a RunId) -> StoreFuture<'a, Vec<(StoryIdentifier, String)>>;

    /// The document of a snapshot.
    fn test<'a>(
        &'a self,
        run: &'a RunId,
        story: &'a StoryIdentifier,
    ) -> StoreFuture<'a, Option<String>>;

    /// Up to `count` events after the id `after` (`0` for the first).
    fn events<'a>(
        &'a self,
        run: &'a RunId,
        after: &'a str,
        count: usize,
    ) -> StoreFuture<'a, Vec<StreamEntry>>;

    /// The last outcomes of a snapshot in runs that name no project, oldest first.
    fn history<'a>(&'a self, story: &'a StoryIdentifier) -> StoreFuture<'a, Vec<HistoryEntry>>;

    /// The last outcomes of snapshots in one lineage, in the order of their keys,
    /// each oldest first.
    fn outcomes<'a>(
        &'a self,
        lineage: &'a Lineage,
        keys: &'a [String],
    ) -> StoreFuture<'a, Vec<Vec<HistoryEntry>>>;

    /// The counts of all outcomes of snapshots in one lineage, also of those that
    /// are no longer in the history, in the order of their keys.
    fn tallies<'a>(
        &'a self,
        lineage: &'a Lineage,
        keys: &'a [String],
    ) -> StoreFuture<'a, Vec<OutcomeTally>>;

    /// The branches of a project that have histories, apart from the default
    /// branch, with the time of their last outcome in milliseconds, oldest first.
    fn branches<'a>(&'a self, project: &'a str) -> StoreFuture<'a, Vec<(String, i64)>>;

    /// Removes the histories of a branch in bounded steps.
    fn remove_branch<'a>(&'a self, project: &'a str, branch: &'a str) -> StoreFuture<'a, ()>;

    /// The snapshots of a project's default branch that need attention. Empty on a
    /// cluster.
    fn project_index<'a>(&'a self, project: &'a str) -> StoreFuture<'a, ProjectIndex>;

    /// Removes the snapshots without an outcome since `oldest`, in milliseconds,
    /// from [`project_index`](Self::project_index).
    fn forget_snapshots<'a>(&'a self, project: &'a str, oldest: i64) -> StoreFuture<'a, ()>;

    /// Notes what the last cleanup of a project has done.
    fn note_cleanup<'a>(&'a self, project: &'a str, status: &'a str) -> StoreFuture<'a, ()>;

    /// What [`note_cleanup`](Self::note_cleanup) has noted.
    fn cleanup_status<'a>(&'a self, project: &'a str) -> StoreFuture<'a, Option<String>>;

    /// The workers and queues of a run that several machines share.
    fn shared_run<'a>(&'a self, run: &'a RunId) -> StoreFuture<'a, SharedRun>;

    /// Sends a command to a worker; false if the run has no such worker.
    fn command_worker<'a>(
        &'a self,
        run: &'a RunId,
        worker: &'a str,
        command: WorkerCommand,
    ) -> StoreFuture<'a, bool>;

    /// Exports a run.
    fn export<'a>(&'a self, run: &'a RunId) -> StoreFuture<'a, Option<ExportedRun>>;

    /// Imports a run. Returns false and changes nothing if there is one with
    /// its id.
    fn import<'a>(&'a self, run: &'a ExportedRun) -> StoreFuture<'a, bool>;

    /// Removes a run in bounded steps that do not block the server, and keeps a
    /// tombstone, so that journals of it do not restore it. Histories keep its
    /// outcomes.
    fn remove<'a>(&'a self, run: &'a RunId) -> StoreFuture<'a, ()>;

    /// Removes runs as [`remove`](Self::remove) does, in few requests.
    fn remove_all<'a>(&'a self, runs: &'a [RunId]) -> StoreFuture<'a, ()>;

    /// The documents that reading has skipped.
    fn skipped(&self) -> &SkippedDocuments;

    /// The server's information about itself; `None` without a server.
    fn server_info(&self) -> StoreFuture<'_, Option<ServerInfo>>;

    /// Subscribes to the events of a run or of all runs. Events can be missed.
    fn subscribe<'a>(&'a self, run: Option<&'a RunId>) -> StoreFuture<'a, EventNotifications>;
}
