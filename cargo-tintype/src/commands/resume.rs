//! `cargo tintype resume`

use std::process::Command;

use anyhow::{Context, Result, bail};
use tintype::config::Config;

use crate::record_access::RecordAccess;

/// Go on with a run: only what has no final result in it
#[derive(clap::Args)]
pub(crate) struct ResumeOptions {
    /// The run
    run: String,

    /// Only list the snapshots that are left
    #[arg(long)]
    list: bool,

    /// The test target
    #[arg(long, value_name = "NAME", default_value = "visual")]
    test: String,
}

pub(crate) fn run(config: &Config, options: &ResumeOptions) -> Result<()> {
    let record = RecordAccess::open(config)?;
    if record.project.manifest.from_code {
        bail!(
            "the manifest says `from-code = true`, and only the test target knows all stories: \
             `TINTYPE_RUN_ID={} cargo test --test {}` goes on with the run",
            options.run,
            options.test
        );
    }
    let id = record.run_id(Some(&options.run))?;
    let plan = record.project.plan.snapshots.iter();
    let planned = plan
        .filter(|s| s.skip.is_none())
        .map(|s| s.identifier.clone());
    let left = record.wait(record.records.unfinished(&id, planned))?;
    if options.list || left.is_empty() {
        for identifier in &left {
            println!("{identifier}");
        }
        println!("{} left in {id}", left.len());
        return Ok(());
    }
    println!("{} left in {id}", left.len());
    let status = Command::new(&config.system.cargo)
        .args(["test", "--test", &options.test, "--", "--exact"])
        .args(left.iter().map(ToString::to_string))
        .env("TINTYPE_RUN_ID", id.as_str())
        .current_dir(&record.project.manifest.root)
        .status()
        .context("failed to start cargo test")?;
    if !status.success() {
        bail!("cargo test ended with {status}");
    }
    Ok(())
}
