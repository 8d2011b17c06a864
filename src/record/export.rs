//! Exports and imports runs as NDJSON.

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use super::error::RecordError;
use super::operation::{HistoryEntry, json};
use super::stream::StreamEntry;
use crate::model::{Reason, RunId, Status, Summary};

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
    /// Its document.
    pub record: String,
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
        record: Box<RawValue>,
    },
    Event {
        id: String,
        event: Box<RawValue>,
    },
    HistoryEntry {
        key: String,
        outcome: HistoryEntry,
    },
}

impl ExportedRun {
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
        lines.extend(outcomes.map(|(key, outcome)| ExportLine::HistoryEntry { key, outcome }));
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
                record,
            } => self.tests.push(ExportedTest {
                key,
                at,
                status,
                record: record.get().to_owned(),
            }),
            ExportLine::Event { id, event } => self.events.push(StreamEntry {
                id,
                event: event.get().to_owned(),
            }),
            ExportLine::HistoryEntry { key, outcome } => self.outcomes.push((key, outcome)),
        }
    }
}
