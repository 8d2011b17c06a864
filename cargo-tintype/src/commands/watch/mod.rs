//! `cargo tintype watch`
//!
//! - `view`: the progress bar and the lines above it.
//! - `machines`: a line below it for each worker of a shared run.
//! - `control`: pauses, resumes and cancels the run by keys.

mod control;
mod machines;
mod view;

use std::cell::RefCell;

use anyhow::{Result, bail};
use serde_json::Value;
use tintype::internals::config::Config;
use tintype::internals::model::{Reason, RunId, VisualTestRun};
use tintype::internals::record::{EventNotifications, Records};

use crate::commands::runs::line;
use crate::estimate::estimate;
use crate::output::{self, print_error, print_line};
use crate::record_access::{RecordAccess, record_error, run_id};
use crate::retrying_record::RetryingRecord;
use crate::run_end::{check_is_visible, follow_to_end};
use view::WatchView;

/// Follow a run while it happens, on any machine
///
/// In a terminal, `p`, `r` and `c` followed by Enter pause, resume and cancel the
/// workers of a run that several machines share.
#[derive(clap::Args)]
pub(crate) struct WatchOptions {
    /// Id of the run, a unique prefix of it, or `latest` [default: the run in
    /// progress, otherwise the next one to start]
    #[arg(value_name = "RUN")]
    run: Option<String>,

    /// Print the events, one JSON object per line
    #[arg(long)]
    json: bool,
}

pub(crate) fn run(config: &Config, options: &WatchOptions) -> Result<()> {
    let record = RecordAccess::open(config)?;
    check_is_visible(&record.records)?;
    let ended = record.wait_for(watch(&record.records, options))?;
    match ended.reason {
        Some(Reason::Passed) => Ok(()),
        reason => bail!("the run {}", reason.map_or("has not ended", Reason::as_str)),
    }
}

/// Follows one run to its end.
async fn watch(records: &Records, options: &WatchOptions) -> Result<VisualTestRun> {
    records.end_abandoned().await.map_err(record_error)?;
    let id = match &options.run {
        Some(run) => run_id(records, run).await?,
        None => in_progress(records).await?,
    };
    let record = RetryingRecord::new(records, |text| print_error!("{text}"));
    let run = record.request(async || records.run(&id).await).await?;
    let runs = record.request(async || records.runs(200).await).await?;
    let view = RefCell::new(WatchView::new(&run, estimate(&run, &runs)));
    let print = |text: &str| view.borrow().above(|| print_error!("{text}"));
    let record = RetryingRecord::new(records, print);
    let ended = follow_to_end(
        records,
        &record,
        &id,
        |entry, event| match options.json {
            true => output::print_json_line(&entry.message()),
            false => view.borrow_mut().apply(event),
        },
        |warning| print(&format!("warning: {warning}")),
    );
    let run = tokio::select! {
        ended = ended => ended?,
        () = machines::show(records, &id, &view, options.json) => unreachable!("it never ends"),
        () = control::obey(records, &id, &view, options.json) => unreachable!("it never ends"),
    };
    view.borrow().clear();
    if !options.json {
        print_line!("{}", line(&run));
    }
    Ok(run)
}

/// The run that is in progress, or the next one to start.
async fn in_progress(records: &Records) -> Result<RunId> {
    let record = RetryingRecord::new(records, |text| print_error!("{text}"));
    let mut since: Option<i64> = None;
    loop {
        let mut bell = record.request(async || records.subscribe().await).await?;
        let runs = record.request(async || records.runs(50).await).await?;
        // A run may have come and gone between two subscriptions.
        let is_next = |run: &&VisualTestRun| {
            run.reason.is_none() || since.is_some_and(|since| run.timestamp > since)
        };
        if let Some(run) = runs.iter().find(is_next) {
            return Ok(run.run_id.clone());
        }
        if since.is_none() {
            print_error!("no run is in progress; waiting for the next one (press Ctrl-C to stop)");
            since = Some(runs.first().map_or(0, |run| run.timestamp));
        }
        // Other projects start runs, too.
        if let Some(id) = started(&mut bell).await
            && records.run(&id).await.is_ok()
        {
            return Ok(id);
        }
    }
}

/// The run that starts next. Nothing when the connection is lost.
async fn started(bell: &mut EventNotifications) -> Option<RunId> {
    loop {
        let event: Value = serde_json::from_str(&bell.recv().await?).unwrap_or_default();
        if let (Some("run:started"), Some(id)) = (event["type"].as_str(), event["runId"].as_str()) {
            return Some(RunId(id.to_owned()));
        }
    }
}
