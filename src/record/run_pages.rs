//! Lists the runs of the record, page by page.

use std::collections::HashSet;

use super::documents::parse_run;
use super::error::RecordError;
use super::records::Records;
use crate::model::{RunId, VisualTestRun, now_ms};

/// A run that starts is in the index before its document exists.
const GHOST_AGE_MS: i64 = 60 * 60 * 1000;
/// How many entries of the index one step reads.
const RUNS_PAGE: usize = 500;

/// How many runs of other projects are read to find the project's own.
const MAX_FOREIGN: usize = 2_000;

/// The runs of a project, newest first, in steps that neither block the server
/// nor fill the memory.
pub struct RunPages<'a> {
    records: &'a Records,
    page: usize,
    next: Option<usize>,
    entries: usize,
    /// Entries of this page without a valid document, with their start.
    missing: Vec<(RunId, i64)>,
    /// A run that starts meanwhile moves the others to the next page.
    seen: HashSet<RunId>,
}

impl<'a> RunPages<'a> {
    /// Reads from the newest run on, `page` entries of the index at a time.
    fn new(records: &'a Records, page: usize) -> Self {
        Self {
            records,
            page,
            next: Some(0),
            entries: 0,
            missing: Vec::new(),
            seen: HashSet::new(),
        }
    }

    /// How many entries of the index have been read.
    pub fn entries(&self) -> usize {
        self.entries
    }

    /// The valid runs of the next page that are of the project; `None` after the
    /// last page.
    ///
    /// # Errors
    /// When the store cannot be reached.
    pub async fn next(&mut self) -> Result<Option<Vec<VisualTestRun>>, RecordError> {
        let Some(from) = self.next else {
            return Ok(None);
        };
        let store = self.records.store();
        let page = store.runs_from(from, self.page).await?;
        self.next = page.next;
        self.entries = page.next.unwrap_or(from + page.runs.len());
        let mut entries = page.runs;
        entries.retain(|(id, _)| self.seen.insert(id.clone()));
        let ids: Vec<_> = entries.iter().map(|(id, _)| id.clone()).collect();
        let texts = store.run_documents(&ids).await?;
        self.missing.clear();
        let mut runs = Vec::with_capacity(entries.len());
        for ((id, start), text) in entries.into_iter().zip(texts) {
            match text {
                Some(text) => runs.extend(self.records.valid(parse_run(&id, &text))),
                None => self.missing.push((id, start)),
            }
        }
        runs.retain(|run| self.records.is_own(run));
        Ok(Some(runs))
    }

    /// The entries of the last page without any run, which did not start just
    /// now.
    pub(super) async fn take_ghosts(&mut self) -> Result<Vec<RunId>, RecordError> {
        let limit = now_ms() - GHOST_AGE_MS;
        let missing = std::mem::take(&mut self.missing).into_iter();
        let old = missing.filter(|(_, start)| *start < limit);
        let old: Vec<_> = old.map(|(id, _)| id).collect();
        Ok(self.records.store().without_data(&old).await?)
    }
}

impl Records {
    /// The newest runs of the project, newest first, at most `limit`. Invalid
    /// ones are skipped.
    ///
    /// On a shared record the newest runs may all be of other projects: after
    /// 2,000 of them only the index of the project is read.
    ///
    /// # Errors
    /// When the store cannot be reached.
    pub async fn runs(&self, limit: usize) -> Result<Vec<VisualTestRun>, RecordError> {
        let mut runs: Vec<VisualTestRun> = Vec::new();
        let mut pages = RunPages::new(self, limit.clamp(50, RUNS_PAGE));
        let is_bounded = self.project.is_some() && limit < usize::MAX;
        while runs.len() < limit
            && let Some(page) = pages.next().await?
        {
            runs.extend(page);
            if is_bounded && runs.len() < limit && pages.entries() >= MAX_FOREIGN {
                runs.extend(self.indexed_runs(limit - runs.len(), &runs).await?);
                break;
            }
        }
        runs.truncate(limit);
        Ok(runs)
    }

    /// Up to `count` runs from the index of the project, other than `known`.
    async fn indexed_runs(
        &self,
        count: usize,
        known: &[VisualTestRun],
    ) -> Result<Vec<VisualTestRun>, RecordError> {
        let known: HashSet<_> = known.iter().map(|run| &run.run_id).collect();
        let project = self.project.as_deref().unwrap_or_default();
        let (mut runs, mut next) = (Vec::new(), Some(0));
        while runs.len() < count
            && let Some(from) = next
        {
            let page = self.store().project_runs(project, from, RUNS_PAGE).await;
            let name = || format!("the index of the project `{project}`");
            let Some(page) = self.unless_invalid(page, name)? else {
                break;
            };
            next = page.next;
            let ids = page.runs.into_iter().map(|(id, _)| id);
            let ids: Vec<_> = ids.filter(|id| !known.contains(id)).collect();
            runs.extend(self.read_runs(&ids).await?);
        }
        runs.truncate(count);
        Ok(runs)
    }

    /// All runs of the project, newest first, in steps.
    pub fn pages(&self) -> RunPages<'_> {
        RunPages::new(self, RUNS_PAGE)
    }

    /// The number of runs of all projects.
    ///
    /// # Errors
    /// When the store cannot be reached.
    pub async fn run_count(&self) -> Result<usize, RecordError> {
        Ok(self.store().run_count().await?)
    }

    /// The valid documents of runs that are of the project.
    pub(super) async fn read_runs(&self, ids: &[RunId]) -> Result<Vec<VisualTestRun>, RecordError> {
        let texts = self.store().run_documents(ids).await?;
        let found = ids
            .iter()
            .zip(texts)
            .filter_map(|(id, text)| Some((id, text?)));
        let runs = found.filter_map(|(id, text)| self.valid(parse_run(id, &text)));
        Ok(runs.filter(|run| self.is_own(run)).collect())
    }

    /// The ids of the project's runs that match, newest first: at least `limit`
    /// if there are that many. Only documents of matching ids are read.
    ///
    /// # Errors
    /// When the store cannot be reached.
    pub async fn find_runs(
        &self,
        matches: impl Fn(&RunId) -> bool,
        limit: usize,
    ) -> Result<Vec<RunId>, RecordError> {
        let ids = self.store().runs().await?.into_iter().map(|(id, _)| id);
        let ids: Vec<_> = ids.filter(matches).collect();
        let mut found = Vec::new();
        for page in ids.chunks(RUNS_PAGE) {
            found.extend(
                self.read_runs(page)
                    .await?
                    .into_iter()
                    .map(|run| run.run_id),
            );
            if found.len() >= limit {
                break;
            }
        }
        Ok(found)
    }
}
