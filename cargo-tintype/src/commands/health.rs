//! `cargo tintype health`

use anyhow::{Result, bail};

use crate::record_access::RecordAccess;
use crate::record_check;
use tintype::internals::config::Config;

/// Check the record and its server
#[derive(clap::Args)]
pub(crate) struct HealthOptions {
    /// Print JSON: `{"healthy":…,"responseTime":…}`
    #[arg(long, conflicts_with = "metrics")]
    json: bool,

    /// Print metrics for Prometheus
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
        for finding in record_check::check(&record) {
            println!(
                "{} {}",
                if finding.good { "ok " } else { "!! " },
                finding.text
            );
        }
    }
    if !health.healthy {
        bail!("the record is unavailable");
    }
    Ok(())
}
