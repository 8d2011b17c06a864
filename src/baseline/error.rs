//! What can be wrong with a baseline's file.

use std::io;
use std::path::{Path, PathBuf};

/// What is wrong with which baseline.
#[derive(Debug, thiserror::Error)]
#[error("the baseline `{}` {problem}", path.display())]
pub struct BaselineError {
    /// The file.
    pub path: PathBuf,
    /// What is wrong with it.
    #[source]
    pub problem: Problem,
}

impl BaselineError {
    pub(super) fn new(path: &Path, problem: Problem) -> Self {
        Self {
            path: path.to_owned(),
            problem,
        }
    }
}

/// What is wrong with a baseline's file. Completes "the baseline … …".
#[derive(Debug, thiserror::Error)]
pub enum Problem {
    /// It is something else.
    #[error("is not a PNG: it begins with \"{opening}\" (accept the snapshot anew)")]
    NotPng {
        /// Its first bytes.
        opening: String,
    },
    /// Git LFS has not fetched it.
    #[error("is a Git LFS pointer, not a picture (fetch it with `git lfs pull`)")]
    LfsPointer,
    /// It has no end.
    #[error("is cut off after {length} bytes (check it out again, or accept the snapshot anew)")]
    Truncated {
        /// The file's length.
        length: usize,
    },
    /// It could not be read.
    #[error("could not be read: {0}")]
    Unreadable(#[source] io::Error),
    /// It could not be written.
    #[error("could not be written: {0}")]
    Unwritable(#[source] io::Error),
    /// A symbolic link leads elsewhere.
    #[error("lies outside of the project, at `{}` (a symbolic link leads there)", .0.display())]
    Outside(PathBuf),
    /// Somebody accepted another picture meanwhile.
    #[error(
        "has changed since it was looked at: expected {expected}, found {found} \
         (look at it again, then accept)"
    )]
    Changed {
        /// The SHA-256 that was expected, or that there is no file.
        expected: String,
        /// What is there.
        found: String,
    },
}
