//! Folders as a whole.

use std::fs;
use std::path::Path;

/// The size of all files in a folder and those below it, in bytes.
pub(crate) fn size_of_files(folder: &Path) -> u64 {
    walkdir::WalkDir::new(folder)
        .into_iter()
        .flatten()
        .filter_map(|entry| entry.metadata().ok())
        .filter(fs::Metadata::is_file)
        .map(|file| file.len())
        .sum()
}
