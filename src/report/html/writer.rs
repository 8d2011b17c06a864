//! Writes the HTML report of a run.

use std::path::{Path, PathBuf};

use serde::Serialize;

use super::page;
use super::pictures::{ImageSources, Pictures};
use crate::events::{Bus, Event, ReportKind, Subscriber};
use crate::model::{RunFile, VisualTestResult, VisualTestRun};
use crate::report::evidence::EvidenceTexts;
use crate::report::file::{self, ReportError};
use crate::report::words::{accept, name};

/// Up to this many bytes of PNG in total, images are embedded in the page. More
/// stay files beside it.
pub const EMBED_UP_TO: u64 = 4 * 1024 * 1024;

/// Up to this many bytes of texts about failures are in the page. The others are in
/// files beside it.
const MAX_EVIDENCE: usize = 4 * 1024 * 1024;

/// Writes the HTML report of a run, of all its processes, into its folder.
pub(crate) struct HtmlReport {
    root: PathBuf,
}

impl HtmlReport {
    /// `root` is the manifest's folder, to which the results' paths are relative.
    pub(crate) fn new(root: PathBuf) -> Self {
        Self { root }
    }
}

impl Subscriber for HtmlReport {
    fn on_event(&self, event: &Event, bus: &Bus) {
        if let Event::RunPaused(report) | Event::RunEnded(report) = event {
            let RunFile { run, results } = &report.whole;
            let written = write(&report.folder, &self.root, run, results, EMBED_UP_TO);
            bus.publish(file::written(ReportKind::Html, written));
        }
    }
}

/// The data for the page's script.
#[derive(Serialize)]
struct Data<'a> {
    run: &'a VisualTestRun,
    snapshots: Vec<ReportedSnapshot<'a>>,
}

/// A result with values that only the page needs.
#[derive(Serialize)]
struct ReportedSnapshot<'a> {
    #[serde(flatten)]
    result: &'a VisualTestResult,
    name: String,
    images: ImageSources,
    #[serde(skip_serializing_if = "EvidenceTexts::is_empty")]
    evidence: EvidenceTexts,
    #[serde(skip_serializing_if = "Option::is_none")]
    command: Option<String>,
}

/// Writes `report.html` into `dir`, the run's folder, and returns its path.
///
/// `root` is the manifest's folder, to which the results' paths are relative.
/// If the images have more than `embed_up_to` bytes in total, they stay files
/// beside the page, and the baselines are copied into `dir`, so that the folder
/// is complete as a CI artifact. The page shows a note for a missing image.
pub fn write(
    dir: &Path,
    root: &Path,
    run: &VisualTestRun,
    results: &[VisualTestResult],
    embed_up_to: u64,
) -> Result<PathBuf, ReportError> {
    let pictures = Pictures::new(dir, root, results, embed_up_to);
    let mut room = MAX_EVIDENCE;
    let snapshots = results
        .iter()
        .map(|result| {
            let mut evidence = EvidenceTexts::default();
            if room > 0 {
                evidence = EvidenceTexts::read(dir, result);
                room = room.saturating_sub(evidence.len());
            }
            Ok(ReportedSnapshot {
                result,
                name: name(result),
                images: pictures.of(result)?,
                evidence,
                command: accept(result),
            })
        })
        .collect::<Result<_, ReportError>>()?;
    let path = dir.join("report.html");
    let data = Data { run, snapshots };
    file::write(&path, |out| page::write(out, &run.run_id, &data))?;
    Ok(path)
}
