//! Checks the limit of open files before anything is created.

use super::error::RunError;

/// The files, pipes and sockets of a run with one browser, and some to spare.
#[cfg(unix)]
const NEEDED: u64 = 96;

/// Fails if this process may open too few files for a run.
#[cfg(unix)]
pub(super) fn check() -> Result<(), RunError> {
    use rustix::process::{Resource, getrlimit};
    match getrlimit(Resource::Nofile).current {
        Some(limit) if limit < NEEDED => Err(RunError::FewOpenFiles {
            limit,
            needed: NEEDED,
        }),
        _ => Ok(()),
    }
}

#[cfg(not(unix))]
pub(super) fn check() -> Result<(), RunError> {
    Ok(())
}
