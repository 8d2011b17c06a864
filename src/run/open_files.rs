//! Checks the limit of open files before anything is created.

use super::error::RunError;
use crate::process::open_file_limit;

/// The files, pipes and sockets of a run with one browser, and some to spare.
const NEEDED: u64 = 96;

/// Fails if this process may open too few files for a run.
pub(super) fn check() -> Result<(), RunError> {
    match open_file_limit() {
        Some(limit) if limit < NEEDED => Err(RunError::FewOpenFiles {
            limit,
            needed: NEEDED,
        }),
        _ => Ok(()),
    }
}
