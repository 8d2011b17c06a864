//! Makes a current image the baseline.

use std::fs::{self, File};
use std::io;
use std::path::Path;

use super::error::{BaselineError, BaselineProblem};
use super::png;
use super::provenance::Provenance;
use super::read::{inside, read_file};
use super::sha256::sha256;
use crate::files;

/// A baseline that has been written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AcceptedBaseline {
    /// SHA-256 of the file, in lowercase hexadecimal.
    pub file_sha256: String,
}

/// Makes `image`, a PNG, the baseline at `path`, and replaces any file there.
///
/// The file is replaced atomically and is on disk when this returns. Folders
/// are created. `root` is the manifest's folder, which a baseline must not
/// leave.
///
/// # Errors
/// When `image` is not a complete PNG, when `path` leaves `root`, or when the
/// file cannot be written.
pub fn accept(
    root: &Path,
    path: &Path,
    image: &[u8],
    provenance: &Provenance,
) -> Result<AcceptedBaseline, BaselineError> {
    write(root, path, image, provenance).map_err(|problem| BaselineError::new(path, problem))
}

/// Like [`accept`], if the file at `path` has the SHA-256 `expected`, or does
/// not exist if that is `None`.
///
/// # Errors
/// As for [`accept`], and when another file is there.
pub fn accept_if(
    root: &Path,
    path: &Path,
    expected: Option<&str>,
    image: &[u8],
    provenance: &Provenance,
) -> Result<AcceptedBaseline, BaselineError> {
    let attempt = || {
        let _lock = lock(root)?;
        check_unchanged(root, path, expected)?;
        write(root, path, image, provenance)
    };
    attempt().map_err(|problem| BaselineError::new(path, problem))
}

/// Undoes an acceptance: restores the bytes `before`, or removes the file if that
/// is `None`, provided that the file has the SHA-256 `expected`.
///
/// # Errors
/// When another file is there, when `path` leaves `root`, or when the file
/// cannot be written.
pub fn restore_if(
    root: &Path,
    path: &Path,
    expected: &str,
    before: Option<&[u8]>,
) -> Result<(), BaselineError> {
    let attempt = || {
        let _lock = lock(root)?;
        check_unchanged(root, path, Some(expected))?;
        match before {
            Some(bytes) => files::replace_durably(path, bytes),
            None => fs::remove_file(path),
        }
        .map_err(BaselineProblem::Unwritable)
    };
    attempt().map_err(|problem| BaselineError::new(path, problem))
}

/// Checks that the file has the expected hash.
fn check_unchanged(
    root: &Path,
    path: &Path,
    expected: Option<&str>,
) -> Result<(), BaselineProblem> {
    let found = read_file(root, path)?.map(|bytes| sha256(&bytes));
    if found.as_deref() == expected {
        return Ok(());
    }
    let shown = |hash: Option<&str>| hash.unwrap_or("no file").to_owned();
    Err(BaselineProblem::Changed {
        expected: shown(expected),
        found: shown(found.as_deref()),
    })
}

/// Locks all baselines, so that no other process accepts between the check of a
/// file and its replacement. Dropping the file releases the lock.
fn lock(root: &Path) -> Result<File, BaselineProblem> {
    let path = root.join("target/tintype/baselines.lock");
    let open = || {
        fs::create_dir_all(path.parent().unwrap_or(root))?;
        let file = File::create(&path)?;
        file.lock()?;
        Ok(file)
    };
    open().map_err(|error: io::Error| BaselineProblem::Unlockable { path, error })
}

fn write(
    root: &Path,
    path: &Path,
    image: &[u8],
    provenance: &Provenance,
) -> Result<AcceptedBaseline, BaselineProblem> {
    let text =
        serde_json::to_string(provenance).map_err(|e| BaselineProblem::Unwritable(e.into()))?;
    let bytes = png::join(image, &text)?;
    let folder = path.parent().unwrap_or(root);
    check_inside(root, folder)?;
    files::replace_durably(path, &bytes).map_err(BaselineProblem::Unwritable)?;
    Ok(AcceptedBaseline {
        file_sha256: sha256(&bytes),
    })
}

/// Checks that the existing part of `folder` is inside `root`, before anything is
/// created.
fn check_inside(root: &Path, folder: &Path) -> Result<(), BaselineProblem> {
    let found = folder.ancestors().find_map(|part| part.canonicalize().ok());
    inside(root, found.as_deref().unwrap_or(folder))
}
