//! `cargo tintype resume`

use anyhow::{Result, bail};
use serde_json::json;

use super::cargo_test;
use crate::output::{self, print_line};
use crate::record_access::RecordAccess;
use tintype::internals::config::Config;

/// Continue a run: test only snapshots without a final result
#[derive(clap::Args)]
pub(crate) struct ResumeOptions {
    /// Id of the run, a unique prefix of it, or `latest`
    #[arg(value_name = "RUN", default_value = "latest")]
    run: String,

    /// Only list the remaining snapshots
    #[arg(long)]
    list: bool,

    /// With --list, print JSON instead of lines
    #[arg(long, requires = "list")]
    json: bool,

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
    if options.json {
        let names: Vec<_> = remaining.iter().map(ToString::to_string).collect();
        return output::print_json(&json!({ "run": id, "remaining": names }));
    }
    if options.list || remaining.is_empty() {
        for identifier in &remaining {
            print_line!("{identifier}");
        }
        print_line!("{} snapshots remaining in {id}", remaining.len());
        return Ok(());
    }
    print_line!("{} snapshots remaining in {id}", remaining.len());
    let mut command = cargo_test::command(config, &record.project, &options.test);
    cargo_test::only(&mut command, remaining.iter().map(ToString::to_string));
    cargo_test::run(command.env("TINTYPE_RUN_ID", id.as_str()))
}
