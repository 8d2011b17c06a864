//! The folder with the journals of all runs.

use std::collections::{HashMap, HashSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

use super::journal::{Journal, is_damaged_journal, is_journal_of, is_pruned_journal, modified};
use crate::model::RunId;

/// The journals in a folder: those of one run, or all.
pub(super) fn journals(folder: &Path, run: Option<&RunId>) -> Vec<PathBuf> {
    files(folder, |path| is_journal_of(path, run))
}

/// A warning for each damaged journal that is kept below `state_dir`
/// (`target/tintype`), until it is deleted.
pub fn damaged_journals(state_dir: &Path) -> Vec<String> {
    let warning = |path: &PathBuf| {
        format!(
            "{} is a damaged journal, so results of its run may be missing\n\
             help: delete the file to end this warning; the journal's valid operations are kept",
            path.display()
        )
    };
    let folder = folder_of(state_dir);
    files(&folder, is_damaged_journal)
        .iter()
        .map(warning)
        .collect()
}

/// Removes the journals that were set aside before a time, in milliseconds since
/// the Unix epoch.
pub(super) fn remove_pruned(folder: &Path, before: i64) {
    for path in files(folder, is_pruned_journal) {
        if modified(&path).is_some_and(|at| at < before) {
            let _ = fs::remove_file(path);
        }
    }
}

/// The folder of the journals.
pub(super) fn folder_of(state_dir: &Path) -> PathBuf {
    state_dir.join("journal")
}

/// The regular files in a folder that match, sorted.
fn files(folder: &Path, matches: impl Fn(&Path) -> bool) -> Vec<PathBuf> {
    let mut paths: Vec<_> = fs::read_dir(folder)
        .into_iter()
        .flatten()
        .flatten()
        .filter(|entry| entry.file_type().is_ok_and(|kind| kind.is_file()))
        .map(|entry| entry.path())
        .filter(|path| matches(path))
        .collect();
    paths.sort();
    paths
}

/// Removes the journals of all but the newest `keep` runs, as retention for a
/// record in memory. Journals of live processes are kept.
pub(super) fn trim(folder: &Path, keep: usize) {
    let mut newest: HashMap<String, SystemTime> = HashMap::new();
    let run_of = |path: &Path| {
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        name.split('.').next().unwrap_or_default().to_owned()
    };
    let paths = journals(folder, None);
    for path in &paths {
        let written = path.metadata().and_then(|m| m.modified());
        let entry = newest.entry(run_of(path)).or_insert(UNIX_EPOCH);
        *entry = (*entry).max(written.unwrap_or(UNIX_EPOCH));
    }
    let mut runs: Vec<_> = newest.into_iter().collect();
    runs.sort_by_key(|(_, written)| std::cmp::Reverse(*written));
    let old: HashSet<_> = runs.into_iter().skip(keep).map(|(run, _)| run).collect();
    for path in paths.iter().filter(|path| old.contains(&run_of(path))) {
        if let Ok(Some((_, journal))) = Journal::open_orphan(path) {
            journal.remove();
        }
    }
}
