//! Finds a baseline as it was at an earlier run.

use std::path::Path;

use anyhow::{Context, Result};
use tintype::internals::artifacts::ArtifactStore;
use tintype::internals::baseline::sha256;
use tintype::internals::model::{VisualTestResult, VisualTestRun};

use crate::decisions::Decisions;
use crate::git;
use crate::project::Project;

/// The file of the baseline that a run compared a snapshot with: as it is now, as
/// an acceptance replaced it, from the artifact store, or from the commit of the run.
///
/// # Errors
/// When the run compared it with none, or the file is nowhere.
pub(crate) fn of_run(
    project: &Project,
    decisions: &Decisions,
    run: &VisualTestRun,
    result: &VisualTestResult,
) -> Result<Vec<u8>> {
    let hash = result.sha256.as_ref().and_then(|it| it.baseline.as_deref());
    let hash = hash.context("the run compared it with no baseline")?;
    let path = project.baseline(&result.story_identifier)?;
    let now = || project.baselines().file(&path).ok().flatten();
    let replaced = || std::fs::read(decisions.replaced_copy(hash)?).ok();
    let stored = || ArtifactStore::read_cached(&project.manifest.state_dir(), hash);
    let committed = || {
        let commit = &run.environment.git.as_ref()?.commit;
        committed(
            &project.manifest.root,
            commit,
            &project.manifest.relative(&path),
        )
    };
    let is_it = |file: &Vec<u8>| sha256(file) == hash;
    now()
        .filter(is_it)
        .or_else(|| replaced().filter(is_it))
        .or_else(|| stored().filter(is_it))
        .or_else(|| committed().filter(is_it))
        .context("the baseline of that run is no longer available")
}

/// A file as of a commit, if git has it.
fn committed(root: &Path, commit: &str, file: &str) -> Option<Vec<u8>> {
    // A commit of the record must not be read as an option.
    let is_hash = commit.len() >= 7 && commit.bytes().all(|byte| byte.is_ascii_hexdigit());
    let object = format!("{commit}:./{file}");
    is_hash
        .then(|| git::output(root, &["show", "--end-of-options", &object]))
        .flatten()
}
