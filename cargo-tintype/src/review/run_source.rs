//! Runs, from the record and from the folder of runs.
//!
//! The record has the runs of every machine and the events; the folder has the
//! runs of this one, also when Redis is away or has forgotten them.

use std::fs;
use std::path::PathBuf;

use tintype::model::{RunFile, RunId, StoryIdentifier, VisualTestResult, VisualTestRun};
use tintype::record::{RecordError, Records};

use super::error::ApiError;

/// As many runs as a page lists.
const LISTED: usize = 200;

/// Where runs are read.
pub(crate) struct RunSource {
    pub(crate) records: Records,
    folder: PathBuf,
}

/// Runs, newest first, and why there may be more.
pub(crate) struct RunList {
    pub(crate) runs: Vec<VisualTestRun>,
    pub(crate) problem: Option<String>,
}

impl RunSource {
    pub(crate) fn new(records: Records, folder: PathBuf) -> Self {
        Self { records, folder }
    }

    pub(crate) fn describe(&self) -> String {
        self.records.describe()
    }

    /// The newest runs. When the record is away, those of the folder.
    pub(crate) async fn runs(&self) -> RunList {
        let (mut runs, problem) = match self.records.runs(LISTED).await {
            Ok(runs) => (runs, None),
            Err(error) => (Vec::new(), Some(error.to_string())),
        };
        for file in self.files() {
            if runs.iter().all(|run| run.run_id != file.run.run_id) {
                runs.push(file.run);
            }
        }
        runs.sort_by_key(|run| std::cmp::Reverse(run.timestamp));
        runs.truncate(LISTED);
        RunList { runs, problem }
    }

    /// A run and its results.
    pub(crate) async fn run(
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
                .otherwise(id, error)
                .map(|file| (file.run, file.results)),
        }
    }

    /// One result and its run.
    pub(crate) async fn test(
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
        let file = self.otherwise(id, error)?;
        let mut results = file.results.into_iter();
        let result = results.find(|result| result.story_identifier == *story);
        let missing = || ApiError::missing(format!("the run `{id}` has no snapshot {story}"));
        Ok((file.run, result.ok_or_else(missing)?))
    }

    /// The run as the folder has it, or the record's error.
    fn otherwise(&self, id: &RunId, error: RecordError) -> Result<RunFile, ApiError> {
        let mut files = self.files();
        files
            .find(|file| file.run.run_id == *id)
            .ok_or_else(|| error.into())
    }

    /// The runs of the folder. They are found by what they say they are, so
    /// that no run id is ever taken for a path.
    fn files(&self) -> impl Iterator<Item = RunFile> {
        let folders = fs::read_dir(&self.folder).into_iter().flatten().flatten();
        folders.filter_map(|folder| {
            let text = fs::read_to_string(folder.path().join(RunFile::NAME)).ok()?;
            serde_json::from_str(&text).ok()
        })
    }
}
