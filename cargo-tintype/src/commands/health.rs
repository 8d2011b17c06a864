//! `cargo tintype health`

use anyhow::{Result, bail};
use tintype::config::Config;

use crate::record_access::RecordAccess;
use crate::record_check;

/// Whether the record answers, how its server is, and what to do about it
#[derive(clap::Args)]
pub(crate) struct HealthOptions {
    /// `{"healthy":…,"responseTime":…}` instead of a line
    #[arg(long, conflicts_with = "metrics")]
    json: bool,

    /// Numbers for Prometheus instead
    #[arg(long)]
    metrics: bool,
}

pub(crate) fn run(config: &Config, options: &HealthOptions) -> Result<()> {
    let record = RecordAccess::open(config)?;
    if options.metrics {
        print!("{}", record.wait(record.records.metrics())?.text());
        return Ok(());
    }
    let health = record.wait_for(record.records.health());
    if options.json {
        println!("{}", serde_json::to_string(&health)?);
    } else {
        for finding in record_check::look(&record) {
            println!(
                "{} {}",
                if finding.good { "ok " } else { "!! " },
                finding.text
            );
        }
    }
    if !health.healthy {
        bail!("the record does not answer");
    }
    Ok(())
}
