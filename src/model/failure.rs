//! The facts about a snapshot that failed.

use serde::{Deserialize, Serialize};

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
