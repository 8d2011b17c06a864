//! The queue of a shared run in Redis: every step is one script.

use ::redis::{Cmd, Script};

use super::client::{RedisStore, unexpected_reply};
use super::write::reply_words;
use crate::model::RunId;
use crate::record::operation::{json, run_id_field};
use crate::record::queue::{
    ClaimOutcome, LEASE_MS, Lease, LostGroup, MAX_LOST, PlanOutcome, QueuedGroup,
};
use crate::redis::StoreError;

/// How many groups one step queues.
const GROUPS_PER_STEP: usize = 100;

/// The queue of a run, as one worker uses it.
pub struct SharedQueue {
    store: RedisStore,
    run: RunId,
    worker: String,
    /// All lanes of the plan.
    lanes: Vec<String>,
}

impl SharedQueue {
    /// The queue of a run for a worker, which is named by letters, digits and
    /// `.:_-`; other characters are replaced.
    pub(in crate::record) fn new(
        store: RedisStore,
        run: RunId,
        worker: &str,
        lanes: &[String],
    ) -> Self {
        let is_plain = |c: char| c.is_ascii_alphanumeric() || ".:_-".contains(c);
        let plain = |c| if is_plain(c) { c } else { '_' };
        Self {
            store,
            run,
            worker: worker.chars().map(plain).collect(),
            lanes: lanes.to_vec(),
        }
    }

    /// Queues the plan, unless it is queued already. `digest` is the same for
    /// equal plans.
    ///
    /// # Errors
    /// When the store cannot be reached.
    pub async fn plan(
        &self,
        digest: &str,
        groups: &[QueuedGroup],
    ) -> Result<PlanOutcome, StoreError> {
        let mut queued = 0;
        let steps = groups.chunks(GROUPS_PER_STEP);
        let last = steps.len().saturating_sub(1);
        for (step, groups) in steps.enumerate() {
            let mut command = self.command(&self.store.scripts.queue_plan, &self.lanes);
            command.arg(digest).arg(u8::from(step == last));
            for group in groups {
                command.arg(&group.name).arg(&group.lane).arg(group.score());
                command.arg(group.description()).arg(group.keys.join("\n"));
            }
            let words = self.send(command).await?;
            match words[0].as_str() {
                "OK" => queued += number(&words, 1)?,
                "REFUSED" => return Ok(PlanOutcome::Refused),
                "NORUN" => return Ok(PlanOutcome::NoRun),
                other => return Err(unexpected_reply(other)),
            }
        }
        Ok(PlanOutcome::Queued(queued))
    }

    /// Leases the first group of these lanes. The same request gets the same
    /// lease, so it is repeated when its reply was lost.
    ///
    /// # Errors
    /// When the store cannot be reached.
    pub async fn claim(&self, lanes: &[String], request: &str) -> Result<ClaimOutcome, StoreError> {
        let mut command = self.command(&self.store.scripts.queue_claim, lanes);
        command.arg(&self.worker).arg(request).arg(LEASE_MS);
        let words = self.send(command).await?;
        Ok(match words[0].as_str() {
            "OK" => ClaimOutcome::Leased(lease(&words[1..])?),
            "EMPTY" => ClaimOutcome::Empty {
                open: number(&words, 1)?,
            },
            "NORUN" => ClaimOutcome::NoRun,
            other => return Err(unexpected_reply(other)),
        })
    }

    /// Renews leases, and notes that the worker is alive. `document` describes
    /// it, without braces. Returns the groups that it no longer has.
    ///
    /// # Errors
    /// When the store cannot be reached.
    pub async fn renew(&self, document: &str, leases: &[Lease]) -> Result<Vec<String>, StoreError> {
        let mut command = self.command(&self.store.scripts.queue_renew, &self.lanes);
        command.arg(&self.worker).arg(LEASE_MS).arg(document);
        add_leases(&mut command, leases);
        Ok(self.send(command).await?.split_off(1))
    }

    /// Queues groups again whose lease has expired, and returns those that were
    /// lost too often.
    ///
    /// # Errors
    /// When the store cannot be reached.
    pub async fn reap(&self) -> Result<Vec<LostGroup>, StoreError> {
        let mut command = self.command(&self.store.scripts.queue_reap, &self.lanes);
        command.arg(&self.worker).arg(LEASE_MS).arg(MAX_LOST);
        command.arg(run_id_field(&self.run));
        let words = self.send(command).await?.split_off(1);
        let lost = words.chunks(4).map(|words| {
            let workers = words.get(3).map(String::as_str).unwrap_or_default();
            Ok(LostGroup {
                lease: lease(words)?,
                workers: workers.split(',').map(str::to_owned).collect(),
            })
        });
        lost.collect()
    }

    /// Leaves the queue: its groups wait for other workers at once.
    ///
    /// # Errors
    /// When the store cannot be reached.
    pub async fn release(&self, leases: &[Lease]) -> Result<(), StoreError> {
        let mut command = self.command(&self.store.scripts.queue_release, &self.lanes);
        let (run, worker) = (run_id_field(&self.run), json(&self.worker));
        command.arg(&self.worker);
        command.arg(format!("{run},\"worker\":{worker}"));
        add_leases(&mut command, leases);
        self.send(command).await.map(drop)
    }

    fn command(&self, script: &Script, lanes: &[String]) -> Cmd {
        let keys = &self.store.keys;
        let mut more = vec![
            keys.plan(&self.run),
            keys.leases(&self.run),
            keys.workers(&self.run),
        ];
        more.extend(lanes.iter().map(|lane| keys.queue(&self.run, lane)));
        let more: Vec<_> = more.iter().map(String::as_str).collect();
        let mut command = self.store.call_script(script, &self.run, &more);
        command.arg(lanes.len()).arg(lanes);
        command
    }

    async fn send(&self, command: Cmd) -> Result<Vec<String>, StoreError> {
        reply_words(self.store.query(command).await?)
    }
}

fn add_leases(command: &mut Cmd, leases: &[Lease]) {
    for lease in leases {
        command.arg(&lease.group).arg(lease.token);
    }
}

fn number(words: &[String], at: usize) -> Result<u64, StoreError> {
    let word = words.get(at).map(String::as_str).unwrap_or_default();
    word.parse().map_err(|_| unexpected_reply(word))
}

/// A group, its token and its lane.
fn lease(words: &[String]) -> Result<Lease, StoreError> {
    let text = |at: usize| words.get(at).cloned().unwrap_or_default();
    Ok(Lease {
        group: text(0),
        token: number(words, 1)?,
        lane: text(2),
    })
}
