//! What conductor, workers and trials share.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::path::PathBuf;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};

use super::hooks::Hooks;
use super::judge::Judged;
use super::openings::Openings;
use crate::browser::BrowserInfo;
use crate::cache::{Cache, Hit};
use crate::login::Logins;
use crate::manifest::{BrowserName, Credentials, Manifest, Source};
use crate::model::{Environment, Event, ImageHashes, RunId, Status, Summary, VisualTestResult};
use crate::plan::Snapshot;
use crate::record::Recorder;
use crate::report::Sink;
use crate::settings::{Cache as CacheUse, Settings};

/// What a trial is told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outcome {
    /// The snapshot's final status.
    pub status: Status,
    /// For people: why it failed, in several lines.
    pub message: Option<String>,
}

/// Everything that outlives a single snapshot.
pub(super) struct Stage {
    pub(super) manifest: Arc<Manifest>,
    pub(super) settings: Settings,
    pub(super) run_id: RunId,
    /// `{host}:{pid}`
    pub(super) worker: String,
    pub(super) snapshots: Vec<Snapshot>,
    /// The folder for this run's images.
    pub(super) folder: PathBuf,
    /// Where stories are served, without a trailing slash.
    pub(super) base: String,
    /// What the stories' server wants to see.
    pub(super) credentials: Arc<Credentials>,
    pub(super) hooks: Hooks,
    pub(super) recorder: Recorder,
    pub(super) cache: Cache,
    pub(super) logins: Logins,
    pub(super) openings: Arc<Openings>,
    /// Stories whose results cannot be used again, with the reason.
    uncacheable: Mutex<BTreeMap<String, String>>,
    sinks: Vec<Arc<dyn Sink>>,
    environment: Environment,
    /// The engines that have been asked, and what they are.
    engines: Mutex<BTreeMap<BrowserName, BrowserInfo>>,
    board: Mutex<Board>,
    posted: Condvar,
}

/// What has become of every snapshot so far.
#[derive(Default)]
struct Board {
    results: HashMap<usize, VisualTestResult>,
    outcomes: HashMap<usize, Outcome>,
    /// Those that somebody has asked for and that have no outcome yet.
    asked: HashSet<usize>,
}

impl Stage {
    #[expect(
        clippy::too_many_arguments,
        reason = "the one place that puts a stage together"
    )]
    pub(super) fn new(
        manifest: Arc<Manifest>,
        settings: Settings,
        snapshots: Vec<Snapshot>,
        base: String,
        credentials: Arc<Credentials>,
        hooks: Hooks,
        recorder: Recorder,
        cache: Cache,
        logins: Logins,
        environment: Environment,
        sinks: Vec<Arc<dyn Sink>>,
        worker: String,
    ) -> Self {
        let run_id = settings.run_id.clone();
        Self {
            folder: manifest.run_dir(&run_id),
            manifest,
            settings,
            run_id,
            worker,
            snapshots,
            base,
            credentials,
            hooks,
            recorder,
            cache,
            logins,
            openings: Arc::default(),
            uncacheable: Mutex::default(),
            sinks,
            environment,
            engines: Mutex::default(),
            board: Mutex::default(),
            posted: Condvar::new(),
        }
    }

    /// A text without the secrets that the stories' server wants to see.
    pub(super) fn redacted(&self, text: &str) -> String {
        self.credentials.redact(text).into_owned()
    }

    /// Tells everybody.
    pub(super) fn emit(&self, event: &Event) {
        self.recorder.record(event);
        self.tell(event);
    }

    /// Tells everybody but the record.
    pub(super) fn tell(&self, event: &Event) {
        for sink in &self.sinks {
            sink.hear(event);
        }
    }

    /// The run's environment as it is known by now, with every engine that has
    /// been asked.
    pub(super) fn environment(&self) -> Environment {
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
    pub(super) fn environment_in(&self, engine: BrowserName) -> Environment {
        let mut environment = self.environment();
        if let Some(info) = self.engines().get(&engine) {
            environment.browser = Some(info.browser.clone());
            environment.driver = Some(info.driver.clone());
        }
        environment
    }

    /// Notes which browser an engine is, once it has been asked.
    pub(super) fn met(&self, engine: BrowserName, info: &BrowserInfo) {
        self.engines().insert(engine, info.clone());
    }

    fn engines(&self) -> MutexGuard<'_, BTreeMap<BrowserName, BrowserInfo>> {
        self.engines.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether passes are to be remembered at all.
    pub(super) fn remembers(&self) -> bool {
        self.settings.cache == CacheUse::On && matches!(self.manifest.source, Source::Dir(_))
    }

    /// Notes why a story's results cannot be used again.
    pub(super) fn cannot_be_cached(&self, story: &str, reason: String) {
        let mut stories = self
            .uncacheable
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        stories.insert(story.to_owned(), reason);
    }

    /// The stories whose results cannot be used again, with the reason.
    pub(super) fn uncacheable(&self) -> BTreeMap<String, String> {
        let stories = self.uncacheable.lock();
        stories.unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// A fresh record of a snapshot.
    pub(super) fn result(&self, index: usize, status: Status) -> VisualTestResult {
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
    pub(super) fn started(&self, index: usize) {
        let started = self.result(index, Status::Running);
        self.emit(&Event::TestStarted(Box::new(started)));
    }

    /// Tells of a snapshot that was done ahead.
    pub(super) fn deliver(&self, index: usize, judged: Judged) {
        self.started(index);
        self.finish(index, judged.result, judged.message);
    }

    /// Tells that a snapshot has its final status and wakes its trial. Only
    /// the first to say so is heard: a worker may come back with a picture
    /// after an interruption has given the snapshot up.
    pub(super) fn finish(&self, index: usize, result: VisualTestResult, message: Option<String>) {
        let outcome = Outcome {
            status: result.status,
            message,
        };
        let mut board = self.board();
        if board.outcomes.contains_key(&index) {
            return;
        }
        self.emit(&Event::TestFinished(Box::new(result.clone())));
        board.results.insert(index, result);
        board.outcomes.insert(index, outcome);
        board.asked.remove(&index);
        self.posted.notify_all();
    }

    /// Lets a snapshot pass of which nothing has changed since it did.
    pub(super) fn unchanged(&self, index: usize, hit: &Hit) {
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
    pub(super) fn skip(&self, index: usize, reason: &str) {
        let mut result = self.result(index, Status::Skipped);
        result.message = Some(reason.to_owned());
        self.finish(index, result, Some(reason.to_owned()));
    }

    /// Fails a snapshot of which nobody knows what it would have come to.
    pub(super) fn lose(&self, index: usize) {
        let reason = "the worker that had it panicked: standard error has its words";
        let mut result = self.result(index, Status::Failed);
        result.message = Some(reason.to_owned());
        self.finish(index, result, Some(reason.to_owned()));
    }

    /// Marks whatever was asked for and has no final status as skipped. Gives
    /// its number.
    pub(super) fn abandon(&self, reason: &str) -> usize {
        let asked = self.asked();
        for &index in &asked {
            self.skip(index, reason);
        }
        asked.len()
    }

    /// Notes that somebody asks for a snapshot, and forgets the outcome that it
    /// had. Whether it is to be worked on: not where somebody else waits for
    /// it.
    pub(super) fn ask(&self, index: usize) -> bool {
        let mut board = self.board();
        let is_first = board.asked.insert(index);
        if is_first {
            board.outcomes.remove(&index);
        }
        is_first
    }

    /// Waits for a snapshot's outcome.
    pub(super) fn wait(&self, index: usize) -> Outcome {
        let mut board = self.board();
        loop {
            if let Some(outcome) = board.outcomes.get(&index) {
                return outcome.clone();
            }
            board = self
                .posted
                .wait(board)
                .unwrap_or_else(PoisonError::into_inner);
        }
    }

    /// Whatever was asked for and has no final status.
    pub(super) fn asked(&self) -> Vec<usize> {
        let mut asked: Vec<_> = self.board().asked.iter().copied().collect();
        asked.sort_unstable();
        asked
    }

    /// Whether somebody waits for a snapshot.
    pub(super) fn is_asked(&self, index: usize) -> bool {
        self.board().asked.contains(&index)
    }

    /// Whether a snapshot has its final status.
    pub(super) fn is_finished(&self, index: usize) -> bool {
        self.board().outcomes.contains_key(&index)
    }

    /// Every result so far, in the plan's order.
    pub(super) fn results(&self) -> Vec<VisualTestResult> {
        let board = self.board();
        let mut indices: Vec<&usize> = board.results.keys().collect();
        indices.sort_unstable();
        indices
            .iter()
            .map(|index| board.results[index].clone())
            .collect()
    }

    /// The counts so far.
    pub(super) fn summary(&self) -> Summary {
        let mut summary = Summary::default();
        for result in self.board().results.values() {
            summary.add(result.status);
        }
        summary
    }

    fn board(&self) -> MutexGuard<'_, Board> {
        self.board.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
