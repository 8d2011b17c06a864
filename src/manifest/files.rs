//! The story files below a folder.

use std::path::Path;

use globset::GlobBuilder;
use walkdir::{DirEntry, WalkDir};

/// Every page below `folder`: its path relative to it, with `/` between
/// folders, sorted. Left out is what is hidden, and what tools have put there:
/// `node_modules`, and caches such as cargo's `target`.
///
/// # Errors
/// When a folder cannot be read.
pub(super) fn pages(folder: &Path) -> Result<Vec<String>, walkdir::Error> {
    let mut pages = Vec::new();
    let walk = WalkDir::new(folder).follow_links(true).into_iter();
    for entry in walk.filter_entry(|entry| entry.depth() == 0 || is_wanted(entry)) {
        let entry = entry?;
        if !entry.file_type().is_file() {
            continue;
        }
        let relative = entry.path().strip_prefix(folder).unwrap_or(entry.path());
        let parts: Vec<_> = relative
            .components()
            .map(|part| part.as_os_str().to_string_lossy())
            .collect();
        let path = parts.join("/");
        if id_of(&path).is_some() {
            pages.push(path);
        }
    }
    pages.sort();
    Ok(pages)
}

fn is_wanted(entry: &DirEntry) -> bool {
    let name = entry.file_name().to_string_lossy();
    let cache = || entry.path().join("CACHEDIR.TAG").is_file();
    !name.starts_with('.') && name != "node_modules" && !(entry.file_type().is_dir() && cache())
}

/// The id that follows from a page's path: `forms/button.html` is
/// `forms/button`. Nothing for what is not a page.
pub(super) fn id_of(path: &str) -> Option<&str> {
    let stem = |suffix| path.strip_suffix(suffix);
    stem(".html")
        .or_else(|| stem(".htm"))
        .filter(|stem| !stem.is_empty() && !stem.ends_with('/'))
}

/// A pattern of paths in which `*` stays within a folder and `**` does not.
///
/// # Errors
/// When it is not a pattern.
pub(super) fn pattern(text: &str) -> Result<globset::GlobMatcher, globset::Error> {
    let glob = GlobBuilder::new(text).literal_separator(true).build()?;
    Ok(glob.compile_matcher())
}
