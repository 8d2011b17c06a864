//! A run as it is kept beside its pictures.

use serde::{Deserialize, Serialize};

use super::{VisualTestResult, VisualTestRun};

/// `target/tintype/runs/{runId}/run.json`: everything that is known of a run,
/// so that its pictures can be accepted without Redis.
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
