//! All that happens in a run, told once.
//!
//! The conductor emits these; the terminal, the record, the reports and the
//! tests listen. Each carries the whole document it tells of, so that a
//! listener needs no memory; [`RecordedEvent::fields`] is the lean form that goes out
//! on Redis.

use serde_json::{Map, Value, json};

use super::{RunId, StoryIdentifier, VisualTestResult, VisualTestRun};

/// Something that happened.
#[derive(Clone, Debug, PartialEq)]
pub enum RecordedEvent {
    /// A run was begun, or joined by another process.
    RunStarted(Box<VisualTestRun>),
    /// A snapshot is at work; its status is `running`.
    TestStarted(Box<VisualTestResult>),
    /// A snapshot is still at work, or was run again after its end.
    TestUpdated {
        /// The snapshot's document as it is now.
        result: Box<VisualTestResult>,
        /// What changed, to be told beside the status: an attempt, a step.
        changes: Map<String, Value>,
    },
    /// A snapshot has its final status.
    TestFinished(Box<VisualTestResult>),
    /// The run has ended: its document has `reason`, `endTime` and `duration`.
    RunFinished(Box<VisualTestRun>),
    /// A current image became the baseline.
    BaselineAccepted {
        /// The run whose image was accepted.
        run_id: RunId,
        /// The snapshot.
        story_identifier: StoryIdentifier,
    },
}

impl RecordedEvent {
    /// The event's type as it goes out: `run:started`, `test:finished`, …
    pub fn kind(&self) -> &'static str {
        match self {
            Self::RunStarted(_) => "run:started",
            Self::TestStarted(_) => "test:started",
            Self::TestUpdated { .. } => "test:updated",
            Self::TestFinished(_) => "test:finished",
            Self::RunFinished(_) => "run:finished",
            Self::BaselineAccepted { .. } => "baseline:accepted",
        }
    }

    /// The run it belongs to.
    pub fn run_id(&self) -> &RunId {
        match self {
            Self::RunStarted(run) | Self::RunFinished(run) => &run.run_id,
            Self::TestStarted(result)
            | Self::TestUpdated { result, .. }
            | Self::TestFinished(result) => &result.run_id,
            Self::BaselineAccepted { run_id, .. } => run_id,
        }
    }

    /// The fields of the event's payload between `type` and `ts`, in the
    /// contract's order.
    pub fn fields(&self) -> Vec<(String, Value)> {
        let mut fields = vec![("runId".to_owned(), json!(self.run_id()))];
        let mut put = |name: &str, value: Value| fields.push((name.to_owned(), value));
        match self {
            Self::RunStarted(_) => {}
            Self::TestStarted(result) => put("storyIdentifier", json!(result.story_identifier)),
            Self::TestUpdated { result, changes } => {
                put("storyIdentifier", json!(result.story_identifier));
                put("status", json!(result.status));
                for (name, value) in changes {
                    put(name, value.clone());
                }
            }
            Self::TestFinished(result) => {
                put("storyIdentifier", json!(result.story_identifier));
                put("status", json!(result.status));
                if let Some(ratio) = result.diff_ratio {
                    put("diffRatio", json!(ratio));
                }
            }
            Self::RunFinished(run) => {
                put("summary", json!(run.summary));
                put("reason", json!(run.reason));
            }
            Self::BaselineAccepted {
                story_identifier, ..
            } => put("storyIdentifier", json!(story_identifier)),
        }
        fields
    }
}
