//! Writes the reports that are files in the run's folder.

use std::path::{Path, PathBuf};

use crate::events::{Event, ReportKind};
use crate::files;

/// A report could not be written.
#[derive(Debug, thiserror::Error)]
#[error("failed to write the report {}: {source}", path.display())]
pub struct ReportError {
    /// The file.
    pub path: PathBuf,
    /// The reason.
    #[source]
    pub source: std::io::Error,
}

/// Writes a file atomically.
pub(super) fn write(path: &Path, content: &[u8]) -> Result<(), ReportError> {
    files::replace(path, content).map_err(|source| ReportError {
        path: path.to_owned(),
        source,
    })
}

/// The event that tells whether a report was written.
pub(super) fn written(kind: ReportKind, outcome: Result<PathBuf, ReportError>) -> Event {
    match outcome {
        Ok(path) => Event::ReportWritten { kind, path },
        Err(error) => Event::Warning(error.to_string()),
    }
}
