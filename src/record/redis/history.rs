//! Histories and statistics of snapshots in Redis.

use std::collections::HashMap;

use ::redis::Pipeline;

use super::client::RedisStore;
use super::read::PAGE;
use super::scripts::call;
use crate::history::{Histogram, OutcomeTally};
use crate::model::{HistoryEntry, Lineage};
use crate::record::store::HISTORY_LENGTH;
use crate::redis::{StoreError, StoreErrorKind};

/// Anybody can write to the server: larger sums could not be added.
const MAX_DURATION_SUM: u64 = 1 << 53;

impl RedisStore {
    /// Adds the commands that add an outcome to a snapshot's history. On a cluster
    /// the history is in another slot than the run, so they are not part of the
    /// operation's script; repeating them changes nothing.
    pub(super) fn add_to_history(
        &self,
        pipeline: &mut Pipeline,
        lineage: Option<&Lineage>,
        key: &str,
        at: i64,
        outcome: &str,
    ) {
        let Some(lineage) = lineage else {
            let history = self.keys.history(key);
            let surplus = -1 - isize::try_from(HISTORY_LENGTH).unwrap_or(isize::MAX - 1);
            pipeline.zadd(&history, outcome, at);
            pipeline.zremrangebyrank(&history, 0, surplus);
            return;
        };
        let [history, statistics] = self.keys.history_of(lineage, key);
        let mut keys = vec![history, statistics];
        if lineage.branch.is_none() && !self.keys.is_cluster() {
            let index = self.keys.project_index(&lineage.project);
            keys.extend([
                index.flaky,
                index.quarantine,
                index.failures,
                self.keys.vitals(),
            ]);
        }
        let keys: Vec<_> = keys.iter().map(String::as_str).collect();
        let mut command = call(&self.scripts.history, &keys);
        command.arg(outcome).arg(at).arg(HISTORY_LENGTH);
        command.arg(key).arg(&lineage.project);
        pipeline.add_command(command);
        if let Some(branch) = &lineage.branch {
            pipeline.sadd(self.keys.branch_stories(&lineage.project, branch), key);
            pipeline.zadd(self.keys.branches(&lineage.project), branch, at);
        }
    }

    /// The histories of snapshots, each oldest first.
    pub(super) async fn read_outcomes(
        &self,
        lineage: &Lineage,
        keys: &[String],
    ) -> Result<Vec<Vec<HistoryEntry>>, StoreError> {
        let mut all = Vec::with_capacity(keys.len());
        for page in keys.chunks(PAGE) {
            let mut pipeline = ::redis::pipe();
            for key in page {
                let [history, _] = self.keys.history_of(lineage, key);
                pipeline.zrange(history, 0, -1);
            }
            let replies = self.send(pipeline.ignore_errors()).await?;
            for (key, reply) in page.iter().zip(replies) {
                let texts: Vec<Vec<u8>> = self.unless_forged(lineage, key, reply)?;
                all.push(self.valid_outcomes(key, &texts));
            }
        }
        Ok(all)
    }

    /// The counts of all outcomes of snapshots.
    pub(super) async fn read_tallies(
        &self,
        lineage: &Lineage,
        keys: &[String],
    ) -> Result<Vec<OutcomeTally>, StoreError> {
        let mut all = Vec::with_capacity(keys.len());
        for page in keys.chunks(PAGE) {
            let mut pipeline = ::redis::pipe();
            for key in page {
                let [_, statistics] = self.keys.history_of(lineage, key);
                pipeline.hgetall(statistics);
            }
            let replies = self.send(pipeline.ignore_errors()).await?;
            for (key, reply) in page.iter().zip(replies) {
                let fields: HashMap<String, String> = self.unless_forged(lineage, key, reply)?;
                all.push(self.tally(key, &fields));
            }
        }
        Ok(all)
    }

    /// A reply; the default if the value is of another type or not text.
    fn unless_forged<T: Default + ::redis::FromRedisValue>(
        &self,
        lineage: &Lineage,
        key: &str,
        reply: ::redis::RedisResult<::redis::Value>,
    ) -> Result<T, StoreError> {
        let value = match reply.map_err(StoreError::from) {
            Err(error) if error.kind == StoreErrorKind::WrongType => Err(error.message),
            reply => ::redis::from_redis_value(reply?).map_err(|error| error.to_string()),
        };
        Ok(value.unwrap_or_else(|problem| {
            let [history, _] = self.keys.history_of(lineage, key);
            self.skipped.add(format_args!("`{history}`"), problem);
            T::default()
        }))
    }

    fn tally(&self, key: &str, fields: &HashMap<String, String>) -> OutcomeTally {
        if fields.is_empty() {
            return OutcomeTally::default();
        }
        let text = |name: &str| fields.get(name).map(String::as_str).unwrap_or_default();
        let number = |name: &str| text(name).parse::<u32>().map(u64::from);
        let read = || -> Result<OutcomeTally, String> {
            let invalid = |error: std::num::ParseIntError| error.to_string();
            Ok(OutcomeTally {
                total: number("total_runs").map_err(invalid)?,
                passed: number("passed_runs").map_err(invalid)?,
                failed: number("failed_runs").map_err(invalid)?,
                duration_sum: text("duration_sum")
                    .parse::<u64>()
                    .map_err(invalid)?
                    .min(MAX_DURATION_SUM),
                durations: text("durations").parse::<Histogram>()?,
                last_success: text("last_success").parse().ok(),
            })
        };
        read().unwrap_or_else(|problem| {
            self.skipped
                .add(format_args!("the statistics of `{key}`"), problem);
            OutcomeTally::default()
        })
    }

    /// The branches of a project with the time of their last outcome in
    /// milliseconds, apart from the default branch.
    pub(super) async fn read_branches(
        &self,
        project: &str,
    ) -> Result<Vec<(String, i64)>, StoreError> {
        let mut range = ::redis::cmd("ZRANGE");
        range.arg(self.keys.branches(project)).arg(0).arg(-1);
        range.arg("WITHSCORES");
        let branches: Vec<(String, f64)> = self.query(range).await?;
        #[expect(
            clippy::cast_possible_truncation,
            reason = "milliseconds since the epoch are whole and fit"
        )]
        let whole = |(branch, at): (String, f64)| (branch, at as i64);
        Ok(branches.into_iter().map(whole).collect())
    }

    /// Removes the histories of a branch in steps; its name last, so that an
    /// interrupted removal can be repeated.
    pub(super) async fn remove_branch_histories(
        &self,
        project: &str,
        branch: &str,
    ) -> Result<(), StoreError> {
        let lineage = Lineage {
            project: project.to_owned(),
            branch: Some(branch.to_owned()),
        };
        let stories = self.keys.branch_stories(project, branch);
        loop {
            let mut members = ::redis::cmd("SRANDMEMBER");
            members.arg(&stories).arg(PAGE);
            let members: Vec<String> = self.query(members).await?;
            if members.is_empty() {
                break;
            }
            let mut pipeline = ::redis::pipe();
            for key in &members {
                for name in self.keys.history_of(&lineage, key) {
                    pipeline.unlink(name);
                }
            }
            pipeline.srem(&stories, members);
            self.send_all(&mut pipeline).await?;
        }
        let mut forget = ::redis::cmd("ZREM");
        forget.arg(self.keys.branches(project)).arg(branch);
        self.query::<u64>(forget).await.map(drop)
    }
}
