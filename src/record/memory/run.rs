//! A run in memory.

use std::collections::{BTreeMap, HashMap};

use crate::model::{Reason, Status, Summary, now_ms};
use crate::record::decision_mark::with_mark;
use crate::record::export::{
    ExportedDecision, ExportedRun, ExportedState, ExportedTest, ExportedWorker,
};
use crate::record::operation::{JoinRequest, Operation, join_document};
use crate::record::store::{JoinOutcome, JoinResponse};
use crate::record::stream::StreamEntry;

#[derive(Debug)]
pub(super) struct MemoryRun {
    pub(super) state: ExportedState,
    /// Workers that have not left, with host and time of the last heartbeat.
    pub(super) live: HashMap<String, (String, i64)>,
    /// The id of the last event: milliseconds and a counter.
    pub(super) last_id: (i64, u64),
    pub(super) summary: Summary,
    /// The sequence number of the last operation of each worker.
    pub(super) applied: HashMap<String, u64>,
    /// The number of snapshots that each worker planned.
    pub(super) planned: HashMap<String, u64>,
    /// The last decision on each snapshot.
    pub(super) decisions: HashMap<String, ExportedDecision>,
    pub(super) tests: BTreeMap<String, MemoryTest>,
    pub(super) events: Vec<StreamEntry>,
}

/// A snapshot of a run in memory.
#[derive(Clone, Debug)]
pub(super) struct MemoryTest {
    pub(super) at: i64,
    status: Status,
    /// The writer id of the status; empty if unknown.
    writer: String,
    pub(super) record: String,
}

impl MemoryRun {
    pub(super) fn new(join: &JoinRequest) -> Self {
        Self {
            state: ExportedState {
                run_id: join.run_id.clone(),
                head: join.head.clone(),
                tail: join.tail.clone(),
                start: join.start,
                planned: 0,
                shared: join.shared,
                said: None,
                died: false,
                ended_at: None,
                seen: 0,
                plans: BTreeMap::new(),
                n: 0,
            },
            live: HashMap::new(),
            last_id: (0, 0),
            summary: Summary::default(),
            applied: HashMap::new(),
            planned: HashMap::new(),
            decisions: HashMap::new(),
            tests: BTreeMap::new(),
            events: Vec::new(),
        }
    }

    /// Keeps the worst reason of all leaving workers.
    pub(super) fn add_reason(&mut self, reason: Option<Reason>) {
        let severity = |reason| match reason {
            None => 0,
            Some(Reason::Passed) => 1,
            Some(Reason::Failed) => 2,
            Some(Reason::Interrupted) => 3,
            Some(Reason::Error) => 4,
        };
        if severity(reason) > severity(self.state.said) {
            self.state.said = reason;
        }
    }

    /// Records a heartbeat of a worker, or without a host that it has left.
    pub(super) fn heartbeat(&mut self, writer: &str, host: Option<&str>) {
        self.state.seen = now_ms();
        match host {
            Some(host) => self
                .live
                .insert(writer.to_owned(), (host.to_owned(), self.state.seen)),
            None => self.live.remove(writer),
        };
    }

    /// Applies an operation on a snapshot, and returns whether the snapshot had
    /// a final status before; `None` if a newer state is kept.
    pub(super) fn apply_test(&mut self, writer: &str, operation: &Operation) -> Option<bool> {
        let Operation::Test {
            key,
            status,
            at,
            record,
            ..
        } = operation
        else {
            return None;
        };
        let (mut at, mut was_final) = (*at, false);
        if let Some(before) = self.tests.get(key) {
            was_final = before.status.is_final();
            let is_own = before.writer == writer;
            let is_older = !is_own && was_final == status.is_final() && at < before.at;
            if (was_final && !status.is_final()) || is_older {
                return None;
            }
            if is_own {
                at = at.max(before.at);
            }
            self.summary.remove(before.status);
        }
        self.summary.add(*status);
        let test = MemoryTest {
            at,
            status: *status,
            writer: writer.to_owned(),
            record: self.decided(key, at, record),
        };
        self.tests.insert(key.clone(), test);
        Some(was_final)
    }

    /// The document of a result, marked if a decision was made on it before.
    fn decided(&self, key: &str, at: i64, record: &str) -> String {
        match self.decisions.get(key) {
            Some(decision) if at <= decision.at && !decision.mark.is_empty() => {
                with_mark(record, &decision.mark, decision.at)
            }
            _ => record.to_owned(),
        }
    }

    /// Applies a decision; false if a newer one is kept.
    pub(super) fn decide(&mut self, writer: &str, key: &str, at: i64, mark: &str) -> bool {
        let before = self.decisions.get(key);
        if before.is_some_and(|before| before.writer != writer && at < before.at) {
            return false;
        }
        let decision = ExportedDecision {
            at,
            writer: writer.to_owned(),
            mark: mark.to_owned(),
        };
        self.decisions.insert(key.to_owned(), decision);
        if let Some(test) = self.tests.get_mut(key).filter(|test| test.at <= at) {
            test.record = with_mark(&test.record, mark, at);
        }
        true
    }

    pub(super) fn response(&self, join: &JoinRequest, outcome: JoinOutcome) -> JoinResponse {
        JoinResponse {
            outcome,
            applied: self.applied.get(&join.writer).copied().unwrap_or_default(),
            writers: self.planned.len() as u64,
        }
    }

    pub(super) fn reason(&self) -> Reason {
        self.state.reason(&self.summary)
    }

    pub(super) fn export(&self) -> ExportedRun {
        let worker = |(writer, planned): (&String, &u64)| ExportedWorker {
            writer: writer.clone(),
            planned: *planned,
            applied: self.applied.get(writer).copied().unwrap_or_default(),
        };
        let test = |(key, test): (&String, &MemoryTest)| ExportedTest {
            decision: self.decisions.get(key).cloned(),
            key: key.clone(),
            at: test.at,
            status: test.status,
            writer: test.writer.clone(),
            record: test.record.clone(),
        };
        let mut workers: Vec<_> = self.planned.iter().map(worker).collect();
        workers.sort_by(|a, b| a.writer.cmp(&b.writer));
        ExportedRun {
            state: self.state.clone(),
            workers,
            tests: self.tests.iter().map(test).collect(),
            events: self.events.clone(),
            outcomes: Vec::new(),
        }
    }

    pub(super) fn import(exported: &ExportedRun) -> Self {
        let mut summary = Summary::default();
        exported
            .tests
            .iter()
            .for_each(|test| summary.add(test.status));
        let by_writer = |number: fn(&ExportedWorker) -> u64| {
            let workers = exported.workers.iter();
            workers.map(|w| (w.writer.clone(), number(w))).collect()
        };
        let tests = exported.tests.iter().map(|test| {
            let value = MemoryTest {
                at: test.at,
                status: test.status,
                writer: test.writer.clone(),
                record: test.record.clone(),
            };
            (test.key.clone(), value)
        });
        let decisions = exported.tests.iter().filter_map(|test| {
            let decision = test.decision.clone()?;
            Some((test.key.clone(), decision))
        });
        Self {
            state: exported.state.clone(),
            decisions: decisions.collect(),
            live: HashMap::new(),
            last_id: (0, 0),
            summary,
            applied: by_writer(|w| w.applied),
            planned: by_writer(|w| w.planned),
            tests: tests.collect(),
            events: exported.events.clone(),
        }
    }

    pub(super) fn document(&self) -> String {
        let state = &self.state;
        let end = state.ended_at.map(|at| {
            let duration = u64::try_from(at - state.start).unwrap_or_default();
            (at, duration, self.reason())
        });
        join_document(&state.head, end, &self.summary, &state.tail)
    }
}
