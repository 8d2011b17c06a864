//! The files of journals: `{run}.{writer}.journal`.

use std::fs::{self, File, OpenOptions};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::time::UNIX_EPOCH;

use crate::model::RunId;
use crate::record::operation::JoinRequest;

const EXTENSION: &str = "journal";
/// The extension of damaged journals.
const DAMAGED: &str = "damaged";
/// The extension of journals of pruned runs.
const PRUNED: &str = "pruned";

/// The name of a worker's journal.
pub(super) fn file_name(join: &JoinRequest) -> String {
    format!("{}.{}.{EXTENSION}", file_safe(&join.run_id), join.writer)
}

/// Whether a file is a journal of this run, or of any run.
pub(in crate::record) fn is_journal_of(path: &Path, run: Option<&RunId>) -> bool {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    path.extension().is_some_and(|e| e == EXTENSION)
        && run.is_none_or(|run| name.starts_with(&format!("{}.", file_safe(run))))
}

/// Whether a file is a damaged journal that was kept.
pub(in crate::record) fn is_damaged_journal(path: &Path) -> bool {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    path.extension().is_some_and(|e| e == DAMAGED) && name.contains(".journal")
}

/// The name of a journal whose run was pruned.
pub(super) fn pruned_name(path: &Path) -> PathBuf {
    path.with_extension(PRUNED)
}

/// Whether a file is a journal that was set aside.
pub(in crate::record) fn is_pruned_journal(path: &Path) -> bool {
    path.extension().is_some_and(|e| e == PRUNED)
}

/// An unused name for keeping a damaged journal.
pub(super) fn damaged_name(path: &Path) -> PathBuf {
    let named = |suffix: &str| {
        let mut name = path.as_os_str().to_owned();
        name.push(suffix);
        PathBuf::from(name)
    };
    let others = (2..).map(|number| named(&format!(".{number}.{DAMAGED}")));
    let mut names = std::iter::once(named(&format!(".{DAMAGED}"))).chain(others);
    names
        .find(|name| name.symlink_metadata().is_err())
        .unwrap_or_default()
}

/// Creates the file with its first frames and locked, before other processes
/// can see it.
pub(super) fn create_file(path: &Path, frames: &[u8]) -> std::io::Result<File> {
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder)?;
    }
    let hidden = path.with_extension("new");
    let mut file = OpenOptions::new()
        .read(true)
        .append(true)
        .create_new(true)
        .open(&hidden)?;
    // A file system without locks is supported.
    let _ = file.try_lock();
    file.write_all(frames)
        .and_then(|()| fs::rename(&hidden, path))
        .inspect_err(|_| drop(fs::remove_file(&hidden)))?;
    Ok(file)
}

/// The time of the last write to a journal, in milliseconds since the Unix
/// epoch.
pub(in crate::record) fn modified(path: &Path) -> Option<i64> {
    let modified = path.metadata().ok()?.modified().ok()?;
    let since = modified.duration_since(UNIX_EPOCH).ok()?;
    i64::try_from(since.as_millis()).ok()
}

/// A run id as part of a file name.
fn file_safe(run: &RunId) -> String {
    let safe = |c: char| {
        if c.is_ascii_alphanumeric() || c == '-' || c == '_' {
            c
        } else {
            '_'
        }
    };
    run.as_str().chars().map(safe).collect()
}
