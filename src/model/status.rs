//! What became of a snapshot.

use std::fmt;

use serde::{Deserialize, Serialize};

/// What a snapshot's record says. `Running` is the only status that is not
/// final.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Status {
    /// At work in some worker.
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
    /// Left out by the manifest, by a filter on status, or by an interruption.
    Skipped,
}

impl Status {
    /// Every final status, in the order in which summaries list them.
    pub const FINAL: [Self; 5] = [
        Self::Passed,
        Self::Failed,
        Self::Changed,
        Self::Skipped,
        Self::New,
    ];

    /// Whether nothing more is expected to happen to the snapshot in its run.
    pub fn is_final(self) -> bool {
        self != Self::Running
    }

    /// The word of the record: `passed`, `changed`, …
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
