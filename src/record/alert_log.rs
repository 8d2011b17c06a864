//! The log of alerts: one entry whenever an alert is raised or resolved.

use serde::{Deserialize, Serialize};

/// The number of entries that the log keeps. The last entry of an alert that is
/// raised stays beyond it.
pub(crate) const ALERTS_LENGTH: usize = 100;

/// Whether an alert is raised.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum AlertState {
    /// Its condition holds.
    Raised,
    /// Its condition no longer holds.
    Resolved,
}

impl AlertState {
    /// The word that the record uses.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Raised => "raised",
            Self::Resolved => "resolved",
        }
    }
}

/// A change of an alert. Its state is absolute: an alert in that state does not
/// change again.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct AlertChange {
    /// The project.
    pub project: String,
    /// The name of the rule. With the project it identifies the alert.
    pub name: String,
    /// The new state.
    pub state: AlertState,
    /// When the measurements were read, in milliseconds since the Unix epoch by
    /// the clock of the server. A change on older measurements than those of the
    /// last one is ignored.
    pub at: i64,
    /// The condition of the rule.
    pub when: String,
    /// The measured value, as people read it.
    pub value: String,
}

impl AlertChange {
    /// One sentence for people.
    pub fn message(&self) -> String {
        let (project, name, value) = (&self.project, &self.name, &self.value);
        match self.state {
            AlertState::Raised => format!("{project}: alert `{name}`: {} ({value})", self.when),
            AlertState::Resolved => format!("{project}: resolved `{name}` ({value})"),
        }
    }

    /// Whether the other change is of the same alert.
    pub(crate) fn is_of_same_alert(&self, other: &Self) -> bool {
        self.project == other.project && self.name == other.name
    }
}

/// An entry of the log.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct AlertEntry {
    /// The id of the entry.
    pub id: String,
    /// The change.
    #[serde(flatten)]
    pub change: AlertChange,
}

/// The last entry of each alert that is raised, oldest first.
pub fn raised_alerts(log: &[AlertEntry]) -> Vec<&AlertEntry> {
    let is_last = |at: usize, entry: &AlertEntry| {
        let mut later = log[at + 1..].iter();
        !later.any(|later| later.change.is_of_same_alert(&entry.change))
    };
    let entries = log.iter().enumerate();
    let raised = entries
        .filter(|(at, entry)| entry.change.state == AlertState::Raised && is_last(*at, entry));
    raised.map(|(_, entry)| entry).collect()
}
