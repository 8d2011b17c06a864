//! Folders and paths of a manifest.

use std::path::{Path, PathBuf};

use super::types::Manifest;
use crate::model::RunId;

impl Manifest {
    /// The folder of journals, the private Redis, caches and runs.
    pub fn state_dir(&self) -> PathBuf {
        self.state_dir.clone()
    }

    /// The folder of a run's images and reports.
    pub fn run_dir(&self, run: &RunId) -> PathBuf {
        self.state_dir().join("runs").join(run.as_str())
    }

    /// A path in the form of the record: relative to the manifest's folder if it
    /// is below it, with `/` between folders.
    pub fn relative(&self, path: &Path) -> String {
        let shown = path.strip_prefix(&self.root).unwrap_or(path);
        shown.to_string_lossy().replace('\\', "/")
    }
}
