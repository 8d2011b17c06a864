//! Exports and imports runs as NDJSON.

use std::collections::BTreeMap;
use std::fmt;

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use super::decision_mark::{ACCEPTED, REJECTED};
use super::documents::read_result;
use super::error::RecordError;
use super::operation::{join_document, json};
use super::stream::{StreamEntry, check_event};
use crate::model::{
    HistoryEntry, Lineage, Reason, RunId, Status, StoryIdentifier, Summary, VisualTestRun,
};

/// Everything that a store has of a run.
#[derive(Clone, Debug, PartialEq)]
pub struct ExportedRun {
    /// The state of the run.
    pub state: ExportedState,
    /// The workers that joined it.
    pub workers: Vec<ExportedWorker>,
    /// Its snapshots, sorted by key.
    pub tests: Vec<ExportedTest>,
    /// Its events, in order.
    pub events: Vec<StreamEntry>,
    /// Its entries in the histories of its snapshots, with their keys.
    pub outcomes: Vec<(String, HistoryEntry)>,
}

/// The state of a run apart from its results: the fields of the control hash
/// that `prelude.lua` documents.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ExportedState {
    pub run_id: RunId,
    pub head: String,
    pub tail: String,
    pub start: i64,
    pub planned: u64,
    pub shared: bool,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub said: Option<Reason>,
    pub died: bool,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ended_at: Option<i64>,
    pub seen: i64,
    /// The number of snapshots of each plan.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub plans: BTreeMap<String, u64>,
    /// The sequence number of the last event.
    pub n: u64,
}

impl ExportedState {
    /// Why the run ended, derived from its state like `reason` in
    /// `prelude.lua`.
    pub fn reason(&self, summary: &Summary) -> Reason {
        match self.said {
            Some(said @ (Reason::Error | Reason::Interrupted)) => said,
            _ if self.died && summary.total < self.planned => Reason::Interrupted,
            Some(Reason::Failed) => Reason::Failed,
            // New snapshots have been accepted.
            Some(Reason::Passed) if !self.died && summary.failed == 0 => Reason::Passed,
            None if self.planned > 0 && summary.total == summary.skipped => Reason::Failed,
            _ => summary.reason(),
        }
    }
}

/// A worker that joined a run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ExportedWorker {
    /// Its writer id.
    pub writer: String,
    /// The number of snapshots that it planned.
    pub planned: u64,
    /// The sequence number of its last operation.
    pub applied: u64,
}

/// A snapshot of a run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ExportedTest {
    /// Its key.
    pub key: String,
    /// The time of its status, in milliseconds since the Unix epoch.
    pub at: i64,
    /// Its status.
    pub status: Status,
    /// The writer id of its status; empty if unknown.
    pub writer: String,
    /// The last decision on it.
    pub decision: Option<ExportedDecision>,
    /// Its document.
    pub record: String,
}

/// A decision on a snapshot.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ExportedDecision {
    /// The time, in milliseconds since the Unix epoch.
    pub at: i64,
    /// The writer id.
    pub writer: String,
    /// The field that marks the document; empty if the decision was undone.
    pub mark: String,
}

impl ExportedDecision {
    /// Parses `{at}|{writer}|{mark}`.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let mut parts = text.splitn(3, '|');
        Some(Self {
            at: parts.next()?.parse().ok()?,
            writer: parts.next()?.to_owned(),
            mark: parts.next()?.to_owned(),
        })
    }
}

impl fmt::Display for ExportedDecision {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}|{}|{}", self.at, self.writer, self.mark)
    }
}

/// One line of an export. The JSON of documents and events is kept byte for
/// byte.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
enum ExportLine {
    Run(ExportedState),
    Worker(ExportedWorker),
    Test {
        key: String,
        at: i64,
        status: Status,
        #[serde(default, skip_serializing_if = "String::is_empty")]
        writer: String,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        decision: Option<ExportedDecision>,
        record: Box<RawValue>,
    },
    Event {
        id: String,
        event: Box<RawValue>,
    },
    HistoryEntry {
        key: String,
        outcome: Box<HistoryEntry>,
    },
}

impl ExportedRun {
    /// The document of the run.
    pub(super) fn document(&self) -> String {
        let mut summary = Summary::default();
        for test in &self.tests {
            summary.add(test.status);
        }
        let state = &self.state;
        let end = state.ended_at.map(|at| {
            let duration = u64::try_from(at.saturating_sub(state.start)).unwrap_or_default();
            (at, duration, state.reason(&summary))
        });
        join_document(&state.head, end, &summary, &state.tail)
    }

    /// The lineage of its outcomes.
    pub(super) fn lineage(&self) -> Option<Lineage> {
        let run: VisualTestRun = serde_json::from_str(&self.document()).ok()?;
        run.lineage()
    }

    /// Checks that everything in an export is about its run: an export can come
    /// from anywhere.
    ///
    /// # Errors
    /// The first reason why it is not.
    pub(super) fn check(&self) -> Result<(), String> {
        self.check_state()?;
        let id = &self.state.run_id;
        for test in &self.tests {
            check_result(id, &test.key, &test.record)
                .map_err(|problem| format!("the snapshot `{}` is invalid: {problem}", test.key))?;
            let marks = ["", ACCEPTED, REJECTED];
            let decision = test.decision.as_ref();
            if decision.is_some_and(|d| !marks.contains(&d.mark.as_str()) || !is_plain(&d.writer)) {
                return Err(format!("the decision on `{}` is invalid", test.key));
            }
        }
        for entry in &self.events {
            check_event(&entry.event, Some(id))
                .map_err(|problem| format!("the event {} is invalid: {problem}", entry.id))?;
        }
        Ok(())
    }

    /// The same, apart from snapshots and events.
    ///
    /// # Errors
    /// The first reason why it is not.
    pub(super) fn check_state(&self) -> Result<(), String> {
        let id = &self.state.run_id;
        if RunId::parse(id.as_str()).is_none() {
            return Err("its id is invalid".to_owned());
        }
        let run: VisualTestRun = serde_json::from_str(&self.document())
            .map_err(|error| format!("its document is invalid: {error}"))?;
        run.check(id)?;
        for worker in &self.workers {
            if worker.writer.is_empty() || !is_plain(&worker.writer) {
                return Err(format!("the worker `{}` is invalid", worker.writer));
            }
        }
        for (key, outcome) in &self.outcomes {
            StoryIdentifier::from_key(key).map_err(|error| error.to_string())?;
            if outcome.run_id != *id {
                return Err(format!(
                    "an entry of a history names the run `{}`",
                    outcome.run_id
                ));
            }
        }
        Ok(())
    }

    /// The run as lines of JSON, its state first.
    ///
    /// # Errors
    /// When a document or an event in the store is not JSON.
    pub fn to_ndjson(&self) -> Result<String, RecordError> {
        let raw = |text: &str, what: &str| {
            RawValue::from_string(text.to_owned()).map_err(|e| RecordError::Document {
                document: format!("{what} of the run `{}`", self.state.run_id),
                problem: e.to_string(),
            })
        };
        let mut lines = vec![ExportLine::Run(self.state.clone())];
        lines.extend(self.workers.iter().cloned().map(ExportLine::Worker));
        for test in &self.tests {
            lines.push(ExportLine::Test {
                key: test.key.clone(),
                at: test.at,
                status: test.status,
                writer: test.writer.clone(),
                decision: test.decision.clone(),
                record: raw(&test.record, &format!("the snapshot `{}`", test.key))?,
            });
        }
        for entry in &self.events {
            lines.push(ExportLine::Event {
                id: entry.id.clone(),
                event: raw(&entry.event, &format!("the event `{}`", entry.id))?,
            });
        }
        let outcomes = self.outcomes.iter().cloned();
        lines.extend(outcomes.map(|(key, outcome)| {
            let outcome = Box::new(outcome);
            ExportLine::HistoryEntry { key, outcome }
        }));
        Ok(lines.iter().map(|line| json(line) + "\n").collect())
    }

    /// Parses any number of runs from lines of JSON.
    ///
    /// # Errors
    /// When a line is not valid; the error names it.
    pub fn from_ndjson(text: &str) -> Result<Vec<Self>, RecordError> {
        let mut runs: Vec<Self> = Vec::new();
        for (line, number) in text.lines().zip(1..).filter(|(line, _)| !line.is_empty()) {
            let invalid = |problem: String| RecordError::Document {
                document: format!("line {number} of the export"),
                problem,
            };
            let line: ExportLine =
                serde_json::from_str(line).map_err(|e| invalid(e.to_string()))?;
            if let ExportLine::Run(state) = line {
                runs.push(Self {
                    state,
                    workers: Vec::new(),
                    tests: Vec::new(),
                    events: Vec::new(),
                    outcomes: Vec::new(),
                });
                continue;
            }
            let run = runs.last_mut();
            let run = run.ok_or_else(|| invalid("a `run` line must come first".into()))?;
            run.add(line);
        }
        Ok(runs)
    }

    fn add(&mut self, line: ExportLine) {
        match line {
            ExportLine::Run(state) => self.state = state,
            ExportLine::Worker(worker) => self.workers.push(worker),
            ExportLine::Test {
                key,
                at,
                status,
                writer,
                decision,
                record,
            } => self.tests.push(ExportedTest {
                key,
                at,
                status,
                writer,
                decision,
                record: record.get().to_owned(),
            }),
            ExportLine::Event { id, event } => self.events.push(StreamEntry {
                id,
                event: event.get().to_owned(),
            }),
            ExportLine::HistoryEntry { key, outcome } => self.outcomes.push((key, *outcome)),
        }
    }
}

/// Whether a text may be a part of a field of the control hash.
fn is_plain(text: &str) -> bool {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
    text.chars().all(is_plain)
}

/// Checks that a document is that of the snapshot `key` in the run `run`.
pub(super) fn check_result(run: &RunId, key: &str, document: &str) -> Result<(), String> {
    let story = StoryIdentifier::from_key(key).map_err(|error| error.to_string())?;
    read_result(run, &story, document).map(drop)
}
