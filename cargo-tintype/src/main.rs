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
    let manifest = cli.manifest.as_deref();
    let done = match &cli.command {
        Command::Init(options) => init::run(options),
        Command::List(options) => list::run(manifest, options),
        Command::Accept(options) => accept::run(manifest, options),
        Command::Reject(options) => reject::run(manifest, options),
        Command::Orphans(options) => orphans::run(manifest, options),
        Command::Runs(options) => commands::runs::run(manifest, options),
        Command::Show(options) => show::run(manifest, options),
        Command::Resume(options) => resume::run(manifest, options),
        Command::Export(options) => export::run(manifest, options),
        Command::Import(options) => import::run(manifest, options),
        Command::Flush(options) => flush::run(manifest, options),
        Command::Prune(options) => prune::run(manifest, options),
        Command::Health(options) => health::run(manifest, options),
        // Its exit code tells a difference from an error.
        Command::Compare(options) => return compare::run(options),
        Command::Review(options) => review::run(manifest, options),
        Command::Watch(options) => watch::run(manifest, options),
        Command::Doctor(options) => doctor::run(manifest, options),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}
