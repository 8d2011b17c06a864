//! Finds and reads the images of a run.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail, ensure};
use tintype::compare::MAX_FILE_BYTES;
use tintype::internals::baseline::{self, Provenance};
use tintype::internals::files;
use tintype::internals::manifest::Manifest;
use tintype::internals::model::{RunId, VisualTestResult, VisualTestRun};
use tintype::internals::report::EvidenceTexts;

use crate::artifacts;
use crate::run_files;

/// An image that a run has written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum RunImage {
    Current,
    Diff,
}

impl RunImage {
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Current => "current",
            Self::Diff => "diff",
        }
    }

    /// Whether a result has this image.
    pub(crate) fn is_of(self, result: &VisualTestResult) -> bool {
        match self {
            Self::Current => result.current.is_some(),
            Self::Diff => result.diff.is_some(),
        }
    }

    /// Sets the path of this image.
    pub(crate) fn set(self, result: &mut VisualTestResult, path: String) {
        match self {
            Self::Current => result.current = Some(path),
            Self::Diff => result.diff = Some(path),
        }
    }
}

/// The file of an image of a result, and the folder of its run.
struct ImageFile {
    path: PathBuf,
    folder: PathBuf,
}

/// The file of an image of a result. Its path follows from run and snapshot, as
/// others can write to the record: the path in the record is never opened.
fn file_of(manifest: &Manifest, result: &VisualTestResult, image: RunImage) -> Result<ImageFile> {
    let (run, story) = (&result.run_id, &result.story_identifier);
    if let Err(problem) = result.check(run, story) {
        bail!("its record is invalid: {problem}");
    }
    if RunId::parse(run.as_str()).is_none() {
        bail!("the id of the run is invalid");
    }
    let folder = run_files::folder_of(manifest).join(run.as_str());
    let path = folder.join(format!("{}-{}.png", story.file_stem(), image.as_str()));
    Ok(ImageFile { path, folder })
}

/// The texts about a failure that are beside its images. None if the record is
/// invalid.
pub(crate) fn evidence(manifest: &Manifest, result: &VisualTestResult) -> EvidenceTexts {
    let file = file_of(manifest, result, RunImage::Current).ok();
    file.map_or_else(EvidenceTexts::default, |file| {
        EvidenceTexts::read(&file.folder, result)
    })
}

/// The path of an image of a result on this machine. The file may be missing.
pub(crate) fn path(
    manifest: &Manifest,
    result: &VisualTestResult,
    image: RunImage,
) -> Result<PathBuf> {
    file_of(manifest, result, image).map(|file| file.path)
}

/// Resolves the links of a file, which must be in the folder of its run.
fn resolve(ImageFile { path, folder }: &ImageFile) -> Result<PathBuf> {
    let found = || -> std::io::Result<_> { Ok((folder.canonicalize()?, path.canonicalize()?)) };
    let (inside, found) = found().with_context(|| {
        format!(
            "failed to read {} (the run was pruned or ran on another machine)",
            path.display()
        )
    })?;
    if !found.starts_with(&inside) || !found.is_file() {
        bail!("{} is not an image of the run", path.display());
    }
    Ok(found)
}

/// Reads an image of a result, which must have the hash in the record: the file
/// of this machine, otherwise the picture in the artifact store.
pub(crate) fn verified(
    manifest: &Manifest,
    result: &VisualTestResult,
    image: RunImage,
) -> Result<(PathBuf, Vec<u8>)> {
    let file = file_of(manifest, result, image)?;
    let hashes = result.sha256.as_ref();
    let hash = hashes.and_then(|hashes| match image {
        RunImage::Current => hashes.current.as_ref(),
        RunImage::Diff => hashes.diff.as_ref(),
    });
    let hash = hash.with_context(|| {
        format!(
            "its record has no hash of {}, so the image may be another one (help: run the tests \
             again)",
            file.path.display()
        )
    })?;
    let error = match local(&file, hash) {
        Ok(found) => return Ok(found),
        Err(error) => error,
    };
    match artifacts::store(manifest)? {
        None => Err(error),
        Some(store) => store
            .cached_picture(&manifest.state_dir(), hash)
            .with_context(|| format!("{error:#}, and it was not fetched")),
    }
}

/// Fetches the current images that this machine does not have, several at a
/// time. Those that cannot be fetched are reported when they are read.
pub(crate) fn prefetch<'r>(
    manifest: &Manifest,
    results: impl Iterator<Item = &'r VisualTestResult>,
) {
    let Ok(Some(store)) = artifacts::store(manifest) else {
        return;
    };
    let missing = results.filter(|result| {
        let file = file_of(manifest, result, RunImage::Current);
        file.is_ok_and(|file| !file.path.is_file())
    });
    let hashes = missing.filter_map(|result| result.sha256.as_ref()?.current.clone());
    store.fetch_pictures(&manifest.state_dir(), hashes.collect());
}

/// The file of this machine, if it has the hash in the record.
fn local(file: &ImageFile, hash: &str) -> Result<(PathBuf, Vec<u8>)> {
    let path = resolve(file)?;
    let bytes = read(&path)?;
    if *hash != baseline::sha256(&bytes) {
        bail!(
            "{} has changed since the run captured it (help: run the tests again)",
            path.display()
        );
    }
    Ok((path, bytes))
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
    ensure!(result.current.is_some(), "it was not captured: {message}");
    Ok(verified(manifest, result, RunImage::Current)?.1)
}

/// Reads an image.
pub(crate) fn read(path: &Path) -> Result<Vec<u8>> {
    files::read(path, MAX_FILE_BYTES).with_context(|| format!("failed to read {}", path.display()))
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
