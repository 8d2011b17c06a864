//! The folder with the journals of all runs.

use std::collections::{HashMap, HashSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

use super::journal::{Journal, is_journal_of};
use crate::model::RunId;

/// The journals in a folder: those of one run, or all.
pub(super) fn journals(folder: &Path, run: Option<&RunId>) -> Vec<PathBuf> {
    let mut paths: Vec<_> = fs::read_dir(folder)
        .into_iter()
        .flatten()
        .filter_map(|entry| Some(entry.ok()?.path()))
        .filter(|path| is_journal_of(path, run))
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
