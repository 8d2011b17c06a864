//! What a worker does regularly: it renews its leases, looks for those that have
//! expired, obeys commands, and follows what other machines have done.

use std::thread::available_parallelism;

use serde::Serialize;
use tokio::time::Instant;

use super::elsewhere::{self, OpenGroup};
use super::worker::{Asked, ShareWorker, WorkerDescription};
use crate::process;
use crate::record::{ClaimedGroup, LostGroup};
use crate::redis::StoreError;

/// With every so many workers, they are read less often.
const WORKERS_PER_READ: usize = 32;
/// How many groups all workers of a run together follow at once.
const FOLLOWED_GROUPS: usize = 20_000;

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

impl ShareWorker {
    pub(super) async fn regular_tasks(&mut self) -> Result<Asked, StoreError> {
        let now = Instant::now();
        let mut asked = Asked::Nothing;
        if now >= self.due.renew {
            self.due.renew = now + self.timing.renew;
            self.renew().await?;
            self.look_at_workers(now).await?;
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

    /// Reads which workers take part. With many of them it is read less often, so that
    /// all together do not read too much.
    async fn look_at_workers(&mut self, now: Instant) -> Result<(), StoreError> {
        if now >= self.due.workers {
            self.workers = self.queue.workers().await?;
            let factor = u32::try_from(1 + self.workers.len() / WORKERS_PER_READ);
            self.due.workers = now + self.timing.renew * factor.unwrap_or(u32::MAX);
        }
        Ok(())
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
    async fn follow(&mut self) -> Result<(), StoreError> {
        // Many machines together would otherwise ask for too much.
        let limit = (FOLLOWED_GROUPS / self.workers.len().max(1)).clamp(32, 500);
        while self.note_outcomes(limit).await? >= limit {}
        Ok(())
    }

    /// Looks at up to `limit` groups, and returns the number of snapshots that were
    /// finished elsewhere.
    pub(super) async fn note_outcomes(&mut self, limit: usize) -> Result<usize, StoreError> {
        let groups = self.open_groups(limit);
        if groups.is_empty() {
            return Ok(0);
        }
        let outcomes = elsewhere::outcomes(&self.queue, groups).await?;
        let count = outcomes.len();
        self.local.finish_elsewhere(outcomes);
        Ok(count)
    }

    /// The first groups with snapshots that other machines may have finished, in the
    /// order of the plan, in which the tests wait.
    fn open_groups(&mut self, limit: usize) -> Vec<OpenGroup> {
        let mut open = Vec::new();
        let mut at = self.first_open;
        while at < self.plan.groups.len() && open.len() < limit {
            let group = &self.plan.groups[at];
            let unfinished = self.local.unfinished_of(&group.keys);
            if unfinished.is_empty() && self.first_open == at {
                self.first_open = at + 1;
            }
            let keys = self.without_own(unfinished);
            if !keys.is_empty() {
                open.push((group.name.clone(), keys));
            }
            at += 1;
        }
        open
    }

    /// These snapshots without those that this worker has: it reports their outcomes
    /// itself.
    pub(super) fn without_own(&self, mut keys: Vec<String>) -> Vec<String> {
        keys.retain(|key| self.held.of(key).is_none());
        keys
    }
}

/// The load of the machine: runnable processes per core, on average over a minute. 0
/// if it is unknown.
fn load() -> f64 {
    let cores = available_parallelism().map_or(1, usize::from);
    process::load_average().unwrap_or_default() / cores as f64
}
