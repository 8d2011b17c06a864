//! `cargo tintype watch`

use std::collections::HashMap;
use std::io::{IsTerminal as _, stderr};
use std::path::Path;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use serde_json::Value;
use tintype::model::{Reason, RunId, Status, StoryIdentifier, Summary, VisualTestRun, now_ms};
use tintype::record::Records;

use crate::commands::runs::line;
use crate::estimate::{Estimate, estimate};
use crate::record::Record;

/// Follow a run as it happens, on whatever machine
#[derive(clap::Args)]
pub(crate) struct Options {
    /// The run; otherwise the one at work, otherwise the next to start
    run: Option<String>,

    /// The events as they are recorded, one JSON object a line
    #[arg(long)]
    json: bool,
}

pub(crate) fn run(manifest: Option<&Path>, options: &Options) -> Result<()> {
    let record = Record::open(manifest)?;
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
async fn watch(records: &Records, options: &Options) -> Result<VisualTestRun> {
    let id = match &options.run {
        Some(id) => RunId(id.clone()),
        None => at_work(records).await?,
    };
    let run = told(records.run(&id).await)?;
    let runs = told(records.runs(200).await)?;
    let mut board = Board::new(&run, estimate(&run, &runs));
    let mut events = records.follow(id.clone(), "0");
    loop {
        let entry = told(events.next().await)?;
        let event: Value = serde_json::from_str(&entry.event)
            .with_context(|| format!("failed to understand the event {}", entry.id))?;
        if options.json {
            println!("{}", entry.message());
        } else {
            board.hear(&event);
        }
        if event["type"] == "run:finished" {
            let run = told(records.run(&id).await)?;
            // A run that went on after its end has another one to come.
            if run.reason.is_some() {
                board.bar.finish_and_clear();
                if !options.json {
                    println!("{}", line(&run));
                }
                return Ok(run);
            }
        }
    }
}

/// The run that is at work, or the next that starts.
async fn at_work(records: &Records) -> Result<RunId> {
    let mut bell = told(records.listen().await)?;
    let runs = told(records.runs(50).await)?;
    if let Some(run) = runs.into_iter().find(|run| run.reason.is_none()) {
        return Ok(run.run_id);
    }
    eprintln!("no run is at work; waiting for the next one (Ctrl-C ends)");
    loop {
        let message = bell.recv().await.context("the record's server went away")?;
        let event: Value = serde_json::from_str(&message).unwrap_or_default();
        if let (Some("run:started"), Some(id)) = (event["type"].as_str(), event["runId"].as_str()) {
            return Ok(RunId(id.to_owned()));
        }
    }
}

fn told<T>(result: std::result::Result<T, tintype::record::RecordError>) -> Result<T> {
    result.map_err(|error| anyhow::anyhow!("failed to {error}"))
}

/// What is known of the run so far, and how it is shown.
struct Board {
    statuses: HashMap<String, Status>,
    summary: Summary,
    started: i64,
    estimate: Option<Estimate>,
    bar: ProgressBar,
}

impl Board {
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
    fn hear(&mut self, event: &Value) {
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
