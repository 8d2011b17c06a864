//! Where Tintype keeps what is not committed.

use std::path::{Path, PathBuf};

use super::Manifest;
use crate::config::System;
use crate::model::RunId;

impl Manifest {
    /// The folder `target/tintype`: journals, the private Redis, runs. It is
    /// below `CARGO_TARGET_DIR` if that is set, below the `target` of the
    /// workspace otherwise, and below the manifest's own folder where there is
    /// none yet.
    pub fn state_dir(&self) -> PathBuf {
        self.state_dir.clone()
    }

    /// The folder of a run's images and reports.
    pub fn run_dir(&self, run: &RunId) -> PathBuf {
        self.state_dir().join("runs").join(run.as_str())
    }

    /// A path as the record writes it: relative to the manifest's folder where
    /// it is below it, with `/` between folders.
    pub fn relative(&self, path: &Path) -> String {
        let shown = path.strip_prefix(&self.root).unwrap_or(path);
        shown.to_string_lossy().replace('\\', "/")
    }
}

/// The folder `target/tintype` of a manifest in this folder.
pub(super) fn state_dir(root: &Path, system: &System) -> PathBuf {
    let target_dir = system.target_dir.as_ref();
    let target = target_dir
        .map(|folder| root.join(folder))
        .or_else(|| {
            let made_by_cargo = |folder: &Path| folder.join("CACHEDIR.TAG").is_file();
            let targets = root.ancestors().map(|folder| folder.join("target"));
            targets.into_iter().find(|target| made_by_cargo(target))
        })
        .unwrap_or_else(|| root.join("target"));
    target.join("tintype")
}
