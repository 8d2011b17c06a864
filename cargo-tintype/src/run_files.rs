//! Reads runs from the `run.json` files under `target/tintype/runs`.

use std::collections::HashSet;
use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, anyhow, bail};
use serde::Deserialize;
use serde_json::value::RawValue;
use tintype::internals::manifest::Manifest;
use tintype::internals::model::{RunFile, RunId, StoryIdentifier, VisualTestResult, VisualTestRun};

use crate::record_access::warn;
use crate::run_ids::{self, LATEST};

/// Reads the run with this id or unique prefix, or the newest one.
pub(crate) fn open(manifest: &Manifest, run: Option<&str>) -> Result<RunFile> {
    let folder = folder_of(manifest);
    match run.filter(|run| *run != LATEST) {
        Some(run) => {
            let ids = ids(&folder)?;
            let id = run_ids::find(run, &ids)?
                .ok_or_else(|| anyhow!("there is no run `{run}` in {}", folder.display()))?;
            read(&folder.join(id.as_str()))
        }
        None => newest(&folder)?.ok_or_else(|| {
            anyhow!(
                "there is no run in {} (help: run the tests first: cargo test --test visual)",
                folder.display()
            )
        }),
    }
}

/// The folder that has a folder for each run.
pub(crate) fn folder_of(manifest: &Manifest) -> PathBuf {
    manifest.state_dir().join("runs")
}

/// The ids of all runs that have a folder.
fn ids(folder: &Path) -> Result<Vec<RunId>> {
    let names = folders(folder)?.into_iter();
    let names = names.filter_map(|path| path.file_name()?.to_str().map(str::to_owned));
    Ok(names.map(RunId).collect())
}

/// The run that started last. Folders without a readable `run.json` belong to
/// runs that are in progress or were killed.
fn newest(folder: &Path) -> Result<Option<RunFile>> {
    Ok(all(folder)?.max_by_key(|file| file.run.timestamp))
}

/// The runs in the folder; invalid files are skipped and named.
pub(crate) fn all(folder: &Path) -> Result<impl Iterator<Item = RunFile>> {
    let folders = folders(folder)?.into_iter();
    let folders = folders.filter(|folder| folder.join(RunFile::NAME).is_file());
    Ok(folders.filter_map(|folder| {
        let warn = |error: &anyhow::Error| warn(&format!("{error:#}; the run was skipped"));
        read(&folder).inspect_err(warn).ok()
    }))
}

fn folders(folder: &Path) -> Result<Vec<PathBuf>> {
    match fs::read_dir(folder) {
        Ok(entries) => Ok(entries.flatten().map(|entry| entry.path()).collect()),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(Vec::new()),
        Err(error) => Err(error).with_context(|| format!("failed to list {}", folder.display())),
    }
}

fn read(folder: &Path) -> Result<RunFile> {
    let path = folder.join(RunFile::NAME);
    let bytes = fs::read(&path).with_context(|| format!("failed to read {}", path.display()))?;
    let file: UncheckedFile = serde_json::from_slice(&bytes)
        .with_context(|| format!("failed to parse {}", path.display()))?;
    let run = file.run;
    if folder.file_name() != Some(OsStr::new(run.run_id.as_str())) {
        bail!("{} is about another run, `{}`", path.display(), run.run_id);
    }
    let (mut results, mut known) = (Vec::new(), HashSet::new());
    for (result, number) in file.results.iter().zip(1..) {
        match checked(result.get(), &run.run_id, &mut known) {
            Ok(result) => results.push(result),
            Err(problem) => {
                let path = path.display();
                warn(&format!("result {number} in {path} was skipped: {problem}"));
            }
        }
    }
    Ok(RunFile { run, results })
}

/// A run file whose results may be invalid.
#[derive(Deserialize)]
struct UncheckedFile {
    run: VisualTestRun,
    results: Vec<Box<RawValue>>,
}

/// A result of the run, if it is valid and not there already.
fn checked(
    text: &str,
    run: &RunId,
    known: &mut HashSet<StoryIdentifier>,
) -> Result<VisualTestResult, String> {
    let result: VisualTestResult = serde_json::from_str(text).map_err(|error| error.to_string())?;
    result.check(run, &result.story_identifier)?;
    let name = &result.story_identifier;
    if !known.insert(name.clone()) {
        return Err(format!("the run has another result of `{name}`"));
    }
    Ok(result)
}
