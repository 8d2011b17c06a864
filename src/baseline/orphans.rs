//! Finds baselines without a snapshot.

use std::collections::HashSet;
use std::error::Error;
use std::path::{Path, PathBuf};

use walkdir::{DirEntry, WalkDir};

#[cfg(feature = "artifacts")]
use super::lock_file::{BaselineLock, LockError};
use crate::manifest::Manifest;
use crate::plan::Plan;

/// The files that could be baselines of this manifest on this platform: in the
/// folder of the path template, matching the template, and of a browser that
/// the manifest names. Absolute and sorted.
///
/// # Errors
/// When a folder cannot be read.
pub(crate) fn baseline_files(manifest: &Manifest) -> Result<Vec<PathBuf>, walkdir::Error> {
    let folder = manifest.root.join(manifest.baselines.folder());
    let names = &manifest.browser.names;
    let is_ours = |name: &str| manifest.baselines.could_be(name, names);
    files_in(&manifest.root, &folder, is_ours)
}

/// The files in a folder whose path below the manifest's folder is accepted.
/// Absolute and sorted.
fn files_in(
    root: &Path,
    folder: &Path,
    is_ours: impl Fn(&str) -> bool,
) -> Result<Vec<PathBuf>, walkdir::Error> {
    if !folder.is_dir() {
        return Ok(Vec::new());
    }
    let mut files = Vec::new();
    for entry in WalkDir::new(folder).into_iter().filter_entry(is_searched) {
        let entry = entry?;
        if entry.file_type().is_file() && is_ours(&relative(root, entry.path())) {
            files.push(entry.into_path());
        }
    }
    files.sort();
    Ok(files)
}

/// The paths of the baselines in `baselines.lock` of which the same is true.
#[cfg(feature = "artifacts")]
fn locked_files(manifest: &Manifest) -> Result<Vec<PathBuf>, LockError> {
    let lock = BaselineLock::read(&manifest.root)?;
    let names = lock.iter().map(|(name, _)| name);
    let template = &manifest.baselines;
    let ours = names.filter(|name| template.could_be(name, &manifest.browser.names));
    Ok(ours.map(|name| manifest.root.join(name)).collect())
}

/// The files that could be baselines of this manifest on any platform.
///
/// # Errors
/// When a folder cannot be read.
#[cfg(feature = "artifacts")]
pub fn files_of_all_platforms(manifest: &Manifest) -> Result<Vec<PathBuf>, walkdir::Error> {
    let template = &manifest.baselines;
    let folder = manifest.root.join(template.folder_of_all_platforms());
    let is_ours = |name: &str| template.could_be_elsewhere(name);
    files_in(&manifest.root, &folder, is_ours)
}

/// The baselines without a snapshot in the whole plan, except those of other
/// platforms and of browsers that the manifest does not name: other machines
/// may use them.
///
/// # Errors
/// When a folder or `baselines.lock` cannot be read.
pub fn orphans(
    manifest: &Manifest,
    plan: &Plan,
) -> Result<Vec<PathBuf>, Box<dyn Error + Send + Sync>> {
    let claimed: HashSet<_> = plan.snapshots.iter().map(|s| &s.baseline).collect();
    #[cfg(feature = "artifacts")]
    let mut files = match manifest.keeps_in_store {
        true => locked_files(manifest)?,
        false => baseline_files(manifest)?,
    };
    #[cfg(not(feature = "artifacts"))]
    let mut files = baseline_files(manifest)?;
    files.retain(|file| !claimed.contains(file));
    Ok(files)
}

/// Whether to search an entry. If the template has no folder, the whole project
/// is searched, except hidden folders and build output.
fn is_searched(entry: &DirEntry) -> bool {
    let name = entry.file_name().to_string_lossy();
    let is_excluded = name.starts_with('.') || matches!(&*name, "target" | "node_modules");
    entry.depth() == 0 || !is_excluded
}

fn relative(root: &Path, path: &Path) -> String {
    let path = path.strip_prefix(root).unwrap_or(path);
    let parts: Vec<_> = path
        .components()
        .map(|part| part.as_os_str().to_string_lossy())
        .collect();
    parts.join("/")
}

#[cfg(test)]
mod tests;
