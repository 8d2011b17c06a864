//! Snapshots that are expected to fail, and must keep failing.

use super::finished::FinishedSnapshot;
use crate::model::Status;

/// Judges a snapshot that is expected to fail for `reason`. A failure becomes
/// `changed`. Anything better becomes a failure, so that the manifest does not
/// keep an outdated `known-failure`.
pub(crate) fn expect_failure(reason: &str, mut finished: FinishedSnapshot) -> FinishedSnapshot {
    let result = &mut finished.result;
    result.known_failure = Some(reason.to_owned());
    match result.status {
        Status::Failed => {
            let message = result.message.take().unwrap_or_default();
            result.status = Status::Changed;
            result.message = Some(format!("known failure ({reason}): {message}"));
        }
        Status::Passed | Status::Changed => {
            let message = format!(
                "the snapshot no longer fails, but the manifest expects it to fail ({reason})\n\
                 help: remove `known-failure` from the story in the manifest"
            );
            result.status = Status::Failed;
            result.message = Some(message);
        }
        Status::New | Status::Skipped | Status::Running => {}
    }
    finished
}

#[cfg(test)]
mod tests {
    use super::{FinishedSnapshot, expect_failure};
    use crate::model::{RunId, Status, StoryIdentifier, VisualTestResult};

    fn expected(status: Status) -> (Status, String) {
        let viewport = "320x240".parse().unwrap();
        let story = StoryIdentifier::new("a", "light", viewport).unwrap();
        let mut result = VisualTestResult::new(RunId("run".to_owned()), story, status);
        result.message = Some("12 pixels differ".to_owned());
        let finished = expect_failure("issue 12", FinishedSnapshot::new(result));
        let message = finished.result.message.unwrap_or_default();
        (finished.result.status, message)
    }

    #[test]
    fn only_a_failure_is_as_expected() {
        let (status, message) = expected(Status::Failed);
        assert_eq!(status, Status::Changed);
        assert_eq!(message, "known failure (issue 12): 12 pixels differ");
        for better in [Status::Passed, Status::Changed] {
            let (status, message) = expected(better);
            assert_eq!(status, Status::Failed);
            assert!(
                message.contains("help: remove `known-failure`"),
                "{message}"
            );
        }
        assert_eq!(expected(Status::New).0, Status::New);
    }
}
