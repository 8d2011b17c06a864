//! `cargo tintype flush`

use anyhow::{Result, bail};
use tintype::config::Config;

use crate::record_access::RecordAccess;

/// Send what journals of dead processes hold and the record does not have
#[derive(clap::Args)]
pub(crate) struct FlushOptions {}

pub(crate) fn run(config: &Config, _options: &FlushOptions) -> Result<()> {
    let record = RecordAccess::open(config)?;
    let adopted = record.wait_for(record.records.flush());
    println!(
        "sent {} operations; the record has all of {} journals",
        adopted.sent, adopted.complete
    );
    for place in &adopted.foreign {
        println!("left a journal alone that is meant for {place} (set REDIS_URL to send it)");
    }
    if !adopted.warnings.is_empty() {
        bail!("{}", adopted.warnings.join("\n"));
    }
    record.wait(record.records.end_abandoned())?;
    Ok(())
}
