//! Reads runs from the `run.json` files under `target/tintype/runs`, and from the
//! artifact store.

use std::collections::HashSet;
use std::fmt;
use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, anyhow, bail};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use tintype::internals::artifacts::ArtifactStore;
use tintype::internals::files;
use tintype::internals::manifest::Manifest;
use tintype::internals::model::{RunFile, RunId, StoryIdentifier, VisualTestResult, VisualTestRun};

use crate::artifacts;
use crate::record_access::warn;
use crate::run_ids::{self, LATEST};

/// The largest `run.json` that is read, in bytes: several 100,000 results.
const MAX_BYTES: u64 = 1 << 30;

/// A run, and the results in its file that are invalid or forged.
pub(crate) struct OpenedRun {
    pub(crate) file: RunFile,
    pub(crate) refused: Vec<RefusedResult>,
}

/// A result in a `run.json` that is not used.
#[derive(Debug, Serialize)]
pub(crate) struct RefusedResult {
    /// Its place in the file, from 1 on.
    result: usize,
    /// The snapshot that it claims to be of.
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<String>,
    error: String,
}

impl fmt::Display for RefusedResult {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "result {} in {}", self.result, RunFile::NAME)?;
        if let Some(name) = &self.name {
            write!(f, ", of {name},")?;
        }
        write!(f, " was refused: {}", self.error)
    }
}

/// Reads the run with this id or unique prefix, or the newest one, from the
/// folder of runs, otherwise from the artifact store.
pub(crate) fn open(manifest: &Manifest, run: Option<&str>) -> Result<OpenedRun> {
    let folder = folder_of(manifest);
    let run = run.filter(|run| *run != LATEST);
    let found = match run {
        Some(run) => run_ids::find(run, &ids(&folder)?)?
            .map(|id| read(&folder.join(id.as_str())))
            .transpose()?,
        None => newest(&folder)?,
    };
    if let Some(found) = found {
        return Ok(found);
    }
    let store = artifacts::store(manifest)?;
    let mut places = folder.display().to_string();
    if let Some(store) = &store {
        if let Some(found) = stored(store, manifest, run)? {
            return Ok(found);
        }
        places += &format!(" or {}", store.name());
    }
    Err(match run {
        Some(run) => anyhow!("there is no run `{run}` in {places}"),
        None => anyhow!(
            "there is no run in {places} (help: run the tests first: cargo test --test visual)"
        ),
    })
}

/// The run with this id or unique prefix, or the newest one of the project, in
/// the artifact store.
fn stored(
    store: &ArtifactStore,
    manifest: &Manifest,
    run: Option<&str>,
) -> Result<Option<OpenedRun>> {
    let runs = store.runs()?;
    let ids = runs.iter().map(|run| &run.run);
    if let Some(run) = run {
        let id = run_ids::find(run, ids)?;
        return id.map_or(Ok(None), |id| read_stored(store, &id));
    }
    for id in ids {
        let found = read_stored(store, id)?;
        let is_own = |found: &OpenedRun| {
            let project = found.file.run.project.as_ref();
            project.is_none_or(|project| *project == manifest.project)
        };
        if found.as_ref().is_some_and(is_own) {
            return Ok(found);
        }
    }
    Ok(None)
}

/// Reads a run from the artifact store.
pub(crate) fn read_stored(store: &ArtifactStore, run: &RunId) -> Result<Option<OpenedRun>> {
    let Some(bytes) = store.run_file(run, RunFile::NAME)? else {
        return Ok(None);
    };
    let shown = format!("{}/runs/{run}/{}", store.name(), RunFile::NAME);
    parse(&bytes, &shown, run.as_str()).map(Some)
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
fn newest(folder: &Path) -> Result<Option<OpenedRun>> {
    Ok(opened(folder)?.max_by_key(|run| run.file.run.timestamp))
}

/// The runs in the folder; invalid files and results are skipped and named.
pub(crate) fn all(folder: &Path) -> Result<impl Iterator<Item = RunFile>> {
    Ok(opened(folder)?.map(|OpenedRun { file, refused }| {
        for result in refused {
            warn(&format!("{}: {result}", file.run.run_id));
        }
        file
    }))
}

/// The runs in the folder; invalid files are skipped and named.
fn opened(folder: &Path) -> Result<impl Iterator<Item = OpenedRun>> {
    let folders = folders(folder)?.into_iter();
    let folders = folders.filter(|folder| folder.join(RunFile::NAME).exists());
    Ok(folders.filter_map(|folder| {
        let warn = |error: &anyhow::Error| warn(&format!("{error:#}; the run was skipped"));
        read(&folder).inspect_err(warn).ok()
    }))
}

fn folders(folder: &Path) -> Result<Vec<PathBuf>> {
    match fs::read_dir(folder) {
        Ok(entries) => Ok(entries.flatten().map(|entry| entry.path()).collect()),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(Vec::new()),
        Err(error) => Err(error).with_context(|| format!("failed to list {}", folder.display())),
    }
}

fn read(folder: &Path) -> Result<OpenedRun> {
    let path = folder.join(RunFile::NAME);
    let bytes = files::read(&path, MAX_BYTES)
        .with_context(|| format!("failed to read {}", path.display()))?;
    let name = folder.file_name().unwrap_or_default().to_string_lossy();
    parse(&bytes, &path.display().to_string(), &name)
}

/// Parses a `run.json`, which must be of the run with this id.
fn parse(bytes: &[u8], shown: &str, id: &str) -> Result<OpenedRun> {
    let file: UncheckedFile =
        serde_json::from_slice(bytes).with_context(|| format!("failed to parse {shown}"))?;
    let run = file.run;
    if run.run_id.as_str() != id {
        bail!("{shown} is about another run, `{}`", run.run_id);
    }
    let (mut results, mut refused, mut known) = (Vec::new(), Vec::new(), HashSet::new());
    for (text, number) in file.results.iter().zip(1..) {
        let parsed: Result<VisualTestResult, _> = serde_json::from_str(text.get());
        let name = parsed.as_ref().ok();
        let name = name.map(|result| result.story_identifier.test_name());
        let parsed = parsed.map_err(|error| error.to_string());
        match parsed.and_then(|result| checked(result, &run.run_id, &mut known)) {
            Ok(result) => results.push(result),
            Err(error) => refused.push(RefusedResult {
                result: number,
                name,
                error,
            }),
        }
    }
    Ok(OpenedRun {
        file: RunFile { run, results },
        refused,
    })
}

/// A run file whose results may be invalid.
#[derive(Deserialize)]
struct UncheckedFile {
    run: VisualTestRun,
    results: Vec<Box<RawValue>>,
}

/// The result, if it is one of the run and not there already.
fn checked(
    result: VisualTestResult,
    run: &RunId,
    known: &mut HashSet<StoryIdentifier>,
) -> Result<VisualTestResult, String> {
    result.check(run, &result.story_identifier)?;
    let name = &result.story_identifier;
    if !known.insert(name.clone()) {
        return Err("the run has another result of this snapshot".to_owned());
    }
    Ok(result)
}
