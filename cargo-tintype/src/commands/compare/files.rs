//! Compares two images.

use std::io;

use anyhow::Result;

use super::arguments::CompareArguments;
use super::file_pair::FilePair;
use super::outcome::CompareOutcome;
use super::output::print_line;

pub(super) fn compare(arguments: &CompareArguments) -> Result<CompareOutcome> {
    let files = FilePair::read(&arguments.baseline, &arguments.current)?;
    let mut compared = files.compare(arguments)?;
    if let Some(path) = &arguments.diff {
        compared.write_diff(path)?;
    }
    let report = if arguments.json {
        serde_json::to_string_pretty(&compared.json(arguments.explain)?)?
    } else {
        compared.text(arguments.explain)?
    };
    print_line(io::stdout(), &report)?;
    Ok(compared.outcome())
}
