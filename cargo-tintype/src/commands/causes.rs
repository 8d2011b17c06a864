//! Selects the snapshots that causes explain, for `accept --cause`.

use anyhow::{Context as _, Result, bail};
use serde::Serialize;
use tintype::compare::Options;
use tintype::internals::baseline::split_digest;
use tintype::internals::explain::{DigestedImages, known_causes, verify_causes};
use tintype::internals::model::VisualTestResult;

use crate::images;
use crate::project::Project;

/// A snapshot that has an accepted cause, but is not accepted with it.
#[derive(Debug, Serialize)]
pub(super) struct LeftOut {
    pub(super) name: String,
    pub(super) reason: String,
}

/// The snapshots with these causes, apart from those whose difference has
/// something else in it.
///
/// # Errors
/// When the run has no such cause, or several that begin like this.
pub(super) fn explained<'a>(
    project: &Project,
    results: Vec<&'a VisualTestResult>,
    causes: &[String],
) -> Result<(Vec<&'a VisualTestResult>, Vec<LeftOut>)> {
    let ids = causes
        .iter()
        .map(|cause| find(&results, cause))
        .collect::<Result<Vec<String>>>()?;
    let (mut accepted, mut left_out) = (Vec::new(), Vec::new());
    for result in results {
        if !known_causes(result).any(|cause| ids.contains(&cause.id)) {
            continue;
        }
        match verify(project, result, &ids) {
            Ok(()) => accepted.push(result),
            Err(reason) => left_out.push(LeftOut {
                name: result.story_identifier.test_name(),
                reason: format!("{reason:#}"),
            }),
        }
    }
    Ok((accepted, left_out))
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
    let path = project.baseline(&result.story_identifier)?;
    let baseline = project.baselines().read(&path)?;
    let baseline = baseline.context("its baseline is missing")?;
    let file = images::current(&project.manifest, result)?;
    let (current, digest) = split_digest(&file).context("its current image is damaged")?;
    let captures = DigestedImages {
        images: [&baseline.bytes, &current],
        digests: [baseline.digest.as_deref(), digest.as_deref()],
    };
    let mut planned = project.plan.snapshots.iter();
    let planned = planned.find(|snapshot| snapshot.identifier == result.story_identifier);
    let ignored = planned.map(|planned| planned.compare().ignore.clone());
    // Every pixel counts, whatever the tolerance is.
    let options = Options::exact().ignore(ignored.unwrap_or_default());
    let explanation = result.explanation.as_ref();
    verify_causes(explanation, ids, &captures, &options).map_err(anyhow::Error::msg)
}
