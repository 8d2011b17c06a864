//! Asks git about the checkout of a project.

use std::path::Path;
use std::process::Command;

/// What git prints in a folder; `None` without git, outside a checkout, or if the
/// command fails.
pub(crate) fn output(folder: &Path, arguments: &[&str]) -> Option<Vec<u8>> {
    let mut git = Command::new("git");
    let output = git.args(arguments).current_dir(folder).output().ok()?;
    output.status.success().then_some(output.stdout)
}
