//! The store in Redis.

use ::redis::cmd;

use super::client::RedisStore;
use crate::model::{RunId, StoryIdentifier};
use crate::record::export::ExportedRun;
use crate::record::operation::{HistoryEntry, JoinRequest, Operation};
use crate::record::server_info::ServerInfo;
use crate::record::store::{
    ApplyOutcome, EndOutcome, JoinResponse, MarkOutcome, MarkRequest, Store, StoreFuture,
};
use crate::record::stream::{EventNotifications, StreamEntry};

impl Store for RedisStore {
    fn place(&self) -> String {
        self.name.clone()
    }

    fn join<'a>(&'a self, join: &'a JoinRequest, live: bool) -> StoreFuture<'a, JoinResponse> {
        Box::pin(self.join_run(join, live))
    }

    fn apply<'a>(
        &'a self,
        join: &'a JoinRequest,
        first: u64,
        operations: &'a [Operation],
    ) -> StoreFuture<'a, Vec<ApplyOutcome>> {
        Box::pin(self.apply_all(join, first, operations))
    }

    fn heartbeat<'a>(
        &'a self,
        join: &'a JoinRequest,
        applied: u64,
    ) -> StoreFuture<'a, ApplyOutcome> {
        Box::pin(self.send_heartbeat(join, applied))
    }

    fn applied<'a>(&'a self, join: &'a JoinRequest) -> StoreFuture<'a, u64> {
        Box::pin(async {
            let mut get = cmd("HGET");
            get.arg(self.keys.control(&join.run_id));
            get.arg(format!("a:{}", join.writer));
            let applied: Option<u64> = self.query(get).await?;
            Ok(applied.unwrap_or_default())
        })
    }

    fn end<'a>(
        &'a self,
        run: &'a RunId,
        dead_host: Option<&'a str>,
    ) -> StoreFuture<'a, EndOutcome> {
        Box::pin(self.end_run(run, dead_host))
    }

    fn mark<'a>(&'a self, run: &'a RunId, mark: &'a MarkRequest) -> StoreFuture<'a, MarkOutcome> {
        Box::pin(self.mark_test(run, mark))
    }

    fn runs(&self) -> StoreFuture<'_, Vec<(RunId, i64)>> {
        Box::pin(async {
            let mut range = cmd("ZREVRANGE");
            range.arg(self.keys.runs()).arg(0).arg(-1).arg("WITHSCORES");
            let runs: Vec<(String, f64)> = self.query(range).await?;
            #[expect(
                clippy::cast_possible_truncation,
                reason = "milliseconds since the epoch are whole and fit"
            )]
            let run = |(id, start): (String, f64)| (RunId(id), start as i64);
            Ok(runs.into_iter().map(run).collect())
        })
    }

    fn run<'a>(&'a self, run: &'a RunId) -> StoreFuture<'a, Option<String>> {
        Box::pin(async { self.document(&self.keys.run(run)).await })
    }

    fn tests<'a>(&'a self, run: &'a RunId) -> StoreFuture<'a, Vec<(StoryIdentifier, String)>> {
        Box::pin(self.read_tests(run))
    }

    fn test<'a>(
        &'a self,
        run: &'a RunId,
        story: &'a StoryIdentifier,
    ) -> StoreFuture<'a, Option<String>> {
        Box::pin(async { self.document(&self.keys.test(run, &story.key())).await })
    }

    fn events<'a>(
        &'a self,
        run: &'a RunId,
        after: &'a str,
        count: usize,
    ) -> StoreFuture<'a, Vec<StreamEntry>> {
        Box::pin(self.read_events(run, after, count))
    }

    fn history<'a>(&'a self, story: &'a StoryIdentifier) -> StoreFuture<'a, Vec<HistoryEntry>> {
        Box::pin(async {
            let mut range = cmd("ZRANGE");
            range.arg(self.keys.history(&story.key())).arg(0).arg(-1);
            let outcomes: Vec<String> = self.query(range).await?;
            let parse = |text: &String| serde_json::from_str(text).ok();
            Ok(outcomes.iter().filter_map(parse).collect())
        })
    }

    fn export<'a>(&'a self, run: &'a RunId) -> StoreFuture<'a, Option<ExportedRun>> {
        Box::pin(self.export_run(run))
    }

    fn import<'a>(&'a self, run: &'a ExportedRun) -> StoreFuture<'a, bool> {
        Box::pin(self.import_run(run))
    }

    fn remove<'a>(&'a self, run: &'a RunId) -> StoreFuture<'a, ()> {
        Box::pin(self.remove_run(run))
    }

    fn server_info(&self) -> StoreFuture<'_, Option<ServerInfo>> {
        Box::pin(async { self.read_server_info().await.map(Some) })
    }

    fn subscribe<'a>(&'a self, run: Option<&'a RunId>) -> StoreFuture<'a, EventNotifications> {
        Box::pin(self.subscribe_to(run))
    }
}
