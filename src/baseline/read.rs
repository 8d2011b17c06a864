//! Reads a baseline.

use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};

use tintype_compare::{ImageProblem, MAX_FILE_BYTES};

use super::error::{BaselineError, BaselineProblem};
use super::png;
use super::provenance::{Provenance, ProvenanceChunk, hash};
use crate::files::{self, sha256};

/// An accepted image.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Baseline {
    /// The file, relative to the manifest's folder.
    pub path: PathBuf,
    /// The PNG, without provenance and digest.
    pub bytes: Vec<u8>,
    /// SHA-256 of the file, in lowercase hexadecimal.
    pub file_sha256: String,
    /// Where it was captured, if the file has valid provenance.
    pub provenance: Option<Provenance>,
    /// BLAKE3 of the PNG as captured, in hexadecimal, if it is known.
    pub captured: Option<String>,
    /// The compressed layout digest of the page, if the file has one.
    pub digest: Option<Vec<u8>>,
}

impl Baseline {
    /// Whether a PNG is, byte for byte, the capture that was accepted, whatever
    /// layout digest it has. Other PNGs may have the same pixels.
    pub fn is_capture(&self, png: &[u8]) -> bool {
        if self.is_encoded_from(png) || self.bytes == png {
            return true;
        }
        let plain = png::may_have_digest(png).then(|| png::split(png).ok());
        let plain = plain.flatten().map(|split| split.plain);
        plain.is_some_and(|plain| self.is_encoded_from(&plain) || self.bytes == plain)
    }

    /// Whether the file has been encoded from this PNG.
    pub fn is_encoded_from(&self, png: &[u8]) -> bool {
        self.captured
            .as_ref()
            .is_some_and(|captured| *captured == hash(png))
    }

    /// The error of a baseline that cannot be compared.
    pub fn error(&self, problem: ImageProblem) -> BaselineError {
        BaselineError {
            path: self.path.clone(),
            problem: BaselineProblem::Image(problem),
        }
    }
}

/// Reads a baseline; `None` if there is no file. Checks the header and the
/// checksums, but does not decode pixels. `root` is the manifest's folder, which
/// a baseline must not leave.
///
/// # Errors
/// When the file cannot be read, is not a complete PNG, is too large to be
/// compared, or is outside `root`.
pub fn read(root: &Path, path: &Path) -> Result<Option<Baseline>, BaselineError> {
    let problem = |problem| BaselineError::new(root, path, problem);
    let Some(file) = read_file(root, path).map_err(problem)? else {
        return Ok(None);
    };
    let file_sha256 = sha256(&file);
    let baseline = parse(root, path, &file, file_sha256).map_err(problem)?;
    Ok(Some(baseline))
}

/// The baseline that is at `path`, from the bytes of its file.
pub(super) fn parse(
    root: &Path,
    path: &Path,
    file: &[u8],
    file_sha256: String,
) -> Result<Baseline, BaselineProblem> {
    let parts = png::split(file)?;
    let text = parts
        .provenance
        .map(serde_json::from_str::<ProvenanceChunk>);
    let (provenance, capture) = match text {
        Some(Ok(chunk)) => (Some(chunk.provenance), chunk.capture),
        _ => (None, None),
    };
    Ok(Baseline {
        path: path.strip_prefix(root).unwrap_or(path).to_owned(),
        file_sha256,
        provenance,
        captured: capture.and_then(|capture| capture.captured(&parts.plain)),
        bytes: parts.plain,
        digest: parts.digest.map(<[u8]>::to_vec),
    })
}

/// The image and the compressed layout digest of a captured PNG. `None` if it is
/// damaged.
pub fn split_digest(png: &[u8]) -> Option<(Vec<u8>, Option<Vec<u8>>)> {
    let split = png::split(png).ok()?;
    Some((split.plain, split.digest.map(<[u8]>::to_vec)))
}

/// SHA-256 of a baseline's file in lowercase hexadecimal, however damaged it is;
/// `None` if there is no file.
///
/// # Errors
/// When the file cannot be read, or is outside `root`.
pub fn file_sha256(root: &Path, path: &Path) -> Result<Option<String>, BaselineError> {
    let file = read_file(root, path);
    let file = file.map_err(|problem| BaselineError::new(root, path, problem))?;
    Ok(file.map(|bytes| sha256(&bytes)))
}

/// The file's bytes; `None` if there is no file.
pub(super) fn read_file(root: &Path, path: &Path) -> Result<Option<Vec<u8>>, BaselineProblem> {
    let found = match path.canonicalize() {
        Ok(found) => found,
        // A broken link counts as a missing file, and is replaced.
        Err(error) if is_absent(&error) => return Ok(None),
        Err(error) => return Err(BaselineProblem::Unreadable(error)),
    };
    inside(root, &found)?;
    match files::read(&found, MAX_FILE_BYTES) {
        Ok(bytes) => Ok(Some(bytes)),
        Err(error) if is_absent(&error) => Ok(None),
        Err(_) if found.is_dir() => Err(BaselineProblem::Directory),
        Err(error) => Err(BaselineProblem::Unreadable(error)),
    }
}

fn is_absent(error: &io::Error) -> bool {
    matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory)
}

/// Checks that a canonical path is inside `root`.
pub(super) fn inside(root: &Path, found: &Path) -> Result<(), BaselineProblem> {
    let root = root.canonicalize().map_err(BaselineProblem::Unreadable)?;
    if found.starts_with(root) {
        Ok(())
    } else {
        Err(BaselineProblem::Outside(found.to_owned()))
    }
}
