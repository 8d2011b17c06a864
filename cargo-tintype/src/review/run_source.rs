//! Reads runs from the record, the folder of runs and the artifact store.
//!
//! The record has the runs of every machine; the folder has those of this one,
//! even if the record is unavailable or has lost them.

use std::path::PathBuf;

use tintype::internals::artifacts::ArtifactStore;
use tintype::internals::model::{RunFile, RunId, StoryIdentifier, VisualTestResult, VisualTestRun};
use tintype::internals::record::{RecordError, Records};

use super::error::ApiError;
use crate::images::{self, RunImage};
use crate::project::Project;
use crate::record_access::{record_error, warn};
use crate::run_files;
use crate::run_ids::{self, LATEST};

/// The most runs that a page lists.
const MAX_RUNS: usize = 200;

/// Reads runs.
pub(super) struct RunSource {
    pub(super) records: Records,
    folder: PathBuf,
    store: Option<ArtifactStore>,
}

/// Runs, newest first, and the error of the record if it is unavailable.
pub(super) struct RunList {
    pub(super) runs: Vec<VisualTestRun>,
    pub(super) problem: Option<String>,
}

impl RunSource {
    pub(super) fn new(records: Records, folder: PathBuf, store: Option<ArtifactStore>) -> Self {
        Self {
            records,
            folder,
            store,
        }
    }

    pub(super) fn describe(&self) -> String {
        self.records.describe()
    }

    /// The newest runs of record and folder.
    pub(super) async fn runs(&self) -> RunList {
        let (mut runs, problem) = match self.records.runs(MAX_RUNS).await {
            Ok(runs) => (runs, None),
            Err(error) => (Vec::new(), Some(format!("{:#}", record_error(error)))),
        };
        self.records
            .take_warnings()
            .iter()
            .for_each(|text| warn(text));
        for file in self.files() {
            if runs.iter().all(|run| run.run_id != file.run.run_id) {
                runs.push(file.run);
            }
        }
        runs.sort_by_key(|run| std::cmp::Reverse(run.timestamp));
        runs.truncate(MAX_RUNS);
        RunList { runs, problem }
    }

    /// The run with this id or unique prefix, or the newest one.
    pub(super) async fn run_id(&self, run: &str) -> anyhow::Result<RunId> {
        let runs = self.runs().await.runs;
        if run == LATEST {
            let newest = runs.into_iter().next().map(|run| run.run_id);
            return newest
                .ok_or_else(|| anyhow::anyhow!("there is no run (help: run the tests first)"));
        }
        let found = run_ids::find(run, runs.iter().map(|run| &run.run_id))?;
        let stored = match (&found, &self.store) {
            (None, Some(store)) => store.runs()?,
            _ => Vec::new(),
        };
        found
            .map_or_else(
                || run_ids::find(run, stored.iter().map(|run| &run.run)),
                |id| Ok(Some(id)),
            )?
            .ok_or_else(|| anyhow::anyhow!("there is no run `{run}`"))
    }

    /// Whether the current image of a result may be readable. Only one that is
    /// shown is read: a run may have thousands.
    pub(super) fn may_have_image(&self, project: &Project, result: &VisualTestResult) -> bool {
        let path = images::path(&project.manifest, result, RunImage::Current);
        self.store.is_some() || path.is_ok_and(|path| path.is_file())
    }

    /// A run and its results.
    pub(super) async fn run(
        &self,
        id: &RunId,
    ) -> Result<(VisualTestRun, Vec<VisualTestResult>), ApiError> {
        let recorded = async {
            let run = self.records.run(id).await?;
            Ok((run, self.records.tests(id).await?))
        };
        match recorded.await {
            Ok(found) => Ok(found),
            Err(error) => self
                .in_files(id, error)
                .map(|file| (file.run, file.results)),
        }
    }

    /// One result and its run.
    pub(super) async fn test(
        &self,
        id: &RunId,
        story: &StoryIdentifier,
    ) -> Result<(VisualTestRun, VisualTestResult), ApiError> {
        let recorded = async {
            let run = self.records.run(id).await?;
            Ok((run, self.records.test(id, story).await?))
        };
        let error = match recorded.await {
            Ok(found) => return Ok(found),
            Err(error) => error,
        };
        let file = self.in_files(id, error)?;
        let mut results = file.results.into_iter();
        let result = results.find(|result| result.story_identifier == *story);
        let missing = || ApiError::not_found(format!("the run `{id}` has no snapshot {story}"));
        Ok((file.run, result.ok_or_else(missing)?))
    }

    /// The run from the folder or the artifact store, or the error of the record.
    fn in_files(&self, id: &RunId, error: RecordError) -> Result<RunFile, ApiError> {
        let mut files = self.files();
        if let Some(file) = files.find(|file| file.run.run_id == *id) {
            return Ok(file);
        }
        let stored = self.store.as_ref();
        let stored = stored.and_then(|store| run_files::read_stored(store, id).ok()?);
        stored.map(|run| run.file).ok_or_else(|| error.into())
    }

    /// The runs of the folder. They are found by their content, so that a run
    /// id is never used as a path.
    fn files(&self) -> impl Iterator<Item = RunFile> {
        run_files::all(&self.folder).into_iter().flatten()
    }
}
