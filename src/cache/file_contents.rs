//! Hashes the content of files.

use std::collections::HashMap;
use std::fs::{self, File};
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};
use std::sync::Mutex;

use super::parallel::{self, lock};

/// The content at a path, as the server sees it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum FileContent {
    Absent,
    Folder,
    File(blake3::Hash),
}

/// The contents of files, each read once.
#[derive(Default)]
pub(super) struct FileContents {
    /// `None` for a file that cannot be read.
    known: Mutex<HashMap<PathBuf, Option<FileContent>>>,
}

impl FileContents {
    /// Reads the files that are not known yet, on all cores.
    pub(super) fn read(&self, paths: impl Iterator<Item = PathBuf>) {
        let mut unknown: Vec<PathBuf> = {
            let known = lock(&self.known);
            paths.filter(|path| !known.contains_key(path)).collect()
        };
        unknown.sort_unstable();
        unknown.dedup();
        let contents = parallel::map(&unknown, |path| read_content(path).ok());
        lock(&self.known).extend(unknown.into_iter().zip(contents));
    }

    /// The content at a path; `None` if it was not read or cannot be read.
    pub(super) fn get(&self, path: &Path) -> Option<FileContent> {
        lock(&self.known).get(path).copied().flatten()
    }
}

fn read_content(path: &Path) -> io::Result<FileContent> {
    let read = || {
        if fs::metadata(path)?.is_dir() {
            return Ok(FileContent::Folder);
        }
        let mut hasher = blake3::Hasher::new();
        hasher.update_reader(File::open(path)?)?;
        Ok(FileContent::File(hasher.finalize()))
    };
    match read() {
        Err(error) if is_absent(&error) => Ok(FileContent::Absent),
        other => other,
    }
}

/// Whether an error means that there is no file at the path.
pub(super) fn is_absent(error: &io::Error) -> bool {
    matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory)
}
