//! Opens the record for a command, and waits for its answers.

use std::path::PathBuf;

use anyhow::{Context, Result, anyhow};
use tintype::internals::config::Config;
use tintype::internals::model::RunId;
use tintype::internals::record::{RecordConfig, RecordError, Records};
use tintype::internals::run::current_lineage;

use crate::output::print_error;
use crate::project::Project;
use crate::run_ids::{self, LATEST};

/// The record of a project, and the folder with the images of its runs.
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

    /// The record of a project that is already open.
    pub(crate) fn of(project: Project) -> Result<Self> {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(2)
            .enable_all()
            .build()
            .context("failed to start the async runtime")?;
        let state = project.manifest.state_dir();
        let settings = RecordConfig::new(&state, &project.config).map_err(record_error)?;
        let (records, lineage) = runtime.block_on(async {
            tokio::join!(
                Records::open(&settings),
                current_lineage(&project.manifest, &project.config)
            )
        });
        let records = records.map_err(record_error)?.of_lineage(&lineage);
        Ok(Self {
            project,
            records,
            images: state.join("runs"),
            runtime,
        })
    }

    /// Waits for an answer of the record.
    pub(crate) fn wait<T>(
        &self,
        answer: impl Future<Output = Result<T, RecordError>>,
    ) -> Result<T> {
        let answer = self.runtime.block_on(answer).map_err(record_error);
        self.print_warnings();
        answer
    }

    /// Waits for an answer that cannot fail.
    pub(crate) fn wait_for<T>(&self, answer: impl Future<Output = T>) -> T {
        let answer = self.runtime.block_on(answer);
        self.print_warnings();
        answer
    }

    /// Names the documents that were skipped.
    pub(crate) fn print_warnings(&self) {
        for warning in self.records.take_warnings() {
            warn(&warning);
        }
    }

    /// The run with this id or unique prefix, or the newest one.
    pub(crate) fn run_id(&self, run: Option<&str>) -> Result<RunId> {
        match run {
            Some(run) => self.wait_for(run_id(&self.records, run)),
            None => self.wait_for(run_id(&self.records, LATEST)),
        }
    }
}

/// The run of the record with this id or unique prefix.
pub(crate) async fn run_id(records: &Records, run: &str) -> Result<RunId> {
    let place = records.describe();
    if run == LATEST {
        let newest = records.runs(1).await.map_err(record_error)?;
        let newest = newest.into_iter().next().map(|run| run.run_id);
        return newest.ok_or_else(|| {
            anyhow!("there is no run in the record, {place} (help: run the tests first)")
        });
    }
    find_run(records, run)
        .await?
        .ok_or_else(|| anyhow!("there is no run `{run}` in the record, {place}"))
}

/// The same, or nothing if no run matches.
pub(crate) async fn find_run(records: &Records, run: &str) -> Result<Option<RunId>> {
    let id = RunId(run.to_owned());
    match records.run(&id).await {
        Ok(_) => return Ok(Some(id)),
        Err(RecordError::NoRun { .. }) => {}
        Err(error) => return Err(record_error(error)),
    }
    let is_match = |id: &RunId| run_ids::matches(run, id);
    let runs = records.find_runs(is_match, 2).await.map_err(record_error)?;
    run_ids::find(run, &runs)
}

/// Prints a warning.
pub(crate) fn warn(text: &str) {
    print_error!("warning: {text}");
}

#[expect(clippy::needless_pass_by_value, reason = "for `map_err`")]
pub(crate) fn record_error(error: RecordError) -> anyhow::Error {
    anyhow!("{error}")
}
