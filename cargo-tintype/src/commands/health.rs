//! `cargo tintype health`

use anyhow::{Result, bail};

use crate::output::{self, print_line};
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
        print_line!(
            "{}",
            record.wait(record.records.metrics())?.text().trim_end()
        );
        return Ok(());
    }
    let health = record.wait_for(record.records.health());
    if options.json {
        output::print_json_line(&serde_json::to_string(&health)?);
    } else {
        for finding in record_check::check(&record) {
            print_line!(
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
