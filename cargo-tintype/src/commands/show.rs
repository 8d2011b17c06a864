//! `cargo tintype show`

use anyhow::Result;
use serde_json::json;
use tintype::config::Config;
use tintype::model::Status;

use super::runs;
use crate::project::is_meant;
use crate::record_access::RecordAccess;

/// Show a run of the record: what did not pass, or all of it
#[derive(clap::Args)]
pub(crate) struct ShowOptions {
    /// The run; otherwise the newest one
    run: Option<String>,

    /// Only snapshots whose name contains one of these texts
    filters: Vec<String>,

    /// Also those that passed
    #[arg(long)]
    all: bool,

    /// The last outcomes of each snapshot as well
    #[arg(long)]
    history: bool,

    /// The documents as JSON instead of lines
    #[arg(long)]
    json: bool,
}

pub(crate) fn run(config: &Config, options: &ShowOptions) -> Result<()> {
    let record = RecordAccess::open(config)?;
    let id = record.run_id(options.run.as_deref())?;
    let run = record.wait(record.records.run(&id))?;
    let mut tests = record.wait(record.records.tests(&id))?;
    tests.retain(|test| is_meant(&test.story_identifier, &options.filters));
    if options.json {
        println!(
            "{}",
            serde_json::to_string_pretty(&json!({ "run": run, "tests": tests }))?
        );
        return Ok(());
    }
    println!("{}", runs::line(&run));
    let shown = |status| options.all || options.history || status != Status::Passed;
    for test in tests.iter().filter(|test| shown(test.status)) {
        let message = test.message.as_deref().unwrap_or_default();
        println!("{:>8}  {}  {message}", test.status, test.story_identifier);
        if options.history {
            for outcome in record.wait(record.records.history(&test.story_identifier))? {
                let at = tintype::model::rfc3339(outcome.at);
                let took = outcome
                    .duration_ms
                    .map_or(String::new(), |ms| format!("{ms} ms"));
                println!(
                    "          {at}  {:>8}  {took}  {}",
                    outcome.status, outcome.run_id
                );
            }
        }
    }
    Ok(())
}
