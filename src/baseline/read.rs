//! Reading a baseline.

use std::io::ErrorKind;
use std::path::Path;
use std::{fs, io};

use super::error::{BaselineError, Problem};
use super::provenance::Provenance;
use super::{png, sha256};

/// An accepted image.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Baseline {
    /// The PNG as it was captured, without provenance.
    pub bytes: Vec<u8>,
    /// SHA-256 of the file as it is on disk, in lowercase hexadecimal.
    pub file_sha256: String,
    /// Where it comes from, if it says so in a way that is understood.
    pub provenance: Option<Provenance>,
}

/// Reads a baseline; nothing when there is none. Pixels are not decoded.
/// `root` is the manifest's folder, which a baseline may not leave.
///
/// # Errors
/// When the file cannot be read, is no complete PNG, or lies outside of
/// `root`.
pub fn read(root: &Path, path: &Path) -> Result<Option<Baseline>, BaselineError> {
    let problem = |problem| BaselineError::new(path, problem);
    let Some(file) = file(root, path).map_err(problem)? else {
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

/// The file's bytes; nothing when there is no file.
pub(super) fn file(root: &Path, path: &Path) -> Result<Option<Vec<u8>>, Problem> {
    let found = match path.canonicalize() {
        Ok(found) => found,
        // Above all a broken link counts as no file, and is replaced.
        Err(error) if absent(&error) => return Ok(None),
        Err(error) => return Err(Problem::Unreadable(error)),
    };
    inside(root, &found)?;
    match fs::read(&found) {
        Ok(bytes) => Ok(Some(bytes)),
        Err(error) if absent(&error) => Ok(None),
        Err(error) => Err(Problem::Unreadable(error)),
    }
}

fn absent(error: &io::Error) -> bool {
    matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory)
}

/// Checks that a canonical path is below `root`.
pub(super) fn inside(root: &Path, found: &Path) -> Result<(), Problem> {
    let root = root.canonicalize().map_err(Problem::Unreadable)?;
    if found.starts_with(root) {
        Ok(())
    } else {
        Err(Problem::Outside(found.to_owned()))
    }
}
