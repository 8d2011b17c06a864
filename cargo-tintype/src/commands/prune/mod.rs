//! `cargo tintype prune`

mod stored;

use std::io::{BufWriter, Write as _};
use std::time::Duration;

use anyhow::{Result, bail};
use serde_json::json;
use tintype::internals::config::Config;
use tintype::internals::escape::printable;
use tintype::internals::record::Retention;

use crate::output::{self, print_line};
use crate::progress;
use crate::record_access::RecordAccess;

/// Delete old runs and their images
///
/// Without --delete, only lists what would be deleted. In the artifact store, a
/// picture is deleted once no run and no baseline refers to it.
#[derive(clap::Args)]
pub(crate) struct PruneOptions {
    /// Number of newest runs to keep
    #[arg(long, value_name = "N")]
    runs: Option<usize>,

    /// Keep runs of this many days
    #[arg(long, value_name = "D")]
    days: Option<u64>,

    /// Megabytes of images to keep; older runs keep their records
    #[arg(long, value_name = "MB")]
    megabytes: Option<u64>,

    /// Hours for which a picture in the artifact store is kept although nothing
    /// refers to it: it may be of a run in progress
    #[arg(long, value_name = "H", default_value_t = 24)]
    grace: u64,

    /// Delete them
    #[arg(long)]
    delete: bool,

    /// Print JSON instead of lines
    #[arg(long)]
    json: bool,
}

pub(crate) fn run(config: &Config, options: &PruneOptions) -> Result<()> {
    let retention = Retention {
        runs: options.runs,
        age: options
            .days
            .map(|days| Duration::from_secs(days.saturating_mul(86_400))),
        image_bytes: options.megabytes.map(|mb| mb.saturating_mul(1 << 20)),
    };
    if retention == Retention::default() {
        bail!("specify --runs, --days or --megabytes");
    }
    let record = RecordAccess::open(config)?;
    let total = record.wait(record.records.run_count())?;
    let bar = progress::bar(total, "runs read");
    let read = |count| progress::set(&bar, count);
    let surplus = record.wait(record.records.surplus(retention, &record.images, read))?;
    bar.finish_and_clear();
    if options.delete {
        let bar = progress::bar(surplus.len(), "runs deleted");
        let deleted = |count| progress::set(&bar, count);
        record.wait(record.records.prune(&surplus, deleted))?;
        bar.finish_and_clear();
    }
    let grace = Duration::from_secs(options.grace.saturating_mul(3600));
    let manifest = &record.project.manifest;
    let pruned = stored::prune(manifest, retention, &surplus, grace, options.delete)?;
    if options.json {
        let items: Vec<_> = surplus
            .iter()
            .map(|item| {
                json!({
                    "run": item.run,
                    "reason": item.reason.to_string(),
                    "record": item.record,
                    "imageBytes": item.image_bytes,
                })
            })
            .collect();
        let mut json = json!({ "deleted": options.delete, "runs": items });
        if let Some(pruned) = &pruned {
            json["artifacts"] = pruned.to_json();
        }
        output::print_json(&json)?;
        return Ok(());
    }
    let mut output = BufWriter::new(std::io::stdout().lock());
    for item in &surplus {
        let what = if item.record { "" } else { "images of " };
        let megabytes = item.image_bytes >> 20;
        let item_line = format!(
            "{what}{}  {}, {megabytes} MB of images",
            item.run, item.reason
        );
        writeln!(output, "{}", printable(&item_line))?;
    }
    output.flush()?;
    drop(output);
    match (surplus.len(), options.delete) {
        (0, _) => print_line!("nothing to delete"),
        (n, true) => print_line!("deleted {n}"),
        (n, false) => print_line!("{n} would be deleted (use --delete to delete them)"),
    }
    if let Some(pruned) = pruned {
        print_line!("{}", pruned.summary(options.delete));
    }
    Ok(())
}
