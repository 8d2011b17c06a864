//! Everything that the sessions share.

use std::sync::{Arc, Mutex};

use tokio::sync::mpsc;

use super::admission_notice::AdmissionNotice;
use super::cache_observer::CacheObserver;
use super::engines::Engines;
use super::identity::RunIdentity;
use super::results::ResultTable;
use crate::alerts::AlertWatch;
use crate::cache::CachedPass;
use crate::config::{CacheMode, Config};
use crate::events::{Bus, Event, PartLog};
use crate::model::{ImageHashes, RecordedEvent, Status, VisualTestResult};
use crate::plan::Snapshot;
use crate::record::Recorder;
use crate::record::coordination::Coordination;
use crate::snapshot::{FinishedSnapshot, Site, SnapshotJob, Verdicts};

/// Everything that the sessions share.
pub(super) struct RunContext {
    pub(super) config: Config,
    pub(super) snapshots: Arc<Vec<Snapshot>>,
    pub(super) identity: RunIdentity,
    pub(super) site: Arc<Site>,
    pub(super) verdicts: Verdicts,
    pub(super) engines: Engines,
    pub(super) services: Services,
    pub(super) results: ResultTable,
    /// Tells the admission what happens, if groups wait for something.
    pub(super) notices: mpsc::UnboundedSender<AdmissionNotice>,
}

/// The services that a run publishes to.
pub(super) struct Services {
    pub(super) bus: Bus,
    pub(super) recorder: Recorder,
    pub(super) cache: CacheObserver,
    /// Until the run ends.
    pub(super) alerts: Mutex<Option<AlertWatch>>,
    pub(super) coordination: Arc<dyn Coordination>,
}

impl RunContext {
    /// Whether the cache records what pages load.
    pub(super) fn caches(&self) -> bool {
        self.config.run.cache == CacheMode::On && self.site.is_folder()
    }

    /// The document of a snapshot, with this status.
    pub(super) fn result(&self, index: usize, status: Status) -> VisualTestResult {
        self.identity.result(&self.snapshots[index], status)
    }

    /// The job of capturing a snapshot, whose engine has started, in the attempt of
    /// the log.
    pub(super) fn job(&self, index: usize, log: PartLog) -> SnapshotJob<'_> {
        let snapshot = &self.snapshots[index];
        let mut draft = self.result(index, Status::Running);
        draft.attempt = Some(log.attempt());
        SnapshotJob {
            index,
            snapshot,
            draft,
            environment: self.engines.environment_of(snapshot.browser),
            log,
        }
    }

    /// Publishes that a snapshot has started.
    pub(super) fn start(&self, index: usize) {
        let started = self.result(index, Status::Running);
        let started = RecordedEvent::TestStarted(Box::new(started));
        self.services.bus.publish(started);
    }

    /// Publishes and enters the outcome of a snapshot, unless it has one. A failure
    /// names its browser and has a duration, even if nothing was captured.
    pub(super) fn finish(&self, index: usize, mut finished: FinishedSnapshot) {
        if finished.result.status != Status::Skipped {
            finished.result.cache_miss = self.services.cache.miss(index);
        }
        if finished.result.status == Status::Failed {
            let engine = self.snapshots[index].browser;
            let result = &mut finished.result;
            result.duration_ms.get_or_insert(0);
            result.browser = result.browser.take().or_else(|| {
                let started = self.engines.version_of(engine);
                started.or_else(|| Some(engine.as_str().to_owned()))
            });
        }
        let notices = &self.notices;
        let times = finished.times.take();
        self.results.finish(index, finished, |result| {
            // Without groups that wait, there is no receiver.
            let _ = notices.send(AdmissionNotice::Finished(index, result.status));
            if let Some(times) = times {
                let story = result.story_identifier.clone();
                let timed = Event::SnapshotTimed(story, Arc::from(times));
                self.services.bus.publish(timed);
            }
            let finished = RecordedEvent::TestFinished(Box::new(result.clone()));
            self.services.bus.publish(finished);
        });
    }

    /// Publishes a snapshot that was prefetched.
    pub(super) fn deliver(&self, index: usize, finished: FinishedSnapshot) {
        self.start(index);
        self.finish(index, finished);
    }

    /// Passes a snapshot that is unchanged since it passed.
    pub(super) fn pass_cached(&self, index: usize, pass: &CachedPass) {
        let mut result = self.result(index, Status::Passed);
        result.cached = true;
        result.diff_ratio = Some(0.0);
        result.duration_ms = Some(0);
        let manifest = &self.site.manifest;
        result.baseline = Some(manifest.relative(&self.snapshots[index].baseline));
        result.sha256 = Some(ImageHashes {
            baseline: Some(pass.baseline_sha256.clone()),
            ..ImageHashes::default()
        });
        result
            .environment_changed
            .clone_from(&pass.environment_changed);
        result.page_errors.clone_from(&pass.page_errors);
        result.measurements.clone_from(&pass.measurements);
        self.finish(index, FinishedSnapshot::new(result));
    }

    /// Notes that a snapshot has its outcome on another machine, which stories that
    /// run after it depend on.
    pub(super) fn finish_elsewhere(&self, index: usize, reason: &str, status: Option<Status>) {
        let result = self.result(index, Status::Skipped);
        let finished = FinishedSnapshot::with_message(result, Status::Skipped, reason.to_owned());
        self.results.finish_elsewhere(index, finished);
        let status = status.unwrap_or(Status::Skipped);
        let _ = self.notices.send(AdmissionNotice::Finished(index, status));
    }

    /// Skips a snapshot.
    pub(super) fn skip(&self, index: usize, reason: &str) {
        self.end(index, Status::Skipped, reason);
    }

    /// Fails a snapshot whose session panicked.
    pub(super) fn fail_panicked(&self, index: usize) {
        let reason =
            "the browser session that captured it panicked: standard error has the message";
        self.end(index, Status::Failed, reason);
    }

    /// Ends a snapshot that has not been captured.
    pub(super) fn end(&self, index: usize, status: Status, message: &str) {
        let result = self.result(index, status);
        let finished = FinishedSnapshot::with_message(result, status, message.to_owned());
        self.finish(index, finished);
    }

    /// Skips every snapshot that was requested and has no outcome. Returns
    /// their number. Those of a shared run are left to other machines.
    pub(super) fn skip_requested(&self, reason: &str) -> usize {
        let requested = self.results.requested();
        for &index in &requested {
            if self.config.run.shares_work {
                self.finish_elsewhere(index, reason, None);
            } else {
                self.skip(index, reason);
            }
        }
        requested.len()
    }
}
