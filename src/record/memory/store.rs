//! The store in memory.

use std::sync::{Mutex, MutexGuard, PoisonError};

use tokio::sync::mpsc;

use super::history::MemoryHistory;
use super::run::MemoryRun;
use super::state::MemoryState;
use crate::history::OutcomeTally;
use crate::model::{HistoryEntry, Lineage, RunId, StoryIdentifier, VisualTestRun};
use crate::record::export::ExportedRun;
use crate::record::operation::{JoinRequest, Operation, json};
use crate::record::project_index::ProjectIndex;
use crate::record::server_info::ServerInfo;
use crate::record::shared_run::{SharedRun, WorkerCommand};
use crate::record::skipped::SkippedDocuments;
use crate::record::store::{ApplyOutcome, EndOutcome, JoinResponse, RunPage, Store, StoreFuture};
use crate::record::stream::{EventNotifications, StreamEntry};
use crate::redis::StoreError;

/// A record that exists as long as this value.
#[derive(Debug, Default)]
pub(crate) struct MemoryStore {
    reason: String,
    state: Mutex<MemoryState>,
    skipped: SkippedDocuments,
}

impl MemoryStore {
    /// An empty record. `reason` explains why it is not in Redis; it may be
    /// empty.
    pub(crate) fn new(reason: impl Into<String>) -> Self {
        Self {
            reason: reason.into(),
            state: Mutex::default(),
            skipped: SkippedDocuments::default(),
        }
    }

    /// Ends a run all of whose processes have left or died.
    pub(super) fn end_run(&self, run: &RunId, at: i64) {
        self.state().end(run, Some(at), Some(""));
    }

    fn state(&self) -> MutexGuard<'_, MemoryState> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn reply<'a, T: Send + 'a>(
        &'a self,
        step: impl FnOnce(&mut MemoryState) -> T,
    ) -> StoreFuture<'a, T> {
        let value = step(&mut self.state());
        Box::pin(std::future::ready(Ok::<_, StoreError>(value)))
    }
}

impl Store for MemoryStore {
    fn place(&self) -> String {
        if self.reason.is_empty() {
            "memory".to_owned()
        } else {
            format!("memory ({})", self.reason)
        }
    }

    fn join<'a>(&'a self, join: &'a JoinRequest, live: bool) -> StoreFuture<'a, JoinResponse> {
        self.reply(|state| state.join(join, live))
    }

    fn apply<'a>(
        &'a self,
        join: &'a JoinRequest,
        first: u64,
        operations: &'a [Operation],
    ) -> StoreFuture<'a, Vec<ApplyOutcome>> {
        self.reply(|state| {
            let numbered = (first..).zip(operations);
            numbered.map(|(n, op)| state.apply(join, n, op)).collect()
        })
    }

    fn heartbeat<'a>(
        &'a self,
        join: &'a JoinRequest,
        applied: u64,
    ) -> StoreFuture<'a, ApplyOutcome> {
        self.reply(|state| match state.runs.get_mut(&join.run_id) {
            None => ApplyOutcome::NoRun,
            Some(run) => {
                let known = run.applied.get(&join.writer).copied().unwrap_or_default();
                if known < applied {
                    return ApplyOutcome::Gap(known);
                }
                run.heartbeat(&join.writer, Some(&join.host));
                ApplyOutcome::Done
            }
        })
    }

    fn applied<'a>(&'a self, join: &'a JoinRequest) -> StoreFuture<'a, u64> {
        self.reply(|state| {
            let run = state.runs.get(&join.run_id);
            let applied = run.and_then(|run| run.applied.get(&join.writer));
            applied.copied().unwrap_or_default()
        })
    }

    fn end<'a>(
        &'a self,
        run: &'a RunId,
        dead_host: Option<&'a str>,
    ) -> StoreFuture<'a, EndOutcome> {
        self.reply(|state| state.end(run, None, dead_host))
    }

    fn recorded_at<'a>(
        &'a self,
        run: &'a RunId,
        story: &'a StoryIdentifier,
    ) -> StoreFuture<'a, Option<i64>> {
        self.reply(|state| Some(state.runs.get(run)?.tests.get(&story.key())?.at))
    }

    fn runs(&self) -> StoreFuture<'_, Vec<(RunId, i64)>> {
        self.reply(|state| state.newest_runs())
    }

    fn runs_from(&self, from: usize, count: usize) -> StoreFuture<'_, RunPage> {
        self.reply(|state| page_of(state.newest_runs(), from, count))
    }

    fn project_runs<'a>(
        &'a self,
        project: &'a str,
        from: usize,
        count: usize,
    ) -> StoreFuture<'a, RunPage> {
        self.reply(|state| {
            let mut all = state.newest_runs();
            let is_of = |run: &VisualTestRun| run.project.as_deref() == Some(project);
            all.retain(|(id, _)| {
                let text = state.runs[id].document();
                serde_json::from_str(&text).is_ok_and(|run| is_of(&run))
            });
            page_of(all, from, count)
        })
    }

    fn run_count(&self) -> StoreFuture<'_, usize> {
        self.reply(|state| state.runs.len())
    }

    fn run_documents<'a>(&'a self, runs: &'a [RunId]) -> StoreFuture<'a, Vec<Option<String>>> {
        self.reply(|state| {
            let document = |id| state.runs.get(id).map(MemoryRun::document);
            runs.iter().map(document).collect()
        })
    }

    fn without_data<'a>(&'a self, _: &'a [RunId]) -> StoreFuture<'a, Vec<RunId>> {
        self.reply(|_| Vec::new())
    }

    fn run<'a>(&'a self, run: &'a RunId) -> StoreFuture<'a, Option<String>> {
        self.reply(|state| state.runs.get(run).map(MemoryRun::document))
    }

    fn tests<'a>(&'a self, run: &'a RunId) -> StoreFuture<'a, Vec<(StoryIdentifier, String)>> {
        self.reply(|state| {
            let tests = state.runs.get(run).into_iter().flat_map(|run| &run.tests);
            tests
                .filter_map(|(key, test)| {
                    Some((StoryIdentifier::from_key(key).ok()?, test.record.clone()))
                })
                .collect()
        })
    }

    fn test<'a>(
        &'a self,
        run: &'a RunId,
        story: &'a StoryIdentifier,
    ) -> StoreFuture<'a, Option<String>> {
        self.reply(|state| {
            let test = state.runs.get(run)?.tests.get(&story.key())?;
            Some(test.record.clone())
        })
    }

    fn events<'a>(
        &'a self,
        run: &'a RunId,
        after: &'a str,
        count: usize,
    ) -> StoreFuture<'a, Vec<StreamEntry>> {
        let place = |id: &str| {
            let (ms, n) = id.split_once('-').unwrap_or((id, "0"));
            (ms.parse().unwrap_or(0_i64), n.parse().unwrap_or(0_u64))
        };
        self.reply(|state| {
            let events = state.runs.get(run).map_or(&[][..], |run| &run.events);
            let from = events.partition_point(|e| place(&e.id) <= place(after));
            events[from..].iter().take(count).cloned().collect()
        })
    }

    fn history<'a>(&'a self, story: &'a StoryIdentifier) -> StoreFuture<'a, Vec<HistoryEntry>> {
        self.reply(|state| state.outcomes(None, &story.key()))
    }

    fn outcomes<'a>(
        &'a self,
        lineage: &'a Lineage,
        keys: &'a [String],
    ) -> StoreFuture<'a, Vec<Vec<HistoryEntry>>> {
        self.reply(|state| {
            let outcomes = |key: &String| state.outcomes(Some(lineage), key);
            keys.iter().map(outcomes).collect()
        })
    }

    fn tallies<'a>(
        &'a self,
        lineage: &'a Lineage,
        keys: &'a [String],
    ) -> StoreFuture<'a, Vec<OutcomeTally>> {
        self.reply(|state| {
            let history = |key: &String| state.history.get(&(Some(lineage.clone()), key.clone()));
            let tally = |key| history(key).map(MemoryHistory::tally);
            keys.iter()
                .map(tally)
                .map(Option::unwrap_or_default)
                .collect()
        })
    }

    fn branches<'a>(&'a self, project: &'a str) -> StoreFuture<'a, Vec<(String, i64)>> {
        self.reply(|state| state.branches(project))
    }

    fn remove_branch<'a>(&'a self, project: &'a str, branch: &'a str) -> StoreFuture<'a, ()> {
        self.reply(|state| {
            let lineage = Lineage {
                project: project.to_owned(),
                branch: Some(branch.to_owned()),
            };
            state
                .history
                .retain(|(of, _), _| of.as_ref() != Some(&lineage));
        })
    }

    fn project_index<'a>(&'a self, project: &'a str) -> StoreFuture<'a, ProjectIndex> {
        self.reply(|state| {
            let (mut index, lineage) =
                (ProjectIndex::default(), Lineage::of_default_branch(project));
            for ((of, key), history) in &state.history {
                if of.as_ref() == Some(&lineage) {
                    index.add(key, &history.outcomes());
                }
            }
            index
        })
    }

    fn forget_snapshots<'a>(&'a self, project: &'a str, oldest: i64) -> StoreFuture<'a, ()> {
        self.reply(|state| {
            // What the process has recorded itself is recent.
            let lineage = Some(Lineage::of_default_branch(project));
            state.history.retain(|(of, _), history| {
                let newest = history.outcomes().last().map_or(0, |outcome| outcome.at);
                *of != lineage || newest >= oldest
            });
        })
    }

    fn note_cleanup<'a>(&'a self, project: &'a str, status: &'a str) -> StoreFuture<'a, ()> {
        self.reply(|state| {
            state.cleanups.insert(project.to_owned(), status.to_owned());
        })
    }

    fn cleanup_status<'a>(&'a self, project: &'a str) -> StoreFuture<'a, Option<String>> {
        self.reply(|state| state.cleanups.get(project).cloned())
    }

    fn shared_run<'a>(&'a self, _run: &'a RunId) -> StoreFuture<'a, SharedRun> {
        // No other machine can reach it.
        Box::pin(std::future::ready(Ok(SharedRun::default())))
    }

    fn command_worker<'a>(
        &'a self,
        _run: &'a RunId,
        _worker: &'a str,
        _command: WorkerCommand,
    ) -> StoreFuture<'a, bool> {
        Box::pin(std::future::ready(Ok(false)))
    }

    fn export<'a>(&'a self, run: &'a RunId) -> StoreFuture<'a, Option<ExportedRun>> {
        self.reply(|state| {
            let mut exported = state.runs.get(run)?.export();
            for ((_, key), history) in &state.history {
                let of_run = history.outcomes().into_iter().filter(|o| o.run_id == *run);
                exported.outcomes.extend(of_run.map(|o| (key.clone(), o)));
            }
            exported
                .outcomes
                .sort_by_cached_key(|(key, o)| (key.clone(), o.at, json(o)));
            Some(exported)
        })
    }

    fn import<'a>(&'a self, run: &'a ExportedRun) -> StoreFuture<'a, bool> {
        self.reply(|state| {
            let id = &run.state.run_id;
            if state.runs.contains_key(id) {
                return false;
            }
            state.tombstones.remove(id);
            state.runs.insert(id.clone(), MemoryRun::import(run));
            for (key, outcome) in &run.outcomes {
                state.add_to_history(run.lineage(), key, outcome.at, outcome.clone());
            }
            true
        })
    }

    fn remove<'a>(&'a self, run: &'a RunId) -> StoreFuture<'a, ()> {
        self.reply(|state| state.prune(run))
    }

    fn remove_all<'a>(&'a self, runs: &'a [RunId]) -> StoreFuture<'a, ()> {
        self.reply(|state| runs.iter().for_each(|run| state.prune(run)))
    }

    fn skipped(&self) -> &SkippedDocuments {
        &self.skipped
    }

    fn server_info(&self) -> StoreFuture<'_, Option<ServerInfo>> {
        self.reply(|_| None)
    }

    fn subscribe<'a>(&'a self, run: Option<&'a RunId>) -> StoreFuture<'a, EventNotifications> {
        self.reply(|state| {
            let (sender, receiver) = mpsc::channel(256);
            state.subscribers.push((run.cloned(), sender));
            receiver
        })
    }
}

fn page_of(runs: Vec<(RunId, i64)>, from: usize, count: usize) -> RunPage {
    let end = from.saturating_add(count);
    RunPage {
        next: (end < runs.len()).then_some(end),
        runs: runs.into_iter().skip(from).take(count).collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::MemoryStore;
    use crate::record::store::Store;

    #[test]
    fn the_place_includes_the_reason() {
        assert_eq!(MemoryStore::new("").place(), "memory");
        assert_eq!(MemoryStore::new("asked for").place(), "memory (asked for)");
    }
}
