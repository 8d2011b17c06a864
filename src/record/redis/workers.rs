//! Reads the workers and queues of a shared run in Redis, and sends commands to
//! workers.

use std::collections::{BTreeMap, BTreeSet};

use ::redis::{FromRedisValue, ToRedisArgs, cmd};

use super::client::{RedisStore, unexpected_reply};
use super::write::reply_words;
use crate::model::{BrowserName, RunId};
use crate::record::queue::LEASE;
use crate::record::shared_run::{
    COMMAND_LIFETIME_MS, LaneStatus, SharedRun, WorkerCommand, WorkerReport, WorkerStatus,
};
use crate::redis::StoreError;

impl RedisStore {
    pub(super) async fn read_shared_run(&self, run: &RunId) -> Result<SharedRun, StoreError> {
        let workers = self.read_workers(run).await?;
        let plan: u64 = self.read("HLEN", self.keys.plan(run)).await?;
        Ok(SharedRun {
            lanes: self.lanes(run, &workers).await?,
            // One field is the digest.
            groups: plan.saturating_sub(1),
            workers,
        })
    }

    /// The workers that have not left a run.
    pub(super) async fn read_workers(&self, run: &RunId) -> Result<Vec<WorkerStatus>, StoreError> {
        let documents: BTreeMap<String, Vec<u8>> =
            self.read("HGETALL", self.keys.workers(run)).await?;
        let (seconds, micros): (i64, i64) = self.query(cmd("TIME")).await?;
        let now = seconds * 1000 + micros / 1000;
        let workers = documents
            .into_iter()
            .filter_map(|(worker, document)| self.worker_status(run, worker, &document, now));
        Ok(workers.collect())
    }

    /// The state of a worker, or nothing if its document is invalid.
    fn worker_status(
        &self,
        run: &RunId,
        worker: String,
        document: &[u8],
        now: i64,
    ) -> Option<WorkerStatus> {
        let report: WorkerReport = serde_json::from_slice(document)
            .inspect_err(|error| {
                let name = format_args!("the worker `{worker}` of the run `{run}`");
                self.skipped.add(name, error);
            })
            .ok()?;
        let silent_ms = u64::try_from(now - report.last_seen).unwrap_or(0);
        Some(WorkerStatus {
            lost: u128::from(silent_ms) > LEASE.as_millis(),
            worker,
            silent_ms,
            report,
        })
    }

    /// The open groups of each lane.
    async fn lanes(
        &self,
        run: &RunId,
        workers: &[WorkerStatus],
    ) -> Result<Vec<LaneStatus>, StoreError> {
        let mut leased: BTreeMap<String, u64> = BTreeMap::new();
        for lane in self.leased_lanes(run).await? {
            *leased.entry(lane).or_default() += 1;
        }
        let engines = workers.iter().flat_map(|worker| &worker.report.engines);
        let offered: BTreeSet<&String> = engines.collect();
        let known = BrowserName::ALL.map(|name| name.as_str().to_owned());
        let all: BTreeSet<&String> = offered
            .iter()
            .copied()
            .chain(leased.keys())
            .chain(&known)
            .collect();
        let mut lanes = Vec::new();
        for lane in all {
            let waiting = self.read("ZCARD", self.keys.queue(run, lane)).await?;
            let leased = leased.get(lane).copied().unwrap_or(0);
            if waiting + leased > 0 || offered.contains(lane) {
                lanes.push(LaneStatus {
                    lane: lane.clone(),
                    waiting,
                    leased,
                });
            }
        }
        Ok(lanes)
    }

    /// The lane of every leased group.
    async fn leased_lanes(&self, run: &RunId) -> Result<Vec<String>, StoreError> {
        let mut range = cmd("ZRANGE");
        range.arg(self.keys.leases(run)).arg(0).arg(-1);
        let groups: Vec<String> = self.query(range).await?;
        if groups.is_empty() {
            return Ok(Vec::new());
        }
        let mut get = cmd("HMGET");
        get.arg(self.keys.control(run));
        for group in &groups {
            get.arg(format!("q:{group}"));
        }
        let places: Vec<Option<String>> = self.query(get).await?;
        let places = places.into_iter().flatten();
        let lanes = places.filter_map(|place| Some(place.split_once('|')?.0.to_owned()));
        Ok(lanes.collect())
    }

    async fn read<T: FromRedisValue>(
        &self,
        command: &str,
        key: impl ToRedisArgs,
    ) -> Result<T, StoreError> {
        let mut read = cmd(command);
        read.arg(key);
        self.query(read).await
    }

    /// Sends a command to a worker; false if the run has no such worker.
    pub(super) async fn send_command(
        &self,
        run: &RunId,
        worker: &str,
        command: WorkerCommand,
    ) -> Result<bool, StoreError> {
        let more = [self.keys.workers(run), self.keys.commands(run, worker)];
        let more = [more[0].as_str(), more[1].as_str()];
        let mut call = self.call_script(&self.scripts.command_worker, run, &more);
        call.arg(worker)
            .arg(command.as_str())
            .arg(COMMAND_LIFETIME_MS);
        let words = reply_words(self.query(call).await?)?;
        match words[0].as_str() {
            "OK" => Ok(true),
            "NOWORKER" => Ok(false),
            other => Err(unexpected_reply(other)),
        }
    }
}
