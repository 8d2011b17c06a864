//! The result of one check.

use std::fmt;

use serde::Serialize;

/// The outcome of a check.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum CheckState {
    /// No problem.
    Good,
    /// Tests run, with limitations.
    Warning,
    /// Tests cannot run.
    Problem,
}

/// The result of one check, with advice if there is a problem.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(super) struct Check {
    pub(super) name: &'static str,
    pub(super) state: CheckState,
    pub(super) found: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) advice: Option<String>,
}

impl Check {
    pub(super) fn good(name: &'static str, found: impl Into<String>) -> Self {
        Self {
            name,
            state: CheckState::Good,
            found: found.into(),
            advice: None,
        }
    }

    pub(super) fn warning(
        name: &'static str,
        found: impl Into<String>,
        advice: impl Into<String>,
    ) -> Self {
        Self {
            state: CheckState::Warning,
            advice: Some(advice.into()),
            ..Self::good(name, found)
        }
    }

    pub(super) fn problem(
        name: &'static str,
        found: impl Into<String>,
        advice: impl Into<String>,
    ) -> Self {
        Self {
            state: CheckState::Problem,
            ..Self::warning(name, found, advice)
        }
    }
}

impl fmt::Display for Check {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let word = match self.state {
            CheckState::Good => "ok",
            CheckState::Warning => "warning",
            CheckState::Problem => "problem",
        };
        write!(f, "{word:>8}  {:<9} {}", self.name, self.found)?;
        match &self.advice {
            Some(advice) => write!(f, "\n{:>20} {advice}", "→"),
            None => Ok(()),
        }
    }
}
