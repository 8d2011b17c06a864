//! `cargo tintype flush`

use std::path::Path;

use anyhow::{Result, bail};

use crate::record::Record;

/// Send what journals of dead processes hold and the record does not have
#[derive(clap::Args)]
pub(crate) struct Options {}

pub(crate) fn run(manifest: Option<&Path>, _options: &Options) -> Result<()> {
    let record = Record::open(manifest)?;
    let adopted = record.wait_for(record.records.flush());
    println!(
        "sent {} operations; the record has all of {} journals",
        adopted.sent, adopted.settled
    );
    for place in &adopted.foreign {
        println!("left a journal alone that is meant for {place} (set REDIS_URL to send it)");
    }
    if !adopted.warnings.is_empty() {
        bail!("failed to {}", adopted.warnings.join("\n"));
    }
    record.wait(record.records.finish_abandoned())?;
    Ok(())
}
