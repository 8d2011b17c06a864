//! The folder where Tintype keeps what is not committed.

use std::path::{Path, PathBuf};

use crate::config::System;

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
