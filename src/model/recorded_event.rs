//! The events of a run that the record publishes.
//!
//! Each event contains the complete document of its run or snapshot;
//! [`RecordedEvent::fields`] is the short form that is published in Redis.

use serde::Serialize;
use serde_json::{Map, Value};

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
    /// A current image was rejected; the baseline stays.
    BaselineRejected {
        /// The run whose image was rejected.
        run_id: RunId,
        /// The snapshot.
        story_identifier: StoryIdentifier,
    },
    /// The last decision on a snapshot was undone.
    DecisionUndone {
        /// The run of the decision.
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
            Self::BaselineRejected { .. } => "baseline:rejected",
            Self::DecisionUndone { .. } => "decision:undone",
        }
    }

    /// The run it belongs to.
    pub fn run_id(&self) -> &RunId {
        match self {
            Self::RunStarted(run) | Self::RunFinished(run) => &run.run_id,
            Self::TestStarted(result)
            | Self::TestUpdated { result, .. }
            | Self::TestFinished(result) => &result.run_id,
            Self::BaselineAccepted { run_id, .. }
            | Self::BaselineRejected { run_id, .. }
            | Self::DecisionUndone { run_id, .. } => run_id,
        }
    }

    /// The fields of the event's payload between `type` and `ts`, in the
    /// contract's order: names and JSON texts. Values are serialised directly,
    /// so that an identifier has the same bytes in events and documents.
    pub fn fields(&self) -> Vec<(String, String)> {
        let mut fields = vec![("runId".to_owned(), text(self.run_id()))];
        let mut put = |name: &str, value: String| fields.push((name.to_owned(), value));
        match self {
            Self::RunStarted(_) => {}
            Self::TestStarted(result) => put("storyIdentifier", text(&result.story_identifier)),
            Self::TestUpdated { result, changes } => {
                put("storyIdentifier", text(&result.story_identifier));
                put("status", text(&result.status));
                for (name, value) in changes {
                    put(name, text(value));
                }
            }
            Self::TestFinished(result) => {
                put("storyIdentifier", text(&result.story_identifier));
                put("status", text(&result.status));
                if let Some(ratio) = result.diff_ratio {
                    put("diffRatio", text(&ratio));
                }
            }
            Self::RunFinished(run) => {
                put("summary", text(&run.summary));
                put("reason", text(&run.reason));
            }
            Self::BaselineAccepted {
                story_identifier, ..
            }
            | Self::BaselineRejected {
                story_identifier, ..
            }
            | Self::DecisionUndone {
                story_identifier, ..
            } => put("storyIdentifier", text(story_identifier)),
        }
        fields
    }
}

fn text<T: Serialize + ?Sized>(value: &T) -> String {
    serde_json::to_string(value).expect("the types of the model can be serialised")
}
