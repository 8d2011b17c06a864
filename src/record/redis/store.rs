//! The store in Redis.

use std::collections::HashSet;

use ::redis::cmd;

use super::client::RedisStore;
use crate::history::OutcomeTally;
use crate::model::{HistoryEntry, Lineage, RunId, StoryIdentifier};
use crate::record::export::ExportedRun;
use crate::record::operation::{JoinRequest, Operation};
use crate::record::project_index::ProjectIndex;
use crate::record::server_info::ServerInfo;
use crate::record::shared_run::{SharedRun, WorkerCommand};
use crate::record::skipped::SkippedDocuments;
use crate::record::store::{ApplyOutcome, EndOutcome, JoinResponse, RunPage, Store, StoreFuture};
use crate::record::stream::{EventNotifications, StreamEntry};

/// How many ids one command reads.
const INDEX_PAGE: usize = 5_000;

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

    fn recorded_at<'a>(
        &'a self,
        run: &'a RunId,
        story: &'a StoryIdentifier,
    ) -> StoreFuture<'a, Option<i64>> {
        Box::pin(async {
            let mut get = cmd("HGET");
            get.arg(self.keys.control(run));
            get.arg(format!("s:{}", story.key()));
            let state: Option<Vec<u8>> = self.query(get).await?;
            let state = state.and_then(|state| String::from_utf8(state).ok());
            Ok(state.and_then(|state| state.split('|').next()?.parse().ok()))
        })
    }

    fn runs(&self) -> StoreFuture<'_, Vec<(RunId, i64)>> {
        Box::pin(async {
            let (mut all, mut next) = (Vec::new(), Some(0));
            while let Some(from) = next {
                let page = self.runs_from(from, INDEX_PAGE).await?;
                all.extend(page.runs);
                next = page.next;
            }
            // A run that started meanwhile has moved the others.
            let mut seen = HashSet::new();
            all.retain(|(id, _)| seen.insert(id.clone()));
            Ok(all)
        })
    }

    fn runs_from(&self, from: usize, count: usize) -> StoreFuture<'_, RunPage> {
        Box::pin(async move {
            let key = self.keys.runs();
            self.read_run_page(&key, from, count).await
        })
    }

    fn project_runs<'a>(
        &'a self,
        project: &'a str,
        from: usize,
        count: usize,
    ) -> StoreFuture<'a, RunPage> {
        Box::pin(async move {
            let key = self.keys.project_runs(project);
            self.read_run_page(&key, from, count).await
        })
    }

    fn run_count(&self) -> StoreFuture<'_, usize> {
        Box::pin(async {
            let mut count = cmd("ZCARD");
            count.arg(self.keys.runs());
            self.query(count).await
        })
    }

    fn run_documents<'a>(&'a self, runs: &'a [RunId]) -> StoreFuture<'a, Vec<Option<String>>> {
        Box::pin(self.read_run_documents(runs))
    }

    fn without_data<'a>(&'a self, runs: &'a [RunId]) -> StoreFuture<'a, Vec<RunId>> {
        Box::pin(self.runs_without_data(runs))
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
            let outcomes: Vec<Vec<u8>> = self.query(range).await?;
            Ok(self.valid_outcomes(&story.key(), &outcomes))
        })
    }

    fn outcomes<'a>(
        &'a self,
        lineage: &'a Lineage,
        keys: &'a [String],
    ) -> StoreFuture<'a, Vec<Vec<HistoryEntry>>> {
        Box::pin(self.read_outcomes(lineage, keys))
    }

    fn tallies<'a>(
        &'a self,
        lineage: &'a Lineage,
        keys: &'a [String],
    ) -> StoreFuture<'a, Vec<OutcomeTally>> {
        Box::pin(self.read_tallies(lineage, keys))
    }

    fn branches<'a>(&'a self, project: &'a str) -> StoreFuture<'a, Vec<(String, i64)>> {
        Box::pin(self.read_branches(project))
    }

    fn remove_branch<'a>(&'a self, project: &'a str, branch: &'a str) -> StoreFuture<'a, ()> {
        Box::pin(self.remove_branch_histories(project, branch))
    }

    fn project_index<'a>(&'a self, project: &'a str) -> StoreFuture<'a, ProjectIndex> {
        Box::pin(self.read_project_index(project))
    }

    fn forget_snapshots<'a>(&'a self, project: &'a str, oldest: i64) -> StoreFuture<'a, ()> {
        Box::pin(async move {
            if self.keys.is_cluster() {
                return Ok(());
            }
            RedisStore::forget_snapshots(self, project, oldest).await
        })
    }

    fn note_cleanup<'a>(&'a self, project: &'a str, status: &'a str) -> StoreFuture<'a, ()> {
        Box::pin(async move {
            let mut set = cmd("HSET");
            set.arg(self.keys.cleanup()).arg(project).arg(status);
            self.query::<i64>(set).await.map(drop)
        })
    }

    fn cleanup_status<'a>(&'a self, project: &'a str) -> StoreFuture<'a, Option<String>> {
        Box::pin(async move {
            let mut get = cmd("HGET");
            get.arg(self.keys.cleanup()).arg(project);
            self.query(get).await
        })
    }

    fn shared_run<'a>(&'a self, run: &'a RunId) -> StoreFuture<'a, SharedRun> {
        Box::pin(self.read_shared_run(run))
    }

    fn command_worker<'a>(
        &'a self,
        run: &'a RunId,
        worker: &'a str,
        command: WorkerCommand,
    ) -> StoreFuture<'a, bool> {
        Box::pin(self.send_command(run, worker, command))
    }

    fn export<'a>(&'a self, run: &'a RunId) -> StoreFuture<'a, Option<ExportedRun>> {
        Box::pin(self.export_run(run))
    }

    fn import<'a>(&'a self, run: &'a ExportedRun) -> StoreFuture<'a, bool> {
        Box::pin(self.import_run(run))
    }

    fn remove<'a>(&'a self, run: &'a RunId) -> StoreFuture<'a, ()> {
        Box::pin(self.remove_runs(std::slice::from_ref(run)))
    }

    fn remove_all<'a>(&'a self, runs: &'a [RunId]) -> StoreFuture<'a, ()> {
        Box::pin(self.remove_runs(runs))
    }

    fn skipped(&self) -> &SkippedDocuments {
        &self.skipped
    }

    fn server_info(&self) -> StoreFuture<'_, Option<ServerInfo>> {
        Box::pin(async { self.read_server_info().await.map(Some) })
    }

    fn subscribe<'a>(&'a self, run: Option<&'a RunId>) -> StoreFuture<'a, EventNotifications> {
        Box::pin(self.subscribe_to(run))
    }
}
