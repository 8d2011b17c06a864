//! The state of the record in memory, and the operations that change it.

use std::collections::HashMap;

use tokio::sync::mpsc;

use super::history::MemoryHistory;
use super::run::MemoryRun;
use super::windows::MemoryMetrics;
use crate::model::{HistoryEntry, Lineage, RunId, now_ms};
use crate::record::operation::{JoinRequest, Operation, json, lineage, run_id_field};
use crate::record::store::{
    ApplyOutcome, EndOutcome, HEARTBEAT_TIMEOUT, JoinOutcome, JoinResponse, STREAM_LENGTH,
};
use crate::record::stream::StreamEntry;
use crate::record::windows::OutcomeSample;

/// The runs, histories and subscribers of the record.
#[derive(Debug, Default)]
pub(super) struct MemoryState {
    pub(super) runs: HashMap<RunId, MemoryRun>,
    /// When runs were pruned.
    pub(super) tombstones: HashMap<RunId, i64>,
    /// By lineage and key of the snapshot. Runs of no project have no lineage.
    pub(super) history: HashMap<(Option<Lineage>, String), MemoryHistory>,
    /// What the last cleanup of each project has done.
    pub(super) cleanups: HashMap<String, String>,
    pub(super) metrics: MemoryMetrics,
    pub(super) subscribers: Vec<(Option<RunId>, mpsc::Sender<String>)>,
}

impl MemoryState {
    /// The runs with their start in milliseconds, newest first.
    pub(super) fn newest_runs(&self) -> Vec<(RunId, i64)> {
        let runs = self.runs.iter();
        let mut all: Vec<_> = runs
            .map(|(id, run)| (id.clone(), run.state.start))
            .collect();
        all.sort_by(|a, b| (b.1, &b.0).cmp(&(a.1, &a.0)));
        all
    }

    /// Removes a run, and keeps its tombstone.
    pub(super) fn prune(&mut self, run: &RunId) {
        self.runs.remove(run);
        self.tombstones.insert(run.clone(), now_ms());
    }

    /// Publishes an event of an operation with the time `at`.
    pub(super) fn publish(&mut self, run_id: &RunId, kind: &str, fields: &str, at: i64) {
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
            event: format!(r#"{{"type":"{kind}",{fields},"ts":{at},"n":{n}}}"#),
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

    pub(super) fn join(&mut self, join: &JoinRequest, live: bool) -> JoinResponse {
        let pruned = self.tombstones.get(&join.run_id);
        if pruned.is_some_and(|pruned| join.start <= *pruned) {
            return JoinResponse::without_run(JoinOutcome::Gone);
        }
        if !join.decides {
            return self.join_worker(join, live);
        }
        match self.runs.get(&join.run_id) {
            Some(run) => run.response(join, JoinOutcome::Joined),
            None => JoinResponse::without_run(JoinOutcome::NoRun),
        }
    }

    fn join_worker(&mut self, join: &JoinRequest, live: bool) -> JoinResponse {
        let started = run_id_field(&join.run_id);
        let mut outcome = JoinOutcome::Joined;
        if !self.runs.contains_key(&join.run_id) {
            outcome = JoinOutcome::Created;
            let run = MemoryRun::new(join);
            self.runs.insert(join.run_id.clone(), run);
            self.publish(&join.run_id, "run:started", &started, join.start);
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
            } else if !run.state.plans.contains_key(join.plan()) {
                run.state.planned += join.planned;
            }
            let plan = join.plan().to_owned();
            run.state.plans.insert(plan, join.planned);
        }
        if live {
            run.heartbeat(&join.writer, Some(&join.host));
        }
        let joined = run.response(join, outcome);
        if outcome == JoinOutcome::Reopened {
            let fields = format!("{started},\"resumed\":true");
            self.publish(&join.run_id, "run:started", &fields, join.start);
        }
        joined
    }

    pub(super) fn apply(
        &mut self,
        join: &JoinRequest,
        number: u64,
        operation: &Operation,
    ) -> ApplyOutcome {
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
        let project = join.project();
        if let Some(sample) = OutcomeSample::of(&project, &join.writer, number, operation) {
            self.metrics.count(&sample);
        }
        match operation {
            Operation::Test {
                key,
                at,
                kind,
                fields,
                outcome,
                ..
            } => {
                let was_final = run.apply_test(&join.writer, operation);
                if let Ok(outcome) = serde_json::from_str(outcome) {
                    self.add_to_history(lineage(join), key, *at, outcome);
                }
                let Some(was_final) = was_final else {
                    return ApplyOutcome::Stale;
                };
                let kind = if was_final { "test:updated" } else { kind };
                self.publish(&join.run_id, kind, fields, *at);
            }
            // A result may be missing, so the run cannot pass without all of them.
            Operation::Lost => run.state.died = true,
            Operation::Describe { tail } => run.state.tail.clone_from(tail),
            Operation::Announce { kind, fields, at } => {
                self.publish(&join.run_id, kind, fields, *at);
            }
            Operation::Decide {
                key,
                at,
                mark,
                kind,
                fields,
            } => {
                if !run.decide(&join.writer, key, *at, mark) {
                    return ApplyOutcome::Stale;
                }
                self.publish(&join.run_id, kind, fields, *at);
            }
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

    pub(super) fn add_to_history(
        &mut self,
        lineage: Option<Lineage>,
        key: &str,
        at: i64,
        outcome: HistoryEntry,
    ) {
        let history = self.history.entry((lineage, key.to_owned()));
        history.or_default().add(at, outcome);
    }

    /// The outcomes of a snapshot, oldest first.
    pub(super) fn outcomes(&self, lineage: Option<&Lineage>, key: &str) -> Vec<HistoryEntry> {
        let history = self.history.get(&(lineage.cloned(), key.to_owned()));
        history.map(MemoryHistory::outcomes).unwrap_or_default()
    }

    /// The branches of a project with the time of their last outcome, oldest first.
    pub(super) fn branches(&self, project: &str) -> Vec<(String, i64)> {
        let mut branches = HashMap::new();
        for ((lineage, _), history) in &self.history {
            let own = lineage.as_ref().filter(|own| own.project == project);
            let last = history.outcomes().last().map(|outcome| outcome.at);
            if let (Some(branch), Some(last)) = (own.and_then(|own| own.branch.clone()), last) {
                let at = branches.entry(branch).or_insert(last);
                *at = last.max(*at);
            }
        }
        let mut branches: Vec<_> = branches.into_iter().collect();
        branches.sort_by(|a, b| (a.1, &a.0).cmp(&(b.1, &b.0)));
        branches
    }

    /// Ends a run without live workers. Workers on `dead_host` count as dead;
    /// without `at` the run ends at the last heartbeat.
    pub(super) fn end(
        &mut self,
        run_id: &RunId,
        at: Option<i64>,
        dead_host: Option<&str>,
    ) -> EndOutcome {
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
        let at = at.unwrap_or(run.state.seen);
        run.state.ended_at = Some(at);
        let reason = run.reason();
        let fields = format!(
            r#"{},"summary":{},"reason":"{reason}""#,
            run_id_field(run_id),
            json(&run.summary)
        );
        self.publish(run_id, "run:finished", &fields, at);
        EndOutcome::Ended(reason)
    }
}
