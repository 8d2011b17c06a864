//! Compares the images that have the same path in two folders.

use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use anyhow::{Context, Result, bail};
use indicatif::{ProgressBar, ProgressStyle};
use serde_json::{Value, json};
use walkdir::{DirEntry, WalkDir};

use super::arguments::CompareArguments;
use super::file_pair::FilePair;
use super::memory::MemoryBudget;
use super::outcome::CompareOutcome;
use super::output::{print_json, print_line};

/// The folders that contain a path.
#[derive(Clone, Copy, Default)]
struct FoundIn {
    baseline: bool,
    current: bool,
}

/// The report on one path.
struct FolderEntry {
    outcome: CompareOutcome,
    text: String,
    json: Value,
}

pub(super) fn compare(arguments: &CompareArguments) -> Result<CompareOutcome> {
    let paths = paths(arguments)?;
    let bar = ProgressBar::new(paths.len() as u64).with_style(style());
    let memory = MemoryBudget::new();
    let lines = in_parallel(&paths, |(path, found)| {
        let line = compare_path(arguments, path, *found, &memory);
        bar.inc(1);
        line
    });
    bar.finish_and_clear();
    print_report(arguments, &lines)?;
    Ok(lines
        .iter()
        .map(|line| line.outcome)
        .max()
        .unwrap_or(CompareOutcome::Same))
}

fn paths(arguments: &CompareArguments) -> Result<Vec<(PathBuf, FoundIn)>> {
    let mut paths: BTreeMap<PathBuf, FoundIn> = BTreeMap::new();
    for path in images(&arguments.baseline)? {
        paths.entry(path).or_default().baseline = true;
    }
    for path in images(&arguments.current)? {
        paths.entry(path).or_default().current = true;
    }
    if paths.is_empty() {
        let (a, b) = (arguments.baseline.display(), arguments.current.display());
        bail!("{a} and {b} contain no .png file");
    }
    Ok(paths.into_iter().collect())
}

/// The paths of all PNG files in a folder, relative to it. Symbolic links are
/// followed.
fn images(folder: &Path) -> Result<Vec<PathBuf>> {
    let mut paths = Vec::new();
    for entry in WalkDir::new(folder).follow_links(true) {
        let path = image(entry).with_context(|| format!("failed to list {}", folder.display()))?;
        if let Some(path) = path {
            paths.push(path.strip_prefix(folder)?.to_owned());
        }
    }
    Ok(paths)
}

/// An image's path. A symbolic link to a folder above, or to a missing image,
/// counts as an image: reading it reports the error.
fn image(entry: walkdir::Result<DirEntry>) -> walkdir::Result<Option<PathBuf>> {
    let error = match entry {
        Ok(entry) if !is_png(entry.path()) || !entry.file_type().is_file() => return Ok(None),
        Ok(entry) => return Ok(Some(entry.into_path())),
        Err(error) => error,
    };
    let is_missing = |error: &io::Error| error.kind() == io::ErrorKind::NotFound;
    match error.path().filter(|path| path.is_symlink()) {
        Some(path) if is_png(path) || error.loop_ancestor().is_some() => Ok(Some(path.to_owned())),
        Some(_) if error.io_error().is_some_and(is_missing) => Ok(None),
        _ => Err(error),
    }
}

fn is_png(path: &Path) -> bool {
    let extension = path.extension();
    extension.is_some_and(|extension| extension.eq_ignore_ascii_case("png"))
}

fn style() -> ProgressStyle {
    ProgressStyle::with_template("{bar:30} {pos}/{len} images, {eta} left")
        .unwrap_or_else(|_| ProgressStyle::default_bar())
}

/// Processes `items` on all cores and returns the results in their order.
fn in_parallel<T: Sync, R: Send>(items: &[T], work: impl Fn(&T) -> R + Sync) -> Vec<R> {
    let cores = thread::available_parallelism().map_or(1, usize::from);
    let next = AtomicUsize::new(0);
    let run = || {
        let take = || {
            let index = next.fetch_add(1, Ordering::Relaxed);
            items.get(index).map(|item| (index, work(item)))
        };
        std::iter::from_fn(take).collect::<Vec<_>>()
    };
    let mut results: Vec<(usize, R)> = thread::scope(|scope| {
        let threads: Vec<_> = (0..cores.min(items.len()))
            .map(|_| scope.spawn(run))
            .collect();
        let join = |thread: thread::ScopedJoinHandle<'_, _>| {
            thread
                .join()
                .unwrap_or_else(|panic| std::panic::resume_unwind(panic))
        };
        threads.into_iter().flat_map(join).collect()
    });
    results.sort_by_key(|(index, _)| *index);
    results.into_iter().map(|(_, result)| result).collect()
}

fn compare_path(
    arguments: &CompareArguments,
    path: &Path,
    found: FoundIn,
    memory: &MemoryBudget,
) -> FolderEntry {
    let one_sided = |text: &str| FolderEntry {
        outcome: CompareOutcome::Different,
        text: text.to_owned(),
        json: json!({ "same": false, "message": text }),
    };
    let mut line = match (found.baseline, found.current) {
        (true, false) => one_sided("only in the baseline folder"),
        (false, true) => one_sided("only in the current folder"),
        _ => compare_pair(arguments, path, memory).unwrap_or_else(|error| FolderEntry {
            outcome: CompareOutcome::Failed,
            text: format!("{error:#}"),
            json: json!({ "error": format!("{error:#}") }),
        }),
    };
    line.text = format!("{}: {}", path.display(), line.text);
    line.json["path"] = json!(path.to_string_lossy());
    line
}

fn compare_pair(
    arguments: &CompareArguments,
    path: &Path,
    memory: &MemoryBudget,
) -> Result<FolderEntry> {
    let (baseline, current) = (arguments.baseline.join(path), arguments.current.join(path));
    let files = FilePair::read(&baseline, &current)?;
    let _memory = memory.reserve(files.decoded_bytes());
    let mut compared = files.compare(arguments)?;
    if let Some(folder) = &arguments.diff {
        compared.write_diff(&folder.join(path))?;
    }
    Ok(FolderEntry {
        outcome: compared.outcome(),
        text: compared.text(arguments.explain)?,
        json: compared.json(arguments.explain)?,
    })
}

/// Prints the images that differ, and a summary.
fn print_report(arguments: &CompareArguments, lines: &[FolderEntry]) -> Result<()> {
    if arguments.json {
        let objects: Vec<&Value> = lines.iter().map(|line| &line.json).collect();
        return print_json(&objects);
    }
    for line in lines {
        match line.outcome {
            CompareOutcome::Same => {}
            CompareOutcome::Different => print_line(io::stdout(), &line.text)?,
            CompareOutcome::Failed => print_line(io::stderr(), &line.text)?,
        }
    }
    let count = |outcome| lines.iter().filter(|line| line.outcome == outcome).count();
    let (same, different, failed) = (
        count(CompareOutcome::Same),
        count(CompareOutcome::Different),
        count(CompareOutcome::Failed),
    );
    let unreadable = if failed > 0 {
        format!(", {failed} could not be compared")
    } else {
        String::new()
    };
    let sum = format!("{same} the same, {different} different{unreadable}");
    print_line(io::stdout(), &sum)
}
