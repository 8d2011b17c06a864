//! Snapshots in quarantine, whose failures do not fail the run.

use std::sync::Arc;

use tintype_compare::{Options, inspect_png};

use super::finished::FinishedSnapshot;
use crate::manifest::Quarantine;
use crate::model::{QuarantineMark, Status};
use crate::plan::Snapshot;

/// Judges a snapshot that is in quarantine. A failure becomes `changed`, if a
/// quarantine covers it; the mark keeps what it was.
pub(crate) fn quarantined(
    quarantines: &[Arc<Quarantine>],
    difference: impl FnOnce() -> Option<String>,
    mut finished: FinishedSnapshot,
) -> FinishedSnapshot {
    let result = &mut finished.result;
    let is_failure = result.status == Status::Failed;
    let exact = quarantines.iter().any(|entry| entry.difference.is_some());
    let difference = (is_failure && exact).then(difference).flatten();
    let covers = |entry: &&Arc<Quarantine>| {
        (entry.difference.as_ref()).is_none_or(|covered| Some(covered) == difference.as_ref())
    };
    let Some(entry) = quarantines.iter().find(covers) else {
        return finished;
    };
    result.quarantine = Some(QuarantineMark {
        reason: entry.reason.clone(),
        until: entry.until.to_string(),
        status: result.status,
    });
    if is_failure {
        let message = result.message.take().unwrap_or_default();
        result.status = Status::Changed;
        result.message = Some(format!(
            "in quarantine until {} ({}): {message}",
            entry.until, entry.reason
        ));
    }
    finished
}

/// The fingerprint of the difference of two PNGs, without the rectangles that a
/// snapshot ignores; `None` if they cannot be compared. It does not depend on
/// the tolerance, so that it stays the same when that changes.
pub fn difference_hash(baseline: &[u8], current: &[u8], snapshot: &Snapshot) -> Option<String> {
    let ignored = snapshot.compare().ignore.clone();
    let options = Options::exact().ignore(ignored);
    let mut inspection = inspect_png(baseline, current, &options).ok()?;
    inspection.difference_hash().ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{RunId, StoryIdentifier, VisualTestResult};

    fn entry(difference: Option<&str>) -> Arc<Quarantine> {
        let difference = difference.map_or(String::new(), |it| format!("difference = \"{it}\""));
        let source = format!(
            "[[quarantine]]\nstory = \"a\"\nuntil = 2026-12-31\nreason = \"issue 12\"\n{difference}"
        );
        let mut entries = Quarantine::parse("quarantine.toml".as_ref(), &source).unwrap();
        Arc::new(entries.remove(0))
    }

    fn judged(status: Status, entries: &[Arc<Quarantine>]) -> VisualTestResult {
        let story = StoryIdentifier::from_key("a:light:320x240").unwrap();
        let mut result = VisualTestResult::new(RunId("run".to_owned()), story, status);
        result.message = Some("12 pixels differ".to_owned());
        let difference = || Some("f00".to_owned());
        quarantined(entries, difference, FinishedSnapshot::new(result)).result
    }

    #[test]
    fn a_failure_is_kept_in_the_mark() {
        let result = judged(Status::Failed, &[entry(None)]);
        assert_eq!(result.status, Status::Changed);
        assert_eq!(
            result.message.as_deref(),
            Some("in quarantine until 2026-12-31 (issue 12): 12 pixels differ")
        );
        assert_eq!(result.quarantine.unwrap().status, Status::Failed);
        let result = judged(Status::Passed, &[entry(None)]);
        assert_eq!(result.status, Status::Passed);
        assert_eq!(result.quarantine.unwrap().status, Status::Passed);
    }

    #[test]
    fn another_difference_than_the_ignored_one_fails() {
        let result = judged(Status::Failed, &[entry(Some("f00"))]);
        assert_eq!(result.status, Status::Changed);
        let result = judged(Status::Failed, &[entry(Some("ba5"))]);
        assert_eq!((result.status, result.quarantine), (Status::Failed, None));
        let both = [entry(Some("ba5")), entry(Some("f00"))];
        assert_eq!(judged(Status::Failed, &both).status, Status::Changed);
        let passed = judged(Status::Passed, &[entry(Some("f00"))]);
        assert_eq!(passed.quarantine, None);
    }
}
