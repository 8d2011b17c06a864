//! `cargo tintype pull`

use anyhow::Result;
use tintype::internals::config::Config;

use crate::output::print_line;
use crate::project::Project;
use crate::stored_baselines::{check, hashes, lock, store};

/// Fetch the baselines in baselines.lock from the artifact store
///
/// Fetches only pictures that this machine does not have. A run does so too, for
/// the snapshots that it compares.
#[derive(clap::Args)]
pub(crate) struct PullOptions {}

pub(crate) fn run(config: &Config, _options: &PullOptions) -> Result<()> {
    let project = Project::open(config)?;
    let manifest = &project.manifest;
    let lock = lock(manifest)?;
    let hashes = hashes(&lock);
    let (store, count) = (store(manifest)?, hashes.len());
    let transfer = store.fetch_pictures(&manifest.state_dir(), hashes);
    print_line!(
        "fetched {} of {count} baselines from {}",
        transfer.moved,
        store.name()
    );
    check(&transfer, &lock, "fetch")
}
