//! What became of snapshots since they are in quarantine.

use jiff::tz::TimeZone;
use tintype::internals::manifest::Quarantine;
use tintype::internals::model::Status;
use tintype::internals::record::HistoryEntry;

/// After so many runs in a row without a failure a quarantine can be lifted.
pub(crate) const CLEAN_RUNS: u64 = 20;

/// The outcomes of the snapshots of a quarantine since it was set.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Outcomes {
    pub(crate) runs: u64,
    pub(crate) failures: u64,
    /// How many runs in a row have passed, counted back from the last one. With
    /// several snapshots it is the lowest count.
    pub(crate) clean: u64,
}

impl Outcomes {
    /// Counts the outcomes of one snapshot, in any order.
    pub(crate) fn of(entry: &Quarantine, history: &[HistoryEntry]) -> Self {
        let since = entry.since.and_then(|day| day.to_zoned(TimeZone::UTC).ok());
        let since = since.map_or(i64::MIN, |since| since.timestamp().as_millisecond());
        let is_outcome = |it: &&HistoryEntry| {
            it.at >= since && !matches!(it.status, Status::Skipped | Status::Running)
        };
        let mut outcomes: Vec<_> = history.iter().filter(is_outcome).collect();
        outcomes.sort_by_key(|outcome| outcome.at);
        let passed = |it: &&&HistoryEntry| it.status == Status::Passed;
        Self {
            runs: outcomes.len() as u64,
            failures: outcomes.iter().filter(|it| !passed(it)).count() as u64,
            clean: outcomes.iter().rev().take_while(passed).count() as u64,
        }
    }

    /// Adds those of another snapshot.
    pub(crate) fn and(self, other: Self) -> Self {
        Self {
            runs: self.runs + other.runs,
            failures: self.failures + other.failures,
            clean: self.clean.min(other.clean),
        }
    }

    pub(crate) fn can_be_lifted(&self) -> bool {
        self.clean >= CLEAN_RUNS
    }
}
