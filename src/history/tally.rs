//! Counts the outcomes of snapshots.

use std::collections::HashSet;

use serde::{Serialize, Serializer};

use super::histogram::Histogram;
use crate::model::{HistoryEntry, Status};

/// Counts of outcomes, with the durations of those that were captured. Skipped
/// outcomes are not counted.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct OutcomeTally {
    /// Outcomes of any status but skipped.
    pub total: u64,
    /// Outcomes that passed or changed within tolerance.
    pub passed: u64,
    /// Outcomes that failed. Those that were new are in neither count.
    pub failed: u64,
    /// The sum of all durations in milliseconds.
    pub duration_sum: u64,
    /// The durations.
    pub durations: Histogram,
    /// When a snapshot passed last, in milliseconds since the Unix epoch.
    pub last_success: Option<i64>,
}

impl OutcomeTally {
    /// The tally of a history, oldest first: of each run the last outcome counts.
    pub fn of(outcomes: &[HistoryEntry]) -> Self {
        let (mut tally, mut runs) = (Self::default(), HashSet::new());
        for outcome in outcomes.iter().rev() {
            if runs.insert(&outcome.run_id) {
                tally.add(outcome);
            }
        }
        tally
    }

    /// Counts an outcome.
    pub fn add(&mut self, outcome: &HistoryEntry) {
        match outcome.status {
            Status::Running | Status::Skipped => return,
            Status::Passed | Status::Changed => {
                self.passed += 1;
                self.last_success = self.last_success.max(Some(outcome.at));
            }
            Status::Failed => self.failed += 1,
            Status::New => {}
        }
        self.total += 1;
        if let Some(milliseconds) = outcome.duration_ms.filter(|_| !outcome.cached) {
            self.duration_sum += milliseconds;
            self.durations.add(milliseconds);
        }
    }

    /// Adds the counts of another snapshot.
    pub fn merge(&mut self, other: &Self) {
        self.total += other.total;
        self.passed += other.passed;
        self.failed += other.failed;
        self.duration_sum += other.duration_sum;
        self.durations.merge(&other.durations);
        self.last_success = self.last_success.max(other.last_success);
    }

    /// The statistics.
    pub fn statistics(&self) -> StoryStatistics {
        let count = self.durations.count();
        let compared = self.passed + self.failed;
        #[expect(clippy::cast_precision_loss, reason = "counts are far below 2^53")]
        let success_rate = (compared > 0).then(|| self.passed as f64 / compared as f64);
        StoryStatistics {
            total_runs: self.total,
            passed_runs: self.passed,
            failed_runs: self.failed,
            // Rounded to the nearest millisecond.
            avg_duration: (2 * self.duration_sum + count).checked_div(2 * count),
            last_success: self.last_success,
            success_rate,
            p50: self.durations.percentile(50),
            p95: self.durations.percentile(95),
        }
    }
}

/// Statistics of a story. The names are those of the fields in Redis.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct StoryStatistics {
    /// Runs in which it had an outcome other than skipped.
    pub total_runs: u64,
    /// Runs in which it passed, or changed within tolerance.
    pub passed_runs: u64,
    /// Runs in which it failed.
    pub failed_runs: u64,
    /// The average duration in milliseconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub avg_duration: Option<u64>,
    /// When it passed last, in milliseconds since the Unix epoch.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last_success: Option<i64>,
    /// Passed ÷ (passed + failed), 0 to 1.
    #[serde(
        skip_serializing_if = "Option::is_none",
        serialize_with = "four_digits"
    )]
    pub success_rate: Option<f64>,
    /// The median duration in milliseconds, to 3.2 %.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub p50: Option<u64>,
    /// The duration that 95 % do not exceed, in milliseconds, to 3.2 %.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub p95: Option<u64>,
}

#[expect(clippy::ref_option, reason = "serde passes references")]
fn four_digits<S: Serializer>(rate: &Option<f64>, serializer: S) -> Result<S::Ok, S::Error> {
    let rounded = rate.map(|rate| (rate * 10_000.0).round() / 10_000.0);
    rounded.serialize(serializer)
}

#[cfg(test)]
mod tests {
    use super::OutcomeTally;
    use crate::model::{HistoryEntry, RunId, Status};

    fn outcome(run: &str, at: i64, status: Status, duration_ms: u64) -> HistoryEntry {
        HistoryEntry {
            duration_ms: Some(duration_ms),
            ..HistoryEntry::new(RunId(run.to_owned()), at, status)
        }
    }

    #[test]
    fn the_last_outcome_of_each_run_counts() {
        let mut cached = outcome("run-4", 40, Status::Passed, 0);
        cached.cached = true;
        let outcomes = [
            outcome("run-1", 10, Status::Failed, 900),
            outcome("run-1", 11, Status::Passed, 10),
            outcome("run-2", 20, Status::Failed, 25),
            outcome("run-3", 30, Status::Skipped, 7),
            cached,
            outcome("run-5", 50, Status::New, 20),
        ];
        let tally = OutcomeTally::of(&outcomes);
        let statistics = tally.statistics();
        assert_eq!(
            serde_json::to_string(&statistics).unwrap(),
            r#"{"total_runs":4,"passed_runs":2,"failed_runs":1,"avg_duration":18,"last_success":40,"success_rate":0.6667,"p50":20,"p95":25}"#
        );
        let mut both = tally.clone();
        both.merge(&tally);
        assert_eq!(both.statistics().total_runs, 8);
        assert_eq!(both.statistics().p95, Some(25));
        assert_eq!(
            OutcomeTally::default().statistics(),
            super::StoryStatistics::default()
        );
    }
}
