//! A run and its summary.

use std::fmt;

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::{Environment, Status, now_ms, rfc3339};

/// A run id: `run-` and a UUID of version 7, so that ids sort by time, or the
/// value of `TINTYPE_RUN_ID` or `NEXTEST_RUN_ID`.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct RunId(pub String);

impl RunId {
    /// A new unique id.
    pub fn fresh() -> Self {
        Self(format!("run-{}", Uuid::now_v7()))
    }

    /// The id, if it is valid: at most 200 letters, digits, `.`, `_`, `-`, `{`
    /// and `}`, not beginning with `.`. It becomes a folder and part of keys.
    pub fn parse(id: &str) -> Option<Self> {
        let is_allowed = |c: char| c.is_ascii_alphanumeric() || "._-{}".contains(c);
        let is_valid =
            !id.is_empty() && id.len() <= 200 && id.chars().all(is_allowed) && !id.starts_with('.');
        is_valid.then(|| Self(id.to_owned()))
    }

    /// The id as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for RunId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

/// Why a run ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Reason {
    /// Nothing failed, and all new snapshots were accepted.
    Passed,
    /// A snapshot failed, or is new and not accepted, or nothing was compared.
    Failed,
    /// Stopped by a signal, or all workers died.
    Interrupted,
    /// The run could not be executed.
    Error,
}

impl Reason {
    /// The value in the record.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Passed => "passed",
            Self::Failed => "failed",
            Self::Interrupted => "interrupted",
            Self::Error => "error",
        }
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// The number of snapshots of a run by final status.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Summary {
    /// All snapshots with a final status.
    pub total: u64,
    /// Those without differing pixels.
    pub passed: u64,
    /// Those that failed.
    pub failed: u64,
    /// Those that differ within tolerance.
    pub changed: u64,
    /// Those that were skipped.
    pub skipped: u64,
    /// Those without a baseline.
    pub new: u64,
}

impl Summary {
    /// Counts a snapshot; `Running` is not counted.
    pub fn add(&mut self, status: Status) {
        if let Some(count) = self.of_mut(status) {
            *count += 1;
            self.total += 1;
        }
    }

    /// Uncounts a snapshot, as when a later attempt replaces its status.
    pub fn remove(&mut self, status: Status) {
        if let Some(count) = self.of_mut(status) {
            *count = count.saturating_sub(1);
            self.total = self.total.saturating_sub(1);
        }
    }

    /// The number of snapshots with this status.
    pub fn of(&self, status: Status) -> u64 {
        let mut copy = *self;
        copy.of_mut(status).map_or(0, |count| *count)
    }

    fn of_mut(&mut self, status: Status) -> Option<&mut u64> {
        match status {
            Status::Running => None,
            Status::Passed => Some(&mut self.passed),
            Status::Changed => Some(&mut self.changed),
            Status::Failed => Some(&mut self.failed),
            Status::New => Some(&mut self.new),
            Status::Skipped => Some(&mut self.skipped),
        }
    }

    /// The reason according to the counts: passed if nothing failed and nothing
    /// is new. The caller decides whether new snapshots were accepted, and
    /// whether a run without comparisons has failed.
    pub fn reason(&self) -> Reason {
        if self.failed > 0 || self.new > 0 {
            Reason::Failed
        } else {
            Reason::Passed
        }
    }
}

/// The document of a run: `visualrun:{runId}` in Redis, `run.json` on disk.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct VisualTestRun {
    /// The run's id.
    pub run_id: RunId,
    /// The start, in milliseconds since the Unix epoch.
    pub timestamp: i64,
    /// The start, RFC 3339 in UTC.
    pub start_time: String,
    /// The end, RFC 3339 in UTC; absent until then.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub end_time: Option<String>,
    /// The duration in milliseconds; absent until it has ended.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub duration: Option<u64>,
    /// Why it ended; absent until it has.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<Reason>,
    /// The results so far.
    #[serde(default)]
    pub summary: Summary,
    /// Its environment.
    #[serde(default)]
    pub environment: Environment,
    /// The project whose run it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub project: Option<String>,
}

impl VisualTestRun {
    /// A run that starts now.
    pub fn start(run_id: RunId, environment: Environment) -> Self {
        let timestamp = now_ms();
        Self {
            run_id,
            timestamp,
            start_time: rfc3339(timestamp),
            end_time: None,
            duration: None,
            reason: None,
            summary: Summary::default(),
            environment,
            project: None,
        }
    }

    /// Whether it is a run of this project. Runs of earlier versions have no
    /// project, and belong to all.
    pub fn is_of(&self, project: &str) -> bool {
        self.project.as_deref().is_none_or(|own| own == project)
    }
}
