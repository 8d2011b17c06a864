//! `cargo tintype accept`

use anyhow::Result;

use super::decide::{self, AcceptMode, DecisionArguments};
use crate::decisions::Decision;
use tintype::internals::config::Config;

/// Accept current images of a run as the new baselines
///
/// Accepts snapshots that are new or failed, unless they were rejected.
#[derive(clap::Args)]
pub(crate) struct AcceptOptions {
    #[command(flatten)]
    arguments: DecisionArguments,

    /// Also accept snapshots that differ within tolerance
    #[arg(long)]
    changed: bool,

    /// Replace baselines even if they changed since the run
    #[arg(long)]
    force: bool,

    /// Only snapshots whose whole difference consists of this cause, an id that
    /// `cargo tintype explain` lists; can be repeated
    #[arg(long = "cause", value_name = "ID")]
    causes: Vec<String>,

    /// List what would be accepted, without writing anything
    #[arg(long)]
    dry_run: bool,
}

pub(crate) fn run(config: &Config, options: &AcceptOptions) -> Result<()> {
    let mode = AcceptMode {
        changed: options.changed,
        force: options.force,
        dry_run: options.dry_run,
        causes: &options.causes,
    };
    decide::run(config, &options.arguments, Decision::Accept, mode)
}
