//! The spans of a run and its snapshots.

use std::borrow::Cow;
use std::time::{Duration, Instant, SystemTime};

use opentelemetry::trace::{SpanContext, SpanKind, Status as SpanStatus};
use opentelemetry::trace::{SpanId, TraceFlags, TraceId, TraceState};
use opentelemetry::{InstrumentationScope, KeyValue, Value};
use opentelemetry_sdk::trace::{IdGenerator as _, RandomIdGenerator, SpanData};
use opentelemetry_sdk::trace::{SpanEvents, SpanLinks};
use sha2::{Digest as _, Sha256};

use crate::config::TraceParent;
use crate::events::{Part, SnapshotTimes};
use crate::model::{BrowserName, MAX_LINE, Reason, RunId, Status, bounded};
use crate::model::{VisualTestResult, VisualTestRun};
use crate::redact::redact;

/// Converts times of this process to the time of day.
#[derive(Clone, Copy, Debug)]
pub(super) struct TraceClock {
    now: Instant,
    time: SystemTime,
}

impl TraceClock {
    pub(super) fn start() -> Self {
        Self {
            now: Instant::now(),
            time: SystemTime::now(),
        }
    }

    fn time_of(&self, instant: Instant) -> SystemTime {
        match instant.checked_duration_since(self.now) {
            Some(after) => self.time + after,
            None => self.time - self.now.duration_since(instant),
        }
    }
}

/// Makes the spans of a run.
pub(super) struct RunSpans {
    run: VisualTestRun,
    trace: TraceId,
    /// The span that the run is a part of.
    parent: Option<SpanId>,
    span: SpanId,
    clock: TraceClock,
    /// The engine of snapshots that name none.
    engine: BrowserName,
    scope: InstrumentationScope,
}

impl RunSpans {
    pub(super) fn new(
        run: VisualTestRun,
        parent: Option<TraceParent>,
        clock: TraceClock,
        engine: BrowserName,
    ) -> Self {
        let trace = match parent {
            Some(parent) => TraceId::from(parent.trace),
            None => trace_of(&run.run_id),
        };
        let scope = InstrumentationScope::builder("tintype");
        Self {
            run,
            trace,
            parent: parent.map(|parent| SpanId::from(parent.span)),
            span: RandomIdGenerator::default().new_span_id(),
            clock,
            engine,
            scope: scope.with_version(env!("CARGO_PKG_VERSION")).build(),
        }
    }

    /// The span of the run in this process, with its last document. Its times are in
    /// milliseconds, and it ends no earlier than its last snapshot.
    pub(super) fn of_run(
        &self,
        ended: &VisualTestRun,
        worker: Option<&str>,
        last_end: Option<Instant>,
    ) -> SpanData {
        let start = SystemTime::UNIX_EPOCH + ms(u64::try_from(ended.timestamp).unwrap_or(0));
        let end = start + ms(ended.duration.unwrap_or(0));
        let last_end = last_end.map(|last| self.clock.time_of(last));
        let end = last_end.map_or(end, |last| end.max(last));
        let mut attributes = self.attributes();
        let summary = &ended.summary;
        let counts = [
            ("tintype.total", summary.total),
            ("tintype.passed", summary.passed),
            ("tintype.failed", summary.failed),
            ("tintype.changed", summary.changed),
            ("tintype.new", summary.new),
            ("tintype.skipped", summary.skipped),
        ];
        let counts = counts.map(|(name, count)| {
            let count = i64::try_from(count).unwrap_or(i64::MAX);
            KeyValue::new(name, count)
        });
        attributes.extend(counts);
        attributes.extend(
            ended
                .reason
                .map(|reason| text("tintype.reason", reason.as_str())),
        );
        attributes.extend(worker.map(|worker| text("tintype.worker", worker)));
        let status = match ended.reason {
            Some(Reason::Failed | Reason::Error) => SpanStatus::error("the run failed"),
            _ => SpanStatus::Unset,
        };
        SpanData {
            parent_span_is_remote: self.parent.is_some(),
            status,
            attributes,
            ..self.span(
                self.span,
                self.parent.unwrap_or(SpanId::INVALID),
                "run".into(),
                (start, end),
            )
        }
    }

    /// The spans of a snapshot and of its parts.
    pub(super) fn of_snapshot(
        &self,
        result: &VisualTestResult,
        times: &SnapshotTimes,
    ) -> Vec<SpanData> {
        let id = RandomIdGenerator::default().new_span_id();
        let name = redacted(&result.story_identifier.test_name());
        let time = |instant| self.clock.time_of(instant);
        let whole = (time(times.start), time(times.end));
        let mut spans = vec![SpanData {
            attributes: self.attributes_of(result),
            status: status_of(result),
            ..self.span(id, self.span, name.into(), whole)
        }];
        for part in &times.parts {
            let of_part = RandomIdGenerator::default().new_span_id();
            let name = part_name(part.part).into();
            spans.push(SpanData {
                attributes: vec![KeyValue::new("tintype.attempt", i64::from(part.attempt))],
                ..self.span(of_part, id, name, (time(part.start), time(part.end)))
            });
        }
        spans
    }

    /// What spans of runs and snapshots have in common.
    fn attributes(&self) -> Vec<KeyValue> {
        let git = self.run.environment.git.as_ref();
        let branch = git.and_then(|git| git.branch.as_deref());
        let optional = [
            ("tintype.project", self.run.project.as_deref()),
            ("vcs.ref.head.name", branch),
            ("vcs.ref.head.revision", git.map(|git| git.commit.as_str())),
        ];
        let mut attributes = vec![text("tintype.run.id", self.run.run_id.as_str())];
        let optional = optional.into_iter();
        attributes.extend(optional.filter_map(|(name, value)| Some(text(name, value?))));
        attributes
    }

    fn attributes_of(&self, result: &VisualTestResult) -> Vec<KeyValue> {
        let story = &result.story_identifier;
        let engine = story.named_browser().unwrap_or(self.engine);
        let mut attributes = self.attributes();
        attributes.extend([
            text("tintype.story", &story.story_id),
            text("tintype.theme", &story.theme),
            text("tintype.viewport", &story.viewport.to_string()),
            text("tintype.engine", engine.as_str()),
            text("tintype.status", result.status.as_str()),
            KeyValue::new("tintype.cached", result.cached),
        ]);
        let attempt = result.attempt.map(i64::from);
        attributes.extend(attempt.map(|attempt| KeyValue::new("tintype.attempt", attempt)));
        let ratio = result.diff_ratio;
        attributes.extend(ratio.map(|ratio| KeyValue::new("tintype.diff_ratio", ratio)));
        for (name, value) in [
            ("tintype.browser", &result.browser),
            ("tintype.worker", &result.worker),
        ] {
            attributes.extend(value.as_deref().map(|value| text(name, value)));
        }
        attributes
    }

    fn span(
        &self,
        id: SpanId,
        parent: SpanId,
        name: Cow<'static, str>,
        (start_time, end_time): (SystemTime, SystemTime),
    ) -> SpanData {
        let state = TraceState::default();
        SpanData {
            span_context: SpanContext::new(self.trace, id, TraceFlags::SAMPLED, false, state),
            parent_span_id: parent,
            parent_span_is_remote: false,
            span_kind: SpanKind::Internal,
            name,
            start_time,
            end_time,
            attributes: Vec::new(),
            dropped_attributes_count: 0,
            events: SpanEvents::default(),
            links: SpanLinks::default(),
            status: SpanStatus::Unset,
            instrumentation_scope: self.scope.clone(),
        }
    }
}

/// The trace of a run without a parent: all processes of the run have the same one.
fn trace_of(run: &RunId) -> TraceId {
    let hash = Sha256::digest(run.as_str());
    let mut bytes = [0; 16];
    bytes.copy_from_slice(&hash[..16]);
    TraceId::from_bytes(bytes)
}

/// An attribute without secrets.
fn text(name: &'static str, value: &str) -> KeyValue {
    KeyValue::new(name, Value::from(redacted(value)))
}

fn redacted(value: &str) -> String {
    bounded(redact(value).into_owned(), MAX_LINE)
}

fn status_of(result: &VisualTestResult) -> SpanStatus {
    match result.status {
        Status::Failed => {
            SpanStatus::error(redacted(result.message.as_deref().unwrap_or_default()))
        }
        _ => SpanStatus::Unset,
    }
}

fn part_name(part: Part) -> &'static str {
    match part {
        Part::Navigate => "navigate",
        Part::Settle => "settle",
        Part::Capture => "capture",
        Part::Compare => "compare",
    }
}

fn ms(time: u64) -> Duration {
    Duration::from_millis(time)
}

#[cfg(test)]
mod tests {
    use super::trace_of;
    use crate::model::RunId;

    /// As `printf %s run-1 | sha256sum | cut -c1-32`.
    #[test]
    fn the_trace_of_a_run_follows_from_its_id() {
        let trace = trace_of(&RunId("run-1".to_owned()));
        assert_eq!(trace.to_string(), "4e65d3fbe8ad6535681b021b30785b12");
    }
}
