//! `cargo tintype resume`

use std::process::Command;

use anyhow::{Context, Result, bail};

use crate::output::print_line;
use crate::record_access::RecordAccess;
use tintype::internals::config::Config;

/// Continue a run: test only snapshots without a final result
#[derive(clap::Args)]
pub(crate) struct ResumeOptions {
    /// Id of the run, a unique prefix of it, or `latest`
    run: String,

    /// Only list the remaining snapshots
    #[arg(long)]
    list: bool,

    /// Name of the test target
    #[arg(long, value_name = "NAME", default_value = "visual")]
    test: String,
}

pub(crate) fn run(config: &Config, options: &ResumeOptions) -> Result<()> {
    let record = RecordAccess::open(config)?;
    if record.project.manifest.from_code {
        bail!(
            "the manifest has `from-code = true`, so only the test target knows all stories \
             (help: continue the run with `TINTYPE_RUN_ID={} cargo test --test {}`)",
            options.run,
            options.test
        );
    }
    let id = record.run_id(Some(&options.run))?;
    let plan = record.project.plan.snapshots.iter();
    let planned = plan
        .filter(|s| s.skip.is_none())
        .map(|s| s.identifier.clone());
    let remaining = record.wait(record.records.unfinished(&id, planned))?;
    if options.list || remaining.is_empty() {
        for identifier in &remaining {
            print_line!("{identifier}");
        }
        print_line!("{} snapshots remaining in {id}", remaining.len());
        return Ok(());
    }
    print_line!("{} snapshots remaining in {id}", remaining.len());
    let status = Command::new(&config.system.cargo)
        .args(["test", "--test", &options.test, "--", "--exact"])
        .args(remaining.iter().map(ToString::to_string))
        .env("TINTYPE_RUN_ID", id.as_str())
        .current_dir(&record.project.manifest.root)
        .status()
        .context("failed to start cargo test")?;
    if !status.success() {
        bail!("cargo test failed: {status}");
    }
    Ok(())
}
