//! Two images.

use std::io;

use anyhow::Result;

use super::input::Files;
use super::outcome::Outcome;
use super::{Options, say};

pub(super) fn compare(options: &Options) -> Result<Outcome> {
    let files = Files::read(&options.baseline, &options.current)?;
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
