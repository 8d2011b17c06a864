//! `cargo tintype prune`

use std::time::Duration;

use anyhow::{Result, bail};
use tintype::config::Config;
use tintype::record::Retention;

use crate::record_access::RecordAccess;

/// Remove old runs from the record, with their images; only says so unless
/// told to delete
#[derive(clap::Args)]
pub(crate) struct PruneOptions {
    /// Keep this many runs
    #[arg(long, value_name = "N")]
    runs: Option<usize>,

    /// Keep the runs of this many days
    #[arg(long, value_name = "D")]
    days: Option<u64>,

    /// Keep this many megabytes of images; older runs keep their records
    #[arg(long, value_name = "MB")]
    megabytes: Option<u64>,

    /// Do it
    #[arg(long)]
    delete: bool,
}

pub(crate) fn run(config: &Config, options: &PruneOptions) -> Result<()> {
    let retention = Retention {
        runs: options.runs,
        age: options.days.map(|days| Duration::from_secs(days * 86_400)),
        image_bytes: options.megabytes.map(|mb| mb << 20),
    };
    if retention == Retention::default() {
        bail!("nothing says what to keep: give --runs, --days or --megabytes");
    }
    let record = RecordAccess::open(config)?;
    let surplus = record.wait(record.records.surplus(retention, &record.images))?;
    for one in &surplus {
        let what = if one.record { "" } else { "images of " };
        let megabytes = one.image_bytes >> 20;
        println!(
            "{what}{}  {}, {megabytes} MB of images",
            one.run, one.reason
        );
        if options.delete {
            record.wait(record.records.prune(one))?;
        }
    }
    match (surplus.len(), options.delete) {
        (0, _) => println!("nothing to remove"),
        (n, true) => println!("removed {n}"),
        (n, false) => println!("{n} would be removed: add --delete to do it"),
    }
    Ok(())
}
