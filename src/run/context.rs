//! What conductor, workers and trials share.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::path::PathBuf;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};

use super::engine_health::EngineHealth;
use crate::browser::BrowserInfo;
use crate::cache::{Cache, Hit};
use crate::config::{CacheMode, Config};
use crate::events::{Bus, Event};
use crate::login::Logins;
use crate::manifest::{BrowserName, Credentials, Manifest, Source};
use crate::model::{
    Environment, ImageHashes, RecordedEvent, RunId, Status, Summary, VisualTestResult,
};
use crate::plan::Snapshot;
use crate::record::Recorder;
use crate::snapshot::FinishedSnapshot;
use crate::snapshot::Hooks;

/// What a trial is told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SnapshotOutcome {
    /// The snapshot's final status.
    pub status: Status,
    /// For people: why it failed, in several lines.
    pub message: Option<String>,
}

/// Everything that outlives a single snapshot.
pub(crate) struct RunContext {
    pub(crate) manifest: Arc<Manifest>,
    pub(crate) config: Config,
    pub(crate) run_id: RunId,
    /// `{host}:{pid}`
    pub(crate) worker: String,
    pub(crate) snapshots: Vec<Snapshot>,
    /// The folder for this run's images.
    pub(crate) folder: PathBuf,
    /// Where stories are served, without a trailing slash.
    pub(crate) base: String,
    /// What the stories' server wants to see.
    pub(crate) credentials: Arc<Credentials>,
    pub(crate) hooks: Hooks,
    pub(crate) recorder: Recorder,
    pub(crate) cache: Cache,
    pub(crate) logins: Logins,
    pub(crate) engine_health: Arc<EngineHealth>,
    /// Stories whose results cannot be used again, with the reason.
    uncacheable: Mutex<BTreeMap<String, String>>,
    bus: Bus,
    environment: Environment,
    /// The engines that have been asked, and what they are.
    engines: Mutex<BTreeMap<BrowserName, BrowserInfo>>,
    table: Mutex<ResultTable>,
    posted: Condvar,
}

/// What has become of every snapshot so far.
#[derive(Default)]
struct ResultTable {
    results: HashMap<usize, VisualTestResult>,
    outcomes: HashMap<usize, SnapshotOutcome>,
    /// Those that somebody has asked for and that have no outcome yet.
    asked: HashSet<usize>,
}

impl RunContext {
    #[expect(
        clippy::too_many_arguments,
        reason = "the one place that puts a context together"
    )]
    pub(crate) fn new(
        manifest: Arc<Manifest>,
        config: Config,
        snapshots: Vec<Snapshot>,
        base: String,
        credentials: Arc<Credentials>,
        hooks: Hooks,
        recorder: Recorder,
        cache: Cache,
        logins: Logins,
        environment: Environment,
        bus: Bus,
        worker: String,
    ) -> Self {
        let run_id = config.run_id.clone();
        Self {
            folder: manifest.run_dir(&run_id),
            manifest,
            config,
            run_id,
            worker,
            snapshots,
            base,
            credentials,
            hooks,
            recorder,
            cache,
            logins,
            engine_health: Arc::default(),
            uncacheable: Mutex::default(),
            bus,
            environment,
            engines: Mutex::default(),
            table: Mutex::default(),
            posted: Condvar::new(),
        }
    }

    /// A text without the secrets that the stories' server wants to see.
    pub(crate) fn redacted(&self, text: &str) -> String {
        self.credentials.redact(text).into_owned()
    }

    /// Publishes an event.
    pub(crate) fn publish(&self, event: impl Into<Event>) {
        self.bus.publish(event);
    }

    /// The run's environment as it is known by now, with every engine that has
    /// been asked.
    pub(crate) fn environment(&self) -> Environment {
        let mut environment = self.environment.clone();
        let engines = self.engines();
        if !engines.is_empty() {
            let all = |word: fn(&BrowserInfo) -> &str| {
                let words: Vec<_> = engines.values().map(word).collect();
                Some(words.join(", "))
            };
            environment.browser = all(|info| &info.browser);
            environment.driver = all(|info| &info.driver);
        }
        environment
    }

    /// The same for the snapshots of one engine.
    pub(crate) fn environment_in(&self, engine: BrowserName) -> Environment {
        let mut environment = self.environment();
        if let Some(info) = self.engines().get(&engine) {
            environment.browser = Some(info.browser.clone());
            environment.driver = Some(info.driver.clone());
        }
        environment
    }

    /// Notes which browser an engine is, once it has been asked.
    pub(crate) fn met(&self, engine: BrowserName, info: &BrowserInfo) {
        self.engines().insert(engine, info.clone());
    }

    fn engines(&self) -> MutexGuard<'_, BTreeMap<BrowserName, BrowserInfo>> {
        self.engines.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether passes are to be remembered at all.
    pub(crate) fn remembers(&self) -> bool {
        self.config.cache == CacheMode::On && matches!(self.manifest.source, Source::Dir(_))
    }

    /// Notes why a story's results cannot be used again.
    pub(crate) fn cannot_be_cached(&self, story: &str, reason: String) {
        let mut stories = self
            .uncacheable
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        stories.insert(story.to_owned(), reason);
    }

    /// The stories whose results cannot be used again, with the reason.
    pub(crate) fn uncacheable(&self) -> BTreeMap<String, String> {
        let stories = self.uncacheable.lock();
        stories.unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// A fresh record of a snapshot.
    pub(crate) fn result(&self, index: usize, status: Status) -> VisualTestResult {
        let snapshot = &self.snapshots[index];
        let mut result =
            VisualTestResult::new(self.run_id.clone(), snapshot.identifier.clone(), status);
        result.worker = Some(self.worker.clone());
        if snapshot.screen.scale != 1.0 {
            result.scale = Some(snapshot.screen.scale);
        }
        result
    }

    /// Tells that work on a snapshot begins.
    pub(crate) fn started(&self, index: usize) {
        let started = self.result(index, Status::Running);
        self.publish(RecordedEvent::TestStarted(Box::new(started)));
    }

    /// Tells of a snapshot that was done ahead.
    pub(crate) fn deliver(&self, index: usize, judged: FinishedSnapshot) {
        self.started(index);
        self.finish(index, judged.result, judged.message);
    }

    /// Tells that a snapshot has its final status and wakes its trial. Only
    /// the first to say so is heard: a worker may come back with a picture
    /// after an interruption has given the snapshot up.
    pub(crate) fn finish(&self, index: usize, result: VisualTestResult, message: Option<String>) {
        let outcome = SnapshotOutcome {
            status: result.status,
            message,
        };
        let mut table = self.table();
        if table.outcomes.contains_key(&index) {
            return;
        }
        self.publish(RecordedEvent::TestFinished(Box::new(result.clone())));
        table.results.insert(index, result);
        table.outcomes.insert(index, outcome);
        table.asked.remove(&index);
        self.posted.notify_all();
    }

    /// Lets a snapshot pass of which nothing has changed since it did.
    pub(crate) fn unchanged(&self, index: usize, hit: &Hit) {
        let mut result = self.result(index, Status::Passed);
        result.cached = true;
        result.diff_ratio = Some(0.0);
        result.duration_ms = Some(0);
        result.baseline = Some(self.manifest.relative(&self.snapshots[index].baseline));
        result.sha256 = Some(ImageHashes {
            baseline: Some(hit.baseline_sha256.clone()),
            ..ImageHashes::default()
        });
        self.finish(index, result, None);
    }

    /// Marks a snapshot as skipped.
    pub(crate) fn skip(&self, index: usize, reason: &str) {
        let mut result = self.result(index, Status::Skipped);
        result.message = Some(reason.to_owned());
        self.finish(index, result, Some(reason.to_owned()));
    }

    /// Fails a snapshot of which nobody knows what it would have come to.
    pub(crate) fn lose(&self, index: usize) {
        let reason = "the worker that had it panicked: standard error has its words";
        let mut result = self.result(index, Status::Failed);
        result.message = Some(reason.to_owned());
        self.finish(index, result, Some(reason.to_owned()));
    }

    /// Marks whatever was asked for and has no final status as skipped. Gives
    /// its number.
    pub(crate) fn abandon(&self, reason: &str) -> usize {
        let asked = self.asked();
        for &index in &asked {
            self.skip(index, reason);
        }
        asked.len()
    }

    /// Notes that somebody asks for a snapshot, and forgets the outcome that it
    /// had. Whether it is to be worked on: not where somebody else waits for
    /// it.
    pub(crate) fn ask(&self, index: usize) -> bool {
        let mut table = self.table();
        let is_first = table.asked.insert(index);
        if is_first {
            table.outcomes.remove(&index);
        }
        is_first
    }

    /// Waits for a snapshot's outcome.
    pub(crate) fn wait(&self, index: usize) -> SnapshotOutcome {
        let mut table = self.table();
        loop {
            if let Some(outcome) = table.outcomes.get(&index) {
                return outcome.clone();
            }
            table = self
                .posted
                .wait(table)
                .unwrap_or_else(PoisonError::into_inner);
        }
    }

    /// Whatever was asked for and has no final status.
    pub(crate) fn asked(&self) -> Vec<usize> {
        let mut asked: Vec<_> = self.table().asked.iter().copied().collect();
        asked.sort_unstable();
        asked
    }

    /// Whether somebody waits for a snapshot.
    pub(crate) fn is_asked(&self, index: usize) -> bool {
        self.table().asked.contains(&index)
    }

    /// Whether a snapshot has its final status.
    pub(crate) fn is_finished(&self, index: usize) -> bool {
        self.table().outcomes.contains_key(&index)
    }

    /// Every result so far, in the plan's order.
    pub(crate) fn results(&self) -> Vec<VisualTestResult> {
        let table = self.table();
        let mut indices: Vec<&usize> = table.results.keys().collect();
        indices.sort_unstable();
        indices
            .iter()
            .map(|index| table.results[index].clone())
            .collect()
    }

    /// The counts so far.
    pub(crate) fn summary(&self) -> Summary {
        let mut summary = Summary::default();
        for result in self.table().results.values() {
            summary.add(result.status);
        }
        summary
    }

    fn table(&self) -> MutexGuard<'_, ResultTable> {
        self.table.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
