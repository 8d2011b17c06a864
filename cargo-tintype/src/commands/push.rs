//! `cargo tintype push`

use anyhow::Result;
use tintype::internals::config::Config;

use crate::output::{self, print_line};
use crate::project::Project;
use crate::stored_baselines::{check, hashes, lock, store, transfer, transfer_json};

/// Upload the baselines in baselines.lock that the artifact store does not have
///
/// `accept` uploads baselines itself. This heals a store that has lost some, from
/// the copies of this machine.
#[derive(clap::Args)]
pub(crate) struct PushOptions {
    /// Print JSON instead of lines
    #[arg(long)]
    json: bool,
}

pub(crate) fn run(config: &Config, options: &PushOptions) -> Result<()> {
    let project = Project::open(config)?;
    let manifest = &project.manifest;
    let lock = lock(manifest)?;
    let hashes = hashes(&lock);
    let (store, count) = (store(manifest)?, hashes.len());
    let state_dir = manifest.state_dir();
    let transfer = transfer(&hashes, "baselines checked", |part| {
        store.push_baselines(&state_dir, part)
    });
    if options.json {
        let mut json = transfer_json(&transfer, &lock, store.name());
        json["uploaded"] = transfer.moved.into();
        output::print_json(&json)?;
    } else {
        print_line!(
            "uploaded {} of {count} baselines to {}",
            transfer.moved,
            store.name()
        );
    }
    check(&transfer, &lock, "upload")
}
