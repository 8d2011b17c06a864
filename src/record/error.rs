//! The errors of the record.

use std::path::PathBuf;

use crate::config::ConfigError;
use crate::redis::StoreError;

/// An error while opening, reading or changing the record.
#[derive(Debug, thiserror::Error)]
pub enum RecordError {
    /// A `REDIS_*` variable has an invalid value.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// On Redis Cluster the keys of a run must share a slot.
    #[error(
        "the run id `{run_id}` cannot be used on Redis Cluster, where the keys of a run must \
         share a slot\nhelp: put the id in braces: `{{{run_id}}}`"
    )]
    MissingBraces {
        /// The id without braces.
        run_id: String,
    },
    /// A file of the record could not be read or written.
    #[error("failed to {action} {}: {source}", path.display())]
    File {
        /// The attempted operation: `write the journal`.
        action: &'static str,
        /// The file.
        path: PathBuf,
        /// The error of the operating system.
        source: std::io::Error,
    },
    /// A journal cannot be read at all.
    #[error(
        "a journal is damaged from its start, so none of its operations can be sent; it is kept \
         as {}", kept.display()
    )]
    DamagedJournal {
        /// Where it is kept.
        kept: PathBuf,
    },
    /// The store reported an error.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The record has no such run.
    #[error("there is no run `{run_id}` in {place}\nhelp: list the runs with `cargo tintype runs`")]
    NoRun {
        /// The requested id.
        run_id: String,
        /// Where the record is.
        place: String,
    },
    /// The run has no such snapshot.
    #[error(
        "there is no snapshot `{name}` in the run `{run_id}`\n\
         help: list its snapshots with `cargo tintype show {run_id}`"
    )]
    NoTest {
        /// The run's id.
        run_id: String,
        /// The snapshot's test name.
        name: String,
    },
    /// A document in the record is invalid.
    #[error("{document} is invalid: {problem}")]
    Document {
        /// The document: `the run ...`, `line 3 of the export`.
        document: String,
        /// The error of the parser.
        problem: String,
    },
}
