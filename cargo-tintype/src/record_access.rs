//! The record, as commands open it.

use std::path::PathBuf;

use anyhow::{Context, Result, anyhow};
use tintype::config::Config;
use tintype::model::{RunId, StoryIdentifier};
use tintype::record::{RecordConfig, RecordError, Records};

use crate::project::Project;

/// The record of the project, and the folder with its runs' images.
pub(crate) struct RecordAccess {
    pub(crate) project: Project,
    pub(crate) records: Records,
    pub(crate) images: PathBuf,
    runtime: tokio::runtime::Runtime,
}

impl RecordAccess {
    pub(crate) fn open(config: &Config) -> Result<Self> {
        Self::of(Project::open(config)?)
    }

    /// The record of a project that is open already.
    pub(crate) fn of(project: Project) -> Result<Self> {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(2)
            .enable_all()
            .build()
            .context("failed to start the runtime")?;
        let state = project.manifest.state_dir();
        let settings = RecordConfig::new(&state, &project.config).map_err(failed)?;
        let records = runtime.block_on(Records::open(&settings)).map_err(failed)?;
        Ok(Self {
            project,
            records,
            images: state.join("runs"),
            runtime,
        })
    }

    /// Waits for what the record answers.
    pub(crate) fn wait<T>(
        &self,
        answer: impl Future<Output = Result<T, RecordError>>,
    ) -> Result<T> {
        self.runtime.block_on(answer).map_err(failed)
    }

    /// Waits for what cannot fail.
    pub(crate) fn wait_for<T>(&self, answer: impl Future<Output = T>) -> T {
        self.runtime.block_on(answer)
    }

    /// The run of this name, or the newest one.
    pub(crate) fn run_id(&self, named: Option<&str>) -> Result<RunId> {
        if let Some(id) = named {
            return Ok(RunId(id.to_owned()));
        }
        let newest = self.wait(self.records.runs(1))?.into_iter().next();
        newest.map(|run| run.run_id).ok_or_else(|| {
            let place = self.records.describe();
            anyhow!("there is no run in the record ({place}): run the tests first")
        })
    }
}

/// Marks a snapshot as accepted. A record that has no such run has nobody to
/// tell: the file is what counts.
pub(crate) async fn tell_accepted(
    records: &Records,
    run: &RunId,
    story: &StoryIdentifier,
) -> Result<(), RecordError> {
    match records.mark_accepted(run, story).await {
        Ok(_) | Err(RecordError::NoRun { .. } | RecordError::NoTest { .. }) => Ok(()),
        Err(error) => Err(error),
    }
}

#[expect(clippy::needless_pass_by_value, reason = "for `map_err`")]
fn failed(error: RecordError) -> anyhow::Error {
    anyhow!("{error}")
}
