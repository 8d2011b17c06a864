//! Two images.

use anyhow::Result;

use super::Options;
use super::input::Files;
use super::outcome::Outcome;

pub(super) fn compare(options: &Options) -> Result<Outcome> {
    let files = Files::read(&options.baseline, &options.current)?;
    let mut compared = files.compare(options)?;
    if let Some(path) = &options.diff {
        compared.write_diff(path)?;
    }
    if options.json {
        println!(
            "{}",
            serde_json::to_string_pretty(&compared.json(options.explain)?)?
        );
    } else {
        println!("{}", compared.text(options.explain)?);
    }
    Ok(compared.outcome())
}
