//! Writes the reports that are files in the run's folder.

use std::fs::File;
use std::io::{self, BufWriter};
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
    pub source: io::Error,
}

/// Writes a file atomically, in parts: a run may have hundreds of thousands of
/// results.
pub(super) fn write(
    path: &Path,
    content: impl FnOnce(&mut BufWriter<&mut File>) -> io::Result<()>,
) -> Result<(), ReportError> {
    files::replace_with(path, content).map_err(|source| ReportError {
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
