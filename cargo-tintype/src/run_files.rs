//! Reads runs from the `run.json` files under `target/tintype/runs`.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, anyhow};
use tintype::internals::manifest::Manifest;
use tintype::internals::model::{RunFile, RunId};

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
    let folders = folders(folder)?;
    let runs = folders.iter().filter_map(|folder| read(folder).ok());
    Ok(runs.max_by_key(|file| file.run.timestamp))
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
    let text =
        fs::read_to_string(&path).with_context(|| format!("failed to read {}", path.display()))?;
    serde_json::from_str(&text).with_context(|| format!("failed to parse {}", path.display()))
}
