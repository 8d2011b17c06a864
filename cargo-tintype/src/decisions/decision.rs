//! The decisions that a person can make on a snapshot.

use serde::{Deserialize, Serialize};

/// A decision on a snapshot of a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Decision {
    /// Make the current image the baseline.
    Accept,
    /// Mark the difference as a mistake; the baseline stays.
    Reject,
    /// Undo the last decision.
    Undo,
}

impl Decision {
    /// The word that logs and JSON use.
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Accept => "accept",
            Self::Reject => "reject",
            Self::Undo => "undo",
        }
    }

    /// The past tense, for messages.
    pub(crate) fn past(self) -> &'static str {
        match self {
            Self::Accept => "accepted",
            Self::Reject => "rejected",
            Self::Undo => "undone",
        }
    }
}

/// The decision that is in effect on a snapshot.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum DecisionState {
    Accepted,
    Rejected,
}

/// The baseline that an acceptance may replace.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum ExpectedBaseline {
    /// The one that the run compared with.
    OfRun,
    /// The file with this SHA-256, or no file.
    Hash(Option<String>),
    /// Any.
    Any,
}
