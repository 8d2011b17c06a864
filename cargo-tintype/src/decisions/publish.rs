//! Publishes decisions in the record.

use tintype::internals::model::{RunId, StoryIdentifier};
use tintype::internals::record::{RecordError, Records};

use super::decision::Decision;

/// Marks a snapshot in the record. A run that the record does not have is no
/// error: the baseline and the log have changed already.
pub(crate) async fn publish(
    records: &Records,
    run: &RunId,
    story: &StoryIdentifier,
    decision: Decision,
) -> Result<(), RecordError> {
    let marked = match decision {
        Decision::Accept => records.mark_accepted(run, story).await,
        Decision::Reject => records.mark_rejected(run, story).await,
        Decision::Undo => records.clear_decision(run, story).await,
    };
    match marked {
        Ok(_) | Err(RecordError::NoRun { .. } | RecordError::NoTest { .. }) => Ok(()),
        Err(error) => Err(error),
    }
}
