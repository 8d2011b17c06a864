//! `cargo tintype export`

use std::fs;
use std::io::Write;
use std::path::PathBuf;

use anyhow::{Context, Result, bail};
use tintype::internals::config::Config;
use tintype::internals::model::RunId;
use tintype::internals::record::{RecordError, Records};

use crate::output::print_error;
use crate::progress;
use crate::record_access::{RecordAccess, record_error};

/// How many runs are read at a time.
const CONCURRENT: usize = 64;

/// Export runs of the record as NDJSON, newest first
#[derive(clap::Args)]
pub(crate) struct ExportOptions {
    /// Ids of runs, unique prefixes of them, or `latest` [default: all runs]
    #[arg(value_name = "RUN")]
    runs: Vec<String>,

    /// File to write [default: standard output]
    #[arg(long, short, value_name = "FILE")]
    output: Option<PathBuf>,

    /// Only the runs after this one, an id or a unique prefix of it: continues an
    /// interrupted export
    #[arg(long, value_name = "RUN", conflicts_with = "runs")]
    after: Option<String>,
}

pub(crate) fn run(config: &Config, options: &ExportOptions) -> Result<()> {
    let record = RecordAccess::open(config)?;
    let mut output: Box<dyn Write> = match &options.output {
        Some(path) => {
            let file = fs::File::create(path);
            Box::new(file.with_context(|| format!("failed to create {}", path.display()))?)
        }
        None => Box::new(std::io::stdout().lock()),
    };
    let ids = if options.runs.is_empty() {
        all(&record, options.after.as_deref())?
    } else {
        let runs = options.runs.iter();
        runs.map(|run| record.run_id(Some(run)))
            .collect::<Result<_>>()?
    };
    let is_named = !options.runs.is_empty();
    let bar = progress::bar(ids.len(), "runs exported");
    let (mut exported, mut read) = (0, 0);
    for ids in ids.chunks(CONCURRENT) {
        for text in record.wait_for(texts(&record.records, ids)) {
            match text {
                Ok(text) => {
                    let written = output.write_all(text.as_bytes());
                    written.context("failed to write the export")?;
                    exported += 1;
                }
                // A run that is not named is skipped, so that the others are exported.
                Err(error @ (RecordError::Document { .. } | RecordError::NoRun { .. }))
                    if !is_named =>
                {
                    record.records.skip(error);
                }
                Err(error) => return Err(record_error(error)),
            }
        }
        read += ids.len();
        progress::set(&bar, read);
    }
    bar.finish_and_clear();
    record.print_warnings();
    match ids.len() - exported {
        0 => print_error!("exported {exported} runs"),
        skipped => print_error!("exported {exported} runs, skipped {skipped}"),
    }
    Ok(())
}

/// The ids of all runs, or of those after one.
fn all(record: &RecordAccess, after: Option<&str>) -> Result<Vec<RunId>> {
    let total = record.wait(record.records.run_count())?;
    let bar = progress::bar(total, "runs read");
    let ids = record.wait(async {
        let (mut pages, mut ids) = (record.records.pages(), Vec::new());
        while let Some(page) = pages.next().await? {
            ids.extend(page.into_iter().map(|run| run.run_id));
            progress::set(&bar, pages.entries());
        }
        Ok(ids)
    })?;
    bar.finish_and_clear();
    let Some(after) = after else {
        return Ok(ids);
    };
    let after = record.run_id(Some(after))?;
    match ids.iter().position(|id| *id == after) {
        Some(at) => Ok(ids[at + 1..].to_vec()),
        None => bail!("there is no run `{after}` in the record"),
    }
}

/// The exports of several runs, which are read at the same time.
async fn texts(records: &Records, ids: &[RunId]) -> Vec<Result<String, RecordError>> {
    let exports = ids
        .iter()
        .map(async |id| records.export(id).await?.to_ndjson());
    futures_util::future::join_all(exports).await
}
