//! Baselines that no snapshot claims any more.

use std::collections::HashSet;
use std::path::{Path, PathBuf};

use walkdir::{DirEntry, WalkDir};

use crate::manifest::Manifest;
use crate::plan::Plan;

/// Every file that could be a baseline of this manifest on this platform:
/// below the template's folder, of a form that the template produces, and of
/// a browser that the manifest names. Absolute, sorted.
///
/// # Errors
/// When a folder cannot be read.
pub fn files(manifest: &Manifest) -> Result<Vec<PathBuf>, walkdir::Error> {
    let folder = manifest.root.join(manifest.baselines.folder());
    if !folder.is_dir() {
        return Ok(Vec::new());
    }
    let mut files = Vec::new();
    for entry in WalkDir::new(folder).into_iter().filter_entry(wanted) {
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

/// The baselines that no snapshot of the whole plan claims. Those of other
/// platforms, and of browsers that the manifest does not name, are not among
/// them: another machine may claim them.
///
/// # Errors
/// When a folder cannot be read.
pub fn orphans(manifest: &Manifest, plan: &Plan) -> Result<Vec<PathBuf>, walkdir::Error> {
    let claimed: HashSet<_> = plan.snapshots.iter().map(|s| &s.baseline).collect();
    let mut files = files(manifest)?;
    files.retain(|file| !claimed.contains(file));
    Ok(files)
}

/// A template without a folder makes the whole project a candidate: what is
/// hidden or built is not looked into.
fn wanted(entry: &DirEntry) -> bool {
    let name = entry.file_name().to_string_lossy();
    let foreign = name.starts_with('.') || matches!(&*name, "target" | "node_modules");
    entry.depth() == 0 || !foreign
}

fn relative(root: &Path, path: &Path) -> String {
    let path = path.strip_prefix(root).unwrap_or(path);
    let parts: Vec<_> = path
        .components()
        .map(|part| part.as_os_str().to_string_lossy())
        .collect();
    parts.join("/")
}
