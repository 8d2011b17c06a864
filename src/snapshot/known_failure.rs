//! Snapshots that are known to fail: they must keep failing.

use super::judge::FinishedSnapshot;
use crate::model::Status;

/// What a snapshot came to that is expected to fail for `reason`: a failure is
/// a difference that is tolerated, and anything better is a failure, so that
/// the manifest does not go on claiming what is no longer so.
pub(crate) fn weigh(reason: &str, mut judged: FinishedSnapshot) -> FinishedSnapshot {
    let result = &mut judged.result;
    result.known_failure = Some(reason.to_owned());
    match result.status {
        Status::Failed => {
            let message = result.message.take().unwrap_or_default();
            result.status = Status::Changed;
            result.message = Some(format!("known failure ({reason}): {message}"));
            judged.message = None;
        }
        Status::Passed | Status::Changed => {
            let message = format!(
                "it no longer fails, though it is known to ({reason}): remove `known-failure` \
                 from its story in the manifest"
            );
            result.status = Status::Failed;
            result.message = Some(message.clone());
            judged.message = Some(message);
        }
        Status::New | Status::Skipped | Status::Running => {}
    }
    judged
}

#[cfg(test)]
mod tests {
    use super::{FinishedSnapshot, weigh};
    use crate::model::{RunId, Status, StoryIdentifier, VisualTestResult};

    fn weighed(status: Status) -> (Status, String) {
        let viewport = "320x240".parse().unwrap();
        let story = StoryIdentifier::new("a", "light", viewport).unwrap();
        let mut result = VisualTestResult::new(RunId("run".to_owned()), story, status);
        result.message = Some("what was".to_owned());
        let judged = weigh(
            "issue 12",
            FinishedSnapshot {
                result,
                message: None,
            },
        );
        let message = judged.result.message.unwrap_or_default();
        (judged.result.status, message)
    }

    #[test]
    fn only_failing_is_as_expected() {
        let (status, message) = weighed(Status::Failed);
        assert_eq!(status, Status::Changed);
        assert_eq!(message, "known failure (issue 12): what was");
        for better in [Status::Passed, Status::Changed] {
            let (status, message) = weighed(better);
            assert_eq!(status, Status::Failed);
            assert!(message.contains("remove `known-failure`"), "{message}");
        }
        assert_eq!(weighed(Status::New).0, Status::New);
    }
}
