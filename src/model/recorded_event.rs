//! The events of a run that the record publishes.
//!
//! Each event contains the complete document of its run or snapshot;
//! [`RecordedEvent::fields`] is the short form that is published in Redis.

use serde_json::{Map, Value, json};

use super::{RunId, StoryIdentifier, VisualTestResult, VisualTestRun};

/// An event of a run.
#[derive(Clone, Debug, PartialEq)]
pub enum RecordedEvent {
    /// A run started, or another process joined it.
    RunStarted(Box<VisualTestRun>),
    /// A snapshot started; its status is `running`.
    TestStarted(Box<VisualTestResult>),
    /// A snapshot made progress, or was executed again after its end.
    TestUpdated {
        /// The current document of the snapshot.
        result: Box<VisualTestResult>,
        /// Additional fields to publish: an attempt, a step.
        changes: Map<String, Value>,
    },
    /// A snapshot finished with its final status.
    TestFinished(Box<VisualTestResult>),
    /// The run ended; its document has `reason`, `endTime` and `duration`.
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
    /// The published type of the event: `run:started`, `test:finished`, …
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
