//! Sets and lifts quarantines.

use anyhow::{Context, Result, bail, ensure};
use jiff::civil::Date;
use tintype::internals::config::closest;
use tintype::internals::manifest::{Manifest, Quarantine, SnapshotSelector};
use tintype::internals::model::{Status, VisualTestResult, today};
use tintype::internals::snapshot::difference_hash;

use super::file::QuarantineFile;
use crate::git;
use crate::project::Project;
use crate::run_files::{self, OpenedRun};

/// So many letters of a story's id may be wrong for a suggestion.
const MAX_DISTANCE: usize = 3;

/// A quarantine to be set.
pub(crate) struct NewQuarantine<'a> {
    pub(crate) subject: &'a SnapshotSelector,
    pub(crate) until: Date,
    pub(crate) reason: &'a str,
}

/// Sets a quarantine in place of another of the same snapshots.
///
/// # Errors
/// When its end has passed, it has no reason, or no snapshot matches.
pub(crate) fn set(project: &Project, new: &NewQuarantine<'_>) -> Result<()> {
    write(project, new, &[(new.subject.clone(), None)])
}

/// Sets a quarantine of the difference of every snapshot that failed in a run,
/// and returns how many those are.
///
/// # Errors
/// As [`set`], and when no snapshot differs in the run, or its images cannot be
/// compared.
pub(crate) fn set_for_differences(
    project: &Project,
    new: &NewQuarantine<'_>,
    run: &str,
) -> Result<u64> {
    let differences = differences(project, new.subject, run)?;
    write(project, new, &differences)?;
    Ok(differences.len() as u64)
}

/// Ends the quarantines of snapshots, and returns how many those were.
///
/// # Errors
/// When no quarantine matches, or the file cannot be read or written.
pub(crate) fn lift(project: &Project, subject: &SnapshotSelector) -> Result<u64> {
    let path = Quarantine::file(&project.manifest.path);
    let mut file = QuarantineFile::read(&path)?;
    let lifted = file.remove(subject);
    ensure!(
        lifted > 0,
        "no quarantine of {subject} in {} (help: `cargo tintype quarantine` lists them)",
        path.display()
    );
    file.write()?;
    Ok(lifted)
}

fn write(
    project: &Project,
    new: &NewQuarantine<'_>,
    entries: &[(SnapshotSelector, Option<String>)],
) -> Result<()> {
    let NewQuarantine { subject, until, .. } = new;
    let reason = new.reason.trim();
    ensure!(
        !reason.is_empty(),
        "a quarantine needs a reason (help: add `--reason TEXT`)"
    );
    ensure!(*until >= today(), "{until} has passed");
    check_subject(project, subject)?;
    let mut file = QuarantineFile::read(&Quarantine::file(&project.manifest.path))?;
    let commit = commit_of(&project.manifest);
    for (subject, difference) in entries {
        let difference = difference.as_deref();
        file.set(subject, *until, reason, commit.as_deref(), difference);
    }
    file.write()
}

/// Refuses snapshots that do not exist.
fn check_subject(project: &Project, subject: &SnapshotSelector) -> Result<()> {
    let Project { manifest, plan, .. } = project;
    let is_whole = !manifest.from_code && !manifest.is_stale;
    let mut snapshots = plan.snapshots.iter();
    if snapshots.any(|it| subject.covers(&it.identifier)) || !is_whole {
        return Ok(());
    }
    let stories = plan.snapshots.iter();
    let stories = stories.map(|it| it.identifier.story_id.as_str());
    let help = match closest(&subject.story, stories, MAX_DISTANCE) {
        Some(story) if story != subject.story => format!("did you mean `{story}`?"),
        _ => "`cargo tintype list` prints all of them".to_owned(),
    };
    bail!("no snapshot matches {subject} (help: {help})");
}

/// The fingerprint of the difference of every snapshot that failed in a run.
fn differences(
    project: &Project,
    subject: &SnapshotSelector,
    run: &str,
) -> Result<Vec<(SnapshotSelector, Option<String>)>> {
    let OpenedRun { file, .. } = run_files::open(&project.manifest, Some(run))?;
    let is_failure =
        |it: &&VisualTestResult| it.status == Status::Failed || it.fails_in_quarantine();
    let failures = file.results.iter().filter(is_failure);
    let failures = failures.filter(|it| subject.covers(&it.story_identifier));
    let found: Vec<_> = failures
        .map(|result| {
            let hash = difference(project, result)?;
            Ok((SnapshotSelector::of(&result.story_identifier), Some(hash)))
        })
        .collect::<Result<_>>()?;
    ensure!(
        !found.is_empty(),
        "no snapshot of {subject} differs in {}",
        file.run.run_id
    );
    Ok(found)
}

fn difference(project: &Project, result: &VisualTestResult) -> Result<String> {
    let name = result.story_identifier.test_name();
    let snapshot = project.plan.snapshot(&result.story_identifier);
    let snapshot = snapshot.with_context(|| format!("the manifest no longer has {name}"))?;
    let baseline = project.baselines().read(&snapshot.baseline)?;
    let baseline = baseline.with_context(|| format!("{name} has no baseline"))?;
    let message = result.message.as_deref().unwrap_or_default();
    let current = result.current.as_ref();
    let current = current.with_context(|| format!("{name} has no image: {message}"))?;
    let path = project.manifest.root.join(current);
    let current =
        std::fs::read(&path).with_context(|| format!("failed to read {}", path.display()))?;
    let hash = difference_hash(&baseline.bytes, &current, snapshot);
    hash.with_context(|| format!("the images of {name} cannot be compared"))
}

/// The commit of the checkout; `None` outside one.
fn commit_of(manifest: &Manifest) -> Option<String> {
    let commit = git::output(&manifest.root, &["rev-parse", "HEAD"])?;
    Some(String::from_utf8_lossy(&commit).trim().to_owned())
}
