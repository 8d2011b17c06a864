//! `cargo tintype`: accept baselines, look at runs, check the machine.
#![warn(clippy::print_stderr)]

mod artifacts;
mod causes;
mod commands;
mod decisions;
mod estimate;
mod flakiness;
mod git;
mod images;
mod output;
mod past_baselines;
mod percent;
mod progress;
mod project;
mod quarantines;
mod record_access;
mod record_check;
mod retrying_record;
mod review;
mod run_end;
mod run_files;
mod run_ids;
mod stored_baselines;
mod workspace;

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Result;
use clap::{CommandFactory as _, Parser, Subcommand};
use tintype::internals::config::Config;

use crate::output::print_error;
use commands::{
    accept, alerts, baselines, cache, comment, compare, compatibility, completions, doctor,
    explain, export, flaky, flush, health, import, import_from, init, list, mcp, orphans, prune,
    pull, push, quarantine, reject, resume, runs, schema, show, stats, test, undo, wait, watch,
    workers,
};

/// Accept, review and diagnose Tintype's visual regression tests.
#[derive(Parser)]
#[command(name = "cargo-tintype", bin_name = "cargo tintype", version)]
struct Cli {
    /// Path of the manifest [default: TINTYPE_MANIFEST, otherwise the nearest
    /// stories.toml in this folder or above]
    #[arg(long, value_name = "PATH", global = true)]
    manifest: Option<PathBuf>,

    /// Package of the workspace whose stories.toml is used
    #[arg(
        long,
        short,
        value_name = "NAME",
        global = true,
        conflicts_with = "manifest"
    )]
    package: Option<String>,

    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    Init(init::InitOptions),
    List(list::ListOptions),
    Test(test::TestOptions),
    Accept(accept::AcceptOptions),
    Reject(reject::RejectOptions),
    Undo(undo::UndoOptions),
    Review(review::ReviewOptions),
    Watch(watch::WatchOptions),
    Wait(wait::WaitOptions),
    Workers(workers::WorkersOptions),
    Runs(runs::RunsOptions),
    Show(show::ShowOptions),
    Explain(explain::ExplainOptions),
    Comment(comment::CommentOptions),
    Stats(stats::StatsOptions),
    Flaky(flaky::FlakyOptions),
    Resume(resume::ResumeOptions),
    Compatibility(compatibility::CompatibilityOptions),
    Compare(compare::CompareArguments),
    Orphans(orphans::OrphansOptions),
    Pull(pull::PullOptions),
    Push(push::PushOptions),
    Baselines(baselines::BaselinesOptions),
    Cache(cache::CacheOptions),
    Quarantine(quarantine::QuarantineOptions),
    Prune(prune::PruneOptions),
    Export(export::ExportOptions),
    Import(import::ImportOptions),
    ImportFrom(import_from::ImportFromOptions),
    Flush(flush::FlushOptions),
    Health(health::HealthOptions),
    Alerts(alerts::AlertsOptions),
    Doctor(doctor::DoctorOptions),
    Completions(completions::CompletionsOptions),
    Man(completions::ManOptions),
    Schema(schema::SchemaOptions),
    Mcp(mcp::McpOptions),
}

fn main() -> ExitCode {
    // Cargo runs `cargo-tintype tintype …`.
    let mut arguments: Vec<_> = std::env::args_os().collect();
    if arguments.get(1).is_some_and(|word| word == "tintype") {
        arguments.remove(1);
    }
    let cli = Cli::parse_from(arguments);
    // The exit code of `compare` distinguishes a difference from an error.
    if let Command::Compare(options) = &cli.command {
        return compare::run(options);
    }
    let done = configuration(&cli).and_then(|config| match &cli.command {
        Command::Wait(options) => wait::run(&config, options),
        command => run(command, &config).map(|()| ExitCode::SUCCESS),
    });
    done.unwrap_or_else(|error| {
        print_error!("error: {error:#}");
        match cli.command {
            // There, 1 means that the run has failed.
            Command::Wait(_) => ExitCode::from(wait::NO_VERDICT),
            _ => ExitCode::FAILURE,
        }
    })
}

fn configuration(cli: &Cli) -> Result<Config> {
    let mut config = Config::from_environment()?;
    if let Some(package) = &cli.package {
        config.manifest = Some(project::manifest_of(package, &config.system.cargo)?);
    } else if cli.manifest.is_some() {
        config.manifest.clone_from(&cli.manifest);
    }
    Ok(config)
}

fn run(command: &Command, config: &Config) -> Result<()> {
    match command {
        Command::Init(options) => init::run(options, config),
        Command::List(options) => list::run(config, options),
        Command::Test(options) => test::run(config, options),
        Command::Accept(options) => accept::run(config, options),
        Command::Reject(options) => reject::run(config, options),
        Command::Undo(options) => undo::run(config, options),
        Command::Review(options) => review::run(config, options),
        Command::Watch(options) => watch::run(config, options),
        Command::Workers(options) => workers::run(config, options),
        Command::Runs(options) => runs::run(config, options),
        Command::Show(options) => show::run(config, options),
        Command::Explain(options) => explain::run(config, options),
        Command::Comment(options) => comment::run(config, options),
        Command::Compatibility(options) => compatibility::run(config, options),
        Command::Stats(options) => stats::run(config, options),
        Command::Flaky(options) => flaky::run(config, options),
        Command::Resume(options) => resume::run(config, options),
        Command::Orphans(options) => orphans::run(config, options),
        Command::Pull(options) => pull::run(config, options),
        Command::Push(options) => push::run(config, options),
        Command::Baselines(options) => baselines::run(config, options),
        Command::Cache(options) => cache::run(config, options),
        Command::Quarantine(options) => quarantine::run(config, options),
        Command::Prune(options) => prune::run(config, options),
        Command::Export(options) => export::run(config, options),
        Command::Import(options) => import::run(config, options),
        Command::ImportFrom(options) => import_from::run(config, options),
        Command::Flush(options) => flush::run(config, options),
        Command::Health(options) => health::run(config, options),
        Command::Alerts(options) => alerts::run(config, options),
        Command::Doctor(options) => doctor::run(config, options),
        Command::Mcp(options) => mcp::run(config, options),
        Command::Completions(options) => {
            completions::completions(&mut Cli::command(), options);
            Ok(())
        }
        Command::Man(options) => completions::man(Cli::command(), options),
        Command::Schema(options) => {
            schema::run(options);
            Ok(())
        }
        Command::Compare(_) | Command::Wait(_) => unreachable!("main runs them"),
    }
}
