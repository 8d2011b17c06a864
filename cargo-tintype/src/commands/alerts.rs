//! `cargo tintype alerts`

use std::time::Duration;

use anyhow::Result;
use serde::Serialize;
use tintype::internals::alerts::{Notifier, evaluate};
use tintype::internals::config::Config;
use tintype::internals::model::rfc3339;
use tintype::internals::record::{AlertEntry, RecordError, raised_alerts};

use crate::output::{self, print_line};
use crate::record_access::{RecordAccess, warn};

/// How long the command waits for the webhook.
const WEBHOOK: Duration = Duration::from_secs(30);

/// Evaluate the alert rules, and show which alerts are raised
#[derive(clap::Args)]
pub(crate) struct AlertsOptions {
    /// Print JSON: `{"raised":[…],"log":[…]}`
    #[arg(long)]
    json: bool,
}

/// The alerts as JSON.
#[derive(Serialize)]
struct AlertsReport<'a> {
    raised: Vec<&'a AlertEntry>,
    log: &'a [AlertEntry],
}

pub(crate) fn run(config: &Config, options: &AlertsOptions) -> Result<()> {
    let access = RecordAccess::open(config)?;
    let log = access.wait(evaluated_log(&access))?;
    let raised = raised_alerts(&log);
    if options.json {
        return output::print_json(&AlertsReport { raised, log: &log });
    }
    print_line!("{}", access.records.describe());
    for entry in &log {
        let is_raised = raised.iter().any(|raised| raised.id == entry.id);
        let sign = if is_raised { "!!" } else { "  " };
        let (at, message) = (rfc3339(entry.change.at), entry.change.message());
        print_line!("{sign} {at} {message}");
    }
    match raised.len() {
        0 => print_line!("no alert is raised"),
        1 => print_line!("1 alert is raised"),
        count => print_line!("{count} alerts are raised"),
    }
    Ok(())
}

/// Evaluates the rules, sends what has changed, and reads the log.
async fn evaluated_log(access: &RecordAccess) -> Result<Vec<AlertEntry>, RecordError> {
    let (records, manifest) = (&access.records, &access.project.manifest);
    let notifier = Notifier::new(&manifest.alerts);
    let lag = records.pending_operations().await?;
    let done = evaluate(records, &manifest.project, &manifest.alerts, lag).await?;
    for change in &done.changes {
        notifier.send(change);
    }
    if !notifier.flush(WEBHOOK).await {
        warn("the webhook did not answer in time");
    }
    notifier.take_failures().iter().for_each(|text| warn(text));
    records.alerts().await
}
