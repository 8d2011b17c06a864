//! The run's folder: images of what did not pass, and the run as JSON.

use std::collections::HashSet;
use std::io;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use crate::files;
use crate::model::{Reason, RunFile, Summary};

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
    let Ok(entries) = std::fs::read_dir(runs) else {
        return;
    };
    let mut folders: Vec<(SystemTime, PathBuf)> = entries
        .flatten()
        .filter_map(|entry| {
            let meta = entry.metadata().ok()?;
            meta.is_dir().then_some(())?;
            Some((meta.modified().ok()?, entry.path()))
        })
        .collect();
    folders.sort();
    let surplus = folders.len().saturating_sub(RUNS_KEPT);
    for (_, folder) in &folders[..surplus] {
        // Another process may be pruning too.
        let _ = std::fs::remove_dir_all(folder);
    }
}
