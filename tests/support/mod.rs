//! Shared by the record's tests: real servers, and runs to record.
#![expect(dead_code, reason = "each test binary uses its own part of this")]

pub(crate) mod gate;
pub(crate) mod port;
pub(crate) mod proxy;
pub(crate) mod server;

use tintype::internals::model::{
    Environment, RecordedEvent, RunId, Status, StoryIdentifier, VisualTestResult, VisualTestRun,
};

/// A run that starts now, with an environment.
pub(crate) fn run(id: &str) -> VisualTestRun {
    let environment = Environment {
        platform: "linux".to_owned(),
        arch: "x86_64".to_owned(),
        ..Environment::default()
    };
    VisualTestRun::start(RunId(id.to_owned()), environment)
}

/// The identifier of the `n`th synthetic snapshot.
pub(crate) fn story(n: usize) -> StoryIdentifier {
    let viewport = "375x667".parse().unwrap();
    StoryIdentifier::new(format!("group/story-{n}"), "dark", viewport).unwrap()
}

/// A document with the size of a real one.
pub(crate) fn result(run: &RunId, story: StoryIdentifier, status: Status) -> VisualTestResult {
    let stem = story.file_stem();
    let mut result = VisualTestResult::new(run.clone(), story, status);
    result.baseline = Some(format!("baselines/{stem}.png"));
    result.worker = Some("host:4711".to_owned());
    if status.is_final() {
        result.duration_ms = Some(87);
        result.diff_ratio = Some(if status == Status::Failed { 0.12 } else { 0.0 });
    }
    result
}

/// A snapshot's beginning.
pub(crate) fn started(run: &RunId, n: usize) -> RecordedEvent {
    RecordedEvent::TestStarted(Box::new(result(run, story(n), Status::Running)))
}

/// A snapshot's end.
pub(crate) fn finished(run: &RunId, n: usize, status: Status) -> RecordedEvent {
    RecordedEvent::TestFinished(Box::new(result(run, story(n), status)))
}
