//! The status of a snapshot.

use std::fmt;

use serde::{Deserialize, Serialize};

/// The status of a snapshot. All except `Running` are final.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Status {
    /// A worker is executing it.
    Running,
    /// No pixel differs, after masks and anti-aliasing.
    Passed,
    /// Pixels differ, within the story's tolerance.
    Changed,
    /// Pixels differ beyond tolerance, sizes differ, or the story could not be
    /// captured.
    Failed,
    /// There is no baseline yet.
    New,
    /// Skipped by the manifest, by a filter on status, because a story before it has
    /// not passed, or by an interruption.
    Skipped,
}

impl Status {
    /// All final statuses, in the order of summaries.
    pub const FINAL: [Self; 5] = [
        Self::Passed,
        Self::Failed,
        Self::Changed,
        Self::Skipped,
        Self::New,
    ];

    /// Whether the snapshot is finished.
    pub fn is_final(self) -> bool {
        self != Self::Running
    }

    /// The value in the record: `passed`, `changed`, …
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Running => "running",
            Self::Passed => "passed",
            Self::Changed => "changed",
            Self::Failed => "failed",
            Self::New => "new",
            Self::Skipped => "skipped",
        }
    }
}

impl fmt::Display for Status {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}
