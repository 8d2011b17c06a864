//! Finds and reads the images of a run.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail, ensure};
use tintype::internals::baseline::{self, Provenance};
use tintype::internals::manifest::Manifest;
use tintype::internals::model::{VisualTestResult, VisualTestRun};

use crate::run_files;

/// The file of an image. It must be inside the folder of runs, whatever the
/// record says: records can come from other machines.
pub(crate) fn find(manifest: &Manifest, picture: &str) -> Result<PathBuf> {
    let path = manifest.root.join(picture);
    let found = path.canonicalize().with_context(|| {
        format!(
            "failed to read {} (the run was pruned or ran on another machine)",
            path.display()
        )
    })?;
    let runs = run_files::folder_of(manifest);
    let runs = runs
        .canonicalize()
        .with_context(|| format!("failed to find {}", runs.display()))?;
    if !found.starts_with(&runs) || found.extension().is_none_or(|end| end != "png") {
        bail!("{} is not an image of a run", path.display());
    }
    Ok(found)
}

/// The image that a run captured, if it can become the baseline and is unchanged.
pub(crate) fn current(manifest: &Manifest, result: &VisualTestResult) -> Result<Vec<u8>> {
    let message = result.message.as_deref().unwrap_or("no reason is recorded");
    ensure!(
        !result.shows_trouble(),
        "its image shows an error, not the story: {message}"
    );
    ensure!(
        !result.fails_as_known(),
        "it is a known failure ({}) (help: remove `known-failure` from the manifest first)",
        result.known_failure.as_deref().unwrap_or_default()
    );
    let current = result.current.as_ref();
    let current = current.with_context(|| format!("it was not captured: {message}"))?;
    let path = find(manifest, current)?;
    let image = read(&path)?;
    let recorded = result
        .sha256
        .as_ref()
        .and_then(|hash| hash.current.as_ref());
    if recorded.is_some_and(|hash| *hash != baseline::sha256(&image)) {
        bail!(
            "{} has changed since the run captured it (help: run the tests again)",
            path.display()
        );
    }
    Ok(image)
}

/// Reads an image.
pub(crate) fn read(path: &Path) -> Result<Vec<u8>> {
    fs::read(path).with_context(|| format!("failed to read {}", path.display()))
}

/// The provenance of the image of a result.
pub(crate) fn provenance(run: &VisualTestRun, result: &VisualTestResult) -> Provenance {
    let mut environment = run.environment.clone();
    if let Some(browser) = &result.browser {
        environment.browser = Some(browser.clone());
    }
    Provenance {
        environment,
        run_id: run.run_id.clone(),
        story_identifier: result.story_identifier.clone(),
    }
}
