//! Runs as they are kept on disk.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, anyhow, bail};
use tintype::manifest::Manifest;
use tintype::model::{RunFile, RunId};

/// Reads the run of this name, or the newest one.
pub(crate) fn open(manifest: &Manifest, id: Option<&str>) -> Result<RunFile> {
    let folder = folder_of(manifest);
    match id {
        Some(id) => {
            let run = RunId(id.to_owned());
            let known = !id.contains(['/', '\\']) && id != "..";
            if !known || !folder.join(run.as_str()).is_dir() {
                bail!("there is no run `{id}` in {}", folder.display());
            }
            read(&folder.join(id))
        }
        None => newest(&folder)?.ok_or_else(|| {
            anyhow!(
                "there is no run in {} (run the tests first: cargo test --test visual)",
                folder.display()
            )
        }),
    }
}

/// The folder with a folder for each run.
pub(crate) fn folder_of(manifest: &Manifest) -> PathBuf {
    manifest.state_dir().join("runs")
}

/// The run that started last. Folders without a readable `run.json` belong to
/// runs that are at work or were killed.
fn newest(folder: &Path) -> Result<Option<RunFile>> {
    let entries = match fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        Err(error) => {
            return Err(error).with_context(|| format!("failed to list {}", folder.display()));
        }
    };
    let runs = entries
        .flatten()
        .filter_map(|entry| read(&entry.path()).ok());
    Ok(runs.max_by_key(|file| file.run.timestamp))
}

fn read(folder: &Path) -> Result<RunFile> {
    let path = folder.join(RunFile::NAME);
    let text =
        fs::read_to_string(&path).with_context(|| format!("failed to read {}", path.display()))?;
    serde_json::from_str(&text).with_context(|| format!("failed to understand {}", path.display()))
}
