//! Selects the snapshots that causes explain, for `accept --cause` and the review
//! page, and draws what causes leave unexplained.

use anyhow::{Context as _, Result, bail};
use serde::Serialize;
use tintype::compare::Options;
use tintype::internals::baseline::split_digest;
use tintype::internals::explain::{DigestedImages, draw_residual, known_causes, verify_causes};
use tintype::internals::model::VisualTestResult;

use crate::images::{self, RunImage};
use crate::project::Project;

/// A snapshot that has an accepted cause, but is not accepted with it.
#[derive(Debug, Serialize)]
pub(crate) struct LeftOut {
    pub(crate) name: String,
    pub(crate) reason: String,
}

/// The snapshots with these causes, apart from those whose difference has
/// something else in it.
pub(crate) fn explained<'a>(
    project: &Project,
    results: Vec<&'a VisualTestResult>,
    ids: &[String],
) -> (Vec<&'a VisualTestResult>, Vec<LeftOut>) {
    let (mut accepted, mut left_out) = (Vec::new(), Vec::new());
    for result in results {
        if !known_causes(result).any(|cause| ids.contains(&cause.id)) {
            continue;
        }
        match verify(project, result, ids) {
            Ok(()) => accepted.push(result),
            Err(reason) => left_out.push(LeftOut {
                name: result.story_identifier.test_name(),
                reason: format!("{reason:#}"),
            }),
        }
    }
    (accepted, left_out)
}

/// The ids of causes that begin with these texts.
///
/// # Errors
/// When the run has no such cause, or several that begin like this.
pub(crate) fn resolve(results: &[&VisualTestResult], prefixes: &[String]) -> Result<Vec<String>> {
    let ids = prefixes.iter().map(|prefix| find(results, prefix));
    ids.collect()
}

/// The id of a cause that begins like this.
fn find(results: &[&VisualTestResult], prefix: &str) -> Result<String> {
    let causes = results.iter().flat_map(|result| known_causes(result));
    let mut ids: Vec<&String> = causes
        .map(|cause| &cause.id)
        .filter(|id| id.starts_with(prefix))
        .collect();
    ids.sort_unstable();
    ids.dedup();
    match ids[..] {
        [id] => Ok(id.clone()),
        [] => bail!(
            "no snapshot to accept has the cause `{prefix}` (help: list the causes with \
             `cargo tintype explain`)"
        ),
        _ => bail!("{} causes begin with `{prefix}`", ids.len()),
    }
}

/// Checks that a difference consists of these causes, by its images.
fn verify(project: &Project, result: &VisualTestResult, ids: &[String]) -> Result<()> {
    // It also rejects images that cannot be accepted.
    let file = images::current(&project.manifest, result)?;
    let pair = CapturedPair::read(project, result, &file)?;
    let explanation = result.explanation.as_ref();
    verify_causes(explanation, ids, &pair.captures(), &pair.options).map_err(anyhow::Error::msg)
}

/// Draws the differing pixels of a snapshot that one of its causes does not
/// explain, or that none does, as a PNG.
pub(crate) fn residual(
    project: &Project,
    result: &VisualTestResult,
    cause: Option<&str>,
) -> Result<Vec<u8>> {
    let (_, file) = images::verified(&project.manifest, result, RunImage::Current)?;
    let pair = CapturedPair::read(project, result, &file)?;
    let explanation = result.explanation.as_ref();
    let explanation = explanation.context("its difference has no explanation")?;
    draw_residual(explanation, cause, &pair.captures(), &pair.options).map_err(anyhow::Error::msg)
}

/// The images of a snapshot with their layout digests.
struct CapturedPair {
    images: [Vec<u8>; 2],
    digests: [Option<Vec<u8>>; 2],
    options: Options,
}

impl CapturedPair {
    /// Reads the baseline to `file`, the current image of a result.
    fn read(project: &Project, result: &VisualTestResult, file: &[u8]) -> Result<Self> {
        let path = project.baseline(&result.story_identifier)?;
        let baseline = project.baselines().read(&path)?;
        let baseline = baseline.context("its baseline is missing")?;
        let (current, digest) = split_digest(file).context("its current image is damaged")?;
        let planned = project.plan.snapshot(&result.story_identifier);
        let ignored = planned.map(|planned| planned.compare().ignore.clone());
        Ok(Self {
            images: [baseline.bytes, current],
            digests: [baseline.digest, digest],
            // Every pixel counts, whatever the tolerance is.
            options: Options::exact().ignore(ignored.unwrap_or_default()),
        })
    }

    fn captures(&self) -> DigestedImages<'_> {
        DigestedImages {
            images: [&self.images[0], &self.images[1]],
            digests: [self.digests[0].as_deref(), self.digests[1].as_deref()],
        }
    }
}
