//! Compares two images.

use std::io;

use anyhow::Result;

use super::arguments::CompareArguments;
use super::file_pair::FilePair;
use super::outcome::CompareOutcome;
use super::output::{print_json, print_line};

pub(super) fn compare(arguments: &CompareArguments) -> Result<CompareOutcome> {
    let files = FilePair::read(&arguments.baseline, &arguments.current)?;
    let mut compared = files.compare(arguments)?;
    if let Some(path) = &arguments.diff {
        compared.write_diff(path)?;
    }
    if arguments.json {
        print_json(&compared.json(arguments.explain)?)?;
    } else {
        print_line(io::stdout(), &compared.text(arguments.explain)?)?;
    }
    Ok(compared.outcome())
}
