//! A picture against its baseline, and what is kept of it.

use std::path::PathBuf;

use crate::baseline::{self, Baseline, Provenance, sha256};
use crate::browser::{StepFailure, Unstable};
use crate::compare::{Inspection, Options, Verdict, compare_png, inspect_png};
use crate::config::UpdateMode;
use crate::files;
use crate::model::{ImageHashes, RecordedEvent, Status, UnmetStep, VisualTestResult};
use crate::report;
use crate::run::context::RunContext;

/// A judged picture.
pub(crate) struct FinishedSnapshot {
    pub(crate) result: VisualTestResult,
    /// For people, when it is worth saying something.
    pub(crate) message: Option<String>,
}

/// Whether the picture is the baseline, byte for byte or at least pixel for
/// pixel. Nothing else may be concluded from a page that has shown something
/// before. Colours may be as far apart as anywhere else, but no farther than
/// the story's own `threshold` allows.
pub(crate) fn is_equal(baseline: &Baseline, picture: &[u8], threshold: f64) -> bool {
    let mut options = Options::default();
    options.threshold = options.threshold.min(threshold);
    baseline.bytes == picture
        || compare_png(&baseline.bytes, picture, &options).is_ok_and(|comparison| {
            comparison.verdict == Verdict::Same && comparison.antialiased == 0
        })
}

/// Judges a picture from a fresh page, writes what a person needs to see, and
/// accepts it where `TINTYPE_UPDATE` says so.
pub(crate) fn judge(
    context: &RunContext,
    index: usize,
    mut result: VisualTestResult,
    baseline: Option<&Baseline>,
    picture: &[u8],
    options: &Options,
) -> FinishedSnapshot {
    let Some(baseline) = baseline else {
        result.status = Status::New;
        result.message = Some("there is no baseline yet".to_owned());
        return keep(context, index, result, None, picture, None);
    };
    match inspect_png(&baseline.bytes, picture, options) {
        Err(error) => {
            result.status = Status::Failed;
            result.message = Some(error.to_string());
            keep(context, index, result, Some(baseline), picture, None)
        }
        Ok(inspection) => weigh(context, index, result, baseline, picture, inspection),
    }
}

fn weigh(
    context: &RunContext,
    index: usize,
    mut result: VisualTestResult,
    baseline: &Baseline,
    picture: &[u8],
    inspection: Inspection<'_>,
) -> FinishedSnapshot {
    let comparison = &inspection.comparison;
    result.diff_ratio = Some(comparison.diff_ratio());
    result.regions = comparison.regions.clone();
    result.status = match comparison.verdict {
        Verdict::Same => Status::Passed,
        Verdict::WithinTolerance => Status::Changed,
        Verdict::Different | Verdict::SizeMismatch => Status::Failed,
    };
    if result.status == Status::Passed {
        return passed(context, index, result, baseline, picture);
    }
    result.message = Some(comparison.message());
    keep(
        context,
        index,
        result,
        Some(baseline),
        picture,
        Some(inspection),
    )
}

/// A picture that passes is not kept, but `TINTYPE_UPDATE=all` accepts its
/// bytes.
pub(crate) fn passed(
    context: &RunContext,
    index: usize,
    mut result: VisualTestResult,
    baseline: &Baseline,
    picture: &[u8],
) -> FinishedSnapshot {
    result.status = Status::Passed;
    result.diff_ratio.get_or_insert(0.0);
    note_baseline(context, index, &mut result, baseline);
    let mut message = None;
    if context.config.update == UpdateMode::All && baseline.bytes != picture {
        message = accept(context, index, &mut result, picture).err();
    }
    FinishedSnapshot { result, message }
}

/// Writes current image and diff, and says what a person should know.
fn keep(
    context: &RunContext,
    index: usize,
    mut result: VisualTestResult,
    baseline: Option<&Baseline>,
    picture: &[u8],
    mut inspection: Option<Inspection<'_>>,
) -> FinishedSnapshot {
    if let Some(baseline) = baseline {
        note_baseline(context, index, &mut result, baseline);
    }
    let diff = inspection
        .as_mut()
        .and_then(|inspection| inspection.diff_png().ok());
    let trouble = write(context, index, &mut result, Some(picture), diff.as_deref());
    let lesson = inspection
        .filter(|_| result.status == Status::Failed)
        .and_then(|mut inspection| {
            let sweep = inspection.sweep().ok()?;
            Some(inspection.comparison.detailed_message(&sweep))
        });
    let mut message = report::failure(&result, lesson.as_deref());
    for line in trouble {
        message.push_str(&format!("\n  {line}"));
    }
    // A known failure shows what nobody wants.
    let wanted = context.snapshots[index].known_failure.is_none() || result.status == Status::New;
    let message = if wanted && is_to_be_accepted(context.config.update, result.status) {
        accept(context, index, &mut result, picture).err()
    } else {
        Some(message)
    };
    FinishedSnapshot { result, message }
}

/// Keeps the picture of a page on which a step could not be done, which nobody
/// may accept.
pub(crate) fn keep_unmet(
    context: &RunContext,
    index: usize,
    result: &mut VisualTestResult,
    unmet: &StepFailure,
) {
    result.unmet_step = Some(UnmetStep {
        number: unmet.number,
        kind: unmet.kind.to_owned(),
        target: unmet.target.clone(),
    });
    keep_evidence(context, index, result, unmet.picture.as_deref(), None);
}

/// Keeps the last picture of a page that did not look the same twice, and what
/// has moved since the one before. Nobody may accept it.
pub(crate) fn keep_unstable(
    context: &RunContext,
    index: usize,
    result: &mut VisualTestResult,
    unstable: &Unstable,
) {
    result.unstable = true;
    result.regions.clone_from(&unstable.moved);
    let (last, motion) = (Some(&*unstable.last), unstable.motion.as_deref());
    keep_evidence(context, index, result, last, motion);
}

/// Keeps pictures without which the result would be the same.
fn keep_evidence(
    context: &RunContext,
    index: usize,
    result: &mut VisualTestResult,
    current: Option<&[u8]>,
    diff: Option<&[u8]>,
) {
    for line in write(context, index, result, current, diff) {
        tracing::warn!("{line}");
    }
}

/// Writes the pictures that there are and notes them. What could not be written
/// is returned, a line each.
fn write(
    context: &RunContext,
    index: usize,
    result: &mut VisualTestResult,
    current: Option<&[u8]>,
    diff: Option<&[u8]>,
) -> Vec<String> {
    let mut trouble = Vec::new();
    for (kind, bytes) in [("current", current), ("diff", diff)] {
        let Some(bytes) = bytes else { continue };
        let path = image_path(context, index, kind);
        if let Err(error) = files::replace(&path, bytes) {
            trouble.push(format!("failed to write {}: {error}", path.display()));
            continue;
        }
        let (path, hash) = (context.manifest.relative(&path), sha256(bytes));
        let hashes = result.sha256.get_or_insert_default();
        if kind == "current" {
            (result.current, hashes.current) = (Some(path), Some(hash));
        } else {
            (result.diff, hashes.diff) = (Some(path), Some(hash));
        }
    }
    trouble
}

/// Whether the user asked for pictures of this status to become baselines.
fn is_to_be_accepted(update: UpdateMode, status: Status) -> bool {
    match update {
        UpdateMode::No => false,
        UpdateMode::New => status == Status::New,
        UpdateMode::Failed => matches!(status, Status::New | Status::Failed),
        UpdateMode::All => true,
    }
}

/// Makes the picture the baseline. What failed by difference has passed then;
/// what was new stays `new`, which is no failure while updating.
fn accept(
    context: &RunContext,
    index: usize,
    result: &mut VisualTestResult,
    picture: &[u8],
) -> Result<(), String> {
    let snapshot = &context.snapshots[index];
    let provenance = Provenance {
        environment: context.environment_in(snapshot.browser),
        run_id: context.run_id.clone(),
        story_identifier: snapshot.identifier.clone(),
    };
    match baseline::accept(
        &context.manifest.root,
        &snapshot.baseline,
        picture,
        &provenance,
    ) {
        Ok(accepted) => {
            let was = result.message.take();
            let was = was.map_or(String::new(), |was| format!(" ({was})"));
            result.message = Some(format!("accepted as the baseline{was}"));
            if matches!(result.status, Status::Failed | Status::Changed) {
                result.status = Status::Passed;
            }
            result.baseline = Some(context.manifest.relative(&snapshot.baseline));
            result.sha256.get_or_insert_default().baseline = Some(accepted.file_sha256);
            context.publish(RecordedEvent::BaselineAccepted {
                run_id: context.run_id.clone(),
                story_identifier: snapshot.identifier.clone(),
            });
            Ok(())
        }
        Err(error) => {
            result.status = Status::Failed;
            result.message = Some(error.to_string());
            Err(error.to_string())
        }
    }
}

/// Notes which baseline it was, and what differs from its environment.
fn note_baseline(
    context: &RunContext,
    index: usize,
    result: &mut VisualTestResult,
    baseline: &Baseline,
) {
    result.baseline = Some(
        context
            .manifest
            .relative(&context.snapshots[index].baseline),
    );
    result.sha256 = Some(ImageHashes {
        baseline: Some(baseline.file_sha256.clone()),
        ..ImageHashes::default()
    });
    if let Some(provenance) = &baseline.provenance {
        let environment = context.environment_in(context.snapshots[index].browser);
        result.environment_changed = environment.changes_since(&provenance.environment);
    }
}

/// `{run folder}/{stem}-current.png`
fn image_path(context: &RunContext, index: usize, kind: &str) -> PathBuf {
    let stem = context.snapshots[index].identifier.file_stem();
    context.folder.join(format!("{stem}-{kind}.png"))
}
