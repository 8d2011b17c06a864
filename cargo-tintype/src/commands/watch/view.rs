//! The progress bar of a run that is watched, and the lines above it.

use std::collections::HashMap;
use std::time::Duration;

use indicatif::{MultiProgress, ProgressBar, ProgressDrawTarget, ProgressStyle};
use serde_json::Value;
use tintype::internals::model::{Status, StoryIdentifier, Summary, VisualTestRun, now_ms};

use crate::estimate::Estimate;
use crate::output::print_line;
use crate::progress;

/// The state of the run so far, and its progress bar.
pub(super) struct WatchView {
    statuses: HashMap<String, Status>,
    summary: Summary,
    started: i64,
    estimate: Option<Estimate>,
    pub(super) bars: MultiProgress,
    bar: ProgressBar,
}

impl WatchView {
    pub(super) fn new(run: &VisualTestRun, estimate: Option<Estimate>) -> Self {
        let bars = MultiProgress::with_draw_target(if progress::is_shown() {
            ProgressDrawTarget::stderr()
        } else {
            ProgressDrawTarget::hidden()
        });
        let bar = bars.add(ProgressBar::new(estimate.map_or(0, |e| e.total)));
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
            bars,
            bar,
        }
    }

    /// Applies an event. Failures and changes of workers are printed above the
    /// bar.
    pub(super) fn apply(&mut self, event: &Value) {
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
        if let Some(text) = worker_event(event) {
            self.print(&text);
        }
        self.draw();
    }

    fn print(&self, text: &str) {
        self.above(|| print_line!("{text}"));
    }

    /// Prints above the bar.
    pub(super) fn above(&self, print: impl FnOnce()) {
        self.bars.suspend(print);
    }

    /// Removes the bar.
    pub(super) fn clear(&self) {
        self.bar.finish_and_clear();
        // The terminal is not there any more if this fails.
        let _ = self.bars.clear();
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

/// A line for an event of a worker of a shared run.
fn worker_event(event: &Value) -> Option<String> {
    let worker = event["worker"].as_str()?;
    match event["type"].as_str()? {
        "worker:joined" => Some(format!("{worker} joined")),
        "worker:left" => Some(format!("{worker} left")),
        "worker:lost" => {
            let group = event["group"].as_str().unwrap_or("a group");
            Some(format!("{worker} was lost; {group} waits again"))
        }
        _ => None,
    }
}
