//! The store in memory.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use tokio::sync::mpsc;

use super::run::MemoryRun;
use crate::model::{RunId, StoryIdentifier, now_ms};
use crate::record::export::ExportedRun;
use crate::record::operation::{HistoryEntry, JoinRequest, Operation, json, run_id_field};
use crate::record::server_info::ServerInfo;
use crate::record::store::{
    ApplyOutcome, EndOutcome, HEARTBEAT_TIMEOUT, HISTORY_LENGTH, JoinOutcome, JoinResponse,
    MarkOutcome, MarkRequest, STREAM_LENGTH, Store, StoreFuture,
};
use crate::record::stream::{EventNotifications, StreamEntry};
use crate::redis::StoreError;

/// A record that exists as long as this value.
#[derive(Debug, Default)]
pub struct MemoryStore {
    reason: String,
    state: Mutex<MemoryState>,
}

#[derive(Debug, Default)]
struct MemoryState {
    runs: HashMap<RunId, MemoryRun>,
    /// Outcomes with their time, like a sorted set.
    history: HashMap<String, Vec<(i64, HistoryEntry)>>,
    subscribers: Vec<(Option<RunId>, mpsc::Sender<String>)>,
}

impl MemoryStore {
    /// An empty record. `reason` explains why it is not in Redis; it may be
    /// empty.
    pub fn new(reason: impl Into<String>) -> Self {
        Self {
            reason: reason.into(),
            state: Mutex::default(),
        }
    }

    /// Ends a run all of whose processes have left or died.
    pub(super) fn end_run(&self, run: &RunId, at: i64) {
        self.state().end(run, Some(at), Some(""));
    }

    fn state(&self) -> MutexGuard<'_, MemoryState> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn reply<'a, T: Send + 'a>(
        &'a self,
        step: impl FnOnce(&mut MemoryState) -> T,
    ) -> StoreFuture<'a, T> {
        let value = step(&mut self.state());
        Box::pin(std::future::ready(Ok::<_, StoreError>(value)))
    }
}

impl MemoryState {
    fn publish(&mut self, run_id: &RunId, kind: &str, fields: &str) {
        let Some(run) = self.runs.get_mut(run_id) else {
            return;
        };
        run.state.n += 1;
        let (ts, n) = (now_ms(), run.state.n);
        run.last_id = if ts > run.last_id.0 {
            (ts, 0)
        } else {
            (run.last_id.0, run.last_id.1 + 1)
        };
        let entry = StreamEntry {
            id: format!("{}-{}", run.last_id.0, run.last_id.1),
            event: format!(r#"{{"type":"{kind}",{fields},"ts":{ts},"n":{n}}}"#),
        };
        let message = entry.message();
        run.events.push(entry);
        if run.events.len() > 2 * STREAM_LENGTH {
            run.events.drain(..STREAM_LENGTH);
        }
        self.subscribers.retain(|(run, sender)| {
            let is_wanted = run.as_ref().is_none_or(|run| run == run_id);
            !sender.is_closed() && {
                if is_wanted {
                    // A full channel means that a notification is pending.
                    let _ = sender.try_send(message.clone());
                }
                true
            }
        });
    }

    fn join(&mut self, join: &JoinRequest, live: bool) -> JoinResponse {
        let started = run_id_field(&join.run_id);
        let mut outcome = JoinOutcome::Joined;
        if !self.runs.contains_key(&join.run_id) {
            outcome = JoinOutcome::Created;
            let run = MemoryRun::new(join);
            self.runs.insert(join.run_id.clone(), run);
            self.publish(&join.run_id, "run:started", &started);
        }
        let Some(run) = self.runs.get_mut(&join.run_id) else {
            unreachable!("the run was inserted above")
        };
        if run
            .planned
            .insert(join.writer.clone(), join.planned)
            .is_none()
        {
            if run.state.ended_at.is_some() && live {
                outcome = JoinOutcome::Reopened;
                (run.state.ended_at, run.state.said, run.state.died) = (None, None, false);
                run.live.clear();
                run.state.planned = run.state.planned.max(join.planned);
            } else {
                run.state.planned += join.planned;
            }
        }
        if live {
            run.heartbeat(&join.writer, Some(&join.host));
        }
        let joined = JoinResponse {
            outcome,
            applied: run.applied.get(&join.writer).copied().unwrap_or_default(),
            writers: run.planned.len() as u64,
        };
        if outcome == JoinOutcome::Reopened {
            let fields = format!("{started},\"resumed\":true");
            self.publish(&join.run_id, "run:started", &fields);
        }
        joined
    }

    fn apply(&mut self, join: &JoinRequest, number: u64, operation: &Operation) -> ApplyOutcome {
        let Some(run) = self.runs.get_mut(&join.run_id) else {
            return ApplyOutcome::NoRun;
        };
        let applied = run.applied.entry(join.writer.clone()).or_default();
        if number <= *applied {
            return ApplyOutcome::Duplicate(*applied);
        }
        if number > *applied + 1 {
            return ApplyOutcome::Gap(*applied);
        }
        *applied = number;
        match operation {
            Operation::Test {
                key,
                at,
                kind,
                fields,
                outcome,
                ..
            } => {
                let was_final = run.apply_test(operation);
                if let Ok(outcome) = serde_json::from_str(outcome) {
                    self.add_to_history(key, *at, outcome);
                }
                let Some(was_final) = was_final else {
                    return ApplyOutcome::Stale;
                };
                let kind = if was_final { "test:updated" } else { kind };
                self.publish(&join.run_id, kind, fields);
            }
            Operation::Describe { tail } => run.state.tail.clone_from(tail),
            Operation::Announce { kind, fields } => self.publish(&join.run_id, kind, fields),
            Operation::Leave { reason, at } => {
                run.add_reason(*reason);
                self.leave(join, *at);
            }
            Operation::Die { at } => {
                run.state.died = true;
                self.leave(join, *at);
            }
        }
        ApplyOutcome::Done
    }

    fn leave(&mut self, join: &JoinRequest, at: i64) {
        if let Some(run) = self.runs.get_mut(&join.run_id) {
            run.heartbeat(&join.writer, None);
            self.end(&join.run_id, Some(at), None);
        }
    }

    fn add_to_history(&mut self, key: &str, at: i64, outcome: HistoryEntry) {
        let outcomes = self.history.entry(key.to_owned()).or_default();
        outcomes.push((at, outcome));
        outcomes.sort_by_key(|(at, _)| *at);
        let surplus = outcomes.len().saturating_sub(HISTORY_LENGTH);
        outcomes.drain(..surplus);
    }

    /// Ends a run without live workers. Workers on `dead_host` count as dead;
    /// without `at` the run ends at the last heartbeat.
    fn end(&mut self, run_id: &RunId, at: Option<i64>, dead_host: Option<&str>) -> EndOutcome {
        let Some(run) = self.runs.get_mut(run_id) else {
            return EndOutcome::NoRun;
        };
        if run.state.ended_at.is_some() {
            return EndOutcome::AlreadyEnded(run.reason());
        }
        let (now, limit) = (
            now_ms(),
            i64::try_from(HEARTBEAT_TIMEOUT.as_millis()).unwrap_or(i64::MAX),
        );
        let is_dead = |(host, seen): &&(String, i64)| {
            dead_host.is_some_and(|dead_host| dead_host == host) || now - *seen > limit
        };
        let lost = run.live.values().filter(is_dead).count();
        let live = run.live.len() - lost;
        if live > 0 {
            return EndOutcome::Pending(live as u64);
        }
        if run.state.shared && dead_host.is_none() && now - run.state.seen <= limit {
            return EndOutcome::Pending(0);
        }
        run.state.died |= lost > 0;
        run.state.ended_at = Some(at.unwrap_or(run.state.seen));
        let reason = run.reason();
        let fields = format!(
            r#"{},"summary":{},"reason":"{reason}""#,
            run_id_field(run_id),
            json(&run.summary)
        );
        self.publish(run_id, "run:finished", &fields);
        EndOutcome::Ended(reason)
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

    fn mark<'a>(&'a self, run: &'a RunId, mark: &'a MarkRequest) -> StoreFuture<'a, MarkOutcome> {
        self.reply(|state| {
            let Some(known) = state.runs.get_mut(run) else {
                return MarkOutcome::NoRun;
            };
            let Some((_, _, document)) = known.tests.get_mut(&mark.story.key()) else {
                return MarkOutcome::Changed;
            };
            if *document == mark.marked {
                return MarkOutcome::AlreadyMarked;
            }
            if *document != mark.expected {
                return MarkOutcome::Changed;
            }
            document.clone_from(&mark.marked);
            state.publish(run, mark.kind, &mark.fields);
            MarkOutcome::Marked
        })
    }

    fn runs(&self) -> StoreFuture<'_, Vec<(RunId, i64)>> {
        self.reply(|state| {
            let runs = state.runs.iter();
            let mut all: Vec<_> = runs
                .map(|(id, run)| (id.clone(), run.state.start))
                .collect();
            all.sort_by(|a, b| (b.1, &b.0).cmp(&(a.1, &a.0)));
            all
        })
    }

    fn run<'a>(&'a self, run: &'a RunId) -> StoreFuture<'a, Option<String>> {
        self.reply(|state| state.runs.get(run).map(MemoryRun::document))
    }

    fn tests<'a>(&'a self, run: &'a RunId) -> StoreFuture<'a, Vec<(StoryIdentifier, String)>> {
        self.reply(|state| {
            let tests = state.runs.get(run).into_iter().flat_map(|run| &run.tests);
            tests
                .filter_map(|(key, (_, _, record))| {
                    Some((StoryIdentifier::from_key(key).ok()?, record.clone()))
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
            let (_, _, record) = state.runs.get(run)?.tests.get(&story.key())?;
            Some(record.clone())
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
        self.reply(|state| {
            let outcomes = state.history.get(&story.key()).into_iter().flatten();
            outcomes.map(|(_, outcome)| outcome.clone()).collect()
        })
    }

    fn export<'a>(&'a self, run: &'a RunId) -> StoreFuture<'a, Option<ExportedRun>> {
        self.reply(|state| {
            let mut exported = state.runs.get(run)?.export();
            for (key, outcomes) in &state.history {
                let of_run = outcomes.iter().filter(|(_, o)| o.run_id == *run);
                exported
                    .outcomes
                    .extend(of_run.map(|(_, o)| (key.clone(), o.clone())));
            }
            exported
                .outcomes
                .sort_by(|a, b| (&a.0, a.1.at).cmp(&(&b.0, b.1.at)));
            Some(exported)
        })
    }

    fn import<'a>(&'a self, run: &'a ExportedRun) -> StoreFuture<'a, bool> {
        self.reply(|state| {
            let id = &run.state.run_id;
            if state.runs.contains_key(id) {
                return false;
            }
            state.runs.insert(id.clone(), MemoryRun::import(run));
            for (key, outcome) in &run.outcomes {
                state.add_to_history(key, outcome.at, outcome.clone());
            }
            true
        })
    }

    fn remove<'a>(&'a self, run: &'a RunId) -> StoreFuture<'a, ()> {
        self.reply(|state| drop(state.runs.remove(run)))
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
