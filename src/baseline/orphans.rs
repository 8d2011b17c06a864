//! Finds baselines without a snapshot.

use std::collections::HashSet;
use std::path::{Path, PathBuf};

use walkdir::{DirEntry, WalkDir};

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
    if !folder.is_dir() {
        return Ok(Vec::new());
    }
    let mut files = Vec::new();
    for entry in WalkDir::new(folder).into_iter().filter_entry(is_searched) {
        let entry = entry?;
        let relative = relative(&manifest.root, entry.path());
        let ours = manifest
            .baselines
            .could_be(&relative, &manifest.browser.names);
        if entry.file_type().is_file() && ours {
            files.push(entry.into_path());
        }
    }
    files.sort();
    Ok(files)
}

/// The baselines without a snapshot in the whole plan, except those of other
/// platforms and of browsers that the manifest does not name: other machines
/// may use them.
///
/// # Errors
/// When a folder cannot be read.
pub fn orphans(manifest: &Manifest, plan: &Plan) -> Result<Vec<PathBuf>, walkdir::Error> {
    let claimed: HashSet<_> = plan.snapshots.iter().map(|s| &s.baseline).collect();
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
