//! The queue of a shared run in Redis: every step is one script.

use std::collections::{HashMap, HashSet};
use std::time::Duration;

use ::redis::streams::StreamRangeReply;
use ::redis::{Cmd, Script};

use super::client::{RedisStore, unexpected_reply};
use super::export::project_of;
use super::write::reply_words;
use crate::model::{HistoryEntry, Lineage, RunId, Status};
use crate::record::operation::{json, parse_word, run_id_field};
use crate::record::queue::{
    ClaimOutcome, ClaimRequest, ClaimedGroup, GroupProgress, LEASE, Lease, LostGroup, MAX_LOST,
    PlanConflict, PlanOutcome, QueuedGroup,
};
use crate::record::shared_run::WorkerStatus;
use crate::redis::StoreError;

/// How many groups one step queues.
const GROUPS_PER_STEP: usize = 100;
/// How long a worker may queue groups alone, from its last step.
const PLANNER_MS: u64 = 5_000;
/// A worker that was not seen for so long takes no part any more.
const WORKER_TIMEOUT_MS: u64 = 60_000;

/// The queue of a run, as one worker uses it.
pub struct SharedQueue {
    store: RedisStore,
    run: RunId,
    worker: String,
    /// All lanes of the plan.
    lanes: Vec<String>,
    lease: Duration,
    /// Whose outcomes tell how long snapshots take.
    lineage: Option<Lineage>,
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
            lease: LEASE,
            lineage: None,
        }
    }

    /// Uses leases of another duration.
    pub fn set_lease(&mut self, lease: Duration) {
        self.lease = lease;
    }

    /// Expects durations as in the histories of this lineage.
    pub fn set_lineage(&mut self, lineage: Option<Lineage>) {
        self.lineage = lineage;
    }

    fn lease_ms(&self) -> u64 {
        u64::try_from(self.lease.as_millis()).unwrap_or(u64::MAX)
    }

    /// Queues the plan, unless it is queued already. `digest` is the same for
    /// equal plans, and `builds` has each engine with its build, which must be the
    /// same on all workers. Without groups it only compares.
    ///
    /// # Errors
    /// When the store cannot be reached.
    pub async fn plan(
        &self,
        digest: &str,
        builds: &[(String, String)],
        groups: &[QueuedGroup],
    ) -> Result<PlanOutcome, StoreError> {
        let mut queued = 0;
        let mut pages: Vec<_> = groups.chunks(GROUPS_PER_STEP).collect();
        if pages.is_empty() {
            pages.push(&[]);
        }
        let last = pages.len() - 1;
        for (page, groups) in pages.into_iter().enumerate() {
            let is_last = page == last && !groups.is_empty();
            let mut command = self.command(&self.store.scripts.queue_plan, &self.lanes);
            command.arg(digest).arg(u8::from(is_last));
            command.arg(&self.worker).arg(PLANNER_MS).arg(builds.len());
            for (engine, build) in builds {
                command.arg(format!("{engine}|{build}"));
            }
            for group in groups {
                command.arg(&group.name).arg(&group.lane).arg(group.score());
                command.arg(group.limit_ms).arg(group.description());
                command.arg(group.keys.join("\n"));
            }
            let words = self.send(command).await?;
            match words[0].as_str() {
                "OK" => queued += number(&words, 1)?,
                "REFUSED" => return Ok(PlanOutcome::Refused(conflict(words))),
                "BUSY" => return Ok(PlanOutcome::Busy),
                "NORUN" => return Ok(PlanOutcome::NoRun),
                other => return Err(unexpected_reply(other)),
            }
            if groups.is_empty() && number(&words, 2)? == 0 {
                return Ok(PlanOutcome::Incomplete);
            }
        }
        Ok(PlanOutcome::Queued(queued))
    }

    /// Leases groups. The same request gets the same leases, so it is repeated
    /// when its reply was lost.
    ///
    /// # Errors
    /// When the store cannot be reached.
    pub async fn claim(&self, request: ClaimRequest<'_>) -> Result<ClaimOutcome, StoreError> {
        let mut command = self.command(&self.store.scripts.queue_claim, request.lanes);
        command
            .arg(&self.worker)
            .arg(request.id)
            .arg(self.lease_ms());
        command.arg(request.count).arg(u8::from(request.takes_over));
        let words = self.send(command).await?;
        Ok(match words[0].as_str() {
            "OK" => ClaimOutcome::Leased {
                waiting: number(&words, 1)?,
                workers: number(&words, 2)?,
                groups: words[3..]
                    .chunks(4)
                    .map(claimed)
                    .collect::<Result<_, _>>()?,
            },
            "EMPTY" => ClaimOutcome::Empty {
                open: number(&words, 1)?,
                is_queued: number(&words, 2)? == 0,
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
        command.arg(&self.worker).arg(self.lease_ms()).arg(document);
        command.arg(self.event_fields());
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
        command.arg(&self.worker).arg(self.lease_ms()).arg(MAX_LOST);
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
        command.arg(&self.worker).arg(self.event_fields());
        add_leases(&mut command, leases);
        self.send(command).await.map(drop)
    }

    /// How far groups have come in this round; `None` for a group that is not queued.
    ///
    /// # Errors
    /// When the store cannot be reached.
    pub async fn progress(
        &self,
        groups: &[String],
    ) -> Result<Vec<Option<GroupProgress>>, StoreError> {
        let mut all = Vec::with_capacity(groups.len());
        for groups in groups.chunks(GROUPS_PER_STEP) {
            let mut command = ::redis::cmd("HMGET");
            command.arg(self.store.keys.control(&self.run));
            for group in groups {
                command.arg(format!("r:{group}")).arg(format!("l:{group}"));
            }
            let texts: Vec<Option<String>> = self.store.query(command).await?;
            all.extend(texts.chunks(2).map(|texts| {
                Some(GroupProgress {
                    open: lines(texts[0].as_ref()?.split_once('\n')?.1),
                    worker: texts[1].clone(),
                })
            }));
        }
        Ok(all)
    }

    /// The statuses of snapshots in the record.
    ///
    /// # Errors
    /// When the store cannot be reached.
    pub async fn statuses(&self, keys: &[String]) -> Result<Vec<Option<Status>>, StoreError> {
        let mut all = Vec::with_capacity(keys.len());
        for keys in keys.chunks(GROUPS_PER_STEP) {
            let mut command = ::redis::cmd("HMGET");
            command.arg(self.store.keys.control(&self.run));
            for key in keys {
                command.arg(format!("s:{key}"));
            }
            let texts: Vec<Option<String>> = self.store.query(command).await?;
            let status = |text: String| parse_word(text.split('|').nth(1)?);
            all.extend(texts.into_iter().map(|text| text.and_then(status)));
        }
        Ok(all)
    }

    /// The last outcomes of snapshots, up to `count` each, the newest first: those
    /// of the lineage, where it has none those of the default branch, otherwise
    /// those of runs of versions that did not record the project.
    ///
    /// # Errors
    /// When the store cannot be reached.
    pub async fn last_outcomes(
        &self,
        keys: &[String],
        count: usize,
    ) -> Result<Vec<Vec<HistoryEntry>>, StoreError> {
        let lineage = self.lineage.clone();
        let fallback = lineage.as_ref().and_then(Lineage::fallback);
        let mut all = vec![Vec::new(); keys.len()];
        for lineage in lineage.into_iter().chain(fallback) {
            let of_lineage = |key: &String| {
                let [history, _] = self.store.keys.history_of(&lineage, key);
                history
            };
            self.fill_outcomes(&mut all, keys, count, of_lineage)
                .await?;
        }
        let of_none = |key: &String| self.store.keys.history(key);
        self.fill_outcomes(&mut all, keys, count, of_none).await?;
        self.remove_foreign(&mut all).await?;
        Ok(all)
    }

    /// Reads the histories of the snapshots that have no outcomes yet.
    async fn fill_outcomes(
        &self,
        all: &mut [Vec<HistoryEntry>],
        keys: &[String],
        count: usize,
        history: impl Fn(&String) -> String,
    ) -> Result<(), StoreError> {
        let last = isize::try_from(count).unwrap_or(isize::MAX) - 1;
        let missing: Vec<usize> = (0..keys.len()).filter(|&at| all[at].is_empty()).collect();
        for page in missing.chunks(GROUPS_PER_STEP) {
            let mut pipeline = ::redis::pipe();
            for &at in page {
                pipeline.zrevrange(history(&keys[at]), 0, last);
            }
            let replies = self.store.send(pipeline.ignore_errors()).await?;
            for (&at, reply) in page.iter().zip(replies) {
                let texts: Vec<String> = ::redis::from_redis_value(reply?).unwrap_or_default();
                let entries = texts
                    .iter()
                    .filter_map(|text| serde_json::from_str(text).ok());
                all[at] = entries.collect();
            }
        }
        Ok(())
    }

    /// Removes the outcomes of runs that are known to be of another project. Those
    /// of a lineage have none.
    async fn remove_foreign(&self, all: &mut [Vec<HistoryEntry>]) -> Result<(), StoreError> {
        let Some(lineage) = &self.lineage else {
            return Ok(());
        };
        let unsure = |entry: &&HistoryEntry| entry.environment.is_none() && entry.commit.is_none();
        let runs = all.iter().flatten().filter(unsure);
        let runs: HashSet<_> = runs.map(|entry| entry.run_id.clone()).collect();
        let runs: Vec<_> = runs.into_iter().collect();
        let documents = self.store.read_run_documents(&runs).await?;
        let foreign = runs.into_iter().zip(documents).filter(|(_, document)| {
            let project = document.as_deref().and_then(project_of);
            project.is_some_and(|project| project != lineage.project)
        });
        let foreign: HashSet<_> = foreign.map(|(run, _)| run).collect();
        for outcomes in all {
            outcomes.retain(|outcome| !foreign.contains(&outcome.run_id));
        }
        Ok(())
    }

    /// The descriptions of the groups in the run's plan, by name.
    ///
    /// # Errors
    /// When the store cannot be reached.
    pub async fn planned(&self) -> Result<HashMap<String, String>, StoreError> {
        let mut command = ::redis::cmd("HGETALL");
        command.arg(self.store.keys.plan(&self.run));
        let mut plan: HashMap<String, String> = self.store.query(command).await?;
        plan.remove("digest");
        Ok(plan)
    }

    /// The workers that were seen within the last minute.
    ///
    /// # Errors
    /// When the store cannot be reached.
    pub async fn workers(&self) -> Result<Vec<WorkerStatus>, StoreError> {
        let mut workers = self.store.read_workers(&self.run).await?;
        workers.retain(|worker| worker.silent_ms < WORKER_TIMEOUT_MS);
        Ok(workers)
    }

    /// The number of groups that wait, in all lanes.
    ///
    /// # Errors
    /// When the store cannot be reached.
    pub async fn waiting(&self) -> Result<u64, StoreError> {
        let mut pipeline = ::redis::pipe();
        for lane in &self.lanes {
            pipeline.zcard(self.store.keys.queue(&self.run, lane));
        }
        let mut waiting = 0;
        for reply in self.store.send(pipeline.ignore_errors()).await? {
            waiting += ::redis::from_redis_value::<u64>(reply?).unwrap_or_default();
        }
        Ok(waiting)
    }

    /// The commands for this worker after the entry `after` of their stream
    /// (`0` for the first), each with its entry.
    ///
    /// # Errors
    /// When the store cannot be reached.
    pub async fn commands(&self, after: &str) -> Result<Vec<(String, String)>, StoreError> {
        let mut command = ::redis::cmd("XRANGE");
        command.arg(self.store.keys.commands(&self.run, &self.worker));
        command.arg(format!("({after}")).arg("+");
        let reply: StreamRangeReply = self.store.query(command).await?;
        let entries = reply.ids.into_iter();
        Ok(entries
            .filter_map(|entry| Some((entry.get("command")?, entry.id)))
            .map(|(command, id)| (id, command))
            .collect())
    }

    /// The worker's name in the record.
    pub fn worker(&self) -> &str {
        &self.worker
    }

    /// The fields of events on this worker.
    fn event_fields(&self) -> String {
        let (run, worker) = (run_id_field(&self.run), json(&self.worker));
        format!("{run},\"worker\":{worker}")
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

fn conflict(words: Vec<String>) -> PlanConflict {
    let mut words = words.into_iter().skip(1);
    let what = words.next().unwrap_or_default();
    let value = words.next().unwrap_or_default();
    match what.as_str() {
        "digest" => PlanConflict::Digest(value),
        _ => PlanConflict::Engine {
            engine: what,
            build: value,
        },
    }
}

fn lines(text: &str) -> Vec<String> {
    text.lines().map(str::to_owned).collect()
}

/// A group, its token, its lane, and its open keys.
fn claimed(words: &[String]) -> Result<ClaimedGroup, StoreError> {
    Ok(ClaimedGroup {
        lease: lease(words)?,
        keys: words.get(3).map(|keys| lines(keys)).unwrap_or_default(),
    })
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
