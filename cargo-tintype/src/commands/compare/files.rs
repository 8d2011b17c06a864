//! Two images.

use std::io;

use anyhow::Result;

use super::image_pair::ImagePair;
use super::outcome::CompareOutcome;
use super::{CompareArguments, say};

pub(super) fn compare(options: &CompareArguments) -> Result<CompareOutcome> {
    let files = ImagePair::read(&options.baseline, &options.current)?;
    let mut compared = files.compare(options)?;
    if let Some(path) = &options.diff {
        compared.write_diff(path)?;
    }
    let said = if options.json {
        serde_json::to_string_pretty(&compared.json(options.explain)?)?
    } else {
        compared.text(options.explain)?
    };
    say(io::stdout(), &said)?;
    Ok(compared.outcome())
}
