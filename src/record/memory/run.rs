//! One run in memory.

use std::collections::{BTreeMap, HashMap};

use crate::model::{Reason, Status, Summary, now_ms};
use crate::record::operation::{Join, Operation, join_document};
use crate::record::store::StreamEntry;
use crate::record::whole::{RunState, TestState, WholeRun, WorkerState};

#[derive(Debug)]
pub(super) struct Run {
    pub(super) state: RunState,
    /// Workers that have not left: their hosts and last signs of life.
    pub(super) alive: HashMap<String, (String, i64)>,
    /// The id of the last event: milliseconds and a number.
    pub(super) last_id: (i64, u64),
    pub(super) summary: Summary,
    /// The number of the last operation of each worker.
    pub(super) applied: HashMap<String, u64>,
    /// How many snapshots each worker said it would report.
    pub(super) joined: HashMap<String, u64>,
    pub(super) tests: BTreeMap<String, (i64, Status, String)>,
    pub(super) events: Vec<StreamEntry>,
}

impl Run {
    pub(super) fn begin(join: &Join) -> Self {
        Self {
            state: RunState {
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
                n: 0,
            },
            alive: HashMap::new(),
            last_id: (0, 0),
            summary: Summary::default(),
            applied: HashMap::new(),
            joined: HashMap::new(),
            tests: BTreeMap::new(),
            events: Vec::new(),
        }
    }

    /// Keeps the worst that a leaving worker says.
    pub(super) fn say(&mut self, reason: Option<Reason>) {
        let badness = |reason| match reason {
            None => 0,
            Some(Reason::Passed) => 1,
            Some(Reason::Failed) => 2,
            Some(Reason::Interrupted) => 3,
            Some(Reason::Error) => 4,
        };
        if badness(reason) > badness(self.state.said) {
            self.state.said = reason;
        }
    }

    pub(super) fn alive(&mut self, writer: &str, host: Option<&str>) {
        self.state.seen = now_ms();
        match host {
            Some(host) => self
                .alive
                .insert(writer.to_owned(), (host.to_owned(), self.state.seen)),
            None => self.alive.remove(writer),
        };
    }

    /// Applies a snapshot's operation, unless something newer stands there,
    /// and tells whether the snapshot had a final status before.
    pub(super) fn test(&mut self, operation: &Operation) -> Option<bool> {
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
        let before = self.tests.get(key).map(|(at, status, _)| (*at, *status));
        let was_final = before.is_some_and(|(_, status)| status.is_final());
        if (was_final && !status.is_final()) || before.is_some_and(|(since, _)| *at < since) {
            return None;
        }
        if let Some((_, before)) = before {
            self.summary.remove(before);
        }
        self.summary.add(*status);
        self.tests
            .insert(key.clone(), (*at, *status, record.clone()));
        Some(was_final)
    }

    pub(super) fn reason(&self) -> Reason {
        self.state.reason(&self.summary)
    }

    pub(super) fn whole(&self) -> WholeRun {
        let worker = |(writer, planned): (&String, &u64)| WorkerState {
            writer: writer.clone(),
            planned: *planned,
            applied: self.applied.get(writer).copied().unwrap_or_default(),
        };
        let test = |(key, (at, status, record)): (&String, &(i64, Status, String))| TestState {
            key: key.clone(),
            at: *at,
            status: *status,
            record: record.clone(),
        };
        let mut workers: Vec<_> = self.joined.iter().map(worker).collect();
        workers.sort_by(|a, b| a.writer.cmp(&b.writer));
        WholeRun {
            state: self.state.clone(),
            workers,
            tests: self.tests.iter().map(test).collect(),
            events: self.events.clone(),
            outcomes: Vec::new(),
        }
    }

    pub(super) fn of(whole: &WholeRun) -> Self {
        let mut summary = Summary::default();
        whole.tests.iter().for_each(|test| summary.add(test.status));
        let by_writer = |number: fn(&WorkerState) -> u64| {
            let workers = whole.workers.iter();
            workers.map(|w| (w.writer.clone(), number(w))).collect()
        };
        let tests = whole.tests.iter().map(|test| {
            let value = (test.at, test.status, test.record.clone());
            (test.key.clone(), value)
        });
        Self {
            state: whole.state.clone(),
            alive: HashMap::new(),
            last_id: (0, 0),
            summary,
            applied: by_writer(|w| w.applied),
            joined: by_writer(|w| w.planned),
            tests: tests.collect(),
            events: whole.events.clone(),
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
