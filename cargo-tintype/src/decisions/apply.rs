//! Applies decisions to baselines, and reads which are in effect.

use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

use anyhow::{Context, Result, bail};
use tintype::internals::baseline::{self, Baselines};
use tintype::internals::model::{VisualTestResult, VisualTestRun};

use super::decision::{Decision, DecisionState, ExpectedBaseline};
use super::log::{DecisionEntry, DecisionLog};
use crate::images;
use crate::project::Project;

/// A snapshot of a run that a decision is about.
#[derive(Clone, Copy, Debug)]
pub(crate) struct RecordedSnapshot<'a> {
    pub(crate) run: &'a VisualTestRun,
    pub(crate) result: &'a VisualTestResult,
}

impl RecordedSnapshot<'_> {
    fn name(&self) -> String {
        self.result.story_identifier.test_name()
    }
}

/// The decisions of a project.
pub(crate) struct Decisions {
    /// Locked while a decision is applied, so that two on the same snapshot
    /// follow each other.
    log: Mutex<DecisionLog>,
}

impl Decisions {
    pub(crate) fn new(state_dir: &Path) -> Self {
        Self {
            log: Mutex::new(DecisionLog::new(state_dir)),
        }
    }

    /// The decision that is in effect on a snapshot. An acceptance shows in
    /// the provenance of the baseline, no matter by which way it was accepted.
    pub(crate) fn state(
        &self,
        project: &Project,
        result: &VisualTestResult,
    ) -> Option<DecisionState> {
        let name = result.story_identifier.test_name();
        let log = self.log().ok()?;
        // The log of this machine is newer than a document that was read.
        let is_rejected = match log.last(&result.run_id, &name) {
            Some(entry) => entry.decision == Decision::Reject,
            None => result.rejected_at.is_some(),
        };
        if is_rejected {
            return Some(DecisionState::Rejected);
        }
        let path = project.baseline(&result.story_identifier).ok()?;
        let found = project.baselines().read(&path).ok()??;
        let from = found.provenance?;
        (from.run_id == result.run_id && from.story_identifier == result.story_identifier)
            .then_some(DecisionState::Accepted)
    }

    /// Whether the baseline is already the image of this result.
    pub(crate) fn is_accepted(&self, project: &Project, result: &VisualTestResult) -> Result<bool> {
        let path = project.baseline(&result.story_identifier)?;
        let image = images::current(&project.manifest, result)?;
        // A damaged baseline is replaced.
        let found = project.baselines().read(&path).ok().flatten();
        Ok(found.is_some_and(|baseline| baseline.is_capture(&image)))
    }

    /// The baseline that the acceptance in effect replaced: its hash and the
    /// copy that is kept of it.
    pub(crate) fn replaced(&self, result: &VisualTestResult) -> Option<(String, PathBuf)> {
        let log = self.log().ok()?;
        let entry = log.last(&result.run_id, &result.story_identifier.test_name())?;
        let hash = entry.before.clone()?;
        let copy = log.replaced(&hash);
        (entry.decision == Decision::Accept && copy.is_file()).then_some((hash, copy))
    }

    /// The copy that is kept of a baseline that an acceptance replaced, if one
    /// did.
    pub(crate) fn replaced_copy(&self, hash: &str) -> Option<PathBuf> {
        self.log().ok().map(|log| log.replaced(hash))
    }

    /// Applies a decision. `expected` is the baseline that an acceptance may
    /// replace.
    pub(crate) fn apply(
        &self,
        project: &Project,
        snapshot: RecordedSnapshot<'_>,
        decision: Decision,
        expected: &ExpectedBaseline,
        who: &str,
    ) -> Result<()> {
        let RecordedSnapshot { run, result } = snapshot;
        if let Err(problem) = result.check(&run.run_id, &result.story_identifier) {
            bail!("its record is invalid: {problem}");
        }
        let mut log = self.log()?;
        let entry = DecisionEntry::new(&snapshot.run.run_id, &snapshot.name(), decision, who);
        let entry = match decision {
            Decision::Accept => accept(&log, project, snapshot, expected, entry)?,
            Decision::Reject => reject(&log, snapshot, entry)?,
            Decision::Undo => undo(&log, project, snapshot, entry)?,
        };
        log.append(&entry)
    }

    fn log(&self) -> Result<MutexGuard<'_, DecisionLog>> {
        let mut log = self.log.lock().unwrap_or_else(PoisonError::into_inner);
        log.refresh()?;
        Ok(log)
    }
}

fn accept(
    log: &DecisionLog,
    project: &Project,
    snapshot: RecordedSnapshot<'_>,
    expected: &ExpectedBaseline,
    entry: DecisionEntry,
) -> Result<DecisionEntry> {
    let RecordedSnapshot { run, result } = snapshot;
    if log.effective(&run.run_id, &snapshot.name()) == Some(Decision::Reject) {
        bail!("it was rejected (help: undo that first with `cargo tintype undo`)");
    }
    let baselines = project.baselines();
    let path = project.baseline(&result.story_identifier)?;
    let image = images::current(&project.manifest, result)?;
    check_engine(project, result)?;
    let provenance = images::provenance(run, result);
    let before = match expected {
        ExpectedBaseline::OfRun => recorded(&baselines, &path, result)?,
        ExpectedBaseline::Hash(hash) => hash.clone(),
        ExpectedBaseline::Any => baselines.file_sha256(&path)?,
    };
    if let Some(hash) = &before {
        // Without its file, it cannot be restored, but it can be replaced.
        if let Ok(Some(file)) = baselines.file(&path) {
            log.keep_replaced(&file, hash)?;
        }
    }
    let accepted = baselines.accept_if(&path, before.as_deref(), &image, &provenance)?;
    Ok(entry.with_hashes(before, accepted.file_sha256))
}

/// Checks that the engine of the snapshot has captured it.
fn check_engine(project: &Project, result: &VisualTestResult) -> Result<()> {
    let planned = project.plan.snapshot(&result.story_identifier);
    if let (Some(planned), Some(browser)) = (planned, &result.browser)
        && !planned.browser.is_name_of(browser)
    {
        bail!(
            "it was captured by `{browser}`, but is a snapshot of {}",
            planned.browser.as_str()
        );
    }
    Ok(())
}

/// The hash of the baseline that the run compared with. It could not compare
/// with a damaged file, which therefore counts as the expected one.
fn recorded(
    baselines: &Baselines,
    path: &Path,
    result: &VisualTestResult,
) -> Result<Option<String>> {
    let hashes = result.sha256.as_ref();
    if let Some(hash) = hashes.and_then(|hashes| hashes.baseline.clone()) {
        return Ok(Some(hash));
    }
    match baselines.read(path) {
        Ok(_) => Ok(None),
        Err(_) => Ok(baselines.file_sha256(path)?),
    }
}

fn reject(
    log: &DecisionLog,
    snapshot: RecordedSnapshot<'_>,
    entry: DecisionEntry,
) -> Result<DecisionEntry> {
    if log.effective(&snapshot.run.run_id, &snapshot.name()) == Some(Decision::Accept) {
        bail!("it was accepted (help: undo that first with `cargo tintype undo`)");
    }
    Ok(entry)
}

/// Undoes the last decision. After an acceptance the old baseline is restored,
/// unless the baseline has changed since.
fn undo(
    log: &DecisionLog,
    project: &Project,
    snapshot: RecordedSnapshot<'_>,
    entry: DecisionEntry,
) -> Result<DecisionEntry> {
    let last = log.last(&snapshot.run.run_id, &snapshot.name());
    if last.is_none() && snapshot.result.rejected_at.is_some() {
        // It was rejected on another machine.
        return Ok(entry);
    }
    let last = last.context("there is no decision to undo")?;
    match last.decision {
        Decision::Undo => bail!("the decision has already been undone"),
        Decision::Reject => {}
        Decision::Accept => {
            let path = project.baseline(&snapshot.result.story_identifier)?;
            let before = match &last.before {
                Some(hash) => {
                    let before = images::read(&log.replaced(hash))
                        .context("the replaced baseline is no longer available")?;
                    if baseline::sha256(&before) != *hash {
                        bail!("the copy of the replaced baseline is damaged");
                    }
                    Some(before)
                }
                None => None,
            };
            let after = last.after.as_deref().unwrap_or_default();
            let baselines = project.baselines();
            baselines.restore_if(&path, after, before.as_deref())?;
        }
    }
    Ok(entry)
}
