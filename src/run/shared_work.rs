//! The work of a run that several machines share, in this process.

use std::collections::{BTreeSet, HashMap, HashSet};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::{Notify, watch};
use tokio::task::JoinHandle;

use super::admission_notice::AdmissionNotice;
use super::context::RunContext;
use super::session_loop::RunQueue;
use crate::browser::Browser;
use crate::cache::CachedPass;
use crate::events::{Bus, Event, Subscriber};
use crate::manifest::Manifest;
use crate::model::{RecordedEvent, Status};
use crate::plan::Snapshot;
use crate::record::{ClaimedGroup, HeldLeases, Recorder, SharedQueue};
use crate::schedule::{in_plan_order, is_gated};
use crate::share::{
    ElsewhereOutcome, JoinError, Joined, LocalRun, ShareWorker, SharedPlan, WorkerDescription, join,
};

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
        match join(recorder, &queue, &plan).await {
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
            engines: engines(&context.site.manifest, &plan.builds),
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

/// Whether the run was canceled.
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
        let (mut captured, mut gated) = (Vec::new(), Vec::new());
        for index in self.indices(&group.keys) {
            context.results.request(index);
            if let Some(reason) = &context.snapshots[index].skip {
                context.skip(index, reason);
            } else if let Some(hit) = &self.hits[index] {
                context.pass_cached(index, hit);
            } else if is_gated(&context.snapshots[index]) {
                gated.push(index);
            } else {
                captured.push(index);
            }
        }
        let settings = &context.site.manifest.browser;
        let groups = in_plan_order(&context.snapshots, captured.iter().copied(), |engine| {
            Browser::needs_restart_for_theme(engine, settings)
        });
        let is_open = self.queue.add(groups);
        let notice = AdmissionNotice::Claimed(gated.clone());
        let is_admitted = context.notices.send(notice).is_ok() || gated.is_empty();
        if !is_open || !is_admitted {
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
fn engines(manifest: &Manifest, builds: &[(String, String)]) -> Vec<String> {
    let settings = &manifest.browser;
    if settings.webdriver.is_none() {
        return builds.iter().map(|(engine, _)| engine.clone()).collect();
    }
    let names = settings.names.iter();
    names.map(|engine| engine.as_str().to_owned()).collect()
}
