//! `cargo tintype watch`

use std::collections::HashMap;
use std::io::{IsTerminal as _, stderr};
use std::time::Duration;

use anyhow::{Context, Result, bail};
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use serde_json::Value;
use tintype::config::Config;
use tintype::model::{Reason, RunId, Status, StoryIdentifier, Summary, VisualTestRun, now_ms};
use tintype::record::{EventFollower, RecordError, Records};
use tintype::record::{EventNotifications, StreamEntry};
use tintype::redis::Recovery;
use tokio::time::{sleep, timeout};

use crate::commands::runs::line;
use crate::estimate::{Estimate, estimate};
use crate::record_access::RecordAccess;

/// How often a record that is away is asked for.
const PAUSE: Duration = Duration::from_millis(500);
/// When a run has been silent for so long, its processes may have died.
const SILENCE: Duration = Duration::from_secs(5);

/// Follow a run as it happens, on whatever machine
#[derive(clap::Args)]
pub(crate) struct WatchOptions {
    /// The run; otherwise the one at work, otherwise the next to start
    run: Option<String>,

    /// The events as they are recorded, one JSON object a line
    #[arg(long)]
    json: bool,
}

pub(crate) fn run(config: &Config, options: &WatchOptions) -> Result<()> {
    let record = RecordAccess::open(config)?;
    if record.records.is_memory() {
        bail!(
            "{}: nobody else can see it; set REDIS_URL to watch",
            record.records.describe()
        );
    }
    let ended = record.wait_for(watch(&record.records, options))?;
    match ended.reason {
        Some(Reason::Passed) => Ok(()),
        reason => bail!("the run {}", reason.map_or("has no end", Reason::as_str)),
    }
}

/// Follows one run to its end.
async fn watch(records: &Records, options: &WatchOptions) -> Result<VisualTestRun> {
    checked(records.end_abandoned().await)?;
    let id = match &options.run {
        Some(id) => RunId(id.clone()),
        None => at_work(records).await?,
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
        let event: Value = serde_json::from_str(&entry.event)
            .with_context(|| format!("failed to understand the event {}", entry.id))?;
        if options.json {
            println!("{}", entry.message());
        } else {
            view.apply(&event);
        }
        if event["type"] == "run:finished" {
            let run = record.request(async || records.run(&id).await).await?;
            // A run that went on after its end has another one to come.
            if run.reason.is_some() {
                view.bar.finish_and_clear();
                if !options.json {
                    println!("{}", line(&run));
                }
                return Ok(run);
            }
        }
    }
}

/// The next event. Where none comes, the runs of dead processes are ended, and
/// this one may be among them.
async fn next(records: &Records, events: &mut EventFollower) -> Result<StreamEntry, RecordError> {
    loop {
        match timeout(SILENCE, events.next()).await {
            Ok(entry) => return entry,
            Err(_) => records.end_abandoned().await?,
        };
    }
}

/// The run that is at work, or the next that starts.
async fn at_work(records: &Records) -> Result<RunId> {
    let record = RetryingRecord::new(records, ProgressBar::hidden());
    let mut since: Option<i64> = None;
    loop {
        let mut bell = record.request(async || records.subscribe().await).await?;
        let runs = record.request(async || records.runs(50).await).await?;
        // One that came and went while nobody listened is the next, too.
        let is_next = |run: &&VisualTestRun| {
            run.reason.is_none() || since.is_some_and(|since| run.timestamp > since)
        };
        if let Some(run) = runs.iter().find(is_next) {
            return Ok(run.run_id.clone());
        }
        if since.is_none() {
            eprintln!("no run is at work; waiting for the next one (Ctrl-C ends)");
            since = Some(runs.first().map_or(0, |run| run.timestamp));
        }
        if let Some(id) = started(&mut bell).await {
            return Ok(id);
        }
    }
}

/// The run that starts next; none when the connection is lost.
async fn started(bell: &mut EventNotifications) -> Option<RunId> {
    loop {
        let event: Value = serde_json::from_str(&bell.recv().await?).unwrap_or_default();
        if let (Some("run:started"), Some(id)) = (event["type"].as_str(), event["runId"].as_str()) {
            return Some(RunId(id.to_owned()));
        }
    }
}

/// Asks the record, and waits for it while it is away.
struct RetryingRecord<'a> {
    records: &'a Records,
    bar: ProgressBar,
}

impl<'a> RetryingRecord<'a> {
    fn new(records: &'a Records, bar: ProgressBar) -> Self {
        Self { records, bar }
    }

    /// Asks until there is an answer, or a fault that does not pass by itself.
    async fn request<T>(
        &self,
        mut question: impl AsyncFnMut() -> Result<T, RecordError>,
    ) -> Result<T> {
        loop {
            match question().await {
                Err(error) if passes(&error) => self.wait_out(&error).await?,
                other => return checked(other),
            }
        }
    }

    async fn wait_out(&self, error: &RecordError) -> Result<()> {
        self.say(&format!(
            "{error}\nwaiting for it to come back (press Ctrl-C to quit)"
        ));
        loop {
            sleep(PAUSE).await;
            match self.records.runs(0).await {
                Err(error) if passes(&error) => {}
                other => {
                    checked(other)?;
                    self.say("the record is back");
                    return Ok(());
                }
            }
        }
    }

    fn say(&self, text: &str) {
        self.bar.suspend(|| eprintln!("{text}"));
    }
}

fn passes(error: &RecordError) -> bool {
    matches!(error, RecordError::Store(fault) if fault.kind.recovery() != Recovery::Park)
}

fn checked<T>(result: Result<T, RecordError>) -> Result<T> {
    result.map_err(|error| anyhow::anyhow!("{error}"))
}

/// What is known of the run so far, and how it is shown.
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

    /// Takes an event in; what failed is said above the bar.
    fn apply(&mut self, event: &Value) {
        let story = serde_json::from_value::<StoryIdentifier>(event["storyIdentifier"].clone());
        let status = serde_json::from_value::<Status>(event["status"].clone());
        if let (Ok(story), Ok(status)) = (story, status) {
            let name = story.test_name();
            if matches!(status, Status::Failed | Status::New) {
                self.say(&match event["diffRatio"].as_f64() {
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

    fn say(&self, text: &str) {
        self.bar.suspend(|| println!("{text}"));
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

    /// How long it will still take, by how it has gone so far.
    fn remaining(&self, done: u64, total: u64) -> Option<String> {
        let spent = u64::try_from(now_ms() - self.started).ok()?;
        (done > 0 && total > done).then(|| {
            let left = spent * (total - done) / done;
            format!("about {} s left", left.div_ceil(1_000))
        })
    }
}
