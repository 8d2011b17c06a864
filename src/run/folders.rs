//! The run's folder: images of what did not pass, and the run as JSON.

use std::collections::HashSet;
use std::io;
use std::path::{Path, PathBuf};
use std::time::{Instant, SystemTime};

use crate::files;
use crate::model::{Reason, RunFile, RunId, Summary};

/// How many runs keep their images.
const RUNS_KEPT: usize = 20;

/// The largest `run.json` that is read, in bytes: several 100,000 results.
const MAX_RUN_FILE: u64 = 1 << 30;

/// Writes `run.json` into a run's folder, atomically, after appending the results
/// that other processes of the same run have written there: under nextest each
/// process adds one.
pub(super) fn merge(run: &mut RunFile, folder: &Path) -> io::Result<()> {
    std::fs::create_dir_all(folder)?;
    let path = folder.join(RunFile::NAME);
    let lock = files::append(&folder.join(".lock"))?;
    lock.lock()?;
    if let Some(before) = read(&path) {
        run.run.timestamp = before.run.timestamp;
        run.run.start_time = before.run.start_time;
        let known = run.results.iter().map(|result| &result.story_identifier);
        let known: HashSet<_> = known.collect();
        let mut others = before.results;
        others.retain(|other| !known.contains(&other.story_identifier));
        run.results.append(&mut others);
        count(run);
    }
    files::replace_with(&path, |file| Ok(serde_json::to_writer_pretty(file, run)?))
}

fn read(path: &Path) -> Option<RunFile> {
    serde_json::from_slice(&files::read(path, MAX_RUN_FILE).ok()?).ok()
}

/// Updates summary and reason to match the results.
fn count(file: &mut RunFile) {
    let (mut summary, mut to_judge) = (Summary::default(), Summary::default());
    for result in &file.results {
        summary.add(result.status);
        if !result.is_accepted() {
            to_judge.add(result.status);
        }
    }
    file.run.summary = summary;
    if file.run.reason == Some(Reason::Passed) {
        file.run.reason = Some(to_judge.reason());
    }
}

/// Removes the folders of all runs but the newest.
pub(super) fn prune(runs: &Path) {
    let folders = oldest_first(runs);
    let surplus = folders.len().saturating_sub(RUNS_KEPT);
    for folder in &folders[..surplus] {
        // Another process may be pruning too.
        let _ = std::fs::remove_dir_all(folder);
    }
}

/// Removes the folders of the oldest runs until the rest has at most `limit` bytes,
/// except that of the current run. What is left `until` then, the next run removes.
pub(super) fn prune_to_size(runs: &Path, current: &RunId, limit: u64, until: Instant) {
    let mut size = 0;
    for folder in oldest_first(runs).into_iter().rev() {
        if Instant::now() >= until {
            return;
        }
        size += files::size_of_files(&folder);
        let is_current = folder
            .file_name()
            .is_some_and(|name| name == current.as_str());
        if size > limit && !is_current {
            // A failure is repeated at the next run.
            let _ = std::fs::remove_dir_all(&folder);
        }
    }
}

/// The folders of runs by the time of their last change. None if they cannot be
/// listed.
fn oldest_first(runs: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(runs).into_iter().flatten().flatten();
    let mut folders: Vec<(SystemTime, PathBuf)> = entries
        .filter_map(|entry| {
            let meta = entry.metadata().ok()?;
            meta.is_dir().then_some(())?;
            Some((meta.modified().ok()?, entry.path()))
        })
        .collect();
    folders.sort();
    folders.into_iter().map(|(_, folder)| folder).collect()
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn the_oldest_folders_leave_beyond_a_size() {
        let runs = tempfile::tempdir().unwrap();
        for (age, name) in [(3, "oldest"), (2, "current"), (1, "older"), (0, "newest")] {
            let folder = runs.path().join(name);
            std::fs::create_dir(&folder).unwrap();
            std::fs::write(folder.join("a.png"), [0; 10]).unwrap();
            let modified = SystemTime::now() - Duration::from_secs(60 * age);
            let folder = std::fs::File::open(&folder).unwrap();
            folder.set_modified(modified).unwrap();
        }
        let left = || {
            let folders = oldest_first(runs.path()).into_iter();
            let names = folders.map(|folder| folder.file_name().unwrap().to_owned());
            names.collect::<Vec<_>>()
        };
        let current = RunId("current".to_owned());
        let prune = |until| prune_to_size(runs.path(), &current, 15, until);
        prune(Instant::now());
        assert_eq!(left(), ["oldest", "current", "older", "newest"]);
        prune(Instant::now() + Duration::from_secs(60));
        assert_eq!(left(), ["current", "newest"]);
    }
}
