//! The file that describes a run next to its images.

use serde::{Deserialize, Serialize};

use super::{VisualTestResult, VisualTestRun};

/// `target/tintype/runs/{runId}/run.json`: a run with its results, so that its
/// images can be accepted without Redis.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RunFile {
    /// The run.
    pub run: VisualTestRun,
    /// Its results.
    pub results: Vec<VisualTestResult>,
}

impl RunFile {
    /// The file's name in the folder of its run.
    pub const NAME: &str = "run.json";
}
