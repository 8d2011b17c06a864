//! A worker of a shared run that sleeps instead of capturing.

use std::collections::{BTreeSet, VecDeque};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tintype::internals::model::{RecordedEvent, RunId, Status, StoryIdentifier, VisualTestResult};
use tintype::internals::record::{ClaimedGroup, HeldLeases, QueuedGroup, Recorder, SharedQueue};
use tintype::internals::share::{
    ElsewhereOutcome, JoinError, LocalRun, PlanDigest, ShareTiming, ShareWorker, SharedPlan,
    WorkerDescription, join,
};
use tokio::sync::{Notify, watch};

/// The only lane.
pub(crate) const LANE: &str = "chromium";

/// A plan of groups with `size` snapshots each.
pub(crate) fn plan(groups: usize, size: usize) -> SharedPlan {
    let group = |n: usize| QueuedGroup {
        name: format!("story-{n}@{LANE}"),
        lane: LANE.to_owned(),
        keys: (0..size)
            .map(|of| format!("story-{n}:dark:{}x20", of + 1))
            .collect(),
        ..QueuedGroup::default()
    };
    SharedPlan {
        digest: PlanDigest::default(),
        builds: Vec::new(),
        groups: (0..groups).map(group).collect(),
    }
}

/// What a worker does with its snapshots.
pub(crate) struct Sleeper {
    run: RunId,
    worker: String,
    recorder: Recorder,
    sessions: usize,
    /// The time of a snapshot.
    time: Duration,
    state: Mutex<SleeperState>,
    demand: Notify,
    work: Notify,
    /// Whether no more groups will come.
    closed: watch::Sender<bool>,
}

#[derive(Default)]
struct SleeperState {
    groups: VecDeque<Vec<String>>,
    idle: usize,
    unfinished: BTreeSet<String>,
    /// How many snapshots it has recorded.
    recorded: usize,
}

/// How a worker works.
#[derive(Clone, Copy)]
pub(crate) struct Work {
    pub(crate) sessions: usize,
    /// The time of a snapshot.
    pub(crate) time: Duration,
    pub(crate) timing: ShareTiming,
}

/// Takes part in a run until its end. Returns how many snapshots the worker has
/// recorded.
pub(crate) async fn take_part(
    queue: SharedQueue,
    recorder: Recorder,
    run: RunId,
    plan: SharedPlan,
    work: Work,
) -> Result<usize, JoinError> {
    join(&recorder, &queue, &plan).await?;
    let held = Arc::new(HeldLeases::default());
    let recorder = recorder.with_leases(Arc::clone(&held));
    let sleeper = Arc::new(Sleeper {
        run,
        worker: queue.worker().to_owned(),
        recorder: recorder.clone(),
        sessions: work.sessions,
        time: work.time,
        state: Mutex::new(SleeperState {
            unfinished: plan.keys().cloned().collect(),
            ..SleeperState::default()
        }),
        demand: Notify::new(),
        work: Notify::new(),
        closed: watch::channel(false).0,
    });
    let description = WorkerDescription {
        host: "host".to_owned(),
        pid: std::process::id(),
        sessions: work.sessions,
        engines: vec![LANE.to_owned()],
        version: String::new(),
    };
    let sessions: Vec<_> = (0..work.sessions)
        .map(|_| tokio::spawn(Arc::clone(&sleeper).session()))
        .collect();
    let local = Arc::clone(&sleeper) as Arc<dyn LocalRun>;
    let worker = ShareWorker::new(queue, plan, held, local, description);
    // A channel without a sender would stop the worker.
    let (_running, stop) = watch::channel(false);
    worker.with_timing(work.timing).run(stop).await;
    for session in sessions {
        session.await.unwrap();
    }
    let report = recorder.finish(None).await;
    assert_eq!(report.pending, 0, "{:?}", report.warnings);
    let recorded = sleeper.lock().recorded;
    Ok(recorded)
}

impl Sleeper {
    fn lock(&self) -> std::sync::MutexGuard<'_, SleeperState> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn session(self: Arc<Self>) {
        let mut closed = self.closed.subscribe();
        loop {
            let group = self.lock().groups.pop_front();
            self.demand.notify_one();
            if let Some(keys) = group {
                self.capture(&keys).await;
                continue;
            }
            if *closed.borrow_and_update() {
                return;
            }
            self.lock().idle += 1;
            self.demand.notify_one();
            tokio::select! {
                () = self.work.notified() => {}
                _ = closed.changed() => {}
            }
            self.lock().idle -= 1;
        }
    }

    async fn capture(&self, keys: &[String]) {
        for key in keys {
            if !self.lock().unfinished.contains(key) {
                continue;
            }
            self.record(key, Status::Running);
            tokio::time::sleep(self.time).await;
            self.record(key, Status::Passed);
        }
    }

    fn record(&self, key: &str, status: Status) {
        let is_final = status != Status::Running;
        // Another machine may have taken it over meanwhile.
        if is_final && !self.lock().unfinished.remove(key) {
            return;
        }
        let story = StoryIdentifier::from_key(key).unwrap();
        let mut result = VisualTestResult::new(self.run.clone(), story, status);
        result.worker = Some(self.worker.clone());
        let result = Box::new(result);
        self.recorder.record(&if is_final {
            RecordedEvent::TestFinished(result)
        } else {
            RecordedEvent::TestStarted(result)
        });
        self.lock().recorded += usize::from(is_final);
    }
}

impl LocalRun for Sleeper {
    fn sessions(&self) -> usize {
        self.sessions
    }

    fn backlog(&self) -> (usize, usize) {
        let state = self.lock();
        (state.idle, state.groups.len())
    }

    fn demand(&self) -> &Notify {
        &self.demand
    }

    fn start(&self, group: &ClaimedGroup) {
        let mut state = self.lock();
        state.unfinished.extend(group.keys.iter().cloned());
        state.groups.push_back(group.keys.clone());
        self.work.notify_one();
    }

    fn take_back(&self, keys: &[String]) -> Vec<String> {
        let mut state = self.lock();
        let groups = std::mem::take(&mut state.groups);
        let is_back = |group: &Vec<String>| group.iter().all(|key| keys.contains(key));
        let (back, kept): (Vec<_>, Vec<_>) = groups.into_iter().partition(is_back);
        state.groups = kept.into();
        back.concat()
    }

    fn unfinished_of(&self, keys: &[String]) -> Vec<String> {
        let state = self.lock();
        let unfinished = keys.iter().filter(|key| state.unfinished.contains(*key));
        unfinished.cloned().collect()
    }

    fn current(&self) -> Vec<String> {
        Vec::new()
    }

    fn finish_elsewhere(&self, outcomes: Vec<ElsewhereOutcome>) {
        let mut state = self.lock();
        for outcome in outcomes {
            state.unfinished.remove(&outcome.key);
        }
    }

    fn fail(&self, keys: &[String], _: &str) {
        self.lock().unfinished.extend(keys.iter().cloned());
        for key in keys {
            self.record(key, Status::Failed);
        }
    }

    fn cancel(&self) {}

    fn close(&self) {
        let _ = self.closed.send(true);
    }
}
