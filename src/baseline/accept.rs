//! Makes a current image the baseline.

use std::borrow::Cow;
use std::fs::{self, File};
use std::io;
use std::path::Path;

use super::error::{BaselineError, BaselineProblem};
use super::png;
use super::provenance::{CaptureHashes, Provenance, ProvenanceChunk};
use super::read::{inside, read_file};
use crate::files::{self, sha256};

/// A baseline that has been written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AcceptedBaseline {
    /// SHA-256 of the file, in lowercase hexadecimal.
    pub file_sha256: String,
}

/// Makes `image`, a PNG, the baseline at `path`, and replaces any file there. Its
/// pixels are encoded again, as small as possible.
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
    let attempt = || write(root, path, &encode(image, provenance)?);
    attempt().map_err(|problem| BaselineError::new(root, path, problem))
}

/// Like [`accept`], if the file at `path` has the SHA-256 `expected`, or does
/// not exist if that is `None`. `state_dir` has the lock file.
///
/// # Errors
/// As for [`accept`], and when another file is there.
pub fn accept_if(
    root: &Path,
    state_dir: &Path,
    path: &Path,
    expected: Option<&str>,
    image: &[u8],
    provenance: &Provenance,
) -> Result<AcceptedBaseline, BaselineError> {
    let attempt = || {
        let file = encode(image, provenance)?;
        let _lock = lock(state_dir)?;
        check_unchanged(root, path, expected)?;
        write(root, path, &file)
    };
    attempt().map_err(|problem| BaselineError::new(root, path, problem))
}

/// Undoes an acceptance: restores the bytes `before`, or removes the file if that
/// is `None`, provided that the file has the SHA-256 `expected`.
///
/// # Errors
/// When another file is there, when `path` leaves `root`, or when the file
/// cannot be written.
pub fn restore_if(
    root: &Path,
    state_dir: &Path,
    path: &Path,
    expected: &str,
    before: Option<&[u8]>,
) -> Result<(), BaselineError> {
    let attempt = || {
        let _lock = lock(state_dir)?;
        check_unchanged(root, path, Some(expected))?;
        match before {
            Some(bytes) => files::replace_durably(path, bytes),
            None => fs::remove_file(path),
        }
        .map_err(BaselineProblem::Unwritable)
    };
    attempt().map_err(|problem| BaselineError::new(root, path, problem))
}

/// Checks that the file has the expected hash.
fn check_unchanged(
    root: &Path,
    path: &Path,
    expected: Option<&str>,
) -> Result<(), BaselineProblem> {
    let found = read_file(root, path)?.map(|bytes| sha256(&bytes));
    reject_changed(expected, found.as_deref())
}

/// Rejects a baseline that has another SHA-256 than the expected one.
pub(super) fn reject_changed(
    expected: Option<&str>,
    found: Option<&str>,
) -> Result<(), BaselineProblem> {
    if found == expected {
        return Ok(());
    }
    let shown = |hash: Option<&str>| hash.unwrap_or("no file").to_owned();
    Err(BaselineProblem::Changed {
        expected: shown(expected),
        found: shown(found),
    })
}

/// Locks all baselines, so that no other process accepts between the check of a
/// file and its replacement. Dropping the file releases the lock.
pub(super) fn lock(state_dir: &Path) -> Result<File, BaselineProblem> {
    let path = state_dir.join("baselines.lock");
    let open = || {
        fs::create_dir_all(state_dir)?;
        let file = files::append(&path)?;
        file.lock()?;
        Ok(file)
    };
    open().map_err(|error: io::Error| BaselineProblem::Unlockable { path, error })
}

/// Adds a compressed layout digest to a captured PNG, which
/// [`accept`](accept()) then keeps. The PNG stays as it is if it is damaged.
pub fn with_digest<'a>(image: &'a [u8], digest: Option<&[u8]>) -> Cow<'a, [u8]> {
    let joined = digest.and_then(|digest| png::join(image, None, Some(digest)).ok());
    joined.map_or(Cow::Borrowed(image), Cow::Owned)
}

/// The file of a baseline: the pixels of `image` with provenance, and the layout
/// digest that `image` has.
pub(super) fn encode(image: &[u8], provenance: &Provenance) -> Result<Vec<u8>, BaselineProblem> {
    let image = png::split(image)?;
    let captured = image.plain;
    let compact = tintype_compare::compact_png(&captured);
    let stored = compact.as_deref().unwrap_or(&captured);
    let chunk = ProvenanceChunk {
        provenance: provenance.clone(),
        capture: Some(CaptureHashes::new(&captured, stored)),
    };
    let text = serde_json::to_string(&chunk).map_err(|e| BaselineProblem::Unwritable(e.into()))?;
    png::join(stored, Some(&text), image.digest)
}

fn write(root: &Path, path: &Path, file: &[u8]) -> Result<AcceptedBaseline, BaselineProblem> {
    check_inside(root, path.parent().unwrap_or(root))?;
    files::replace_durably(path, file).map_err(|error| match path.is_dir() {
        true => BaselineProblem::Directory,
        false => BaselineProblem::Unwritable(error),
    })?;
    Ok(AcceptedBaseline {
        file_sha256: sha256(file),
    })
}

/// Checks that the existing part of `folder` is inside `root`, before anything is
/// created.
fn check_inside(root: &Path, folder: &Path) -> Result<(), BaselineProblem> {
    let found = folder.ancestors().find_map(|part| part.canonicalize().ok());
    inside(root, found.as_deref().unwrap_or(folder))
}
