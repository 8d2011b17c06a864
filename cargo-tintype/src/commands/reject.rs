//! `cargo tintype reject`

use anyhow::Result;

use super::decide::{self, AcceptMode, DecisionArguments};
use crate::decisions::Decision;
use tintype::internals::config::Config;

/// Mark snapshots of a run as rejected, so that they are not accepted
///
/// Baselines and images stay; `cargo tintype undo` withdraws a rejection.
#[derive(clap::Args)]
pub(crate) struct RejectOptions {
    #[command(flatten)]
    arguments: DecisionArguments,
}

pub(crate) fn run(config: &Config, options: &RejectOptions) -> Result<()> {
    let mode = AcceptMode::default();
    decide::run(config, &options.arguments, Decision::Reject, mode)
}
