//! `cargo tintype wait`
//!
//! - `reports`: writes the reports of the whole run.

mod reports;

use std::process::ExitCode;
use std::time::Duration;

use anyhow::{Context, Result};
use jiff::SignedDuration;
use serde::Serialize;
use tintype::internals::config::Config;
use tintype::internals::model::{Reason, RunFile, RunId, VisualTestRun};
use tintype::internals::record::{RecordConfig, RecordError, Records};
use tokio::time::{Instant, timeout, timeout_at};

use super::runs;
use crate::output::{self, print_error, print_line};
use crate::project::Project;
use crate::record_access::{RecordAccess, record_error, run_id, warn};
use crate::retrying_record::RetryingRecord;
use crate::run_end::{check_is_visible, follow_to_end};
use crate::run_ids::LATEST;
use reports::ReportFiles;

/// How often a run that has not begun is looked for.
const POLL_INTERVAL: Duration = Duration::from_secs(1);
/// How long the first query may take, also if the timeout is shorter: whether a
/// run has ended is known at once.
const FIRST_ANSWER: Duration = Duration::from_secs(30);
/// The exit code of a run without a verdict, and of errors.
pub(crate) const NO_VERDICT: u8 = 2;

/// Wait for the end of a run on any machine, and write its reports
///
/// Writes report.html, junit.xml and run.json of all machines into the folder of
/// the run. The exit code is 0 if the run passed, 1 if it failed, and 2 if it was
/// interrupted, the time is up, or an error occurred.
#[derive(clap::Args)]
pub(crate) struct WaitOptions {
    /// Id of the run, which may not have begun yet, a unique prefix of the form
    /// `run-…`, or `latest` [default: TINTYPE_RUN_ID, otherwise latest]
    #[arg(value_name = "RUN")]
    run: Option<String>,

    /// The longest time to wait: `90s`, `30m`, `1h 30m`
    #[arg(long, value_name = "TIME", default_value = "30m", value_parser = parse_time)]
    timeout: Duration,

    /// Print a JSON object instead of lines
    #[arg(long)]
    json: bool,
}

fn parse_time(text: &str) -> Result<Duration, String> {
    let time: Result<SignedDuration, _> = text.parse();
    let time = time.ok().and_then(|time| Duration::try_from(time).ok());
    time.ok_or_else(|| "expected a time such as `90s`, `30m` or `1h 30m`".to_owned())
}

/// A run that was waited for.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct WaitedRun<'a> {
    run: &'a VisualTestRun,
    timed_out: bool,
    #[serde(flatten)]
    files: &'a ReportFiles,
}

pub(crate) fn run(config: &Config, options: &WaitOptions) -> Result<ExitCode> {
    let record = RecordAccess::open(config)?;
    let (project, records) = (&record.project, &record.records);
    check_is_visible(records)?;
    let waited = record.wait_for(wait(project, records, options))?;
    let run = record.wait(records.run(&waited))?;
    let results = record.wait(records.tests(&waited))?;
    let mut file = RunFile { run, results };
    let files = reports::write(project, &mut file)?;
    let run = &file.run;
    let timed_out = run.reason.is_none();
    if options.json {
        output::print_json(&WaitedRun {
            run,
            timed_out,
            files: &files,
        })?;
    } else {
        print_line!("{}", runs::line(run));
        output::print_link("report", &files.report);
        output::print_link("junit", &files.junit);
    }
    if timed_out {
        print_error!("error: the run {waited} has not ended in time (help: raise --timeout)");
    }
    Ok(match run.reason {
        Some(Reason::Passed) => ExitCode::SUCCESS,
        Some(Reason::Failed) => ExitCode::FAILURE,
        _ => ExitCode::from(NO_VERDICT),
    })
}

/// Waits until the run has begun, and then until it has ended or the time is up.
async fn wait(project: &Project, records: &Records, options: &WaitOptions) -> Result<RunId> {
    let deadline = Instant::now() + options.timeout;
    let record = RetryingRecord::new(records, |text| print_error!("{text}"));
    let first_answer = deadline.max(Instant::now() + FIRST_ANSWER);
    let known = timeout_at(first_answer, find(project, records, &record, options)).await;
    let id = match known {
        Ok(Ok(Some(id))) => Some(id),
        Ok(Ok(None)) => {
            print_error!("waiting for the run to begin");
            let begun = begun(project, records, &record, options);
            timeout_at(deadline, begun).await.ok().transpose()?
        }
        Ok(Err(error)) => return Err(error),
        Err(_) => None,
    };
    let id = id.context("no run has begun in time (help: raise --timeout)")?;
    let run = record.request(async || records.run(&id).await).await?;
    if run.reason.is_none() {
        print_error!("waiting for the end of {id}");
        let end = follow_to_end(records, &record, &id, |_, _| {}, warn);
        if let Ok(ended) = timeout_at(deadline, end).await {
            ended?;
        }
    }
    Ok(id)
}

/// Waits until the run is in the record.
async fn begun(
    project: &Project,
    records: &Records,
    record: &RetryingRecord<'_>,
    options: &WaitOptions,
) -> Result<RunId> {
    loop {
        // Notifications may be missed, so they only shorten the wait.
        let mut bell = record.request(async || records.subscribe().await).await?;
        if let Some(id) = find(project, records, record, options).await? {
            return Ok(id);
        }
        let _ = timeout(POLL_INTERVAL, bell.recv()).await;
    }
}

/// The run if it has begun.
async fn find(
    project: &Project,
    records: &Records,
    record: &RetryingRecord<'_>,
    options: &WaitOptions,
) -> Result<Option<RunId>> {
    let environment = &project.config.run;
    let wanted = match &options.run {
        Some(run) => Some(RunId(run.clone())),
        None => environment.is_shared.then(|| environment.id.clone()),
    };
    let Some(wanted) = wanted.filter(|run| run.as_str() != LATEST) else {
        let newest = record.request(async || records.runs(1).await).await?;
        return Ok(newest.into_iter().next().map(|run| run.run_id));
    };
    for id in ids(project, &wanted)? {
        let found = record.request(async || match records.run(&id).await {
            Ok(_) => Ok(true),
            Err(RecordError::NoRun { .. }) => Ok(false),
            Err(error) => Err(error),
        });
        if found.await? {
            return Ok(Some(id));
        }
    }
    // A prefix such as `ci-7` could be of another run that has begun.
    if wanted.as_str().starts_with("run-") {
        return Ok(run_id(records, wanted.as_str()).await.ok());
    }
    Ok(None)
}

/// The ids of the run that a user or the environment names: in a workspace each
/// package has a run of its own, and on Redis Cluster ids are in braces.
fn ids(project: &Project, wanted: &RunId) -> Result<Vec<RunId>> {
    let manifest = &project.manifest;
    let settings = RecordConfig::new(&manifest.state_dir(), &project.config);
    let settings = settings.map_err(record_error)?;
    let of_package = settings.run_id(manifest.run_id_of_project(wanted.clone()));
    let mut ids = vec![of_package, settings.run_id(wanted.clone()), wanted.clone()];
    ids.dedup();
    Ok(ids)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::parse_time;

    #[test]
    fn times_have_units() {
        assert_eq!(parse_time("90s"), Ok(Duration::from_secs(90)));
        assert_eq!(parse_time("1h 30m"), Ok(Duration::from_secs(5_400)));
        for wrong in ["", "30", "-5m", "soon"] {
            assert!(parse_time(wrong).is_err(), "{wrong}");
        }
    }
}
