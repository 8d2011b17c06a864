//! `cargo tintype pull`

use anyhow::Result;
use tintype::internals::config::Config;

use crate::output::{self, print_line};
use crate::project::Project;
use crate::stored_baselines::{check, hashes, lock, store, transfer, transfer_json};

/// Fetch the baselines in baselines.lock from the artifact store
///
/// Fetches only pictures that this machine does not have. A run does so too, for
/// the snapshots that it compares.
#[derive(clap::Args)]
pub(crate) struct PullOptions {
    /// Print JSON instead of lines
    #[arg(long)]
    json: bool,
}

pub(crate) fn run(config: &Config, options: &PullOptions) -> Result<()> {
    let project = Project::open(config)?;
    let manifest = &project.manifest;
    let lock = lock(manifest)?;
    let hashes = hashes(&lock);
    let (store, count) = (store(manifest)?, hashes.len());
    let state_dir = manifest.state_dir();
    let transfer = transfer(&hashes, "baselines checked", |part| {
        store.fetch_pictures(&state_dir, part)
    });
    if options.json {
        let mut json = transfer_json(&transfer, &lock, store.name());
        json["fetched"] = transfer.moved.into();
        output::print_json(&json)?;
    } else {
        print_line!(
            "fetched {} of {count} baselines from {}",
            transfer.moved,
            store.name()
        );
    }
    check(&transfer, &lock, "fetch")
}
