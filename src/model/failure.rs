//! The facts about a snapshot that failed.

use serde::{Deserialize, Serialize};

const TROUBLESHOOTING: &str = concat!(
    env!("CARGO_PKG_REPOSITORY"),
    "/blob/main/docs/troubleshooting.md"
);

/// The kinds of errors. Each has an entry in `docs/troubleshooting.md`.
pub const ERROR_KINDS: [&str; 21] = [
    "baseline",
    "browser-missing",
    "budget",
    "difference",
    "disconnected",
    "hook",
    "load",
    "login",
    "network",
    "page-errors",
    "rejected",
    "session",
    "step",
    "storybook",
    "target-not-found",
    "target-not-visible",
    "timeout",
    "too-large",
    "unsettled",
    "unstable",
    "unsupported",
];

/// The anchor of a kind of error in `docs/troubleshooting.md`.
pub fn error_anchor(kind: &str) -> String {
    format!("error-{kind}")
}

/// The error of a snapshot that failed.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ResultError {
    /// Its kind: `difference`, `budget`, `step`, `unsettled`, `unstable`, ….
    pub kind: String,
    /// The selector that it is about.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub selector: Option<String>,
    /// The number of the step that failed, from 1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub step: Option<usize>,
    /// The stack of the exception in the page.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stack: Option<String>,
}

impl ResultError {
    /// The address of the guide's entry about it. Differences are explained by the
    /// message itself, and budgets are settings of the suite.
    pub(crate) fn guide(&self) -> Option<String> {
        let kind = &*self.kind;
        let is_known = ERROR_KINDS.contains(&kind);
        let needs_entry = is_known && !matches!(kind, "difference" | "budget");
        needs_entry.then(|| format!("{TROUBLESHOOTING}#{}", error_anchor(kind)))
    }
}

/// The files about a failure beside its images, relative to the manifest's folder.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct FailureArtifacts {
    /// The last lines of the console, and the failed requests.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub console: Option<String>,
    /// The page as text, compressed with gzip.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub dom: Option<String>,
}

/// A step of a story that was performed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct PerformedStep {
    /// The number of the step, from 1.
    pub number: usize,
    /// Its key in the manifest: `click`.
    pub kind: String,
    /// Its target: a selector, a key, a script.
    pub target: String,
    /// `passed` or `failed`.
    pub status: StepStatus,
    /// Its duration in milliseconds.
    pub ms: u64,
}

/// Whether a step succeeded.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum StepStatus {
    /// It did.
    Passed,
    /// It did not, and it is the last one.
    Failed,
}
