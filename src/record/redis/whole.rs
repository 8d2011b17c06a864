//! Whole runs in and out of Redis, in bounded steps.

use std::collections::HashMap;

use ::redis::{Pipeline, RedisResult, cmd};

use super::read::PAGE;
use super::{RedisStore, nonsense};
use crate::model::{RunId, Summary, rfc3339};
use crate::record::error::Fault;
use crate::record::operation::{Outcome, join_document, json, word};
use crate::record::store::{OUTCOMES_KEPT, Store, StreamEntry};
use crate::record::whole::{RunState, TestState, WholeRun, WorkerState};

impl RedisStore {
    pub(super) async fn take_out(&self, run: &RunId) -> Result<Option<WholeRun>, Fault> {
        let control = self.control(run).await?;
        let Some(state) = state_of(run, &control) else {
            return Ok(None);
        };
        let mut tests = Vec::new();
        for (story, record) in self.tests(run).await? {
            let key = story.key();
            // A test that has started since the control state was read is not
            // among the operations that were applied then: it is left out.
            let Some(said) = control.get(&format!("s:{key}")) else {
                continue;
            };
            let (at, status) = said.split_once('|').ok_or_else(|| nonsense(said))?;
            tests.push(TestState {
                at: at.parse().unwrap_or_default(),
                status: word(status).ok_or_else(|| nonsense(status))?,
                key,
                record,
            });
        }
        tests.sort_by(|a, b| a.key.cmp(&b.key));
        let outcomes = self.outcomes_of(run, &tests).await?;
        Ok(Some(WholeRun {
            workers: workers_of(&control),
            events: self.all_events_of(run).await?,
            state,
            tests,
            outcomes,
        }))
    }

    /// The control hash, read in pages.
    async fn control(&self, run: &RunId) -> Result<HashMap<String, String>, Fault> {
        let (mut cursor, mut all) = (0_u64, HashMap::new());
        loop {
            let mut scan = cmd("HSCAN");
            scan.arg(self.keys.control(run)).arg(cursor);
            scan.arg("COUNT").arg(PAGE);
            let (next, page): (u64, Vec<(String, String)>) = self.ask(scan).await?;
            all.extend(page);
            if next == 0 {
                return Ok(all);
            }
            cursor = next;
        }
    }

    async fn all_events_of(&self, run: &RunId) -> Result<Vec<StreamEntry>, Fault> {
        let mut all: Vec<StreamEntry> = Vec::new();
        loop {
            let after = all.last().map_or("0".to_owned(), |e| e.id.clone());
            let page = self.events(run, &after, PAGE).await?;
            if page.is_empty() {
                return Ok(all);
            }
            all.extend(page);
        }
    }

    async fn outcomes_of(
        &self,
        run: &RunId,
        tests: &[TestState],
    ) -> Result<Vec<(String, Outcome)>, Fault> {
        let mut outcomes = Vec::new();
        for page in tests.chunks(PAGE) {
            let mut pipeline = ::redis::pipe();
            for test in page {
                pipeline.zrange(self.keys.history(&test.key), 0, -1);
            }
            let replies = self.send(pipeline.ignore_errors()).await?;
            for (test, reply) in page.iter().zip(replies) {
                let texts: Vec<String> =
                    ::redis::from_redis_value(reply?).map_err(|e| nonsense(&e.to_string()))?;
                let read = texts
                    .iter()
                    .filter_map(|text| serde_json::from_str(text).ok());
                let mine = read.filter(|outcome: &Outcome| outcome.run_id == *run);
                outcomes.extend(mine.map(|outcome| (test.key.clone(), outcome)));
            }
        }
        Ok(outcomes)
    }

    pub(super) async fn put_in(&self, run: &WholeRun) -> Result<bool, Fault> {
        let id = &run.state.run_id;
        let mut exist = cmd("EXISTS");
        exist.arg(self.keys.control(id)).arg(self.keys.run(id));
        if self.ask::<u64>(exist).await? == 2 {
            return Ok(false);
        }
        // What an import that was cut short has left is in the way of events.
        self.unlink(id).await?;
        for page in run.tests.chunks(PAGE) {
            let mut pipeline = ::redis::pipe();
            for test in page {
                let key = self.keys.test(id, &test.key);
                pipeline.set(&key, &test.record);
                pipeline.sadd(self.keys.tests(id), &key);
            }
            self.all_well(&mut pipeline).await?;
        }
        for page in run.events.chunks(PAGE) {
            let mut pipeline = ::redis::pipe();
            for entry in page {
                pipeline.xadd(self.keys.events(id), &entry.id, &[("event", &entry.event)]);
            }
            self.all_well(&mut pipeline).await?;
        }
        for page in run.outcomes.chunks(PAGE) {
            let mut pipeline = ::redis::pipe();
            for (key, outcome) in page {
                let history = self.keys.history(key);
                let surplus = -1 - isize::try_from(OUTCOMES_KEPT).unwrap_or(isize::MAX - 1);
                pipeline.zadd(&history, json(outcome), outcome.at);
                pipeline.zremrangebyrank(&history, 0, surplus);
            }
            self.all_well(&mut pipeline).await?;
        }
        for page in fields_of(run).chunks(PAGE) {
            let mut pipeline = ::redis::pipe();
            pipeline.hset_multiple(self.keys.control(id), page);
            self.all_well(&mut pipeline).await?;
        }
        let mut pipeline = ::redis::pipe();
        pipeline.sadd(self.keys.index(), id.as_str()).zadd(
            self.keys.runs(),
            id.as_str(),
            run.state.start,
        );
        self.all_well(&mut pipeline).await?;
        // The document comes last: without it nobody sees the run, and an
        // import that was cut short begins anew.
        let mut pipeline = ::redis::pipe();
        pipeline.set(self.keys.run(id), document_of(run));
        self.all_well(&mut pipeline).await?;
        Ok(true)
    }

    /// Removes a run page by page, its place in the lists last, so that a
    /// removal that was cut short can be done again.
    pub(super) async fn unlink(&self, run: &RunId) -> Result<(), Fault> {
        loop {
            let mut scan = cmd("SRANDMEMBER");
            scan.arg(self.keys.tests(run)).arg(PAGE);
            let keys: Vec<String> = self.ask(scan).await?;
            if keys.is_empty() {
                break;
            }
            let mut pipeline = ::redis::pipe();
            pipeline.unlink(&keys).srem(self.keys.tests(run), &keys);
            self.all_well(&mut pipeline).await?;
        }
        let mut pipeline = ::redis::pipe();
        pipeline
            .unlink(self.keys.events(run))
            .unlink(self.keys.control(run))
            .unlink(self.keys.run(run))
            .srem(self.keys.index(), run.as_str())
            .zrem(self.keys.runs(), run.as_str());
        self.all_well(&mut pipeline).await
    }

    async fn all_well(&self, pipeline: &mut Pipeline) -> Result<(), Fault> {
        let replies = self.send(pipeline.ignore_errors()).await?;
        replies.into_iter().collect::<RedisResult<Vec<_>>>()?;
        Ok(())
    }
}

fn state_of(run: &RunId, control: &HashMap<String, String>) -> Option<RunState> {
    let text = |name: &str| control.get(name).cloned();
    let signed = |name: &str| text(name).and_then(|t| t.parse::<i64>().ok());
    let number = |name: &str| text(name).and_then(|t| t.parse::<u64>().ok());
    Some(RunState {
        run_id: run.clone(),
        head: text("head")?,
        tail: text("tail")?,
        start: signed("start")?,
        planned: number("planned").unwrap_or_default(),
        shared: text("shared").as_deref() == Some("1"),
        said: text("said").and_then(|t| word(&t)),
        died: text("died").is_some(),
        ended_at: signed("endAt"),
        seen: signed("seen").unwrap_or_default(),
        n: number("n").unwrap_or_default(),
    })
}

fn workers_of(control: &HashMap<String, String>) -> Vec<WorkerState> {
    let worker = |(field, planned): (&String, &String)| {
        let writer = field.strip_prefix("w:")?;
        let applied = control.get(&format!("a:{writer}"));
        Some(WorkerState {
            writer: writer.to_owned(),
            planned: planned.parse().unwrap_or_default(),
            applied: applied.and_then(|a| a.parse().ok()).unwrap_or_default(),
        })
    };
    let mut workers: Vec<_> = control.iter().filter_map(worker).collect();
    workers.sort_by(|a, b| a.writer.cmp(&b.writer));
    workers
}

/// The fields of the control hash, `head` last, without which no run is.
fn fields_of(run: &WholeRun) -> Vec<(String, String)> {
    let state = &run.state;
    let mut fields: Vec<(String, String)> = Vec::new();
    let mut put = |name: &str, value: String| fields.push((name.to_owned(), value));
    put("tail", state.tail.clone());
    put("start", state.start.to_string());
    put("planned", state.planned.to_string());
    put("shared", u8::from(state.shared).to_string());
    put("seen", state.seen.to_string());
    put("n", state.n.to_string());
    put("writers", run.workers.len().to_string());
    if let Some(said) = state.said {
        put("said", said.to_string());
    }
    if state.died {
        put("died", "1".to_owned());
    }
    if let Some(at) = state.ended_at {
        put("endAt", at.to_string());
        put("endTime", rfc3339(at));
    }
    let mut summary = Summary::default();
    for test in &run.tests {
        summary.add(test.status);
        put(
            &format!("s:{}", test.key),
            format!("{}|{}", test.at, test.status),
        );
    }
    for status in crate::model::Status::FINAL {
        put(&format!("c:{status}"), summary.of(status).to_string());
    }
    for worker in &run.workers {
        put(&format!("w:{}", worker.writer), worker.planned.to_string());
        put(&format!("a:{}", worker.writer), worker.applied.to_string());
    }
    put("head", state.head.clone());
    fields
}

fn document_of(run: &WholeRun) -> String {
    let mut summary = Summary::default();
    for test in &run.tests {
        summary.add(test.status);
    }
    let state = &run.state;
    let end = state.ended_at.map(|at| {
        let duration = u64::try_from(at - state.start).unwrap_or_default();
        (at, duration, state.reason(&summary))
    });
    join_document(&state.head, end, &summary, &state.tail)
}
