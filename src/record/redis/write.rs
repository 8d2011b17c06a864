//! Changes the record in Redis by calling scripts.

use ::redis::{Cmd, Pipeline, RedisResult, Value};

use super::client::{RedisStore, unexpected_reply};
use super::export::project_of;
use crate::model::{Lineage, Reason, RunId, Summary, rfc3339};
use crate::record::operation::{
    JoinRequest, Operation, join_document, lineage, parse_word, run_id_field,
};
use crate::record::store::{
    ApplyOutcome, EndOutcome, HEARTBEAT_TIMEOUT, JoinOutcome, JoinResponse,
};
use crate::record::windows::OutcomeSample;
use crate::redis::{StoreError, StoreErrorKind};

impl RedisStore {
    pub(super) async fn join_run(
        &self,
        join: &JoinRequest,
        live: bool,
    ) -> Result<JoinResponse, StoreError> {
        let tombstone = self.keys.tombstone(&join.run_id);
        let mut create = self.call_script(&self.scripts.create, &join.run_id, &[&tombstone]);
        let kind = match (join.decides, live) {
            (true, _) => "decisions",
            (false, true) => "live",
            (false, false) => "dead",
        };
        create
            .arg(&join.head)
            .arg(&join.tail)
            .arg(join.start)
            .arg(&join.writer)
            .arg(&join.host)
            .arg(join.planned)
            .arg(u8::from(join.shared))
            .arg(run_id_field(&join.run_id))
            .arg(kind)
            .arg(join.plan());
        let mut pipeline = ::redis::pipe();
        if !join.decides {
            self.list_run(&mut pipeline, join);
        }
        pipeline.add_command(create).ignore_errors();
        let mut replies = self.send(&pipeline).await?;
        let last = replies
            .pop()
            .ok_or_else(|| unexpected_reply("no reply"))??;
        replies.into_iter().collect::<RedisResult<Vec<_>>>()?;
        let reply = reply_words(last)?;
        let number = |at: usize| -> u64 {
            let text = reply.get(at).map(String::as_str).unwrap_or_default();
            text.parse().unwrap_or_default()
        };
        let outcome = match reply[0].as_str() {
            "CREATED" => JoinOutcome::Created,
            "JOINED" => JoinOutcome::Joined,
            "REOPENED" => JoinOutcome::Reopened,
            "NORUN" => JoinOutcome::NoRun,
            "GONE" => {
                self.unlist_run(join).await?;
                JoinOutcome::Gone
            }
            other => return Err(unexpected_reply(other)),
        };
        Ok(JoinResponse {
            outcome,
            applied: number(1),
            writers: number(2),
        })
    }

    /// Adds a run to the lists. On a cluster they are in other slots; they come
    /// before the run, so that every run is listed.
    fn list_run(&self, pipeline: &mut Pipeline, join: &JoinRequest) {
        let id = join.run_id.as_str();
        pipeline.sadd(self.keys.index(), id);
        pipeline.zadd(self.keys.runs(), id, join.start);
        if let Some(project) = project_to_join(join) {
            pipeline.zadd(self.keys.project_runs(&project), id, join.start);
        }
    }

    /// Removes a pruned run from the lists again.
    async fn unlist_run(&self, join: &JoinRequest) -> Result<(), StoreError> {
        let id = join.run_id.as_str();
        let mut pipeline = ::redis::pipe();
        pipeline.srem(self.keys.index(), id);
        pipeline.zrem(self.keys.runs(), id);
        if let Some(project) = project_to_join(join) {
            pipeline.zrem(self.keys.project_runs(&project), id);
        }
        self.send_all(&mut pipeline).await
    }

    pub(super) async fn apply_all(
        &self,
        join: &JoinRequest,
        first: u64,
        operations: &[Operation],
    ) -> Result<Vec<ApplyOutcome>, StoreError> {
        if operations.is_empty() {
            return Ok(Vec::new());
        }
        let turn = self.sending.try_lock().ok();
        let ready = self.send_outcomes(join, first, operations).await?;
        let _turn = match turn {
            Some(turn) => turn,
            None => self.sending.lock().await,
        };
        let mut pipeline = ::redis::pipe();
        for (number, operation) in (first..).zip(&operations[..ready]) {
            self.add_operation(&mut pipeline, join, number, operation);
        }
        let replies = self.send(pipeline.ignore_errors()).await?;
        let mut applied = Vec::with_capacity(ready);
        for reply in replies {
            match reply {
                Ok(reply) => applied.push(apply_outcome(reply)?),
                // The operations before it are applied; this one is sent again.
                Err(_) if !applied.is_empty() => break,
                Err(error) => return Err(error.into()),
            }
        }
        Ok(applied)
    }

    /// Sends what the operations add to histories and metrics, and returns how many
    /// of the operations may follow. They are sent only once this is acknowledged: a
    /// server that refuses one command and, a moment later, not the next one would
    /// otherwise lose the outcome of an operation that it has.
    async fn send_outcomes(
        &self,
        join: &JoinRequest,
        first: u64,
        operations: &[Operation],
    ) -> Result<usize, StoreError> {
        let (lineage, project) = (lineage(join), join.project());
        let mut pipeline = ::redis::pipe();
        let mut counts = Vec::with_capacity(operations.len());
        for (number, operation) in (first..).zip(operations) {
            let before = pipeline.len();
            if let Some(sample) = OutcomeSample::of(&project, &join.writer, number, operation) {
                self.add_to_buffer(&mut pipeline, &sample);
            }
            self.add_outcome(&mut pipeline, lineage.as_ref(), operation);
            counts.push(pipeline.len() - before);
        }
        if pipeline.is_empty() {
            return Ok(operations.len());
        }
        let mut replies = self.send(pipeline.ignore_errors()).await?.into_iter();
        for (ready, count) in counts.into_iter().enumerate() {
            let mine: RedisResult<()> = replies
                .by_ref()
                .take(count)
                .try_for_each(|reply| self.tolerate_forged_key(reply));
            match mine {
                Ok(()) => {}
                Err(_) if ready > 0 => return Ok(ready),
                Err(error) => return Err(error.into()),
            }
        }
        Ok(operations.len())
    }

    /// An error of a reply. A history or buffer of another type, which others may
    /// have written, keeps no operation from being recorded.
    fn tolerate_forged_key(&self, reply: RedisResult<Value>) -> RedisResult<()> {
        let Err(error) = reply else { return Ok(()) };
        let known = StoreError::from(error.clone());
        if known.kind != StoreErrorKind::WrongType {
            return Err(error);
        }
        let key = self.keys.metrics_buffer();
        self.skipped
            .add(format_args!("`{key}` or a history"), known.message);
        Ok(())
    }

    /// Adds the commands that add a final outcome to its history. They come before
    /// the operation's script: a server that has lost them has lost the operation
    /// too, so that both are sent again.
    fn add_outcome(
        &self,
        pipeline: &mut Pipeline,
        lineage: Option<&Lineage>,
        operation: &Operation,
    ) {
        if let Operation::Test {
            key, at, outcome, ..
        } = operation
            && !outcome.is_empty()
        {
            self.add_to_history(pipeline, lineage, key, *at, outcome);
        }
    }

    /// Adds the script of an operation.
    fn add_operation(
        &self,
        pipeline: &mut Pipeline,
        join: &JoinRequest,
        number: u64,
        operation: &Operation,
    ) {
        let run = &join.run_id;
        let call = |script, more: &[&str]| {
            let mut command = self.call_script(script, run, more);
            command.arg(&join.writer).arg(number);
            command
        };
        match operation {
            Operation::Test {
                key,
                status,
                at,
                kind,
                fields,
                record,
                lease,
                ..
            } => {
                let mut keys = vec![self.keys.test(run, key), self.keys.tests(run)];
                if let Some(lease) = lease {
                    keys.push(self.keys.leases(run));
                    keys.push(self.keys.queue(run, &lease.lane));
                }
                let keys: Vec<_> = keys.iter().map(String::as_str).collect();
                let mut commit = call(&self.scripts.commit, &keys);
                commit.arg(key).arg(status.as_str()).arg(*at);
                commit.arg(record).arg(kind).arg(fields);
                if let Some(lease) = lease {
                    commit.arg(&lease.group).arg(lease.token);
                }
                pipeline.add_command(commit);
            }
            Operation::Describe { tail } => {
                let mut describe = call(&self.scripts.describe, &[]);
                describe.arg(tail);
                pipeline.add_command(describe);
            }
            Operation::Announce { kind, fields, at } => {
                let mut announce = call(&self.scripts.announce, &[]);
                announce.arg(kind).arg(fields).arg(*at);
                pipeline.add_command(announce);
            }
            Operation::Decide {
                key,
                at,
                mark,
                kind,
                fields,
            } => {
                let mut decide = call(&self.scripts.decide, &[&self.keys.test(run, key)]);
                decide.arg(key).arg(*at).arg(mark).arg(kind).arg(fields);
                pipeline.add_command(decide);
            }
            Operation::Lost => {
                pipeline.add_command(call(&self.scripts.skip, &[]));
            }
            Operation::Leave { reason, at } => {
                let mut leave = call(&self.scripts.leave, &[]);
                leave.arg(reason.map_or("", Reason::as_str));
                pipeline.add_command(with_end(leave, join, *at));
            }
            Operation::Die { at } => {
                let mut leave = call(&self.scripts.leave, &[]);
                leave.arg("died");
                pipeline.add_command(with_end(leave, join, *at));
            }
        }
    }

    pub(super) async fn send_heartbeat(
        &self,
        join: &JoinRequest,
        applied: u64,
    ) -> Result<ApplyOutcome, StoreError> {
        let mut heartbeat = self.call_script(&self.scripts.heartbeat, &join.run_id, &[]);
        heartbeat.arg(&join.writer).arg(&join.host).arg(applied);
        apply_outcome(self.query(heartbeat).await?)
    }

    pub(super) async fn end_run(
        &self,
        run: &RunId,
        dead_host: Option<&str>,
    ) -> Result<EndOutcome, StoreError> {
        let mut last_seen = ::redis::cmd("HGET");
        last_seen.arg(self.keys.control(run)).arg("seen");
        let at: Option<Vec<u8>> = self.query(last_seen).await?;
        let at = at.and_then(|at| String::from_utf8(at).ok()?.parse().ok());
        let at: i64 = at.unwrap_or_default();
        let mut finish = self.call_script(&self.scripts.finish, run, &[]);
        finish
            .arg(run_id_field(run))
            .arg(at)
            .arg(rfc3339(at))
            .arg(dead_host.unwrap_or_default())
            .arg(heartbeat_timeout_ms());
        let reply = reply_words(self.query(finish).await?)?;
        let second = reply.get(1).map(String::as_str).unwrap_or_default();
        let reason = || parse_word(second).ok_or_else(|| unexpected_reply(second));
        Ok(match reply[0].as_str() {
            "ENDED" => EndOutcome::Ended(reason()?),
            "ALREADY" => EndOutcome::AlreadyEnded(reason()?),
            "PENDING" => EndOutcome::Pending(second.parse().unwrap_or_default()),
            "NORUN" => EndOutcome::NoRun,
            other => return Err(unexpected_reply(other)),
        })
    }
}

/// Appends the arguments that follow the reason of a leaving worker.
fn with_end(mut leave: Cmd, join: &JoinRequest, at: i64) -> Cmd {
    leave
        .arg(at)
        .arg(rfc3339(at))
        .arg(run_id_field(&join.run_id))
        .arg(heartbeat_timeout_ms())
        .arg(&join.host);
    leave
}

/// The project of the run that a request joins.
fn project_to_join(join: &JoinRequest) -> Option<String> {
    let summary = Summary::default();
    project_of(&join_document(&join.head, None, &summary, &join.tail))
}

fn heartbeat_timeout_ms() -> u64 {
    u64::try_from(HEARTBEAT_TIMEOUT.as_millis()).unwrap_or(u64::MAX)
}

/// A script's reply: words, of which the first is the outcome.
pub(super) fn reply_words(value: Value) -> Result<Vec<String>, StoreError> {
    let words: Vec<String> =
        ::redis::from_redis_value(value).map_err(|e| unexpected_reply(&e.to_string()))?;
    if words.is_empty() {
        return Err(unexpected_reply("an empty reply"));
    }
    Ok(words)
}

fn apply_outcome(value: Value) -> Result<ApplyOutcome, StoreError> {
    let reply = reply_words(value)?;
    let text = reply.get(1).map(String::as_str).unwrap_or_default();
    let number = || text.parse().unwrap_or_default();
    Ok(match reply[0].as_str() {
        "OK" => ApplyOutcome::Done,
        "STALE" => ApplyOutcome::Stale,
        "DUP" => ApplyOutcome::Duplicate(number()),
        "GAP" => ApplyOutcome::Gap(number()),
        "NORUN" => ApplyOutcome::NoRun,
        other => return Err(unexpected_reply(other)),
    })
}
