//! Turns the events of a run into spans.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

use super::collector::Collector;
use super::queue::SpanQueue;
use super::spans::{RunSpans, TraceClock};
use crate::config::{TraceConfig, TraceParent};
use crate::events::{Bus, Event, SnapshotTimes, Subscriber};
use crate::manifest::Manifest;
use crate::model::{BrowserName, RecordedEvent, StoryIdentifier, VisualTestResult, VisualTestRun};

/// Exports the spans of a run.
pub(super) struct TraceExporter {
    parent: Option<TraceParent>,
    clock: TraceClock,
    engine: BrowserName,
    state: Mutex<TraceState>,
}

struct TraceState {
    /// Once the run has started.
    spans: Option<RunSpans>,
    /// Until it ends.
    queue: Option<SpanQueue>,
    /// When the snapshots that are under way were started.
    started: HashMap<StoryIdentifier, Instant>,
    /// The times of snapshots whose end follows.
    timed: HashMap<StoryIdentifier, Arc<SnapshotTimes>>,
    /// The name of this process in the record.
    worker: Option<String>,
    /// When the last snapshot ended.
    last_end: Option<Instant>,
}

impl TraceExporter {
    /// Prepares the export to the collector that the environment names.
    pub(super) fn start(config: &TraceConfig, manifest: &Manifest) -> Result<Self, String> {
        let queue = SpanQueue::start(Collector::new(config.names_service)?)?;
        let engines = &manifest.browser.names;
        Ok(Self {
            parent: config.parent,
            clock: TraceClock::start(),
            engine: engines.first().copied().unwrap_or(BrowserName::Chromium),
            state: Mutex::new(TraceState {
                spans: None,
                queue: Some(queue),
                started: HashMap::new(),
                timed: HashMap::new(),
                worker: None,
                last_end: None,
            }),
        })
    }

    fn on_recorded(&self, event: &RecordedEvent, state: &mut TraceState) {
        match event {
            RecordedEvent::RunStarted(run) => {
                let run = VisualTestRun::clone(run);
                state.spans = Some(RunSpans::new(run, self.parent, self.clock, self.engine));
            }
            RecordedEvent::TestStarted(result) => {
                let story = result.story_identifier.clone();
                state.started.insert(story, Instant::now());
            }
            RecordedEvent::TestFinished(result) => state.finish(result),
            _ => {}
        }
    }
}

impl TraceState {
    fn finish(&mut self, result: &VisualTestResult) {
        let started = self.started.remove(&result.story_identifier);
        let timed = self.timed.remove(&result.story_identifier);
        let times = timed.unwrap_or_else(|| {
            let end = Instant::now();
            Arc::new(SnapshotTimes {
                start: started.unwrap_or(end),
                end,
                parts: Vec::new(),
            })
        });
        self.last_end = self.last_end.max(Some(times.end));
        self.worker = self.worker.take().or_else(|| result.worker.clone());
        if let (Some(spans), Some(queue)) = (&self.spans, &self.queue) {
            let spans = spans.of_snapshot(result, &times);
            spans.into_iter().for_each(|span| queue.push(span));
        }
    }

    /// Sends the last spans. Returns a warning if spans were lost.
    fn end(&mut self, run: &VisualTestRun) -> Option<String> {
        let queue = self.queue.take()?;
        if let Some(spans) = &self.spans {
            queue.push(spans.of_run(run, self.worker.as_deref(), self.last_end));
        }
        queue.finish()
    }
}

impl Subscriber for TraceExporter {
    fn on_event(&self, event: &Event, bus: &Bus) {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let warning = match event {
            Event::Recorded(event) => {
                self.on_recorded(event, &mut state);
                None
            }
            Event::SnapshotTimed(story, times) => {
                state.timed.insert(story.clone(), Arc::clone(times));
                None
            }
            Event::RunEnded(report) => state.end(&report.run),
            _ => None,
        };
        drop(state);
        if let Some(warning) = warning {
            bus.publish(Event::Warning(warning));
        }
    }
}
