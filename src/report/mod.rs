//! Reports: what became of a run, for people and for other programs.
//!
//! Each file draws one kind. They read a run's document and its results, or
//! listen to its events, and know nothing of how these came about.
//!
//! - [`terminal`]: what a person at the terminal is told.
//! - `failure`: the text of a failed test.
//! - [`html`]: one page with pictures, without a server.
//! - [`junit`]: JUnit XML for continuous integration.
//! - [`github`]: annotations and the step summary of GitHub Actions.

mod failure;
pub mod github;
mod groups;
pub mod html;
pub mod junit;
#[cfg(test)]
mod sample;
pub mod terminal;
mod words;

pub(crate) use failure::test_message;
pub use failure::{command, failure};

use std::path::{Path, PathBuf};

use crate::events::{Event, ReportKind};
use crate::files;

/// A report that could not be written.
#[derive(Debug, thiserror::Error)]
#[error("failed to write the report {path}: {source}", path = path.display())]
pub struct ReportError {
    /// The file.
    pub path: PathBuf,
    /// Why not.
    #[source]
    pub source: std::io::Error,
}

/// Writes a file, whole or not at all.
fn put(path: &Path, content: &[u8]) -> Result<(), ReportError> {
    files::replace(path, content).map_err(|source| ReportError {
        path: path.to_owned(),
        source,
    })
}

/// The event about a report that was to be written.
fn written(kind: ReportKind, outcome: Result<PathBuf, ReportError>) -> Event {
    match outcome {
        Ok(path) => Event::ReportWritten { kind, path },
        Err(error) => Event::Warning(error.to_string()),
    }
}
