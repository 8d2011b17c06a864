//! `cargo tintype show`

use anyhow::{Result, bail};
use serde_json::json;
use tintype::internals::config::Config;
use tintype::internals::model::{RunFile, RunId, Status, VisualTestResult, rfc3339};

use super::runs;
use crate::output::{self, print_line};
use crate::project::is_selected;
use crate::record_access::{RecordAccess, find_run};
use crate::run_files;
use crate::run_ids::LATEST;

/// Show a run: what did not pass, or all of it
#[derive(clap::Args)]
pub(crate) struct ShowOptions {
    /// Id of the run, a unique prefix of it, or `latest`; then filters: only
    /// snapshots whose name contains one of these texts
    #[arg(value_name = "RUN|FILTER")]
    arguments: Vec<String>,

    /// Id of the run, a unique prefix of it, or `latest` [default: latest]
    #[arg(long, value_name = "RUN")]
    run: Option<String>,

    /// Also show snapshots that passed
    #[arg(long)]
    all: bool,

    /// Also show the last outcomes of each snapshot
    #[arg(long)]
    history: bool,

    /// Print the documents as JSON instead of lines
    #[arg(long)]
    json: bool,
}

pub(crate) fn run(config: &Config, options: &ShowOptions) -> Result<()> {
    let record = RecordAccess::open(config)?;
    let (RunFile { run, results }, filters) = match run_and_filters(&record, options) {
        Ok((id, filters)) => {
            let run = record.wait(record.records.run(&id))?;
            let results = record.wait(record.records.tests(&id))?;
            (RunFile { run, results }, filters)
        }
        Err(error) => from_store(&record, options).ok_or(error)?,
    };
    let (id, mut tests) = (run.run_id.clone(), results);
    tests.retain(|test| is_selected(&test.story_identifier, filters));
    if tests.is_empty() && !filters.is_empty() {
        bail!("no snapshot in {id} matches {}", filters.join(", "));
    }
    if options.json {
        let json = json!({ "run": run, "tests": tests });
        output::print_json(&json)?;
        return Ok(());
    }
    print_line!("{}", runs::line(&run));
    let shown = |status| options.all || options.history || status != Status::Passed;
    for test in tests.iter().filter(|test| shown(test.status)) {
        let message = test.message.as_deref().unwrap_or_default();
        print_line!("{:>8}  {}  {message}", test.status, test.story_identifier);
        if let Some(measured) = &test.measurements {
            let of = if test.cached { " (last capture)" } else { "" };
            print_line!("{:>8}  {}{of}", "", measured.summary());
        }
        if options.history {
            print_history(&record, test)?;
        }
    }
    Ok(())
}

/// The first argument names the run, if there is such a run; the others are
/// filters.
fn run_and_filters<'a>(
    record: &RecordAccess,
    options: &'a ShowOptions,
) -> Result<(RunId, &'a [String])> {
    if options.run.is_some() {
        return Ok((record.run_id(options.run.as_deref())?, &options.arguments));
    }
    let Some((first, others)) = options.arguments.split_first() else {
        return Ok((record.run_id(None)?, &[]));
    };
    if first == LATEST || first.starts_with("run-") {
        return Ok((record.run_id(Some(first))?, others));
    }
    match record.wait_for(find_run(&record.records, first))? {
        Some(id) => Ok((id, others)),
        None => Ok((record.run_id(None)?, &options.arguments)),
    }
}

/// A run that the record does not have, if there is an artifact store that has
/// it, and the filters.
fn from_store<'a>(
    record: &RecordAccess,
    options: &'a ShowOptions,
) -> Option<(RunFile, &'a [String])> {
    let manifest = &record.project.manifest;
    manifest.artifacts.as_ref()?;
    let (name, filters) = match (&options.run, options.arguments.split_first()) {
        (None, Some((first, others))) => (Some(first), others),
        (run, _) => (run.as_ref(), options.arguments.as_slice()),
    };
    let opened = run_files::open(manifest, name.map(String::as_str)).ok()?;
    Some((opened.file, filters))
}

fn print_history(record: &RecordAccess, test: &VisualTestResult) -> Result<()> {
    for outcome in record.wait(record.records.history(&test.story_identifier))? {
        let at = rfc3339(outcome.at);
        let took = outcome
            .duration_ms
            .map_or(String::new(), |ms| format!("{ms} ms"));
        let (status, run) = (outcome.status, &outcome.run_id);
        print_line!("          {at}  {status:>8}  {took}  {run}");
    }
    Ok(())
}
