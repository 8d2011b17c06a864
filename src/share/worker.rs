//! The loop of a worker, which claims groups until the queue has come to its end.

use std::sync::Arc;
use std::time::Duration;

use serde::Serialize;
use tokio::sync::watch;
use tokio::time::{Instant, MissedTickBehavior, interval, timeout};

use super::claims::ClaimPace;
use super::join::queue_plan;
use super::local_run::LocalRun;
use super::plan::SharedPlan;
use super::timing::ShareTiming;
use crate::record::shared_run::WorkerStatus;
use crate::record::{
    ClaimOutcome, ClaimRequest, ClaimedGroup, HeldLeases, PlanOutcome, SharedQueue,
};
use crate::redis::StoreError;

/// How many groups a worker holds at most, without those of its sessions.
const MAX_HELD: usize = 40;
const MAX_HELD_PER_SESSION: usize = 4;
/// How long leaving may take.
const LEAVE_TIMEOUT: Duration = Duration::from_secs(3);

/// What a worker tells about itself.
#[derive(Clone, Debug, Serialize)]
pub struct WorkerDescription {
    /// The machine.
    pub host: String,
    /// The process.
    pub pid: u32,
    /// The number of sessions.
    pub sessions: usize,
    /// The engines that it has.
    pub engines: Vec<String>,
    /// The version of Tintype.
    pub version: String,
}

/// One worker of a shared run.
pub struct ShareWorker {
    pub(super) queue: SharedQueue,
    pub(super) plan: SharedPlan,
    /// The lanes of the engines that this worker has.
    pub(super) lanes: Vec<String>,
    pub(super) held: Arc<HeldLeases>,
    pub(super) local: Arc<dyn LocalRun>,
    pub(super) description: WorkerDescription,
    pace: ClaimPace,
    requests: u64,
    /// Distinguishes its requests from those of a worker with the same name.
    instance: String,
    /// The id of a request whose reply was lost, and how many groups it asked for.
    pending: Option<(String, usize)>,
    /// Whether nothing waited when it last asked.
    found_nothing: bool,
    pub(super) is_paused: bool,
    /// The groups that were begun since `begun_since`.
    begun: usize,
    begun_since: Instant,
    pub(super) last_command: String,
    /// The groups before this one have all their outcomes.
    pub(super) first_open: usize,
    pub(super) workers: Vec<WorkerStatus>,
    pub(super) away_since: Option<Instant>,
    pub(super) has_divided: bool,
    /// Since when groups wait for an engine that no machine has.
    engine_missing_since: Option<Instant>,
    pub(super) timing: ShareTiming,
    pub(super) due: Due,
}

/// Whether the server was asked for something, and answered.
pub(super) enum Asked {
    /// There was nothing to ask for.
    Nothing,
    /// It has answered.
    Answered,
    /// It has answered that the queue has come to its end.
    Over,
}

/// When each regular task is due.
pub(super) struct Due {
    pub(super) follow: Instant,
    pub(super) reap: Instant,
    pub(super) renew: Instant,
    pub(super) workers: Instant,
}

impl ShareWorker {
    /// A worker that has joined a run.
    pub fn new(
        queue: SharedQueue,
        plan: SharedPlan,
        held: Arc<HeldLeases>,
        local: Arc<dyn LocalRun>,
        description: WorkerDescription,
    ) -> Self {
        let now = Instant::now();
        let mut lanes = plan.lanes();
        lanes.retain(|lane| description.engines.contains(lane));
        Self {
            queue,
            plan,
            lanes,
            held,
            local,
            description,
            pace: ClaimPace::default(),
            requests: 0,
            instance: uuid::Uuid::now_v7().simple().to_string(),
            pending: None,
            found_nothing: false,
            is_paused: false,
            begun: 0,
            begun_since: now,
            last_command: "0".to_owned(),
            first_open: 0,
            workers: Vec::new(),
            away_since: None,
            has_divided: false,
            engine_missing_since: None,
            timing: ShareTiming::default(),
            due: Due {
                follow: now,
                reap: now,
                renew: now,
                workers: now,
            },
        }
    }

    /// Uses other times.
    #[must_use]
    pub fn with_timing(mut self, timing: ShareTiming) -> Self {
        self.queue.set_lease(timing.lease);
        self.timing = timing;
        self
    }

    /// Works until the queue has come to its end, or until `stop`: then its groups
    /// wait for other workers at once.
    pub async fn run(mut self, mut stop: watch::Receiver<bool>) {
        let mut ticks = interval(self.timing.poll);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            let local = Arc::clone(&self.local);
            tokio::select! {
                biased;
                _ = stop.changed() => break,
                () = local.demand().notified() => {}
                _ = ticks.tick() => {
                    let regular = self.regular_tasks().await;
                    self.note(regular);
                    self.found_nothing = false;
                }
            }
            let claimed = self.claim().await;
            let is_over = matches!(claimed, Ok(Asked::Over));
            self.note(claimed);
            if is_over || self.is_done_without_server() {
                self.leave_rest().await;
                self.local.close();
                break;
            }
        }
        let released = timeout(LEAVE_TIMEOUT, self.queue.release(&self.held.all())).await;
        if !matches!(released, Ok(Ok(()))) {
            tracing::warn!("failed to release the leases, which expire by themselves");
        }
    }

    /// Notes whether the server could be reached.
    fn note(&mut self, result: Result<Asked, StoreError>) {
        match result {
            Ok(Asked::Nothing) => {}
            Ok(Asked::Answered | Asked::Over) => {
                if self.away_since.take().is_some() {
                    tracing::info!("the queue of the shared run is reachable again");
                    self.due.renew = Instant::now();
                    self.take_back_divided();
                }
            }
            Err(error) => {
                let since = *self.away_since.get_or_insert_with(|| {
                    tracing::warn!("the queue of the shared run is not reachable: {error}");
                    Instant::now()
                });
                if since.elapsed() >= self.timing.divide_after && !self.has_divided {
                    self.divide();
                }
            }
        }
    }

    /// Claims groups if sessions want some.
    async fn claim(&mut self) -> Result<Asked, StoreError> {
        let (idle, backlog) = self.local.backlog();
        let wanted = self.pace.wanted(self.local.sessions(), idle, backlog);
        let wanted = wanted.min(self.room(idle));
        if wanted == 0 || self.is_paused || self.found_nothing {
            return Ok(Asked::Nothing);
        }
        let (id, count) = self.pending.clone().unwrap_or_else(|| {
            self.requests += 1;
            (format!("{}-{}", self.instance, self.requests), wanted)
        });
        self.pending = Some((id.clone(), count));
        let asked = Instant::now();
        let request = ClaimRequest {
            id: &id,
            lanes: &self.lanes,
            count,
            takes_over: idle > 0,
        };
        let reply = self.queue.claim(request).await?;
        self.pending = None;
        match reply {
            ClaimOutcome::Leased {
                groups,
                waiting,
                workers,
            } => {
                self.pace.answered(asked.elapsed(), waiting, workers);
                self.begin(&groups);
                Ok(Asked::Answered)
            }
            ClaimOutcome::Empty { open, is_queued } => {
                self.found_nothing = true;
                if !is_queued {
                    self.queue_again().await?;
                    return Ok(Asked::Answered);
                }
                let has_ended = open == 0 && self.held.open() == 0 && self.is_over().await?;
                Ok(if has_ended {
                    Asked::Over
                } else {
                    Asked::Answered
                })
            }
            ClaimOutcome::NoRun => {
                self.found_nothing = true;
                Ok(Asked::Answered)
            }
        }
    }

    /// How many more groups this worker may hold. Groups that wait for a lock or for
    /// another story leave their sessions idle, and should not all wait here.
    fn room(&self, idle: usize) -> usize {
        let sessions = self.local.sessions();
        let limit = MAX_HELD + sessions * MAX_HELD_PER_SESSION;
        let least = usize::from(idle == sessions);
        limit.saturating_sub(self.held.open()).max(least)
    }

    fn begin(&mut self, groups: &[ClaimedGroup]) {
        let now = Instant::now();
        self.pace.worked(self.begun, now - self.begun_since);
        (self.begun, self.begun_since) = (groups.len(), now);
        for group in groups {
            self.held.insert(group);
            self.local.start(group);
        }
    }

    /// The server has lost the queue.
    async fn queue_again(&self) -> Result<(), StoreError> {
        if let PlanOutcome::Refused(_) = queue_plan(&self.queue, &self.plan).await? {
            tracing::error!("another plan has taken the place of this one");
        }
        Ok(())
    }

    /// Whether no group waits, also not in the lanes of other engines. Groups of an
    /// engine that no machine has are taken after a while, so that they fail.
    async fn is_over(&mut self) -> Result<bool, StoreError> {
        if self.queue.waiting().await? == 0 {
            return Ok(true);
        }
        let lanes = self.plan.lanes();
        let has_engine = |lane: &String| {
            let mut workers = self.workers.iter();
            workers.any(|worker| worker.report.engines.contains(lane))
        };
        if lanes.iter().all(has_engine) {
            self.engine_missing_since = None;
        } else if self
            .engine_missing_since
            .get_or_insert_with(Instant::now)
            .elapsed()
            > self.timing.engine_timeout
        {
            self.lanes = lanes;
        }
        Ok(false)
    }
}
