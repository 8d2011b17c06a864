//! `cargo tintype flush`

use anyhow::{Result, bail};

use crate::output::print_line;
use crate::record_access::RecordAccess;
use tintype::internals::config::Config;

/// Send the journals of dead processes to the record
#[derive(clap::Args)]
pub(crate) struct FlushOptions {}

pub(crate) fn run(config: &Config, _options: &FlushOptions) -> Result<()> {
    let record = RecordAccess::open(config)?;
    let adopted = record.wait_for(record.records.flush());
    print_line!(
        "sent {} operations; {} journals are complete in the record",
        adopted.sent,
        adopted.complete
    );
    for (count, what) in [
        (
            adopted.unfinished,
            "without their end: their processes were killed, or they were truncated",
        ),
        (adopted.damaged, "of which operations are lost"),
        (adopted.pruned, "of pruned runs are set aside"),
        (adopted.failed, "that the record does not have completely"),
    ] {
        if count > 0 {
            print_line!("{count} journals {what}");
        }
    }
    for place in &adopted.foreign {
        print_line!("kept a journal for {place} (help: set REDIS_URL to that server to send it)");
    }
    if !adopted.warnings.is_empty() {
        bail!("{}", adopted.warnings.join("\n"));
    }
    record.wait(record.records.end_abandoned())?;
    Ok(())
}
