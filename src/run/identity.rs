//! The names of the run and of this process.

use std::path::PathBuf;

use crate::model::{RunId, Status, VisualTestResult};
use crate::plan::Snapshot;

/// The names of the run and of this process.
pub(super) struct RunIdentity {
    pub(super) run_id: RunId,
    /// This process: `{host}:{pid}`.
    pub(super) worker: String,
    /// The folder for the run's images and reports.
    pub(super) folder: PathBuf,
}

impl RunIdentity {
    /// A new document for a snapshot.
    pub(super) fn result(&self, snapshot: &Snapshot, status: Status) -> VisualTestResult {
        let identifier = snapshot.identifier.clone();
        let mut result = VisualTestResult::new(self.run_id.clone(), identifier, status);
        result.worker = Some(self.worker.clone());
        if snapshot.screen.scale != 1.0 {
            result.scale = Some(snapshot.screen.scale);
        }
        result
    }
}
