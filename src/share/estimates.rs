//! How long groups take, from the history.

use crate::model::{HistoryEntry, Status};
use crate::record::{QueuedGroup, SharedQueue};
use crate::redis::StoreError;

/// How many outcomes of each snapshot are read.
const OUTCOMES: usize = 5;
/// What a snapshot without history is expected to take, in milliseconds.
const UNKNOWN_MS: u64 = 500;
/// A group may be taken over after this many times its longest duration, but not
/// before [`MIN_LIMIT_MS`].
const LIMIT_FACTOR: u64 = 5;
const MIN_LIMIT_MS: u64 = 60_000;

/// Fills in what the history says about groups.
pub(super) async fn estimate(
    queue: &SharedQueue,
    groups: &[QueuedGroup],
) -> Result<Vec<QueuedGroup>, StoreError> {
    let keys: Vec<String> = groups.iter().flat_map(|group| group.keys.clone()).collect();
    let mut outcomes = queue.last_outcomes(&keys, OUTCOMES).await?.into_iter();
    let estimated = groups.iter().map(|group| {
        let outcomes: Vec<_> = outcomes.by_ref().take(group.keys.len()).collect();
        with_history(group, &outcomes)
    });
    Ok(estimated.collect())
}

/// `outcomes` are those of each snapshot, the newest first.
fn with_history(group: &QueuedGroup, outcomes: &[Vec<HistoryEntry>]) -> QueuedGroup {
    let durations = |of: &[HistoryEntry]| -> Vec<u64> {
        let captured = of.iter().filter(|entry| !entry.cached);
        let mut all: Vec<_> = captured.filter_map(|entry| entry.duration_ms).collect();
        all.sort_unstable();
        all
    };
    let all: Vec<_> = outcomes.iter().map(|of| durations(of)).collect();
    let median = |of: &Vec<u64>| of.get(of.len() / 2).copied().unwrap_or(UNKNOWN_MS);
    let expected: u64 = all.iter().map(median).sum();
    let longest: Option<u64> = all.iter().map(|of| of.last().copied()).sum();
    let limit = longest.map_or(0, |longest| (longest * LIMIT_FACTOR).max(MIN_LIMIT_MS));
    let has_failed =
        |of: &Vec<HistoryEntry>| of.first().is_some_and(|last| last.status == Status::Failed);
    let milliseconds = |value: u64| u32::try_from(value).unwrap_or(u32::MAX);
    QueuedGroup {
        has_failed: outcomes.iter().any(has_failed),
        expected_ms: milliseconds(expected),
        limit_ms: milliseconds(limit),
        ..group.clone()
    }
}

#[cfg(test)]
mod tests {
    use super::with_history;
    use crate::model::{HistoryEntry, RunId, Status};
    use crate::record::QueuedGroup;

    fn outcome(status: Status, duration_ms: u64) -> HistoryEntry {
        HistoryEntry {
            duration_ms: Some(duration_ms),
            ..HistoryEntry::new(RunId("run-1".to_owned()), 1, status)
        }
    }

    #[test]
    fn the_history_of_all_snapshots_decides() {
        let group = QueuedGroup {
            name: "a@chromium".to_owned(),
            lane: "chromium".to_owned(),
            keys: vec!["a:light:1x1".to_owned(), "a:dark:1x1".to_owned()],
            ..QueuedGroup::default()
        };
        let passed = [300, 100, 200].map(|ms| outcome(Status::Passed, ms));
        let slow = vec![outcome(Status::Failed, 20_000)];
        let known = with_history(&group, &[passed.to_vec(), slow]);
        assert_eq!((known.expected_ms, known.limit_ms), (20_200, 101_500));
        assert!(known.has_failed);
        let unknown = with_history(&group, &[passed.to_vec(), Vec::new()]);
        assert_eq!((unknown.expected_ms, unknown.limit_ms), (700, 0));
        assert!(!unknown.has_failed);
    }
}
