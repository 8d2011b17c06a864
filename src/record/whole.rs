//! A whole run, to be carried from one store to another as NDJSON.

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use super::error::RecordError;
use super::operation::{Outcome, json};
use super::store::StreamEntry;
use crate::model::{Reason, RunId, Status, Summary};

/// Everything that a store knows of a run.
#[derive(Clone, Debug, PartialEq)]
pub struct WholeRun {
    /// The run itself.
    pub state: RunState,
    /// Who took part.
    pub workers: Vec<WorkerState>,
    /// Its snapshots, by key.
    pub tests: Vec<TestState>,
    /// Its events, in order.
    pub events: Vec<StreamEntry>,
    /// What it added to the histories of its stories: key and outcome.
    pub outcomes: Vec<(String, Outcome)>,
}

/// The state of a run beside its document: see the fields of the control hash
/// in `prelude.lua`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[expect(missing_docs, reason = "they are those of the control hash")]
pub struct RunState {
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
    /// The number of the last event.
    pub n: u64,
}

impl RunState {
    /// Why the run ended, which follows from its state alone: the same as
    /// `reason` in `prelude.lua`.
    pub fn reason(&self, summary: &Summary) -> Reason {
        match self.said {
            Some(said @ (Reason::Error | Reason::Interrupted)) => said,
            _ if self.died && summary.total < self.planned => Reason::Interrupted,
            Some(Reason::Failed) => Reason::Failed,
            // What is new has been accepted.
            Some(Reason::Passed) if !self.died && summary.failed == 0 => Reason::Passed,
            None if self.planned > 0 && summary.total == summary.skipped => Reason::Failed,
            _ => summary.reason(),
        }
    }
}

/// A worker that took part in a run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct WorkerState {
    /// Its name.
    pub writer: String,
    /// How many snapshots it said it would report.
    pub planned: u64,
    /// The number of its last operation.
    pub applied: u64,
}

/// A snapshot of a run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TestState {
    /// Its key.
    pub key: String,
    /// When its status was told, in milliseconds since the Unix epoch.
    pub at: i64,
    /// Its status.
    pub status: Status,
    /// Its record.
    pub record: String,
}

/// One line of an export. JSON of the record stays as it was, to the byte.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
enum Line {
    Run(RunState),
    Worker(WorkerState),
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
    Outcome {
        key: String,
        outcome: Outcome,
    },
}

impl WholeRun {
    /// The run as lines of JSON, its state first.
    ///
    /// # Errors
    /// When a record or an event in the store is not JSON.
    pub fn to_ndjson(&self) -> Result<String, RecordError> {
        let raw = |text: &str, what: &str| {
            RawValue::from_string(text.to_owned()).map_err(|e| RecordError::Document {
                key: format!("{what} of the run `{}`", self.state.run_id),
                problem: e.to_string(),
            })
        };
        let mut lines = vec![Line::Run(self.state.clone())];
        lines.extend(self.workers.iter().cloned().map(Line::Worker));
        for test in &self.tests {
            lines.push(Line::Test {
                key: test.key.clone(),
                at: test.at,
                status: test.status,
                record: raw(&test.record, &test.key)?,
            });
        }
        for entry in &self.events {
            lines.push(Line::Event {
                id: entry.id.clone(),
                event: raw(&entry.event, &format!("the event {}", entry.id))?,
            });
        }
        let outcomes = self.outcomes.iter().cloned();
        lines.extend(outcomes.map(|(key, outcome)| Line::Outcome { key, outcome }));
        Ok(lines.iter().map(|line| json(line) + "\n").collect())
    }

    /// Reads any number of runs from lines of JSON.
    ///
    /// # Errors
    /// When a line is not one of an export; the error names it.
    pub fn from_ndjson(text: &str) -> Result<Vec<Self>, RecordError> {
        let mut runs: Vec<Self> = Vec::new();
        for (line, number) in text.lines().zip(1..).filter(|(line, _)| !line.is_empty()) {
            let wrong = |problem: String| RecordError::Document {
                key: format!("line {number} of the export"),
                problem,
            };
            let line: Line = serde_json::from_str(line).map_err(|e| wrong(e.to_string()))?;
            if let Line::Run(state) = line {
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
            let run = run.ok_or_else(|| wrong("stands before the `run` it belongs to".into()))?;
            run.take(line);
        }
        Ok(runs)
    }

    fn take(&mut self, line: Line) {
        match line {
            Line::Run(state) => self.state = state,
            Line::Worker(worker) => self.workers.push(worker),
            Line::Test {
                key,
                at,
                status,
                record,
            } => self.tests.push(TestState {
                key,
                at,
                status,
                record: record.get().to_owned(),
            }),
            Line::Event { id, event } => self.events.push(StreamEntry {
                id,
                event: event.get().to_owned(),
            }),
            Line::Outcome { key, outcome } => self.outcomes.push((key, outcome)),
        }
    }
}
