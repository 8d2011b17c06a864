//! Reading the record in Redis.

use std::collections::HashMap;
use std::time::Duration;

use ::redis::streams::StreamRangeReply;
use ::redis::{PushKind, Value, cmd};
use tokio::sync::mpsc;

use super::RedisStore;
use crate::model::{RunId, StoryIdentifier, now_ms};
use crate::record::error::{Fault, FaultKind};
use crate::record::health::ServerFacts;
use crate::record::operation::{Join, Operation, Outcome};
use crate::record::store::{
    Answer, Applied, Doorbell, Ended, Joined, Marked, StepKey, Store, StreamEntry,
};
use crate::record::whole::WholeRun;

/// How many keys one command reads: enough to be quick, few enough that the
/// server is not held up.
pub(super) const PAGE: usize = 500;

impl RedisStore {
    /// A document that is kept as text, or by somebody else as RedisJSON.
    async fn document(&self, key: &str) -> Result<Option<String>, Fault> {
        let mut get = cmd("GET");
        get.arg(key);
        match self.ask(get).await {
            Err(fault) if fault.kind == FaultKind::WrongType => {
                let mut get = cmd("JSON.GET");
                get.arg(key);
                self.ask(get).await.map_err(|_| fault)
            }
            other => other,
        }
    }

    async fn all_tests(&self, run: &RunId) -> Result<Vec<(StoryIdentifier, String)>, Fault> {
        let mut cursor = 0_u64;
        let mut tests = HashMap::new();
        loop {
            let mut scan = cmd("SSCAN");
            scan.arg(self.keys.tests(run)).arg(cursor);
            scan.arg("COUNT").arg(PAGE);
            let (next, keys): (u64, Vec<String>) = self.ask(scan).await?;
            // A set may tell twice of a member while it is scanned.
            for (key, text) in self.documents(keys).await? {
                if let Some(story) = self.keys.snapshot_of(run, &key) {
                    tests.insert(story, text);
                }
            }
            if next == 0 {
                return Ok(tests.into_iter().collect());
            }
            cursor = next;
        }
    }

    async fn server_facts(&self) -> Result<ServerFacts, Fault> {
        let info: String = self.ask(cmd("INFO")).await?;
        let (seconds, micros): (i64, i64) = self.ask(cmd("TIME")).await?;
        let ahead = seconds * 1000 + micros / 1000 - now_ms();
        Ok(ServerFacts::from_info(&info, ahead))
    }

    pub(super) async fn documents(
        &self,
        keys: Vec<String>,
    ) -> Result<Vec<(String, String)>, Fault> {
        if keys.is_empty() {
            return Ok(Vec::new());
        }
        let mut get = cmd("MGET");
        get.arg(&keys);
        let texts: Vec<Option<String>> = self.ask(get).await?;
        let mut found = Vec::with_capacity(keys.len());
        for (key, text) in keys.into_iter().zip(texts) {
            // MGET says nothing of a value that is not text.
            let text = match text {
                Some(text) => Some(text),
                None => self.document(&key).await?,
            };
            found.extend(text.map(|text| (key, text)));
        }
        Ok(found)
    }

    async fn some_events(
        &self,
        run: &RunId,
        after: &str,
        count: usize,
    ) -> Result<Vec<StreamEntry>, Fault> {
        let mut range = cmd("XRANGE");
        range.arg(self.keys.events(run)).arg(format!("({after}"));
        range.arg("+").arg("COUNT").arg(count);
        let reply: StreamRangeReply = self.ask(range).await?;
        let entries = reply.ids.into_iter().filter_map(|entry| {
            let event = entry.get("event")?;
            Some(StreamEntry {
                id: entry.id,
                event,
            })
        });
        Ok(entries.collect())
    }

    async fn ring(&self, run: Option<&RunId>) -> Result<Doorbell, Fault> {
        let channel = run.map_or_else(|| self.keys.all_events(), |run| self.keys.channel(run));
        let (connection, mut pushes) = self.place.subscribe(&channel).await?;
        let (bell, doorbell) = mpsc::channel(1024);
        tokio::spawn(async move {
            // The subscription lasts as long as its connection.
            let _connection = connection;
            while let Some(push) = tokio::select! {
                push = pushes.recv() => push,
                () = bell.closed() => None,
            } {
                match (&push.kind, push.data.get(1)) {
                    // Who does not listen now has the stream to read.
                    (PushKind::Message, Some(Value::BulkString(text))) => {
                        let _ = bell.try_send(String::from_utf8_lossy(text).into_owned());
                    }
                    (PushKind::Disconnection, _) => return,
                    _ => {}
                }
            }
        });
        Ok(doorbell)
    }
}

impl Store for RedisStore {
    fn place(&self) -> String {
        self.name.clone()
    }

    fn join<'a>(&'a self, join: &'a Join, live: bool) -> Answer<'a, Joined> {
        Box::pin(self.join_run(join, live))
    }

    fn apply<'a>(
        &'a self,
        join: &'a Join,
        first: u64,
        operations: &'a [Operation],
    ) -> Answer<'a, Vec<Applied>> {
        Box::pin(self.apply_all(join, first, operations))
    }

    fn beat<'a>(&'a self, join: &'a Join, applied: u64) -> Answer<'a, Applied> {
        Box::pin(self.beat_once(join, applied))
    }

    fn applied<'a>(&'a self, join: &'a Join) -> Answer<'a, u64> {
        Box::pin(async {
            let mut get = cmd("HGET");
            get.arg(self.keys.control(&join.run_id));
            get.arg(format!("a:{}", join.writer));
            let applied: Option<u64> = self.ask(get).await?;
            Ok(applied.unwrap_or_default())
        })
    }

    fn end<'a>(&'a self, run: &'a RunId, gone: Option<&'a str>) -> Answer<'a, Ended> {
        Box::pin(self.end_run(run, gone))
    }

    fn accept<'a>(
        &'a self,
        run: &'a RunId,
        story: &'a StoryIdentifier,
        was: &'a str,
        marked: &'a str,
    ) -> Answer<'a, Marked> {
        Box::pin(self.mark(run, story, was, marked))
    }

    fn runs(&self) -> Answer<'_, Vec<(RunId, i64)>> {
        Box::pin(async {
            let mut range = cmd("ZREVRANGE");
            range.arg(self.keys.runs()).arg(0).arg(-1).arg("WITHSCORES");
            let runs: Vec<(String, f64)> = self.ask(range).await?;
            #[expect(
                clippy::cast_possible_truncation,
                reason = "milliseconds since the epoch are whole and fit"
            )]
            let run = |(id, start): (String, f64)| (RunId(id), start as i64);
            Ok(runs.into_iter().map(run).collect())
        })
    }

    fn run<'a>(&'a self, run: &'a RunId) -> Answer<'a, Option<String>> {
        Box::pin(async { self.document(&self.keys.run(run)).await })
    }

    fn tests<'a>(&'a self, run: &'a RunId) -> Answer<'a, Vec<(StoryIdentifier, String)>> {
        Box::pin(self.all_tests(run))
    }

    fn test<'a>(
        &'a self,
        run: &'a RunId,
        story: &'a StoryIdentifier,
    ) -> Answer<'a, Option<String>> {
        Box::pin(async { self.document(&self.keys.test(run, &story.key())).await })
    }

    fn events<'a>(
        &'a self,
        run: &'a RunId,
        after: &'a str,
        count: usize,
    ) -> Answer<'a, Vec<StreamEntry>> {
        Box::pin(self.some_events(run, after, count))
    }

    fn history<'a>(&'a self, story: &'a StoryIdentifier) -> Answer<'a, Vec<Outcome>> {
        Box::pin(async {
            let mut range = cmd("ZRANGE");
            range.arg(self.keys.history(&story.key())).arg(0).arg(-1);
            let outcomes: Vec<String> = self.ask(range).await?;
            let read = |text: &String| serde_json::from_str(text).ok();
            Ok(outcomes.iter().filter_map(read).collect())
        })
    }

    fn export<'a>(&'a self, run: &'a RunId) -> Answer<'a, Option<WholeRun>> {
        Box::pin(self.take_out(run))
    }

    fn import<'a>(&'a self, run: &'a WholeRun) -> Answer<'a, bool> {
        Box::pin(self.put_in(run))
    }

    fn remove<'a>(&'a self, run: &'a RunId) -> Answer<'a, ()> {
        Box::pin(self.unlink(run))
    }

    fn put<'a>(&'a self, key: &'a StepKey, text: &'a str, ttl: Duration) -> Answer<'a, ()> {
        Box::pin(async move {
            let mut set = cmd("SET");
            set.arg(self.keys.step(key)).arg(text).arg("PX");
            set.arg(u64::try_from(ttl.as_millis()).unwrap_or(u64::MAX).max(1));
            self.ask(set).await
        })
    }

    fn get<'a>(&'a self, key: &'a StepKey) -> Answer<'a, Option<String>> {
        Box::pin(async { self.document(&self.keys.step(key)).await })
    }

    fn facts(&self) -> Answer<'_, Option<ServerFacts>> {
        Box::pin(async { self.server_facts().await.map(Some) })
    }

    fn listen<'a>(&'a self, run: Option<&'a RunId>) -> Answer<'a, Doorbell> {
        Box::pin(self.ring(run))
    }
}
