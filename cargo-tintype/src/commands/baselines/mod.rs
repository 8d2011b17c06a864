//! `cargo tintype baselines`

mod migrate;
mod resolve;

use anyhow::Result;
use clap::Subcommand;
use tintype::internals::config::Config;

/// Move baselines to or from the artifact store, resolve merge conflicts
#[derive(clap::Args)]
pub(crate) struct BaselinesOptions {
    #[command(subcommand)]
    command: BaselinesCommand,
}

#[derive(Subcommand)]
enum BaselinesCommand {
    Move(migrate::MoveOptions),
    Resolve(resolve::ResolveOptions),
}

pub(crate) fn run(config: &Config, options: &BaselinesOptions) -> Result<()> {
    match &options.command {
        BaselinesCommand::Move(options) => migrate::run(config, options),
        BaselinesCommand::Resolve(options) => resolve::run(config, options),
    }
}
