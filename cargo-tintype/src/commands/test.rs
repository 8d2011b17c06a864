//! `cargo tintype test`

use anyhow::Result;
use clap::ValueEnum;
use tintype::internals::config::Config;
use tintype::internals::model::{RunId, Status, VisualTestResult};

use super::cargo_test;
use crate::output::print_line;
use crate::project::{Project, is_selected};
use crate::run_files;

/// Run the tests with `cargo test`, all of them or those that failed last
#[derive(clap::Args)]
pub(crate) struct TestOptions {
    /// Only snapshots whose name contains one of these texts
    #[arg(value_name = "FILTER")]
    filters: Vec<String>,

    /// Only snapshots that failed or were new in the latest run
    #[arg(long)]
    last_failed: bool,

    /// With --last-failed, this run instead: an id, a unique prefix of it, or
    /// `latest`
    #[arg(
        long,
        value_name = "RUN",
        default_value = "latest",
        requires = "last_failed"
    )]
    run: String,

    /// Accept snapshots during the run: sets TINTYPE_UPDATE
    #[arg(long, value_name = "WHICH")]
    update: Option<Update>,

    /// Only list the snapshots that --last-failed selects
    #[arg(long, requires = "last_failed")]
    list: bool,

    /// Name of the test target
    #[arg(long, value_name = "NAME", default_value = "visual")]
    test: String,

    /// Additional arguments for the test target
    #[arg(last = true, value_name = "ARGUMENT")]
    arguments: Vec<String>,
}

/// The values of `TINTYPE_UPDATE` that accept snapshots.
#[derive(Clone, Copy, Debug, ValueEnum)]
enum Update {
    /// Those without a baseline
    New,
    /// Also those that failed because pixels differ
    Failed,
    /// Every snapshot that is not equal to its baseline
    All,
}

pub(crate) fn run(config: &Config, options: &TestOptions) -> Result<()> {
    let project = Project::open(config)?;
    let mut command = cargo_test::command(config, &project, &options.test);
    if let Some(update) = options.update.and_then(|update| update.to_possible_value()) {
        command.env("TINTYPE_UPDATE", update.get_name());
    }
    if options.last_failed {
        let (run, names) = last_failed(&project, options)?;
        if options.list || names.is_empty() {
            names.iter().for_each(|name| print_line!("{name}"));
            print_line!("{} snapshots failed in {run}", names.len());
            return Ok(());
        }
        cargo_test::only(&mut command, names);
    } else {
        command.args(&options.filters);
    }
    cargo_test::run(command.args(&options.arguments))
}

/// The run, and its selected snapshots whose tests did not pass.
fn last_failed(project: &Project, options: &TestOptions) -> Result<(RunId, Vec<String>)> {
    let results = run_files::open(&project.manifest, Some(&options.run))?;
    let failed = results.file.results.iter().filter(|result| {
        has_failed(result) && is_selected(&result.story_identifier, &options.filters)
    });
    let names = failed.map(|result| result.story_identifier.test_name());
    Ok((results.file.run.run_id.clone(), names.collect()))
}

/// `cargo tintype resume` continues what an interruption left out.
fn has_failed(result: &VisualTestResult) -> bool {
    matches!(result.status, Status::Failed | Status::New)
}
