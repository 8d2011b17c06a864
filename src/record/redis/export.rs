//! Exports, imports and removes runs in Redis, in bounded steps.

use std::collections::{BTreeMap, HashMap};

use ::redis::{Pipeline, RedisResult, cmd};

use super::client::{RedisStore, unexpected_reply};
use super::read::PAGE;
use crate::model::{
    BrowserName, HistoryEntry, Lineage, RunId, Status, Summary, VisualTestRun, now_ms, rfc3339,
};
use crate::record::export::{
    ExportedDecision, ExportedRun, ExportedState, ExportedTest, ExportedWorker,
};
use crate::record::operation::{join_document, json, parse_word};
use crate::record::store::TOMBSTONE_LIFETIME;
use crate::record::stream::StreamEntry;
use crate::redis::{StoreError, StoreErrorKind};

/// How many runs one step removes.
const RUNS_PER_STEP: usize = 100;

/// Name and value of a field of the control hash, which may not be text.
type ControlField = (Vec<u8>, Vec<u8>);

impl RedisStore {
    pub(super) async fn export_run(&self, run: &RunId) -> Result<Option<ExportedRun>, StoreError> {
        let control = self.read_control(run).await?;
        let Some(state) = parse_state(run, &control) else {
            return Ok(None);
        };
        let mut tests = Vec::new();
        let recorded = self.read_tests(run).await;
        for (story, record) in self.unless_wrong_type(run, "set of snapshots", recorded)? {
            // Tests that have started since the control hash was read are left
            // out, as their operations are not in it.
            let key = story.key();
            let Some(state) = control.get(&format!("s:{key}")) else {
                continue;
            };
            let decision = control.get(&format!("d:{key}"));
            match parse_test_state(state) {
                Some((at, status, writer)) => tests.push(ExportedTest {
                    decision: decision.and_then(|text| ExportedDecision::parse(text)),
                    key,
                    at,
                    status,
                    writer,
                    record,
                }),
                None => self.skipped.add(
                    format_args!("the snapshot `{key}` of the run `{run}`"),
                    format_args!("its state `{state}` is invalid"),
                ),
            }
        }
        tests.sort_by(|a, b| a.key.cmp(&b.key));
        let lineage = lineage_of(&join_document(
            &state.head,
            None,
            &Summary::default(),
            &state.tail,
        ));
        let outcomes = self.outcomes_of(run, lineage.as_ref(), &tests).await?;
        let events = self.all_events(run).await;
        let events = self.unless_wrong_type(run, "stream", events)?;
        Ok(Some(ExportedRun {
            workers: parse_workers(&control),
            events,
            state,
            tests,
            outcomes,
        }))
    }

    /// A part of a run; empty if its value is of another type.
    fn unless_wrong_type<T: Default>(
        &self,
        run: &RunId,
        part: &str,
        reply: Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        match reply {
            Err(error) if error.kind == StoreErrorKind::WrongType => {
                self.skipped
                    .add(format_args!("the {part} of the run `{run}`"), error.message);
                Ok(T::default())
            }
            reply => reply,
        }
    }

    /// Reads the control hash in pages.
    async fn read_control(&self, run: &RunId) -> Result<HashMap<String, String>, StoreError> {
        let (mut cursor, mut all) = (0_u64, HashMap::new());
        loop {
            let mut scan = cmd("HSCAN");
            scan.arg(self.keys.control(run)).arg(cursor);
            scan.arg("COUNT").arg(PAGE);
            let (next, page): (u64, Vec<ControlField>) = self.query(scan).await?;
            let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
            all.extend(page.iter().map(|(name, value)| (text(name), text(value))));
            if next == 0 {
                return Ok(all);
            }
            cursor = next;
        }
    }

    async fn all_events(&self, run: &RunId) -> Result<Vec<StreamEntry>, StoreError> {
        let mut all: Vec<StreamEntry> = Vec::new();
        loop {
            let after = all.last().map_or("0".to_owned(), |e| e.id.clone());
            let page = self.read_events(run, &after, PAGE).await?;
            if page.is_empty() {
                return Ok(all);
            }
            all.extend(page);
        }
    }

    async fn outcomes_of(
        &self,
        run: &RunId,
        lineage: Option<&Lineage>,
        tests: &[ExportedTest],
    ) -> Result<Vec<(String, HistoryEntry)>, StoreError> {
        let mut outcomes = Vec::new();
        for page in tests.chunks(PAGE) {
            let mut pipeline = ::redis::pipe();
            for test in page {
                pipeline.zrange(self.history_key(lineage, &test.key), 0, -1);
            }
            let replies = self.send(pipeline.ignore_errors()).await?;
            for (test, reply) in page.iter().zip(replies) {
                let texts = match reply.map_err(StoreError::from) {
                    Err(error) if error.kind == StoreErrorKind::WrongType => {
                        let history = self.history_key(lineage, &test.key);
                        self.skipped.add(format_args!("`{history}`"), error.message);
                        continue;
                    }
                    reply => ::redis::from_redis_value::<Vec<Vec<u8>>>(reply?)
                        .map_err(|e| unexpected_reply(&e.to_string()))?,
                };
                let of_run = self.valid_outcomes(&test.key, &texts).into_iter();
                let of_run = of_run.filter(|outcome| outcome.run_id == *run);
                outcomes.extend(of_run.map(|outcome| (test.key.clone(), outcome)));
            }
        }
        Ok(outcomes)
    }

    fn history_key(&self, lineage: Option<&Lineage>, key: &str) -> String {
        match lineage {
            None => self.keys.history(key),
            Some(lineage) => {
                let [history, _] = self.keys.history_of(lineage, key);
                history
            }
        }
    }

    /// The entries of a snapshot's history; invalid ones are skipped.
    pub(super) fn valid_outcomes(&self, key: &str, texts: &[Vec<u8>]) -> Vec<HistoryEntry> {
        let valid = |text: &Vec<u8>| {
            let problem = |error| {
                self.skipped
                    .add(format_args!("an entry of the history of `{key}`"), error);
            };
            serde_json::from_slice(text).map_err(problem).ok()
        };
        texts.iter().filter_map(valid).collect()
    }

    pub(super) async fn import_run(&self, run: &ExportedRun) -> Result<bool, StoreError> {
        let id = &run.state.run_id;
        let mut exist = cmd("EXISTS");
        exist.arg(self.keys.control(id)).arg(self.keys.run(id));
        if self.query::<u64>(exist).await? == 2 {
            return Ok(false);
        }
        // Remains of an interrupted import would conflict with the events.
        self.clear_runs(std::slice::from_ref(id)).await?;
        let mut pipeline = ::redis::pipe();
        pipeline.del(self.keys.tombstone(id));
        self.send_all(&mut pipeline).await?;
        for page in run.tests.chunks(PAGE) {
            let mut pipeline = ::redis::pipe();
            for test in page {
                let key = self.keys.test(id, &test.key);
                pipeline.set(&key, &test.record);
                pipeline.sadd(self.keys.tests(id), &key);
            }
            self.send_all(&mut pipeline).await?;
        }
        for page in run.events.chunks(PAGE) {
            let mut pipeline = ::redis::pipe();
            for entry in page {
                pipeline.xadd(self.keys.events(id), &entry.id, &[("event", &entry.event)]);
            }
            self.send_all(&mut pipeline).await?;
        }
        let lineage = run.lineage();
        for page in run.outcomes.chunks(PAGE) {
            let mut pipeline = ::redis::pipe();
            for (key, outcome) in page {
                let (lineage, text) = (lineage.as_ref(), json(outcome));
                self.add_to_history(&mut pipeline, lineage, key, outcome.at, &text);
            }
            self.send_all(&mut pipeline).await?;
        }
        for page in control_fields(run).chunks(PAGE) {
            let mut pipeline = ::redis::pipe();
            pipeline.hset_multiple(self.keys.control(id), page);
            self.send_all(&mut pipeline).await?;
        }
        let mut pipeline = ::redis::pipe();
        pipeline.sadd(self.keys.index(), id.as_str()).zadd(
            self.keys.runs(),
            id.as_str(),
            run.state.start,
        );
        let document = run.document();
        if let Some(project) = project_of(&document) {
            let key = self.keys.project_runs(&project);
            pipeline.zadd(key, id.as_str(), run.state.start);
        }
        self.send_all(&mut pipeline).await?;
        // The document comes last: without it the run is invisible, and an
        // interrupted import starts over.
        let mut pipeline = ::redis::pipe();
        pipeline.set(self.keys.run(id), document);
        self.send_all(&mut pipeline).await?;
        Ok(true)
    }

    /// Removes runs. Their tombstones come first, so that no journal restores a
    /// run meanwhile.
    pub(super) async fn remove_runs(&self, runs: &[RunId]) -> Result<(), StoreError> {
        let mut pipeline = ::redis::pipe();
        for run in runs {
            let key = self.keys.tombstone(run);
            pipeline.set_ex(key, now_ms(), TOMBSTONE_LIFETIME.as_secs());
        }
        self.send_all(&mut pipeline).await?;
        self.clear_runs(runs).await
    }

    /// Removes runs page by page, and their entries in the lists last, so that an
    /// interrupted removal can be repeated.
    async fn clear_runs(&self, runs: &[RunId]) -> Result<(), StoreError> {
        for runs in runs.chunks(RUNS_PER_STEP) {
            let documents = self.read_run_documents(runs).await?;
            let mut open: Vec<&RunId> = runs.iter().collect();
            while !open.is_empty() {
                open = self.remove_some_tests(open).await?;
            }
            let mut pipeline = ::redis::pipe();
            for (run, document) in runs.iter().zip(documents) {
                let queues = BrowserName::ALL.map(|lane| self.keys.queue(run, lane.as_str()));
                pipeline
                    .unlink(self.keys.tests(run))
                    .unlink(self.keys.events(run))
                    .unlink(self.keys.alive(run))
                    .unlink(self.keys.plan(run))
                    .unlink(self.keys.leases(run))
                    .unlink(self.keys.workers(run))
                    .unlink(&queues)
                    .unlink(self.keys.control(run))
                    .unlink(self.keys.run(run))
                    .srem(self.keys.index(), run.as_str())
                    .zrem(self.keys.runs(), run.as_str());
                if let Some(project) = document.as_deref().and_then(project_of) {
                    pipeline.zrem(self.keys.project_runs(&project), run.as_str());
                }
            }
            self.send_all(&mut pipeline).await?;
        }
        Ok(())
    }

    /// Removes a page of snapshots of each run, and returns the runs that may
    /// have more. The set can name any key, so only those of the run's own
    /// snapshots are removed.
    async fn remove_some_tests<'a>(
        &self,
        runs: Vec<&'a RunId>,
    ) -> Result<Vec<&'a RunId>, StoreError> {
        let mut pipeline = ::redis::pipe();
        for run in &runs {
            let mut members = cmd("SRANDMEMBER");
            members.arg(self.keys.tests(run)).arg(PAGE);
            pipeline.add_command(members);
        }
        let replies = self.send(pipeline.ignore_errors()).await?;
        let (mut more, mut pipeline) = (Vec::new(), ::redis::pipe());
        for (run, reply) in runs.into_iter().zip(replies) {
            let members: Vec<Vec<u8>> = match reply.map_err(StoreError::from) {
                // A value of another type is removed with the run.
                Err(error) if error.kind == StoreErrorKind::WrongType => continue,
                reply => ::redis::from_redis_value(reply?)
                    .map_err(|e| unexpected_reply(&e.to_string()))?,
            };
            if members.is_empty() {
                continue;
            }
            let stories = members.iter().filter_map(|key| self.story_of(run, key));
            let own: Vec<_> = stories
                .map(|story| self.keys.test(run, &story.key()))
                .collect();
            if !own.is_empty() {
                pipeline.unlink(own);
            }
            pipeline.srem(self.keys.tests(run), members);
            more.push(run);
        }
        self.send_all(&mut pipeline).await?;
        Ok(more)
    }

    /// Sends a pipeline and fails if any command failed.
    pub(super) async fn send_all(&self, pipeline: &mut Pipeline) -> Result<(), StoreError> {
        if pipeline.is_empty() {
            return Ok(());
        }
        let replies = self.send(pipeline.ignore_errors()).await?;
        replies.into_iter().collect::<RedisResult<Vec<_>>>()?;
        Ok(())
    }
}

fn parse_state(run: &RunId, control: &HashMap<String, String>) -> Option<ExportedState> {
    let text = |name: &str| control.get(name).cloned();
    let signed = |name: &str| text(name).and_then(|t| t.parse::<i64>().ok());
    let number = |name: &str| text(name).and_then(|t| t.parse::<u64>().ok());
    Some(ExportedState {
        run_id: run.clone(),
        head: text("head")?,
        tail: text("tail")?,
        start: signed("start")?,
        planned: number("planned").unwrap_or_default(),
        shared: text("shared").as_deref() == Some("1"),
        said: text("said").and_then(|t| parse_word(&t)),
        died: text("died").is_some(),
        ended_at: signed("endAt"),
        seen: signed("seen").unwrap_or_default(),
        plans: parse_plans(control),
        n: number("n").unwrap_or_default(),
    })
}

fn parse_plans(control: &HashMap<String, String>) -> BTreeMap<String, u64> {
    let plans = control.iter().filter_map(|(field, planned)| {
        let plan = field.strip_prefix("p:")?;
        Some((plan.to_owned(), planned.parse().ok()?))
    });
    plans.collect()
}

fn parse_workers(control: &HashMap<String, String>) -> Vec<ExportedWorker> {
    let worker = |(field, planned): (&String, &String)| {
        let writer = field.strip_prefix("w:")?;
        let applied = control.get(&format!("a:{writer}"));
        Some(ExportedWorker {
            writer: writer.to_owned(),
            planned: planned.parse().unwrap_or_default(),
            applied: applied.and_then(|a| a.parse().ok()).unwrap_or_default(),
        })
    };
    let mut workers: Vec<_> = control.iter().filter_map(worker).collect();
    workers.sort_by(|a, b| a.writer.cmp(&b.writer));
    workers
}

/// The fields of the control hash; `head`, which makes the run exist, is last.
fn control_fields(run: &ExportedRun) -> Vec<(String, String)> {
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
            format!("{}|{}|{}", test.at, test.status, test.writer),
        );
        if let Some(decision) = &test.decision {
            put(&format!("d:{}", test.key), decision.to_string());
        }
    }
    for status in Status::FINAL {
        put(&format!("c:{status}"), summary.of(status).to_string());
    }
    for (plan, planned) in &state.plans {
        put(&format!("p:{plan}"), planned.to_string());
    }
    for worker in &run.workers {
        put(&format!("w:{}", worker.writer), worker.planned.to_string());
        put(&format!("a:{}", worker.writer), worker.applied.to_string());
    }
    put("head", state.head.clone());
    fields
}

/// A snapshot's state `{at}|{status}|{writer}`; earlier versions have not noted
/// the writer.
fn parse_test_state(state: &str) -> Option<(i64, Status, String)> {
    let mut parts = state.splitn(3, '|');
    let (at, status) = (parts.next()?, parts.next()?);
    let writer = parts.next().unwrap_or_default().to_owned();
    Some((at.parse().ok()?, parse_word(status)?, writer))
}

/// The lineage of the run with this document.
fn lineage_of(document: &str) -> Option<Lineage> {
    let run: VisualTestRun = serde_json::from_str(document).ok()?;
    run.lineage()
}

/// The project that a run's document names.
pub(super) fn project_of(document: &str) -> Option<String> {
    let run: VisualTestRun = serde_json::from_str(document).ok()?;
    run.project
}
