//! The HTML report: one page that works from disk and as an artifact of
//! continuous integration.
//!
//! Style, script, fonts and data are in the page. Pictures are in it too while
//! they are few, and files beside it otherwise. The page's front end is that of
//! `cargo tintype review`, and its sources are under `ui`, where
//! this project's own visual tests see them.

pub mod assets;
mod page;
mod pictures;

use std::path::{Path, PathBuf};

use serde::Serialize;

use super::words::{accept, name};
use super::{ReportError, put};
use crate::events::{Bus, Event, ReportKind, Subscriber};
use crate::model::{RunFile, VisualTestResult, VisualTestRun};
use pictures::{Pictures, Shown};

/// Pictures are put into the page up to this many bytes of PNG, all together;
/// beyond it they are files beside the page.
pub const EMBED_UP_TO: u64 = 4 * 1024 * 1024;

/// Writes the HTML report of a run, of all its processes, into its folder.
pub struct HtmlReport {
    root: PathBuf,
}

impl HtmlReport {
    /// `root` is the manifest's folder, to which the results' paths are relative.
    pub fn new(root: PathBuf) -> Self {
        Self { root }
    }
}

impl Subscriber for HtmlReport {
    fn on_event(&self, event: &Event, bus: &Bus) {
        if let Event::RunPaused(report) | Event::RunEnded(report) = event {
            let RunFile { run, results } = &report.whole;
            let written = write(&report.folder, &self.root, run, results, EMBED_UP_TO);
            bus.publish(super::written(ReportKind::Html, written));
        }
    }
}

/// What the page's script reads.
#[derive(Serialize)]
struct Data<'a> {
    run: &'a VisualTestRun,
    snapshots: Vec<Snapshot<'a>>,
}

/// A result with what only the page needs.
#[derive(Serialize)]
struct Snapshot<'a> {
    #[serde(flatten)]
    result: &'a VisualTestResult,
    name: String,
    images: Shown,
    #[serde(skip_serializing_if = "Option::is_none")]
    command: Option<String>,
}

/// Writes `report.html` into `dir`, the run's folder, and returns its path.
///
/// `root` is the manifest's folder, to which the results' paths are relative.
/// Pictures beyond `embed_up_to` bytes together ([`EMBED_UP_TO`] is a good
/// choice) stay outside the page; baselines that the page needs are then
/// copied into `dir`, so that the folder is complete as an artifact. A picture
/// that is missing is left out and the page says so.
pub fn write(
    dir: &Path,
    root: &Path,
    run: &VisualTestRun,
    results: &[VisualTestResult],
    embed_up_to: u64,
) -> Result<PathBuf, ReportError> {
    let pictures = Pictures::new(dir, root, results, embed_up_to);
    let snapshots = results
        .iter()
        .map(|result| {
            Ok(Snapshot {
                result,
                name: name(result),
                images: pictures.of(result)?,
                command: accept(result),
            })
        })
        .collect::<Result<_, ReportError>>()?;
    let path = dir.join("report.html");
    let page =
        page::render(&run.run_id, &Data { run, snapshots }).map_err(|error| ReportError {
            path: path.clone(),
            source: error.into(),
        })?;
    put(&path, page.as_bytes())?;
    Ok(path)
}

#[cfg(test)]
mod tests;
