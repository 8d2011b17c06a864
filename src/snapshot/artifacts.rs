//! Writes the images of a snapshot that did not pass.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::browser::{BrowserError, StepFailure, Unstable};
use crate::files::{self, sha256};
use crate::manifest::Manifest;
use crate::model::{UnmetStep, VisualTestResult};

/// The folder for the images of a run.
#[derive(Clone)]
pub(crate) struct ImageFolder {
    manifest: Arc<Manifest>,
    folder: PathBuf,
}

impl ImageFolder {
    pub(crate) fn new(manifest: Arc<Manifest>, folder: PathBuf) -> Self {
        Self { manifest, folder }
    }

    /// The file of a result with this ending of its name.
    pub(super) fn path(&self, result: &VisualTestResult, ending: &str) -> PathBuf {
        let stem = result.story_identifier.file_stem();
        self.folder.join(format!("{stem}-{ending}"))
    }

    /// A path as results have it.
    pub(super) fn relative(&self, path: &Path) -> String {
        self.manifest.relative(path)
    }

    /// Writes the images and notes them in the result. Returns a line for each
    /// image that could not be written.
    pub(super) fn write(
        &self,
        result: &mut VisualTestResult,
        current: Option<&[u8]>,
        diff: Option<&[u8]>,
    ) -> Vec<String> {
        let mut errors = Vec::new();
        for (kind, bytes) in [("current", current), ("diff", diff)] {
            let Some(bytes) = bytes else { continue };
            let path = self.path(result, &format!("{kind}.png"));
            if let Err(error) = files::replace(&path, bytes) {
                errors.push(format!("failed to write {}: {error}", path.display()));
                continue;
            }
            let (path, hash) = (self.manifest.relative(&path), sha256(bytes));
            let hashes = result.sha256.get_or_insert_default();
            if kind == "current" {
                (result.current, hashes.current) = (Some(path), Some(hash));
            } else {
                (result.diff, hashes.diff) = (Some(path), Some(hash));
            }
        }
        errors
    }

    /// Notes the facts of an error in the result, and writes its images. They
    /// show what went wrong, and cannot be accepted.
    pub(crate) fn write_error(&self, result: &mut VisualTestResult, error: &BrowserError) {
        let errors = match error {
            BrowserError::Step(unmet) => self.write_unmet(result, unmet),
            BrowserError::Unstable(unstable) => self.write_unstable(result, unstable),
            BrowserError::PageErrors { errors } => {
                result.page_errors.clone_from(errors);
                Vec::new()
            }
            BrowserError::BlockedRequests { errors, cause } => {
                result.page_errors.clone_from(errors);
                return self.write_error(result, cause);
            }
            _ => Vec::new(),
        };
        // The result is the same without them.
        for error in errors {
            tracing::warn!("{error}");
        }
    }

    /// Writes the image of a page on which a step failed.
    fn write_unmet(&self, result: &mut VisualTestResult, unmet: &StepFailure) -> Vec<String> {
        result.unmet_step = Some(UnmetStep {
            number: unmet.number,
            kind: unmet.kind.to_owned(),
            target: unmet.target.clone(),
        });
        self.write(result, unmet.picture.as_deref(), None)
    }

    /// Writes the last image of an unstable page, and its difference from the
    /// image before.
    fn write_unstable(&self, result: &mut VisualTestResult, unstable: &Unstable) -> Vec<String> {
        result.unstable = true;
        result.regions.clone_from(&unstable.moved);
        self.write(result, Some(&unstable.last), unstable.motion.as_deref())
    }
}
