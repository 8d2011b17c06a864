//! `cargo tintype flush`

use anyhow::{Result, bail, ensure};
use serde_json::{Value, json};
use tintype::internals::artifacts::{Outbox, UploadReport, upload_pending};
use tintype::internals::config::Config;
use tintype::internals::manifest::Manifest;
use tintype::internals::record::OrphanReport;

use crate::artifacts;
use crate::output::{self, print_line};
use crate::project::Project;
use crate::record_access::RecordAccess;

/// Send the journals of dead processes to the record, and upload artifacts
///
/// Artifacts are uploaded to the store of `[artifacts]`, if there is one.
#[derive(clap::Args)]
pub(crate) struct FlushOptions {
    /// Print JSON instead of lines
    #[arg(long)]
    json: bool,
}

/// The uploads to the artifact store with this name.
struct Uploads {
    store: String,
    report: UploadReport,
}

pub(crate) fn run(config: &Config, options: &FlushOptions) -> Result<()> {
    let project = Project::open(config)?;
    // Each part is independent of the other.
    let uploaded = upload(&project.manifest);
    if let (false, Ok(Some(uploads))) = (options.json, &uploaded) {
        print_line!(
            "uploaded {} artifacts to {}",
            uploads.report.uploaded,
            uploads.store
        );
    }
    let record = RecordAccess::of(project);
    let sent = record.map(|record| (record.wait_for(record.records.flush()), record));
    match (&sent, options.json) {
        (Ok((report, _)), false) => print(report),
        (_, true) => {
            let uploads = uploaded.as_ref().ok().and_then(Option::as_ref);
            let journals = sent.as_ref().ok().map(|(report, _)| report);
            output::print_json(&to_json(uploads, journals))?;
        }
        (Err(_), false) => {}
    }
    let uploaded = uploaded.and_then(|uploads| match uploads.map(|uploads| uploads.report) {
        Some(UploadReport {
            pending,
            error: Some(error),
            ..
        }) => bail!("{pending} artifacts still wait: {error}"),
        _ => Ok(()),
    });
    let sent = sent.and_then(|(report, record)| {
        if !report.warnings.is_empty() {
            bail!("{}", report.warnings.join("\n"));
        }
        record.wait(record.records.end_abandoned())
    });
    uploaded.and(sent.map(drop))
}

/// Uploads the artifacts that were kept while the store was unavailable.
fn upload(manifest: &Manifest) -> Result<Option<Uploads>> {
    let outbox = Outbox::new(&manifest.state_dir());
    let Some(store) = artifacts::store(manifest)? else {
        let pending = outbox.pending().len();
        ensure!(
            pending == 0,
            "{pending} artifacts wait, but there is no artifact store (help: set `url` in \
             [artifacts] or TINTYPE_ARTIFACTS)"
        );
        return Ok(None);
    };
    Ok(Some(Uploads {
        report: upload_pending(&store, &outbox),
        store: store.name().to_owned(),
    }))
}

fn print(report: &OrphanReport) {
    print_line!(
        "sent {} operations; {} journals are complete in the record",
        report.sent,
        report.complete
    );
    for (count, what) in [
        (
            report.unfinished,
            "without their end: their processes were killed, or they were truncated",
        ),
        (report.damaged, "of which operations are lost"),
        (report.pruned, "of pruned runs are set aside"),
        (report.failed, "that the record does not have completely"),
    ] {
        if count > 0 {
            print_line!("{count} journals {what}");
        }
    }
    for place in &report.foreign {
        print_line!("kept a journal for {place} (help: set REDIS_URL to that server to send it)");
    }
}

/// A part that could not be done is absent; the error is on standard error.
fn to_json(uploads: Option<&Uploads>, journals: Option<&OrphanReport>) -> Value {
    let mut json = json!({});
    if let Some(Uploads { store, report }) = uploads {
        json["artifacts"] = json!({
            "store": store,
            "uploaded": report.uploaded,
            "pending": report.pending,
        });
    }
    if let Some(report) = journals {
        json["journals"] = json!({
            "sent": report.sent,
            "complete": report.complete,
            "unfinished": report.unfinished,
            "damaged": report.damaged,
            "pruned": report.pruned,
            "failed": report.failed,
            "foreign": report.foreign,
        });
    }
    json
}
