//! `cargo tintype flush`

use anyhow::{Result, bail, ensure};
use tintype::internals::artifacts::{Outbox, upload_pending};
use tintype::internals::config::Config;
use tintype::internals::manifest::Manifest;

use crate::artifacts;
use crate::output::print_line;
use crate::project::Project;
use crate::record_access::RecordAccess;

/// Send the journals of dead processes to the record, and upload artifacts
///
/// Artifacts are uploaded to the store of `[artifacts]`, if there is one.
#[derive(clap::Args)]
pub(crate) struct FlushOptions {}

pub(crate) fn run(config: &Config, _options: &FlushOptions) -> Result<()> {
    let project = Project::open(config)?;
    // Each part is independent of the other.
    let uploaded = upload(&project.manifest);
    let sent = send(project);
    uploaded.and(sent)
}

/// Uploads the artifacts that were kept while the store was unavailable.
fn upload(manifest: &Manifest) -> Result<()> {
    let outbox = Outbox::new(&manifest.state_dir());
    let Some(store) = artifacts::store(manifest)? else {
        let pending = outbox.pending().len();
        ensure!(
            pending == 0,
            "{pending} artifacts wait, but there is no artifact store (help: set `url` in \
             [artifacts] or TINTYPE_ARTIFACTS)"
        );
        return Ok(());
    };
    let report = upload_pending(&store, &outbox);
    print_line!("uploaded {} artifacts to {}", report.uploaded, store.name());
    match report.error {
        Some(error) => bail!("{} artifacts still wait: {error}", report.pending),
        None => Ok(()),
    }
}

/// Sends the journals.
fn send(project: Project) -> Result<()> {
    let record = RecordAccess::of(project)?;
    let adopted = record.wait_for(record.records.flush());
    print_line!(
        "sent {} operations; {} journals are complete in the record",
        adopted.sent,
        adopted.complete
    );
    for (count, what) in [
        (
            adopted.unfinished,
            "without their end: their processes were killed, or they were truncated",
        ),
        (adopted.damaged, "of which operations are lost"),
        (adopted.pruned, "of pruned runs are set aside"),
        (adopted.failed, "that the record does not have completely"),
    ] {
        if count > 0 {
            print_line!("{count} journals {what}");
        }
    }
    for place in &adopted.foreign {
        print_line!("kept a journal for {place} (help: set REDIS_URL to that server to send it)");
    }
    if !adopted.warnings.is_empty() {
        bail!("{}", adopted.warnings.join("\n"));
    }
    record.wait(record.records.end_abandoned())?;
    Ok(())
}
