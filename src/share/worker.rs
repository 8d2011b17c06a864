//! The loop that claims groups, keeps their leases and follows the run.

use std::collections::HashSet;
use std::sync::Arc;
use std::thread::available_parallelism;
use std::time::Duration;

use serde::Serialize;
use tokio::sync::watch;
use tokio::time::{Instant, MissedTickBehavior, interval, timeout};

use super::claims::ClaimPace;
use super::elsewhere::{self, ElsewhereOutcome};
use super::join::queue_plan;
use super::local_run::LocalRun;
use super::plan::SharedPlan;
use super::rendezvous;
use super::timing::ShareTiming;
use crate::record::shared_run::WorkerStatus;
use crate::record::{
    ClaimOutcome, ClaimRequest, ClaimedGroup, HeldLeases, Lease, LostGroup, PlanOutcome,
    SharedQueue,
};
use crate::redis::StoreError;

/// How many groups a worker holds at most, without those of its sessions.
const MAX_HELD: usize = 40;
const MAX_HELD_PER_SESSION: usize = 4;
/// How long leaving may take.
const LEAVE_TIMEOUT: Duration = Duration::from_secs(3);
/// How many groups all workers of a run together follow at once.
const FOLLOWED_GROUPS: usize = 20_000;

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

/// The state of a worker, as its document in the record tells it.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct WorkerDocument<'a> {
    #[serde(flatten)]
    description: &'a WorkerDescription,
    state: &'static str,
    running: usize,
    current_tests: Vec<String>,
    load: f64,
}

/// One worker of a shared run.
pub struct ShareWorker {
    queue: SharedQueue,
    plan: SharedPlan,
    /// The lanes of the engines that this worker has.
    lanes: Vec<String>,
    held: Arc<HeldLeases>,
    local: Arc<dyn LocalRun>,
    description: WorkerDescription,
    pace: ClaimPace,
    requests: u64,
    /// Distinguishes its requests from those of a worker with the same name.
    instance: String,
    /// The id of a request whose reply was lost, and how many groups it asked for.
    pending: Option<(String, usize)>,
    /// Whether nothing waited when it last asked.
    found_nothing: bool,
    is_paused: bool,
    /// The groups that were begun since `begun_since`.
    begun: usize,
    begun_since: Instant,
    last_command: String,
    workers: Vec<WorkerStatus>,
    away_since: Option<Instant>,
    has_divided: bool,
    /// Since when groups wait for an engine that no machine has.
    engine_missing_since: Option<Instant>,
    timing: ShareTiming,
    due: Due,
}

/// Whether the server was asked for something, and answered.
enum Asked {
    /// There was nothing to ask for.
    Nothing,
    /// It has answered.
    Answered,
    /// It has answered that the queue has come to its end.
    Over,
}

/// When each regular task is due.
struct Due {
    follow: Instant,
    reap: Instant,
    renew: Instant,
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
            workers: Vec::new(),
            away_since: None,
            has_divided: false,
            engine_missing_since: None,
            timing: ShareTiming::default(),
            due: Due {
                follow: now,
                reap: now,
                renew: now,
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

    async fn regular_tasks(&mut self) -> Result<Asked, StoreError> {
        let now = Instant::now();
        let mut asked = Asked::Nothing;
        if now >= self.due.renew {
            self.due.renew = now + self.timing.renew;
            self.renew().await?;
            self.workers = self.queue.workers().await?;
            asked = Asked::Answered;
        }
        if now >= self.due.reap {
            self.due.reap = now + self.timing.reap;
            self.reap().await?;
            asked = Asked::Answered;
        }
        if now >= self.due.follow {
            self.due.follow = now + self.timing.follow;
            self.obey().await?;
            self.follow().await?;
            asked = Asked::Answered;
        }
        Ok(asked)
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

    /// Renews the leases. Groups that another worker has are given up.
    async fn renew(&mut self) -> Result<(), StoreError> {
        let lost = self.queue.renew(&self.document(), &self.held.all()).await?;
        for group in lost {
            // Without open snapshots, the last outcome has released the group.
            let keys = self.held.remove(&group);
            let reason =
                "another machine took it over, as this one did not renew its lease in time";
            self.finish_without_status(keys, reason);
        }
        Ok(())
    }

    fn document(&self) -> String {
        let current = self.local.current();
        let state = match (self.is_paused, current.is_empty()) {
            (true, _) => "paused",
            (false, true) => "idle",
            (false, false) => "working",
        };
        let document = WorkerDocument {
            description: &self.description,
            state,
            running: current.len(),
            current_tests: current,
            load: load(),
        };
        let text = serde_json::to_string(&document).expect("texts and numbers can be serialised");
        text.trim_start_matches('{')
            .trim_end_matches('}')
            .to_owned()
    }

    /// Queues the groups of dead workers again, and fails those that have killed
    /// several.
    async fn reap(&mut self) -> Result<(), StoreError> {
        for LostGroup { lease, workers } in self.queue.reap().await? {
            let names = std::slice::from_ref(&lease.group);
            let progress = self.queue.progress(names).await?.remove(0);
            let keys = progress.map(|group| group.open).unwrap_or_default();
            let message = format!(
                "its machine was lost {} times while it was captured: {}\n\
                 help: such a story may need more memory than a machine has, or hang its browser",
                workers.len(),
                workers.join(", ")
            );
            self.held.insert(&ClaimedGroup {
                lease,
                keys: keys.clone(),
            });
            self.local.fail(&keys, &message);
        }
        Ok(())
    }

    /// Obeys the commands for this worker.
    async fn obey(&mut self) -> Result<(), StoreError> {
        for (entry, command) in self.queue.commands(&self.last_command).await? {
            self.last_command = entry;
            match command.as_str() {
                "pause" => self.is_paused = true,
                "resume" => self.is_paused = false,
                "cancel" => self.local.cancel(),
                other => tracing::warn!("unknown command `{other}`"),
            }
            self.due.renew = Instant::now();
        }
        Ok(())
    }

    /// Notes the snapshots that other machines have finished, for the tests that
    /// wait next.
    async fn follow(&self) -> Result<(), StoreError> {
        // Many machines together would otherwise ask for too much.
        let limit = (FOLLOWED_GROUPS / self.workers.len().max(1)).clamp(32, 500);
        while self.note_outcomes(limit).await? >= limit {}
        Ok(())
    }

    /// Looks at up to `limit` groups, and returns the number of snapshots that were
    /// finished elsewhere.
    async fn note_outcomes(&self, limit: usize) -> Result<usize, StoreError> {
        let unfinished = self.local.unfinished().into_iter();
        // This worker reports its own outcomes.
        let unfinished = unfinished.filter(|key| self.held.of(key).is_none());
        let unfinished: HashSet<_> = unfinished.collect();
        if unfinished.is_empty() {
            return Ok(0);
        }
        let outcomes = elsewhere::outcomes(&self.queue, &self.plan, &unfinished, limit).await?;
        let count = outcomes.len();
        self.local.finish_elsewhere(outcomes);
        Ok(count)
    }

    /// Takes the part of the rest that the names of the workers give to this one.
    fn divide(&mut self) {
        self.has_divided = true;
        let unfinished: HashSet<_> = self.local.unfinished().into_iter().collect();
        for group in &self.plan.groups {
            let able = self
                .workers
                .iter()
                .filter(|worker| worker.report.engines.contains(&group.lane));
            let able: Vec<_> = able.map(|worker| worker.worker.clone()).collect();
            let is_open = |key: &&String| unfinished.contains(*key) && self.held.of(key).is_none();
            let keys: Vec<_> = group.keys.iter().filter(is_open).cloned().collect();
            let is_own = self.lanes.contains(&group.lane)
                && rendezvous::takes(self.queue.worker(), &group.name, &able);
            if keys.is_empty() || !is_own {
                continue;
            }
            let lease = Lease {
                group: group.name.clone(),
                lane: group.lane.clone(),
                // Any worker with a lease overrides it.
                token: 0,
            };
            let claimed = ClaimedGroup { lease, keys };
            self.held.insert(&claimed);
            self.local.start(&claimed);
        }
    }

    /// Leaves to the queue what no session has begun.
    fn take_back_divided(&mut self) {
        if std::mem::take(&mut self.has_divided) {
            let keys = self.held.without_token();
            self.held.remove_keys(&self.local.take_back(&keys));
        }
    }

    /// Whether this worker has done its part, and the server stays away.
    fn is_done_without_server(&self) -> bool {
        let is_away = self
            .away_since
            .is_some_and(|since| since.elapsed() >= self.timing.give_up_after);
        is_away && self.has_divided && self.held.open() == 0
    }

    /// Notes where the snapshots have run that have no outcome here.
    async fn leave_rest(&self) {
        if let Err(error) = self.note_outcomes(usize::MAX).await {
            tracing::warn!("failed to read what other machines have done: {error}");
        }
        let reason = "left to the other machines, as the server of the record is not reachable";
        self.finish_without_status(self.local.unfinished(), reason);
    }

    fn finish_without_status(&self, keys: Vec<String>, reason: &str) {
        let outcomes = keys.into_iter().map(|key| ElsewhereOutcome {
            key,
            reason: reason.to_owned(),
            status: None,
        });
        self.local.finish_elsewhere(outcomes.collect());
    }
}

/// The load of the machine: runnable processes per core, on average over a minute. 0
/// if it is unknown.
fn load() -> f64 {
    let cores = available_parallelism().map_or(1, usize::from);
    let text = std::fs::read_to_string("/proc/loadavg").unwrap_or_default();
    let first = text.split_whitespace().next();
    let load: f64 = first
        .and_then(|first| first.parse().ok())
        .unwrap_or_default();
    load / cores as f64
}
