//! `cargo tintype undo`

use anyhow::Result;

use super::decide::{self, AcceptMode, DecisionArguments};
use crate::decisions::Decision;
use tintype::internals::config::Config;

/// Undo accepting or rejecting snapshots of a run
///
/// Restores the baselines that were replaced, unless they changed since.
#[derive(clap::Args)]
pub(crate) struct UndoOptions {
    #[command(flatten)]
    arguments: DecisionArguments,
}

pub(crate) fn run(config: &Config, options: &UndoOptions) -> Result<()> {
    let mode = AcceptMode::default();
    decide::run(config, &options.arguments, Decision::Undo, mode)
}
