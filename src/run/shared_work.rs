//! The work of a run that several machines share, in this process.

use std::collections::{BTreeSet, HashMap, HashSet};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::{Notify, watch};
use tokio::task::JoinHandle;

use super::admission_notice::AdmissionNotice;
use super::context::RunContext;
use super::session_loop::RunQueue;
use crate::browser::{Browser, find};
use crate::cache::{CachedPass, browser_build};
use crate::config::UpdateMode;
use crate::events::{Bus, Event, Subscriber};
use crate::manifest::Manifest;
use crate::model::{BrowserName, RecordedEvent, Status};
use crate::plan::Snapshot;
use crate::record::{ClaimedGroup, HeldLeases, QueuedGroup, Recorder, SharedQueue};
use crate::schedule::{in_plan_order, is_gated};
use crate::share::{
    ElsewhereOutcome, JoinError, Joined, LocalRun, PlanDigest, ShareWorker, SharedPlan,
    WorkerDescription, join,
};

/// How long a process waits for the server when it joins a shared run.
const JOIN_TIMEOUT: Duration = Duration::from_secs(15);

/// What a process has joined.
pub(super) struct JoinedRun {
    pub(super) queue: SharedQueue,
    pub(super) plan: SharedPlan,
    pub(super) held: Arc<HeldLeases>,
    pub(super) joined: Joined,
}

impl JoinedRun {
    /// Joins a run, which the recorder creates. A process that cannot join leaves
    /// the run again.
    pub(super) async fn join(
        queue: SharedQueue,
        plan: SharedPlan,
        recorder: &Recorder,
    ) -> Result<Self, JoinError> {
        let joined = match recorder.wait_joined(JOIN_TIMEOUT).await {
            Ok(()) => join(&queue, &plan).await,
            Err(error) => Err(JoinError::Unreachable(error.to_string())),
        };
        match joined {
            Ok(joined) => Ok(Self {
                queue,
                plan,
                held: Arc::default(),
                joined,
            }),
            Err(error) => {
                recorder.finish(None).await;
                Err(error)
            }
        }
    }
}

/// The worker of this process, which ends by itself or is stopped.
pub(super) struct RunningWorker {
    task: JoinHandle<()>,
    stop: watch::Sender<bool>,
}

impl RunningWorker {
    /// Starts the worker in the current runtime.
    pub(super) fn start(
        shared: JoinedRun,
        context: &Arc<RunContext>,
        queue: &Arc<RunQueue>,
        hits: &Arc<Vec<Option<CachedPass>>>,
        sessions: usize,
        canceled: Arc<Cancellation>,
    ) -> Self {
        let JoinedRun {
            queue: shared_queue,
            plan,
            held,
            ..
        } = shared;
        let description = WorkerDescription {
            host: context.config.system.host.clone(),
            pid: std::process::id(),
            sessions,
            engines: engines(&context.site.manifest),
            version: env!("CARGO_PKG_VERSION").to_owned(),
        };
        let current = Arc::new(CurrentTests::default());
        context.services.bus.subscribe(Arc::clone(&current) as _);
        let local = Arc::new(SharedWork {
            index_of: index_of(&context.snapshots),
            context: Arc::clone(context),
            queue: Arc::clone(queue),
            hits: Arc::clone(hits),
            sessions,
            current,
            canceled,
        });
        let worker = ShareWorker::new(shared_queue, plan, held, local, description);
        let (stop, stopped) = watch::channel(false);
        Self {
            task: tokio::spawn(worker.run(stopped)),
            stop,
        }
    }

    /// Ends the worker: its groups wait for other machines at once.
    pub(super) async fn stop(self) {
        let _ = self.stop.send(true);
        // A worker that panicked has no result.
        let _ = self.task.await;
    }
}

/// Whether somebody has canceled the run.
#[derive(Default)]
pub(super) struct Cancellation {
    is_set: AtomicBool,
    notify: Notify,
}

impl Cancellation {
    fn request(&self) {
        self.is_set.store(true, Ordering::Relaxed);
        self.notify.notify_one();
    }

    pub(super) fn is_set(&self) -> bool {
        self.is_set.load(Ordering::Relaxed)
    }

    /// Completes once the run is canceled.
    pub(super) async fn requested(&self) {
        self.notify.notified().await;
    }
}

/// The snapshots that are being captured, by key.
#[derive(Default)]
struct CurrentTests(Mutex<BTreeSet<String>>);

impl Subscriber for CurrentTests {
    fn on_event(&self, event: &Event, _: &Bus) {
        let mut current = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        match event {
            Event::Recorded(RecordedEvent::TestStarted(result)) => {
                current.insert(result.story_identifier.test_name());
            }
            Event::Recorded(RecordedEvent::TestFinished(result)) => {
                current.remove(&result.story_identifier.test_name());
            }
            _ => {}
        }
    }
}

/// Works on claimed groups in the sessions of this process.
struct SharedWork {
    context: Arc<RunContext>,
    queue: Arc<RunQueue>,
    /// Snapshots that the cache passes, by index.
    hits: Arc<Vec<Option<CachedPass>>>,
    index_of: HashMap<String, usize>,
    sessions: usize,
    current: Arc<CurrentTests>,
    canceled: Arc<Cancellation>,
}

impl SharedWork {
    fn indices(&self, keys: &[String]) -> Vec<usize> {
        let mut indices: Vec<_> = keys
            .iter()
            .filter_map(|key| self.index_of.get(key).copied())
            .collect();
        indices.sort_unstable();
        indices
    }

    fn key(&self, index: usize) -> String {
        self.context.snapshots[index].identifier.key()
    }
}

impl LocalRun for SharedWork {
    fn sessions(&self) -> usize {
        self.sessions
    }

    fn backlog(&self) -> (usize, usize) {
        self.queue.backlog()
    }

    fn demand(&self) -> &Notify {
        self.queue.demand()
    }

    fn start(&self, group: &ClaimedGroup) {
        let context = &self.context;
        let (mut captured, mut gated) = (HashSet::new(), Vec::new());
        for index in self.indices(&group.keys) {
            context.results.request(index);
            if let Some(reason) = &context.snapshots[index].skip {
                context.skip(index, reason);
            } else if let Some(hit) = &self.hits[index] {
                context.pass_cached(index, hit);
            } else if is_gated(&context.snapshots[index]) {
                gated.push(index);
            } else {
                captured.insert(index);
            }
        }
        let settings = &context.site.manifest.browser;
        let groups = in_plan_order(
            &context.snapshots,
            |index| !captured.contains(&index),
            |engine| Browser::needs_restart_for_theme(engine, settings),
        );
        let is_closed = !self.queue.add(groups) || self.queue.is_closed();
        let sent = context
            .notices
            .send(AdmissionNotice::Claimed(gated.clone()));
        if is_closed || (sent.is_err() && !gated.is_empty()) {
            // The process was interrupted while it claimed the group.
            for index in captured.into_iter().chain(gated) {
                context.finish_elsewhere(index, "left to the other machines", None);
            }
        }
    }

    fn take_back(&self, keys: &[String]) -> Vec<String> {
        let indices: HashSet<_> = self.indices(keys).into_iter().collect();
        let removed = self
            .queue
            .remove(|group| group.0.iter().all(|i| indices.contains(i)));
        let removed = removed.iter().flat_map(|group| &group.0);
        removed.map(|index| self.key(*index)).collect()
    }

    fn unfinished(&self) -> Vec<String> {
        let requested = self.context.results.requested();
        requested.into_iter().map(|index| self.key(index)).collect()
    }

    fn unfinished_of(&self, keys: &[String]) -> Vec<String> {
        let is_unfinished = |key: &&String| {
            let index = self.index_of.get(*key);
            index.is_some_and(|index| !self.context.results.is_finished(*index))
        };
        keys.iter().filter(is_unfinished).cloned().collect()
    }

    fn current(&self) -> Vec<String> {
        let current = self
            .current
            .0
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        current.iter().cloned().collect()
    }

    fn finish_elsewhere(&self, outcomes: Vec<ElsewhereOutcome>) {
        for outcome in outcomes {
            if let Some(&index) = self.index_of.get(&outcome.key) {
                let context = &self.context;
                context.finish_elsewhere(index, &outcome.reason, outcome.status);
            }
        }
    }

    fn fail(&self, keys: &[String], message: &str) {
        for index in self.indices(keys) {
            self.context.results.request(index);
            self.context.end(index, Status::Failed, message);
        }
    }

    fn cancel(&self) {
        self.canceled.request();
    }

    fn close(&self) {
        self.queue.close();
    }
}

fn index_of(snapshots: &[Snapshot]) -> HashMap<String, usize> {
    let keys = snapshots.iter().map(|snapshot| snapshot.identifier.key());
    keys.enumerate().map(|(index, key)| (key, index)).collect()
}

/// The engines that this machine has. Those of a `webdriver` are not known before
/// a session is opened, so it has all.
fn engines(manifest: &Manifest) -> Vec<String> {
    let settings = &manifest.browser;
    let names = settings.names.iter();
    let found =
        names.filter(|engine| settings.webdriver.is_some() || find(settings, **engine).is_ok());
    found.map(|engine| engine.as_str().to_owned()).collect()
}

/// How many stories must run one after the other before a story; cycles are errors
/// of the manifest.
fn depth<'a>(
    story: &'a str,
    after: &HashMap<&'a str, Vec<&'a str>>,
    known: &mut HashMap<&'a str, u32>,
) -> u32 {
    if let Some(depth) = known.get(story) {
        return *depth;
    }
    let mut deepest = 0;
    for before in after.get(story).into_iter().flatten() {
        if after.contains_key(before) {
            deepest = deepest.max(1 + depth(before, after, known));
        }
    }
    known.insert(story, deepest);
    deepest
}

/// The local engines of this machine, each with its build.
fn builds(manifest: &Manifest) -> Vec<(String, String)> {
    let settings = &manifest.browser;
    let local = settings
        .names
        .iter()
        .filter(|_| settings.webdriver.is_none());
    let builds = local.filter_map(|&engine| {
        let programs = find(settings, engine).ok()?;
        let build = browser_build(&programs.browser, &manifest.state_dir());
        Some((engine.as_str().to_owned(), build))
    });
    builds.collect()
}

/// The plan of a shared run.
pub(super) fn shared_plan(
    manifest: &Manifest,
    snapshots: &[Snapshot],
    update: UpdateMode,
    commit: Option<String>,
) -> SharedPlan {
    let mut groups: Vec<QueuedGroup> = Vec::new();
    let mut position: HashMap<String, usize> = HashMap::new();
    let mut names = blake3::Hasher::new();
    let mut first_engine: HashMap<&str, BrowserName> = HashMap::new();
    let mut depths = HashMap::new();
    let after: HashMap<&str, Vec<&str>> = snapshots
        .iter()
        .map(|snapshot| {
            let after = snapshot
                .story
                .after
                .iter()
                .map(|after| after.story.as_str());
            (snapshot.story.id.as_str(), after.collect())
        })
        .collect();
    for snapshot in snapshots {
        let key = snapshot.identifier.key();
        names.update(key.as_bytes()).update(b"\n");
        let story = &snapshot.story;
        // The engines of a story with `sync` steps meet on one machine.
        let lane = match story.has_sync() {
            true => first_engine.entry(&story.id).or_insert(snapshot.browser),
            false => &snapshot.browser,
        };
        let lane = lane.as_str();
        let name = format!("{}@{lane}", story.id);
        let at = *position.entry(name.clone()).or_insert_with(|| {
            groups.push(QueuedGroup {
                name,
                lane: lane.to_owned(),
                keys: Vec::new(),
                after: story
                    .after
                    .iter()
                    .map(|after| after.story.clone())
                    .collect(),
                depth: depth(&story.id, &after, &mut depths),
                ..QueuedGroup::default()
            });
            groups.len() - 1
        });
        groups[at].keys.push(key);
    }
    let text = std::fs::read(
        manifest
            .root
            .join(manifest.path.file_name().unwrap_or_default()),
    )
    .unwrap_or_default();
    SharedPlan {
        digest: PlanDigest {
            commit: commit.unwrap_or_default(),
            manifest: blake3::hash(&text).to_hex().to_string(),
            snapshots: names.finalize().to_hex().to_string(),
            update: update.as_str().to_owned(),
            version: env!("CARGO_PKG_VERSION").to_owned(),
        },
        builds: builds(manifest),
        groups,
    }
}
