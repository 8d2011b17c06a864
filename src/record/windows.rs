//! Counts of outcomes in windows of one and of five minutes.
//!
//! An outcome belongs to the windows of its own time, as journaled, and is counted
//! under its writer and sequence number. So every way in which an outcome arrives
//! gives the same counts:
//!
//! - The outcome enters the buffer before the script that marks its operation as
//!   applied. A writer that loses the reply sends both again; one that rejoins
//!   leaves out only what was applied, which is in the buffer.
//! - A buffered outcome leaves the buffer after the windows have it. Whoever repeats
//!   that step, or reads an outcome twice, finds its number in the window, where it
//!   is counted once.
//! - The numbers and the counts of a window are fields of one hash, written by one
//!   command, so a server that dies in between has all of them or none.
//! - The window ends at a time that depends on its start alone: a journal that is
//!   sent again hours later neither extends a window nor restores an expired one.
//!
//! An outcome counts as an execution: it stays when another worker's outcome of the
//! same snapshot replaces it.

use std::collections::BTreeMap;

use serde::de::IgnoredAny;
use serde::{Deserialize, Serialize};

use super::operation::Operation;
use crate::model::Status;
use crate::process;

/// The length of a window.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum WindowLength {
    /// One minute, kept for an hour.
    Minute,
    /// Five minutes, kept for six hours.
    FiveMinutes,
}

impl WindowLength {
    /// All lengths.
    pub(crate) const ALL: [Self; 2] = [Self::Minute, Self::FiveMinutes];

    /// The length in milliseconds.
    pub fn ms(self) -> i64 {
        match self {
            Self::Minute => 60_000,
            Self::FiveMinutes => 300_000,
        }
    }

    /// The name in keys.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Minute => "1min",
            Self::FiveMinutes => "5min",
        }
    }

    /// The start of the window that has this time, both in milliseconds since the
    /// Unix epoch.
    pub fn start(self, at: i64) -> i64 {
        at - at.rem_euclid(self.ms())
    }

    /// When a window is removed: an hour or six after its end.
    pub(super) fn expiry(self, start: i64) -> i64 {
        let kept = match self {
            Self::Minute => 3_600_000,
            Self::FiveMinutes => 21_600_000,
        };
        start + self.ms() + kept
    }
}

/// One outcome, as windows count it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct OutcomeSample {
    /// Writer and sequence number: no other operation has the same.
    pub(crate) id: String,
    /// Its time, in milliseconds since the Unix epoch.
    pub(crate) at: i64,
    /// The project of its run; may be empty.
    pub(crate) project: String,
    /// The final status.
    pub(crate) status: Status,
    /// The duration in milliseconds. Outcomes from the cache have none.
    pub(crate) duration_ms: Option<u64>,
    /// Whether it passed, but not at the first attempt.
    pub(crate) flaky: bool,
}

/// The fields of a result's document that windows need.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct SampledResult {
    #[serde(default)]
    duration_ms: Option<u64>,
    #[serde(default)]
    cached: bool,
    #[serde(default)]
    attempts: Vec<IgnoredAny>,
}

impl OutcomeSample {
    /// The sample of a writer's operation, if it is an outcome.
    pub(crate) fn of(
        project: &str,
        writer: &str,
        number: u64,
        operation: &Operation,
    ) -> Option<Self> {
        let Operation::Test {
            status, at, record, ..
        } = operation
        else {
            return None;
        };
        if !status.is_final() {
            return None;
        }
        let result: SampledResult = serde_json::from_str(record).ok()?;
        let passed = matches!(status, Status::Passed | Status::Changed);
        let is_timed = *status != Status::Skipped && !result.cached;
        Some(Self {
            id: format!("{writer}-{number}"),
            at: *at,
            project: project.to_owned(),
            status: *status,
            duration_ms: result.duration_ms.filter(|_| is_timed),
            flaky: passed && result.attempts.len() > 1,
        })
    }
}

/// A duration in milliseconds, rounded up to two significant digits.
pub(super) fn duration_bucket(ms: u64) -> u64 {
    let mut unit = 1;
    while ms / unit >= 100 {
        unit *= 10;
    }
    ms.div_ceil(unit) * unit
}

/// The counts of outcomes.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct OutcomeCounts {
    /// Outcomes that passed.
    pub passed: u64,
    /// Outcomes that failed.
    pub failed: u64,
    /// Outcomes that changed within tolerance.
    pub changed: u64,
    /// Outcomes without baseline.
    pub new: u64,
    /// Outcomes that were skipped.
    pub skipped: u64,
    /// Outcomes that passed, but not at the first attempt.
    pub flaky: u64,
    /// The sum of the durations, in milliseconds.
    pub duration_ms: u64,
    /// The number of outcomes by duration: milliseconds, rounded up to two
    /// significant digits.
    pub durations: BTreeMap<u64, u64>,
}

impl OutcomeCounts {
    /// Adds an outcome.
    pub(super) fn add(&mut self, sample: &OutcomeSample) {
        let count = match sample.status {
            Status::Passed => &mut self.passed,
            Status::Failed => &mut self.failed,
            Status::Changed => &mut self.changed,
            Status::New => &mut self.new,
            Status::Skipped => &mut self.skipped,
            Status::Running => return,
        };
        *count += 1;
        self.flaky += u64::from(sample.flaky);
        if let Some(ms) = sample.duration_ms {
            self.duration_ms += ms;
            *self.durations.entry(duration_bucket(ms)).or_default() += 1;
        }
    }

    /// Adds the counts of another window.
    pub fn merge(&mut self, other: &Self) {
        let pairs = [
            (&mut self.passed, other.passed),
            (&mut self.failed, other.failed),
            (&mut self.changed, other.changed),
            (&mut self.new, other.new),
            (&mut self.skipped, other.skipped),
            (&mut self.flaky, other.flaky),
            (&mut self.duration_ms, other.duration_ms),
        ];
        for (count, more) in pairs {
            *count += more;
        }
        for (bucket, more) in &other.durations {
            *self.durations.entry(*bucket).or_default() += more;
        }
    }

    /// The number of outcomes that are not skipped.
    pub fn compared(&self) -> u64 {
        self.passed + self.failed + self.changed + self.new
    }

    /// The duration that this share of the outcomes does not exceed, in
    /// milliseconds, rounded up to two significant digits.
    pub fn quantile(&self, share: f64) -> Option<u64> {
        let total: u64 = self.durations.values().sum();
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            clippy::cast_precision_loss,
            reason = "a share of the total is between 0 and the total"
        )]
        let rank = ((total as f64 * share).ceil() as u64).max(1);
        let mut seen = 0;
        self.durations.iter().find_map(|(bucket, count)| {
            seen += count;
            (seen >= rank).then_some(*bucket)
        })
    }

    /// The durations as the hash has them: `120:3,1300:1`.
    pub(super) fn parse_durations(text: &str) -> BTreeMap<u64, u64> {
        let pairs = text.split(',').filter_map(|pair| pair.split_once(':'));
        pairs
            .filter_map(|(bucket, count)| Some((bucket.parse().ok()?, count.parse().ok()?)))
            .collect()
    }
}

/// Measurements of the server and of the machines in one minute.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Gauges {
    /// Memory that the server uses, in bytes.
    pub memory: u64,
    /// Memory that the server may use, in bytes; 0 for no limit.
    pub memory_limit: u64,
    /// Keys evicted since the server's start, at the first measurement.
    pub evicted_before: u64,
    /// The same at the last measurement.
    pub evicted: u64,
    /// The most operations in the journal of one machine that the record does not
    /// have yet.
    pub journal_lag: u64,
}

/// One window of a project.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct MetricsWindow {
    /// The start, in milliseconds since the Unix epoch.
    pub start: i64,
    /// The outcomes of the project.
    pub counts: OutcomeCounts,
    /// The measurements, only in windows of one minute.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub gauges: Option<Gauges>,
}

/// The state of a machine that takes part in runs.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct NodeReport {
    /// The name of the machine.
    pub host: String,
    /// The load: runnable processes per core, on average over a minute.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub load: Option<f64>,
    /// The number of cores.
    pub cores: u64,
    /// Memory that is available, in bytes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub memory_available: Option<u64>,
    /// Memory of the machine, in bytes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub memory_total: Option<u64>,
    /// Operations in the journal of the process that wrote the report which the
    /// record does not have yet.
    pub journal_lag: u64,
    /// When the report was written, in milliseconds since the Unix epoch by the
    /// clock of the server.
    pub last_seen: i64,
}

impl NodeReport {
    /// The state of this machine now. What the platform does not tell is absent.
    pub(crate) fn of_this_machine(host: &str, journal_lag: u64) -> Self {
        let cores = std::thread::available_parallelism().map_or(1, usize::from) as u64;
        let memory = process::memory();
        #[expect(clippy::cast_precision_loss, reason = "few cores")]
        let load = process::load_average().map(|load| load / cores as f64);
        Self {
            host: host.to_owned(),
            load,
            cores,
            memory_available: memory.available,
            memory_total: memory.total,
            journal_lag,
            last_seen: 0,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{OutcomeCounts, OutcomeSample, WindowLength, duration_bucket};
    use crate::model::Status;

    #[test]
    fn durations_have_two_significant_digits() {
        let rounded = [0, 7, 99, 100, 101, 999, 1234, 98_765].map(duration_bucket);
        assert_eq!(rounded, [0, 7, 99, 100, 110, 1000, 1300, 99_000]);
    }

    #[test]
    fn windows_start_at_whole_minutes() {
        let at = 1_730_000_123_456;
        assert_eq!(WindowLength::Minute.start(at), 1_730_000_100_000);
        assert_eq!(WindowLength::FiveMinutes.start(at), 1_730_000_100_000);
        assert_eq!(
            WindowLength::FiveMinutes.start(at + 300_000),
            1_730_000_400_000
        );
        assert_eq!(WindowLength::Minute.start(59_999), 0);
    }

    #[test]
    fn quantiles_are_those_of_the_buckets() {
        let mut counts = OutcomeCounts::default();
        for ms in 1..=100 {
            counts.add(&OutcomeSample {
                id: String::new(),
                at: 0,
                project: String::new(),
                status: Status::Passed,
                duration_ms: Some(ms * 10),
                flaky: false,
            });
        }
        assert_eq!(counts.quantile(0.5), Some(500));
        assert_eq!(counts.quantile(0.95), Some(950));
        assert_eq!(OutcomeCounts::default().quantile(0.5), None);
    }
}
