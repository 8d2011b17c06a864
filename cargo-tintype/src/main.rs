//! `cargo tintype`: accept baselines, look at runs, check the machine.
#![expect(clippy::print_stdout, reason = "printing is what commands do")]

mod commands;
mod decisions;
mod estimate;
mod images;
mod project;
mod record_access;
mod record_check;
mod review;
mod run_files;

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Parser, Subcommand};
use tintype::config::Config;

use commands::{
    accept, compare, doctor, export, flush, health, import, init, list, orphans, prune, reject,
    resume, show, watch,
};

/// Accept, review and diagnose Tintype's visual regression tests.
#[derive(Parser)]
#[command(name = "cargo-tintype", bin_name = "cargo tintype", version)]
struct Cli {
    /// The manifest; otherwise TINTYPE_MANIFEST, otherwise stories.toml here
    /// or in the nearest folder above
    #[arg(long, value_name = "PATH", global = true)]
    manifest: Option<PathBuf>,

    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    Init(init::InitOptions),
    List(list::ListOptions),
    Accept(accept::AcceptOptions),
    Reject(reject::RejectOptions),
    Orphans(orphans::OrphansOptions),
    Compare(compare::CompareArguments),
    Review(review::ReviewOptions),
    Watch(watch::WatchOptions),
    Doctor(doctor::DoctorOptions),
    Runs(commands::runs::RunsOptions),
    Show(show::ShowOptions),
    Resume(resume::ResumeOptions),
    Export(export::ExportOptions),
    Import(import::ImportOptions),
    Flush(flush::FlushOptions),
    Prune(prune::PruneOptions),
    Health(health::HealthOptions),
}

fn main() -> ExitCode {
    // Cargo calls `cargo-tintype tintype …`: its own word is dropped.
    let mut arguments: Vec<_> = std::env::args_os().collect();
    if arguments.get(1).is_some_and(|word| word == "tintype") {
        arguments.remove(1);
    }
    let cli = Cli::parse_from(arguments);
    // Its exit code distinguishes a difference from an error.
    if let Command::Compare(options) = &cli.command {
        return compare::run(options);
    }
    let done = Config::from_environment()
        .map_err(anyhow::Error::new)
        .and_then(|config| run(cli, config));
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run(cli: Cli, mut config: Config) -> anyhow::Result<()> {
    config.manifest = cli.manifest.or(config.manifest);
    let config = &config;
    match &cli.command {
        Command::Init(options) => init::run(options, config),
        Command::List(options) => list::run(config, options),
        Command::Accept(options) => accept::run(config, options),
        Command::Reject(options) => reject::run(config, options),
        Command::Orphans(options) => orphans::run(config, options),
        Command::Runs(options) => commands::runs::run(config, options),
        Command::Show(options) => show::run(config, options),
        Command::Resume(options) => resume::run(config, options),
        Command::Export(options) => export::run(config, options),
        Command::Import(options) => import::run(config, options),
        Command::Flush(options) => flush::run(config, options),
        Command::Prune(options) => prune::run(config, options),
        Command::Health(options) => health::run(config, options),
        Command::Compare(_) => Ok(()),
        Command::Review(options) => review::run(config, options),
        Command::Watch(options) => watch::run(config, options),
        Command::Doctor(options) => doctor::run(config, options),
    }
}
