//! Two folders: images that have the same path in both.

use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use anyhow::{Context, Result, bail};
use indicatif::{ProgressBar, ProgressStyle};
use serde_json::{Value, json};
use walkdir::{DirEntry, WalkDir};

use super::image_pair::ImagePair;
use super::outcome::CompareOutcome;
use super::{CompareArguments, say};

/// In which of the folders a path is found.
#[derive(Clone, Copy, Default)]
struct FoundIn {
    baseline: bool,
    current: bool,
}

/// What is said of one path.
struct FolderEntry {
    outcome: CompareOutcome,
    text: String,
    json: Value,
}

pub(super) fn compare(options: &CompareArguments) -> Result<CompareOutcome> {
    let paths = paths(options)?;
    let bar = ProgressBar::new(paths.len() as u64).with_style(style());
    let lines = in_parallel(&paths, |(path, found)| {
        let line = judge(options, path, *found);
        bar.inc(1);
        line
    });
    bar.finish_and_clear();
    tell(options, &lines)?;
    Ok(lines
        .iter()
        .map(|line| line.outcome)
        .max()
        .unwrap_or(CompareOutcome::Same))
}

fn paths(options: &CompareArguments) -> Result<Vec<(PathBuf, FoundIn)>> {
    let mut paths: BTreeMap<PathBuf, FoundIn> = BTreeMap::new();
    for path in images(&options.baseline)? {
        paths.entry(path).or_default().baseline = true;
    }
    for path in images(&options.current)? {
        paths.entry(path).or_default().current = true;
    }
    if paths.is_empty() {
        let (a, b) = (options.baseline.display(), options.current.display());
        bail!("failed to find an image: neither {a} nor {b} holds a .png file");
    }
    Ok(paths.into_iter().collect())
}

/// The paths of all PNG files below a folder, from there on. Links are followed.
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

/// An image's path. A link that leads back up, or of an image that is not there,
/// counts as one: who reads it says what is wrong.
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

/// Works through `items` on all cores. The results stand in their order.
fn in_parallel<T: Sync, R: Send>(items: &[T], work: impl Fn(&T) -> R + Sync) -> Vec<R> {
    let cores = thread::available_parallelism().map_or(1, usize::from);
    let next = AtomicUsize::new(0);
    let run = || {
        let take = || {
            let place = next.fetch_add(1, Ordering::Relaxed);
            items.get(place).map(|item| (place, work(item)))
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
    results.sort_by_key(|(place, _)| *place);
    results.into_iter().map(|(_, result)| result).collect()
}

fn judge(options: &CompareArguments, path: &Path, found: FoundIn) -> FolderEntry {
    let alone = |text: &str| FolderEntry {
        outcome: CompareOutcome::Different,
        text: text.to_owned(),
        json: json!({ "same": false, "message": text }),
    };
    let mut line = match (found.baseline, found.current) {
        (true, false) => alone("only in the baseline folder"),
        (false, true) => alone("only in the current folder"),
        _ => both(options, path).unwrap_or_else(|error| FolderEntry {
            outcome: CompareOutcome::Failed,
            text: format!("{error:#}"),
            json: json!({ "error": format!("{error:#}") }),
        }),
    };
    line.text = format!("{}: {}", path.display(), line.text);
    line.json["path"] = json!(path.to_string_lossy());
    line
}

fn both(options: &CompareArguments, path: &Path) -> Result<FolderEntry> {
    let (baseline, current) = (options.baseline.join(path), options.current.join(path));
    let files = ImagePair::read(&baseline, &current)?;
    let mut compared = files.compare(options)?;
    if let Some(folder) = &options.diff {
        compared.write_diff(&folder.join(path))?;
    }
    Ok(FolderEntry {
        outcome: compared.outcome(),
        text: compared.text(options.explain)?,
        json: compared.json(options.explain)?,
    })
}

/// Prints what is not the same, and how many of each there are.
fn tell(options: &CompareArguments, lines: &[FolderEntry]) -> Result<()> {
    if options.json {
        let objects: Vec<&Value> = lines.iter().map(|line| &line.json).collect();
        return say(io::stdout(), &serde_json::to_string_pretty(&objects)?);
    }
    for line in lines {
        match line.outcome {
            CompareOutcome::Same => {}
            CompareOutcome::Different => say(io::stdout(), &line.text)?,
            CompareOutcome::Failed => say(io::stderr(), &line.text)?,
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
    say(io::stdout(), &sum)
}
