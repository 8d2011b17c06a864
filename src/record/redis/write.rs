//! Changing the record in Redis: the calls of the scripts and their answers.

use ::redis::{Cmd, Pipeline, RedisResult, Value};

use super::{RedisStore, nonsense};
use crate::model::{Reason, RunId, StoryIdentifier, rfc3339};
use crate::record::error::Fault;
use crate::record::memory::fields_of_run;
use crate::record::operation::{Join, Operation, json, word};
use crate::record::store::{Applied, Ended, Entry, Joined, Marked, OUTCOMES_KEPT, SILENCE};

impl RedisStore {
    pub(super) async fn join_run(&self, join: &Join, live: bool) -> Result<Joined, Fault> {
        let mut create = self.step(&self.scripts.create, &join.run_id, &[]);
        create
            .arg(&join.head)
            .arg(&join.tail)
            .arg(join.start)
            .arg(&join.writer)
            .arg(&join.host)
            .arg(join.planned)
            .arg(u8::from(join.shared))
            .arg(fields_of_run(&join.run_id))
            .arg(u8::from(live));
        // The lists of runs live in other slots of a cluster; they come first,
        // so that no run is without its entry.
        let mut pipeline = ::redis::pipe();
        pipeline
            .sadd(self.keys.index(), join.run_id.as_str())
            .zadd(self.keys.runs(), join.run_id.as_str(), join.start)
            .add_command(create)
            .ignore_errors();
        let mut replies = self.send(&pipeline).await?;
        let last = replies.pop().ok_or_else(|| nonsense("no reply"))??;
        replies.into_iter().collect::<RedisResult<Vec<_>>>()?;
        let answer = words(last)?;
        let number = |at: usize| {
            let text = answer.get(at).map(String::as_str).unwrap_or_default();
            text.parse().unwrap_or_default()
        };
        let how = match answer[0].as_str() {
            "CREATED" => Entry::Created,
            "JOINED" => Entry::Joined,
            "REOPENED" => Entry::Reopened,
            other => return Err(nonsense(other)),
        };
        Ok(Joined {
            how,
            applied: number(1),
            writers: number(2),
        })
    }

    pub(super) async fn apply_all(
        &self,
        join: &Join,
        first: u64,
        operations: &[Operation],
    ) -> Result<Vec<Applied>, Fault> {
        if operations.is_empty() {
            return Ok(Vec::new());
        }
        let mut pipeline = ::redis::pipe();
        let mut replies_of = Vec::with_capacity(operations.len());
        for (number, operation) in (first..).zip(operations) {
            let before = pipeline.len();
            self.add(&mut pipeline, join, number, operation);
            replies_of.push(pipeline.len() - before);
        }
        let mut replies = self.send(pipeline.ignore_errors()).await?.into_iter();
        let mut applied = Vec::with_capacity(operations.len());
        for count in replies_of {
            let mine: RedisResult<Vec<_>> = replies.by_ref().take(count).collect();
            match mine {
                Ok(mut values) if !values.is_empty() => {
                    applied.push(applied_of(values.swap_remove(0))?);
                }
                Ok(_) => return Err(nonsense("too few replies")),
                // What went before is done; this one is tried again.
                Err(_) if !applied.is_empty() => break,
                Err(error) => return Err(error.into()),
            }
        }
        Ok(applied)
    }

    fn add(&self, pipeline: &mut Pipeline, join: &Join, number: u64, operation: &Operation) {
        let run = &join.run_id;
        let step = |script, more: &[&str]| {
            let mut command = self.step(script, run, more);
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
                outcome,
                record,
            } => {
                let own = [self.keys.test(run, key), self.keys.tests(run)];
                let mut commit = step(&self.scripts.commit, &[&own[0], &own[1]]);
                commit.arg(key).arg(status.as_str()).arg(*at);
                commit.arg(record).arg(kind).arg(fields);
                pipeline.add_command(commit);
                self.remember(pipeline, key, *at, outcome);
            }
            Operation::Describe { tail } => {
                let mut describe = step(&self.scripts.describe, &[]);
                describe.arg(tail);
                pipeline.add_command(describe);
            }
            Operation::Announce { kind, fields } => {
                let mut announce = step(&self.scripts.announce, &[]);
                announce.arg(kind).arg(fields);
                pipeline.add_command(announce);
            }
            Operation::Leave { reason, at } => {
                let mut leave = step(&self.scripts.leave, &[]);
                leave.arg(reason.map_or("", Reason::as_str));
                pipeline.add_command(departure(leave, run, *at));
            }
            Operation::Die { at } => {
                let mut leave = step(&self.scripts.leave, &[]);
                leave.arg("died");
                pipeline.add_command(departure(leave, run, *at));
            }
        }
    }

    /// A story's history lives in another slot of a cluster, so it is not part
    /// of the script; its entries carry their time, so that sending one again
    /// changes nothing.
    fn remember(&self, pipeline: &mut Pipeline, key: &str, at: i64, outcome: &str) {
        if !outcome.is_empty() {
            let history = self.keys.history(key);
            let surplus = -1 - isize::try_from(OUTCOMES_KEPT).unwrap_or(isize::MAX - 1);
            pipeline.zadd(&history, outcome, at);
            pipeline.zremrangebyrank(&history, 0, surplus);
        }
    }

    pub(super) async fn beat_once(&self, join: &Join, applied: u64) -> Result<Applied, Fault> {
        let mut beat = self.step(&self.scripts.beat, &join.run_id, &[]);
        beat.arg(&join.writer).arg(&join.host).arg(applied);
        applied_of(self.ask(beat).await?)
    }

    pub(super) async fn end_run(&self, run: &RunId, gone: Option<&str>) -> Result<Ended, Fault> {
        let mut last_seen = ::redis::cmd("HGET");
        last_seen.arg(self.keys.control(run)).arg("seen");
        let at: Option<i64> = self.ask(last_seen).await?;
        let at = at.unwrap_or_default();
        let mut finish = self.step(&self.scripts.finish, run, &[]);
        finish
            .arg(fields_of_run(run))
            .arg(at)
            .arg(rfc3339(at))
            .arg(gone.unwrap_or_default())
            .arg(silence());
        let answer = words(self.ask(finish).await?)?;
        let second = answer.get(1).map(String::as_str).unwrap_or_default();
        let reason = || word(second).ok_or_else(|| nonsense(second));
        Ok(match answer[0].as_str() {
            "ENDED" => Ended::Now(reason()?),
            "ALREADY" => Ended::Before(reason()?),
            "PENDING" => Ended::Pending(second.parse().unwrap_or_default()),
            "NORUN" => Ended::NoRun,
            other => return Err(nonsense(other)),
        })
    }

    pub(super) async fn mark(
        &self,
        run: &RunId,
        story: &StoryIdentifier,
        was: &str,
        marked: &str,
    ) -> Result<Marked, Fault> {
        let record = self.keys.test(run, &story.key());
        let mut accept = self.step(&self.scripts.accept, run, &[&record]);
        let run = fields_of_run(run);
        let fields = format!("{run},\"storyIdentifier\":{}", json(story));
        accept.arg(was).arg(marked).arg(fields);
        let answer = words(self.ask(accept).await?)?;
        Ok(match answer[0].as_str() {
            "OK" => Marked::Now,
            "DUP" => Marked::Before,
            "CONFLICT" => Marked::Changed,
            "NORUN" => Marked::NoRun,
            other => return Err(nonsense(other)),
        })
    }
}

/// The arguments behind the reason with which a worker leaves.
fn departure(mut leave: Cmd, run: &RunId, at: i64) -> Cmd {
    leave
        .arg(at)
        .arg(rfc3339(at))
        .arg(fields_of_run(run))
        .arg(silence());
    leave
}

fn silence() -> u64 {
    u64::try_from(SILENCE.as_millis()).unwrap_or(u64::MAX)
}

/// A script's answer: words, the first of which says what happened.
fn words(value: Value) -> Result<Vec<String>, Fault> {
    let words: Vec<String> =
        ::redis::from_redis_value(value).map_err(|e| nonsense(&e.to_string()))?;
    if words.is_empty() {
        return Err(nonsense("an empty answer"));
    }
    Ok(words)
}

fn applied_of(value: Value) -> Result<Applied, Fault> {
    let answer = words(value)?;
    let text = answer.get(1).map(String::as_str).unwrap_or_default();
    let number = || text.parse().unwrap_or_default();
    Ok(match answer[0].as_str() {
        "OK" => Applied::Done,
        "STALE" => Applied::Stale,
        "DUP" => Applied::Duplicate(number()),
        "GAP" => Applied::Gap(number()),
        "NORUN" => Applied::NoRun,
        other => return Err(nonsense(other)),
    })
}
