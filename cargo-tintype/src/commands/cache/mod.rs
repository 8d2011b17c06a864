//! `cargo tintype cache`

mod clear;
mod open;
mod stats;
mod warm;
mod why;

use anyhow::Result;
use clap::Subcommand;
use tintype::internals::config::Config;

/// Show, explain, clear or fill the cache of passed snapshots
///
/// A snapshot that passed is not captured again until something that it depends on
/// changes.
#[derive(clap::Args)]
pub(crate) struct CacheOptions {
    #[command(subcommand)]
    command: CacheCommand,
}

#[derive(Subcommand)]
enum CacheCommand {
    Stats(stats::CacheStatsOptions),
    Why(why::CacheWhyOptions),
    Clear(clear::CacheClearOptions),
    Warm(warm::CacheWarmOptions),
}

pub(crate) fn run(config: &Config, options: &CacheOptions) -> Result<()> {
    match &options.command {
        CacheCommand::Stats(options) => stats::run(config, options),
        CacheCommand::Why(options) => why::run(config, options),
        CacheCommand::Clear(options) => clear::run(config, options),
        CacheCommand::Warm(options) => warm::run(config, options),
    }
}
