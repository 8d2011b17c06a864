//! The errors of baseline files.

use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};

use tintype_compare::ImageProblem;

#[cfg(feature = "artifacts")]
use super::lock_file::LockError;
#[cfg(feature = "artifacts")]
use crate::artifacts::ArtifactError;

/// How to replace a damaged baseline.
const RESTORE: &str = "restore the file from version control, or accept the current image with `cargo tintype accept`";

/// An error of a baseline file.
#[derive(Debug, thiserror::Error)]
#[error("the baseline `{}` {problem}", path.display())]
pub struct BaselineError {
    /// The file, relative to the manifest's folder where possible.
    pub path: PathBuf,
    /// The problem with it.
    pub problem: BaselineProblem,
}

impl BaselineError {
    pub(super) fn new(root: &Path, path: &Path, problem: BaselineProblem) -> Self {
        Self {
            path: path.strip_prefix(root).unwrap_or(path).to_owned(),
            problem,
        }
    }
}

/// A problem with a baseline file: the predicate of "the baseline …".
#[derive(Debug, thiserror::Error)]
pub enum BaselineProblem {
    /// It is another type of file.
    #[error("is not a PNG file: it starts with \"{start}\"\nhelp: {RESTORE}")]
    NotPng {
        /// Its first bytes.
        start: String,
    },
    /// It has no bytes.
    #[error("is an empty file\nhelp: {RESTORE}")]
    Empty,
    /// A directory is in its place.
    #[error("is a directory\nhelp: move the directory, or change `path` in [baselines]")]
    Directory,
    /// Git LFS has not fetched it.
    #[error("is a Git LFS pointer\nhelp: fetch the file with `git lfs pull`")]
    LfsPointer,
    /// It is incomplete.
    #[error("is truncated after {length} bytes\nhelp: {RESTORE}")]
    Truncated {
        /// The length of the file.
        length: usize,
    },
    /// A checksum does not match.
    #[error(
        "is damaged: the checksum of its `{chunk}` chunk at byte {offset} does not match\n\
         help: {RESTORE}"
    )]
    Checksum {
        /// The type of the chunk.
        chunk: String,
        /// Where the chunk starts.
        offset: usize,
    },
    /// Its pixels cannot be decoded, or are too many.
    #[error("cannot be compared: {0}\nhelp: {RESTORE}")]
    Image(ImageProblem),
    /// It cannot be read.
    #[error("cannot be read: {}\nhelp: check the permissions of the file and its folder", describe(.0))]
    Unreadable(io::Error),
    /// It cannot be written.
    #[error(
        "cannot be written: {}\nhelp: check the permissions and the free space of its folder",
        describe(.0)
    )]
    Unwritable(io::Error),
    /// The lock that guards all baselines cannot be taken.
    #[error(
        "cannot be written, because `{}` cannot be locked: {}\nhelp: check the permissions of its folder",
        path.display(),
        describe(error)
    )]
    Unlockable {
        /// The lock file.
        path: PathBuf,
        /// The error of the operating system.
        error: io::Error,
    },
    /// A symbolic link leads out of the project.
    #[error(
        "is outside the project, at `{}`, to which a symbolic link leads\n\
         help: replace the link by a folder in the project",
        .0.display()
    )]
    Outside(PathBuf),
    /// The lock file cannot be used.
    #[cfg(feature = "artifacts")]
    #[error("cannot be looked up: {0}")]
    Lock(LockError),
    /// It cannot be read from the artifact store.
    #[cfg(feature = "artifacts")]
    #[error("cannot be fetched: {error}\nhelp: {help}")]
    Stored {
        /// The reason.
        error: Box<ArtifactError>,
        /// The command that heals it.
        help: &'static str,
    },
    /// It cannot be written to the artifact store.
    #[cfg(feature = "artifacts")]
    #[error("cannot be uploaded: {error}\nhelp: accept it again once the store can be reached")]
    NotUploaded {
        /// The reason.
        error: Box<ArtifactError>,
    },
    /// It has been replaced since it was read.
    #[error(
        "has changed since it was read: expected SHA-256 {expected}, found {found}\n\
         help: review it again, then accept"
    )]
    Changed {
        /// The expected SHA-256, or `no file`.
        expected: String,
        /// The SHA-256 of the file, or `no file`.
        found: String,
    },
}

/// The message of an I/O error, without the path of a temporary file.
fn describe(error: &io::Error) -> String {
    match error.kind() {
        ErrorKind::PermissionDenied => "permission denied".to_owned(),
        ErrorKind::ReadOnlyFilesystem => "the file system is read-only".to_owned(),
        ErrorKind::StorageFull => "no space left on the device".to_owned(),
        ErrorKind::NotADirectory | ErrorKind::AlreadyExists => {
            "a part of its path is not a directory".to_owned()
        }
        ErrorKind::IsADirectory => "it is a directory".to_owned(),
        _ => error.to_string(),
    }
}
