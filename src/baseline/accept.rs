//! Making a current image the baseline.

use std::fs::{self, File};
use std::io;
use std::path::Path;

use super::error::{BaselineError, Problem};
use super::provenance::Provenance;
use super::read::{file, inside};
use super::{png, sha256};
use crate::files;

/// A baseline that has been written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Accepted {
    /// SHA-256 of the file as it is on disk now, in lowercase hexadecimal.
    pub file_sha256: String,
}

/// Makes `image`, a PNG, the baseline at `path`, whatever is there.
///
/// The file is replaced as a whole or not at all, and is on disk when this
/// returns. Folders are created. `root` is the manifest's folder, which a
/// baseline may not leave.
///
/// # Errors
/// When `image` is no complete PNG, when `path` leaves `root`, or when the
/// file cannot be written.
pub fn accept(
    root: &Path,
    path: &Path,
    image: &[u8],
    provenance: &Provenance,
) -> Result<Accepted, BaselineError> {
    write(root, path, image, provenance).map_err(|problem| BaselineError::new(path, problem))
}

/// Like [`accept`], if the file that is there still has this SHA-256, or if
/// there is none where `expected` is none.
///
/// # Errors
/// As for [`accept`], and when something else is there.
pub fn accept_if(
    root: &Path,
    path: &Path,
    expected: Option<&str>,
    image: &[u8],
    provenance: &Provenance,
) -> Result<Accepted, BaselineError> {
    let attempt = || {
        let _lock = lock(root).map_err(Problem::Unwritable)?;
        unchanged(root, path, expected)?;
        write(root, path, image, provenance)
    };
    attempt().map_err(|problem| BaselineError::new(path, problem))
}

/// Takes an acceptance back: puts `before` in its place, the file's bytes as
/// they were, or removes the file where there was none; if the file that is
/// there still has the SHA-256 `expected`.
///
/// # Errors
/// When something else is there, when `path` leaves `root`, or when the file
/// cannot be written.
pub fn restore_if(
    root: &Path,
    path: &Path,
    expected: &str,
    before: Option<&[u8]>,
) -> Result<(), BaselineError> {
    let attempt = || {
        let _lock = lock(root).map_err(Problem::Unwritable)?;
        unchanged(root, path, Some(expected))?;
        match before {
            Some(bytes) => files::replace_durably(path, bytes),
            None => fs::remove_file(path),
        }
        .map_err(Problem::Unwritable)
    };
    attempt().map_err(|problem| BaselineError::new(path, problem))
}

/// Refuses when the file is not what it is expected to be.
fn unchanged(root: &Path, path: &Path, expected: Option<&str>) -> Result<(), Problem> {
    let found = file(root, path)?.map(|bytes| sha256(&bytes));
    if found.as_deref() == expected {
        return Ok(());
    }
    let shown = |hash: Option<&str>| hash.unwrap_or("no file").to_owned();
    Err(Problem::Changed {
        expected: shown(expected),
        found: shown(found.as_deref()),
    })
}

/// Keeps others from accepting between the look at a file and its
/// replacement, until it is dropped.
fn lock(root: &Path) -> io::Result<File> {
    let folder = root.join("target/tintype");
    fs::create_dir_all(&folder)?;
    let file = File::create(folder.join("baselines.lock"))?;
    file.lock()?;
    Ok(file)
}

fn write(
    root: &Path,
    path: &Path,
    image: &[u8],
    provenance: &Provenance,
) -> Result<Accepted, Problem> {
    let text = serde_json::to_string(provenance).map_err(|e| Problem::Unwritable(e.into()))?;
    let bytes = png::join(image, &text)?;
    let folder = path.parent().unwrap_or(root);
    existing(root, folder)?;
    files::replace_durably(path, &bytes).map_err(Problem::Unwritable)?;
    Ok(Accepted {
        file_sha256: sha256(&bytes),
    })
}

/// Checks that the part of `folder` that exists already is inside of `root`,
/// before anything is created.
fn existing(root: &Path, folder: &Path) -> Result<(), Problem> {
    let found = folder.ancestors().find_map(|part| part.canonicalize().ok());
    inside(root, found.as_deref().unwrap_or(folder))
}
