//! Runs the command and maps its outcome to an exit code.

use std::io;
use std::path::Path;
use std::process::ExitCode;

use anyhow::{Result, bail};

use super::arguments::CompareArguments;
use super::files;
use super::folders;
use super::outcome::CompareOutcome;
use super::output::print_line;

pub(crate) fn run(arguments: &CompareArguments) -> ExitCode {
    match compare(arguments) {
        Ok(CompareOutcome::Same) => ExitCode::SUCCESS,
        Ok(CompareOutcome::Different) => ExitCode::from(1),
        Ok(CompareOutcome::Failed) => ExitCode::from(2),
        Err(error) => {
            // If standard error is closed, the exit code remains.
            let _ = print_line(io::stderr(), &format!("error: {error:#}"));
            ExitCode::from(2)
        }
    }
}

fn compare(arguments: &CompareArguments) -> Result<CompareOutcome> {
    let (a, b) = (&arguments.baseline, &arguments.current);
    match (a.is_dir(), b.is_dir()) {
        (true, true) => folders::compare(arguments),
        (false, false) => files::compare(arguments),
        (true, false) => refuse_mixed(a, b),
        (false, true) => refuse_mixed(b, a),
    }
}

fn refuse_mixed(folder: &Path, file: &Path) -> Result<CompareOutcome> {
    let (folder, file) = (folder.display(), file.display());
    bail!(
        "cannot compare the folder {folder} with the file {file}\nhelp: pass two images or two folders"
    )
}
