//! Folders and paths of a manifest.

use std::path::{Path, PathBuf};

use super::types::Manifest;
use crate::config::RunConfig;
use crate::model::RunId;

impl Manifest {
    /// The manifest's file, absolute.
    pub(crate) fn file(&self) -> PathBuf {
        self.root.join(self.path.file_name().unwrap_or_default())
    }

    /// The folder of journals, the private Redis, caches and runs.
    pub fn state_dir(&self) -> PathBuf {
        self.state_dir.clone()
    }

    /// The folder of a run's images and reports.
    pub fn run_dir(&self, run: &RunId) -> PathBuf {
        self.state_dir().join("runs").join(run.as_str())
    }

    /// The id of a run. One that the environment gives to all packages of a
    /// workspace, or the CI system to all jobs of a workflow, gets the project's
    /// name, so that each package has a run of its own. The id of a run in
    /// [`run_dir`](Self::run_dir) is kept.
    pub(crate) fn run_id(&self, run: &RunConfig) -> RunId {
        let id = run.id.clone();
        let has_several = (self.is_member && run.is_shared) || run.has_ci_id;
        if !has_several || self.run_dir(&id).is_dir() {
            return id;
        }
        self.run_id_of_project(id)
    }

    /// A run id with the project's name at its end.
    pub fn run_id_of_project(&self, id: RunId) -> RunId {
        let suffix = format!("-{}", self.project);
        if id.as_str().ends_with(&suffix) {
            return id;
        }
        RunId(format!("{id}{suffix}"))
    }

    /// A path in the form of the record: relative to the manifest's folder if it
    /// is below it, with `/` between folders.
    pub fn relative(&self, path: &Path) -> String {
        let shown = path.strip_prefix(&self.root).unwrap_or(path);
        shown.to_string_lossy().replace('\\', "/")
    }
}
