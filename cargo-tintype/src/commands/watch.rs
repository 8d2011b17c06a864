//! `cargo tintype watch`

use std::collections::HashMap;
use std::io::{IsTerminal as _, stderr};
use std::time::Duration;

use anyhow::{Context, Result, bail};
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use serde_json::Value;
use tintype::internals::config::Config;
use tintype::internals::model::{
    Reason, RunId, Status, StoryIdentifier, Summary, VisualTestRun, now_ms,
};
use tintype::internals::record::{
    EventFollower, EventNotifications, RecordError, Records, StreamEntry,
};
use tintype::internals::redis::Recovery;
use tokio::time::{sleep, timeout};

use crate::commands::runs::line;
use crate::estimate::{Estimate, estimate};
use crate::output::{self, print_error, print_line};
use crate::record_access::{RecordAccess, record_error, run_id};

/// How often a record that is unavailable is tried again.
const RETRY_INTERVAL: Duration = Duration::from_millis(500);
/// After this time without an event, the processes of a run may have died.
const SILENCE: Duration = Duration::from_secs(5);

/// Follow a run while it happens, on any machine
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
    if record.records.is_memory() {
        bail!(
            "{}, which other processes cannot see (help: set REDIS_URL)",
            record.records.describe()
        );
    }
    let ended = record.wait_for(watch(&record.records, options))?;
    match ended.reason {
        Some(Reason::Passed) => Ok(()),
        reason => bail!("the run {}", reason.map_or("has not ended", Reason::as_str)),
    }
}

/// Follows one run to its end.
async fn watch(records: &Records, options: &WatchOptions) -> Result<VisualTestRun> {
    checked(records.end_abandoned().await)?;
    let id = match &options.run {
        Some(run) => run_id(records, run).await?,
        None => in_progress(records).await?,
    };
    let record = RetryingRecord::new(records, ProgressBar::hidden());
    let run = record.request(async || records.run(&id).await).await?;
    let runs = record.request(async || records.runs(200).await).await?;
    let mut view = WatchView::new(&run, estimate(&run, &runs));
    let record = RetryingRecord::new(records, view.bar.clone());
    let mut events = records.follow(id.clone(), "0");
    loop {
        let entry = record
            .request(async || next(records, &mut events).await)
            .await?;
        for warning in records.take_warnings() {
            record.print(&format!("warning: {warning}"));
        }
        let event: Value = serde_json::from_str(&entry.event)
            .with_context(|| format!("failed to understand the event {}", entry.id))?;
        if options.json {
            output::print_json_line(&entry.message());
        } else {
            view.apply(&event);
        }
        if event["type"] == "run:finished" {
            let run = record.request(async || records.run(&id).await).await?;
            // A run that was resumed ends again.
            if run.reason.is_some() {
                view.bar.finish_and_clear();
                if !options.json {
                    print_line!("{}", line(&run));
                }
                return Ok(run);
            }
        }
    }
}

/// The next event. During silence, runs of dead processes are ended, which may
/// include this one.
async fn next(records: &Records, events: &mut EventFollower) -> Result<StreamEntry, RecordError> {
    loop {
        match timeout(SILENCE, events.next()).await {
            Ok(entry) => return entry,
            Err(_) => records.end_abandoned().await?,
        };
    }
}

/// The run that is in progress, or the next one to start.
async fn in_progress(records: &Records) -> Result<RunId> {
    let record = RetryingRecord::new(records, ProgressBar::hidden());
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

/// Queries the record, and waits while it is unavailable.
struct RetryingRecord<'a> {
    records: &'a Records,
    bar: ProgressBar,
}

impl<'a> RetryingRecord<'a> {
    fn new(records: &'a Records, bar: ProgressBar) -> Self {
        Self { records, bar }
    }

    /// Retries until there is an answer or a permanent error.
    async fn request<T>(
        &self,
        mut query: impl AsyncFnMut() -> Result<T, RecordError>,
    ) -> Result<T> {
        loop {
            match query().await {
                Err(error) if is_temporary(&error) => self.wait_out(&error).await?,
                other => return checked(other),
            }
        }
    }

    async fn wait_out(&self, error: &RecordError) -> Result<()> {
        self.print(&format!(
            "{error}\nretrying until the record is available (press Ctrl-C to stop)"
        ));
        loop {
            sleep(RETRY_INTERVAL).await;
            match self.records.run_count().await {
                Err(error) if is_temporary(&error) => {}
                other => {
                    checked(other)?;
                    self.print("the record is available again");
                    return Ok(());
                }
            }
        }
    }

    fn print(&self, text: &str) {
        self.bar.suspend(|| print_error!("{text}"));
    }
}

fn is_temporary(error: &RecordError) -> bool {
    matches!(error, RecordError::Store(fault) if fault.kind.recovery() != Recovery::Park)
}

fn checked<T>(result: Result<T, RecordError>) -> Result<T> {
    result.map_err(record_error)
}

/// The state of the run so far, and its progress bar.
struct WatchView {
    statuses: HashMap<String, Status>,
    summary: Summary,
    started: i64,
    estimate: Option<Estimate>,
    bar: ProgressBar,
}

impl WatchView {
    fn new(run: &VisualTestRun, estimate: Option<Estimate>) -> Self {
        let target = if stderr().is_terminal() {
            ProgressDrawTarget::stderr()
        } else {
            ProgressDrawTarget::hidden()
        };
        let bar = ProgressBar::with_draw_target(Some(estimate.map_or(0, |e| e.total)), target);
        if let Ok(style) = ProgressStyle::with_template("{spinner} {bar:28} {pos} of {len}  {msg}")
        {
            bar.set_style(style.progress_chars("━━╌"));
        }
        bar.enable_steady_tick(Duration::from_millis(200));
        Self {
            statuses: HashMap::new(),
            summary: Summary::default(),
            started: run.timestamp,
            estimate,
            bar,
        }
    }

    /// Applies an event. Failures are printed above the bar.
    fn apply(&mut self, event: &Value) {
        let story = serde_json::from_value::<StoryIdentifier>(event["storyIdentifier"].clone());
        let status = serde_json::from_value::<Status>(event["status"].clone());
        if let (Ok(story), Ok(status)) = (story, status) {
            let name = story.test_name();
            if matches!(status, Status::Failed | Status::New) {
                self.print(&match event["diffRatio"].as_f64() {
                    Some(ratio) => format!("{status:<7} {name} ({:.2} %)", ratio * 100.0),
                    None => format!("{status:<7} {name}"),
                });
            }
            if let Some(before) = self.statuses.insert(name, status) {
                self.summary.remove(before);
            }
            self.summary.add(status);
        }
        self.draw();
    }

    fn print(&self, text: &str) {
        self.bar.suspend(|| print_line!("{text}"));
    }

    fn draw(&self) {
        let done = self.summary.total;
        let total = self.estimate.map_or(0, |estimate| estimate.total).max(done);
        self.bar.set_length(total);
        self.bar.set_position(done);
        let mut words: Vec<_> = Status::FINAL
            .into_iter()
            .filter(|status| self.summary.of(*status) > 0)
            .map(|status| format!("{} {status}", self.summary.of(status)))
            .collect();
        words.extend(self.remaining(done, total));
        self.bar.set_message(words.join(", "));
    }

    /// The remaining time, estimated from the progress so far.
    fn remaining(&self, done: u64, total: u64) -> Option<String> {
        let spent = u64::try_from(now_ms() - self.started).ok()?;
        (done > 0 && total > done).then(|| {
            let left = spent * (total - done) / done;
            format!("about {} s left", left.div_ceil(1_000))
        })
    }
}
