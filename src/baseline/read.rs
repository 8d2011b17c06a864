//! Reads a baseline.

use std::io::ErrorKind;
use std::path::Path;
use std::{fs, io};

use super::error::{BaselineError, BaselineProblem};
use super::png;
use super::provenance::Provenance;
use super::sha256::sha256;

/// An accepted image.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Baseline {
    /// The PNG as captured, without provenance.
    pub bytes: Vec<u8>,
    /// SHA-256 of the file, in lowercase hexadecimal.
    pub file_sha256: String,
    /// Where it was captured, if the file has valid provenance.
    pub provenance: Option<Provenance>,
}

/// Reads a baseline; `None` if there is no file. Checks the checksums, but does
/// not decode pixels. `root` is the manifest's folder, which a baseline must not
/// leave.
///
/// # Errors
/// When the file cannot be read, is not a complete PNG, or is outside `root`.
pub fn read(root: &Path, path: &Path) -> Result<Option<Baseline>, BaselineError> {
    let problem = |problem| BaselineError::new(path, problem);
    let Some(file) = read_file(root, path).map_err(problem)? else {
        return Ok(None);
    };
    let parts = png::split(&file).map_err(problem)?;
    let provenance = parts.provenance.map(serde_json::from_str);
    Ok(Some(Baseline {
        file_sha256: sha256(&file),
        provenance: provenance.and_then(Result::ok),
        bytes: parts.plain,
    }))
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
    match fs::read(&found) {
        Ok(bytes) => Ok(Some(bytes)),
        Err(error) if is_absent(&error) => Ok(None),
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
