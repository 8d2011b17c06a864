//! `cargo tintype runs`

use anyhow::Result;
use tintype::internals::config::Config;
use tintype::internals::model::{Reason, VisualTestRun};

use crate::output::{self, print_line};
use crate::record_access::RecordAccess;

/// List the runs in the record, newest first
#[derive(clap::Args)]
pub(crate) struct RunsOptions {
    /// Maximum number of runs
    #[arg(long, value_name = "N", default_value_t = 20)]
    limit: usize,

    /// Print a JSON array of the documents instead of lines
    #[arg(long)]
    json: bool,
}

pub(crate) fn run(config: &Config, options: &RunsOptions) -> Result<()> {
    let record = RecordAccess::open(config)?;
    // Runs whose processes have died are ended first.
    record.wait(record.records.end_abandoned())?;
    let runs = record.wait(record.records.runs(options.limit))?;
    if options.json {
        output::print_json(&runs)?;
        return Ok(());
    }
    print_line!("{}", record.records.describe());
    for run in &runs {
        print_line!("{}", line(run));
    }
    if runs.is_empty() {
        print_line!("no runs yet");
    }
    Ok(())
}

/// A run as one line.
pub(crate) fn line(run: &VisualTestRun) -> String {
    let state = run.reason.map_or("running", Reason::as_str);
    let took = run.duration.map_or(String::new(), |ms| {
        format!(", {}.{} s", ms / 1000, ms % 1000 / 100)
    });
    format!(
        "{}  {}  {state}: {}{took}",
        run.run_id,
        run.start_time,
        counts(run)
    )
}

fn counts(run: &VisualTestRun) -> String {
    let sum = &run.summary;
    let others = [
        (sum.failed, "failed"),
        (sum.new, "new"),
        (sum.changed, "changed"),
        (sum.skipped, "skipped"),
    ];
    let mut text = format!("{} of {} passed", sum.passed, sum.total);
    for (count, word) in others.iter().filter(|(count, _)| *count > 0) {
        text += &format!(", {count} {word}");
    }
    text
}
