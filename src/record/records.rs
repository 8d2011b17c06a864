//! Reads the record, ends abandoned runs, and exports and imports runs.

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex};

use super::config::RecordConfig;
use super::decision_journal::DecisionJournals;
use super::documents::{document_error, parse_result, parse_run, result_name, run_name};
use super::error::RecordError;
use super::event_follower::EventFollower;
use super::export::{ExportedRun, check_result};
use super::operation::JoinRequest;
use super::orphan_journals::{OrphanReport, end_abandoned_runs, send_orphan_journals};
use super::store::{EndOutcome, Store};
use super::stream::{EventNotifications, StreamEntry};
use crate::model::{Lineage, RunId, Status, StoryIdentifier, VisualTestResult, VisualTestRun};
use crate::redis::StoreError;

/// The record of all runs.
#[derive(Clone)]
pub struct Records {
    config: RecordConfig,
    store: Arc<dyn Store>,
    /// Only runs of this project are found.
    pub(super) project: Option<String>,
    /// Whose histories are read.
    pub(super) lineage: Option<Lineage>,
    /// Whether runs are of the project, as far as it is known.
    pub(super) own_runs: Arc<Mutex<HashMap<RunId, bool>>>,
    decisions: DecisionJournals,
}

impl Records {
    /// Opens the record. Where it is in memory, the journals of past processes
    /// are replayed, and runs whose processes are all dead have ended.
    ///
    /// # Errors
    /// When a journal cannot be read.
    pub async fn open(config: &RecordConfig) -> Result<Self, RecordError> {
        if !config.is_memory() {
            return Ok(Self::new(config, config.store()));
        }
        let store = config.memory_store();
        if let Some(folder) = config.journals() {
            store.replay(folder, &config.destination()).await?;
        }
        Ok(Self::new(config, Arc::new(store)))
    }

    pub(super) fn new(config: &RecordConfig, store: Arc<dyn Store>) -> Self {
        Self {
            config: config.clone(),
            store,
            project: None,
            lineage: None,
            own_runs: Arc::default(),
            decisions: DecisionJournals::default(),
        }
    }

    /// The same record, with only the runs of a project, and the histories of its
    /// default branch.
    pub fn of_project(self, project: &str) -> Self {
        Self {
            project: Some(project.to_owned()),
            lineage: Some(Lineage::of_default_branch(project)),
            own_runs: Arc::default(),
            ..self
        }
    }

    /// The same record, with only the runs of a lineage's project, and the
    /// histories of its branch.
    pub fn of_lineage(self, lineage: &Lineage) -> Self {
        Self {
            lineage: Some(lineage.clone()),
            ..self.of_project(&lineage.project)
        }
    }

    pub(super) fn config(&self) -> &RecordConfig {
        &self.config
    }

    pub(super) fn store(&self) -> &Arc<dyn Store> {
        &self.store
    }

    pub(super) fn decision_journals(&self) -> &DecisionJournals {
        &self.decisions
    }

    /// Where the record is, in one line.
    pub fn describe(&self) -> String {
        self.config.describe()
    }

    /// Whether the record is in memory, so that only journals outlive the
    /// process.
    pub fn is_memory(&self) -> bool {
        self.config.is_memory()
    }

    /// Takes a sentence for each document that was skipped since the last call.
    pub fn take_warnings(&self) -> Vec<String> {
        self.store.skipped().take()
    }

    /// The document if it is valid; otherwise it is skipped.
    pub(super) fn valid<T>(&self, document: Result<T, RecordError>) -> Option<T> {
        document.map_err(|error| self.skip(error)).ok()
    }

    /// A reply of the store; `None` if the value is of another type, so that it
    /// is skipped.
    pub(super) fn unless_invalid<T>(
        &self,
        reply: Result<T, StoreError>,
        name: impl FnOnce() -> String,
    ) -> Result<Option<T>, RecordError> {
        match reply.map_err(|error| document_error(error, name)) {
            Ok(value) => Ok(Some(value)),
            Err(error @ RecordError::Document { .. }) => {
                self.skip(error);
                Ok(None)
            }
            Err(error) => Err(error),
        }
    }

    /// Names an invalid document that a caller skips in the next warnings.
    pub fn skip(&self, error: RecordError) {
        match error {
            RecordError::Document { document, problem } => {
                self.store.skipped().add(document, problem);
            }
            RecordError::NoRun { run_id, .. } => {
                let problem = "its state is missing";
                self.store
                    .skipped()
                    .add(format_args!("the run `{run_id}`"), problem);
            }
            other => self.store.skipped().add("a document", other),
        }
    }

    pub(super) fn is_own(&self, run: &VisualTestRun) -> bool {
        self.project
            .as_ref()
            .is_none_or(|project| run.is_of(project))
    }

    /// The document of a run.
    ///
    /// # Errors
    /// When there is no such run, its document is invalid, or the store cannot
    /// be reached.
    pub async fn run(&self, id: &RunId) -> Result<VisualTestRun, RecordError> {
        let text = match self.store.run(id).await {
            Err(error) => return Err(document_error(error, || run_name(id))),
            Ok(text) => text.ok_or_else(|| self.no_run(id))?,
        };
        Some(parse_run(id, &text)?)
            .filter(|run| self.is_own(run))
            .ok_or_else(|| self.no_run(id))
    }

    /// The valid snapshots of a run, sorted by identifier.
    ///
    /// # Errors
    /// When the store cannot be reached.
    pub async fn tests(&self, id: &RunId) -> Result<Vec<VisualTestResult>, RecordError> {
        let name = || format!("the set of snapshots of {}", run_name(id));
        let tests = self.store.tests(id).await;
        let mut tests = self.unless_invalid(tests, name)?.unwrap_or_default();
        tests.sort();
        let tests = tests.iter();
        Ok(tests
            .filter_map(|(story, text)| self.valid(parse_result(id, story, text)))
            .collect())
    }

    /// A snapshot of a run.
    ///
    /// # Errors
    /// When there is no such snapshot, its document is invalid, or the store
    /// cannot be reached.
    pub async fn test(
        &self,
        id: &RunId,
        story: &StoryIdentifier,
    ) -> Result<VisualTestResult, RecordError> {
        let text = self.document_of(id, story).await?;
        parse_result(id, story, &text)
    }

    /// The document of a snapshot, as it is stored.
    pub(super) async fn document_of(
        &self,
        id: &RunId,
        story: &StoryIdentifier,
    ) -> Result<String, RecordError> {
        let text = self.store.test(id, story).await;
        let text = text.map_err(|error| document_error(error, || result_name(id, story)))?;
        text.ok_or_else(|| RecordError::NoTest {
            run_id: id.to_string(),
            name: story.test_name(),
        })
    }

    pub(super) fn no_run(&self, id: &RunId) -> RecordError {
        RecordError::NoRun {
            run_id: id.to_string(),
            place: self.store.place(),
        }
    }

    /// Up to `count` events of a run after the id `after`; `0` for the first.
    ///
    /// # Errors
    /// When the store cannot be reached.
    pub async fn events(
        &self,
        id: &RunId,
        after: &str,
        count: usize,
    ) -> Result<Vec<StreamEntry>, RecordError> {
        let events = self.store.events(id, after, count).await;
        events.map_err(|error| document_error(error, || format!("the stream of {}", run_name(id))))
    }

    /// Follows the events of a run after the id `after`, without gaps: published
    /// events only trigger a read of the stream.
    pub fn follow(&self, id: RunId, after: impl Into<String>) -> EventFollower {
        EventFollower::new(Arc::clone(&self.store), id, after.into())
    }

    /// Subscribes to the events of all runs as they are published; events can
    /// be missed.
    ///
    /// # Errors
    /// When the store cannot be reached.
    pub async fn subscribe(&self) -> Result<EventNotifications, RecordError> {
        Ok(self.store.subscribe(None).await?)
    }

    /// Exports a run with everything valid that the store has of it.
    ///
    /// # Errors
    /// When there is no such run, its state is invalid, or the store cannot be
    /// reached.
    pub async fn export(&self, id: &RunId) -> Result<ExportedRun, RecordError> {
        let run = self.store.export(id).await;
        let run = run
            .map_err(|error| document_error(error, || format!("the state of {}", run_name(id))))?;
        let mut run = run.ok_or_else(|| self.no_run(id))?;
        run.tests.retain(|test| {
            let checked = check_result(id, &test.key, &test.record);
            let name = || format!("the snapshot `{}` of {}", test.key, run_name(id));
            let document = checked.map_err(|problem| RecordError::Document {
                document: name(),
                problem,
            });
            self.valid(document).is_some()
        });
        run.check_state().map_err(|problem| RecordError::Document {
            document: run_name(id),
            problem,
        })?;
        Ok(run)
    }

    /// Imports a run; returns false and changes nothing if there is one with
    /// its id.
    ///
    /// # Errors
    /// When something in the export is invalid or about another run, or the
    /// store cannot be reached.
    pub async fn import(&self, run: &ExportedRun) -> Result<bool, RecordError> {
        self.config.check_run_id(&run.state.run_id)?;
        run.check().map_err(|problem| RecordError::Document {
            document: run_name(&run.state.run_id),
            problem,
        })?;
        Ok(self.store.import(run).await?)
    }

    /// The snapshots of a plan that have no final result in a run, or were
    /// skipped.
    ///
    /// # Errors
    /// When there is no such run, or the store cannot be reached.
    pub async fn unfinished(
        &self,
        id: &RunId,
        plan: impl IntoIterator<Item = StoryIdentifier>,
    ) -> Result<Vec<StoryIdentifier>, RecordError> {
        self.run(id).await?;
        let is_finished = |status: Status| status.is_final() && status != Status::Skipped;
        let tests = self.tests(id).await?.into_iter();
        let finished: HashSet<_> = tests
            .filter(|test| is_finished(test.status))
            .map(|test| test.story_identifier)
            .collect();
        let plan = plan.into_iter();
        Ok(plan.filter(|id| !finished.contains(id)).collect())
    }

    /// Sends the journals of dead processes. Those of the newest run are kept,
    /// in case the server loses it.
    pub async fn flush(&self) -> OrphanReport {
        if self.is_memory() {
            return OrphanReport::default();
        }
        let Some(folder) = self.config.journals() else {
            return OrphanReport::default();
        };
        let newest = self.store.runs_from(0, 1).await.unwrap_or_default();
        let newest = newest.runs.into_iter().next().map(|(id, _)| id);
        send_orphan_journals(&*self.store, folder, &self.observer(newest), None).await
    }

    /// Ends every run whose processes are all dead: sends their journals, then
    /// ends the runs without a heartbeat for a minute. Returns the runs that
    /// ended now.
    ///
    /// # Errors
    /// When the store cannot be reached.
    pub async fn end_abandoned(&self) -> Result<Vec<RunId>, RecordError> {
        self.warn_of(&self.flush().await);
        Ok(end_abandoned_runs(&*self.store, None).await?)
    }

    /// Ends a run all of whose processes on this machine are known to be dead.
    /// Workers on other machines keep it open.
    ///
    /// # Errors
    /// When the store cannot be reached.
    pub async fn end_on_this_host(&self, run: &RunId) -> Result<EndOutcome, RecordError> {
        if !self.is_memory()
            && let Some(folder) = self.config.journals()
        {
            let observer = self.observer(Some(run.clone()));
            let sent = send_orphan_journals(&*self.store, folder, &observer, Some(run)).await;
            self.warn_of(&sent);
        }
        Ok(self.store.end(run, Some(self.config.host())).await?)
    }

    fn warn_of(&self, sent: &OrphanReport) {
        sent.warnings
            .iter()
            .for_each(|warning| self.store.skipped().note(warning));
    }

    /// A request that joins no run, for sending the journals of others; those
    /// of the run `keep` are not removed.
    pub(super) fn observer(&self, keep: Option<RunId>) -> JoinRequest {
        JoinRequest {
            run_id: keep.unwrap_or_else(|| RunId(String::new())),
            writer: String::new(),
            host: self.config.host().to_owned(),
            planned: 0,
            plan: String::new(),
            decides: false,
            shared: false,
            start: 0,
            head: String::new(),
            tail: String::new(),
            place: self.config.destination(),
        }
    }
}
