//! Publishes decisions in the record.

use tintype::internals::model::{StoryIdentifier, VisualTestRun};
use tintype::internals::record::{RecordError, Records, SnapshotDecision};

use super::decision::Decision;

/// Records a decision on a snapshot. A run that the record does not have is no
/// error: the baseline and the log have changed already.
pub(crate) async fn publish(
    records: &Records,
    run: &VisualTestRun,
    story: &StoryIdentifier,
    decision: Decision,
) -> Result<(), RecordError> {
    let decision = match decision {
        Decision::Accept => SnapshotDecision::Accepted,
        Decision::Reject => SnapshotDecision::Rejected,
        Decision::Undo => SnapshotDecision::Undone,
    };
    records.decide(run, story, decision).await.map(drop)
}
