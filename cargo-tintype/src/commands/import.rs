//! `cargo tintype import`

use std::fs;
use std::io::Read;
use std::path::PathBuf;

use anyhow::{Context, Result, anyhow, bail};
use serde_json::json;
use tintype::internals::config::Config;
use tintype::internals::record::{ExportedRun, RecordError};

use crate::output::{self, print_error, print_line};
use crate::record_access::{RecordAccess, record_error};

/// Import exported runs into the record; existing runs stay
#[derive(clap::Args)]
pub(crate) struct ImportOptions {
    /// File to read [default: standard input]
    #[arg(value_name = "FILE")]
    file: Option<PathBuf>,

    /// Print JSON instead of lines
    #[arg(long)]
    json: bool,
}

pub(crate) fn run(config: &Config, options: &ImportOptions) -> Result<()> {
    let record = RecordAccess::open(config)?;
    let text = match &options.file {
        Some(path) => fs::read_to_string(path)
            .with_context(|| format!("failed to read {}", path.display()))?,
        None => {
            let mut text = String::new();
            let read = std::io::stdin().read_to_string(&mut text);
            read.context("failed to read standard input")?;
            text
        }
    };
    if record.records.is_memory() {
        let place = record.records.describe();
        bail!(
            "{place}: imported runs would be lost when the command exits (help: set REDIS_URL, or \
             install redis-server)"
        );
    }
    let (mut imported, mut kept, mut refused) = (Vec::new(), Vec::new(), Vec::new());
    let runs = ExportedRun::from_ndjson(&text).map_err(|e| anyhow!("{e}"))?;
    for run in &runs {
        let id = &run.state.run_id;
        match record.wait_for(record.records.import(run)) {
            Ok(true) => {
                let (snapshots, events) = (run.tests.len(), run.events.len());
                if !options.json {
                    print_line!("imported {id}: {snapshots} snapshots, {events} events");
                }
                imported.push(json!({ "run": id, "snapshots": snapshots, "events": events }));
            }
            Ok(false) => {
                if !options.json {
                    print_line!("kept {id}: the record already has this run");
                }
                kept.push(id);
            }
            Err(error @ RecordError::Document { .. }) => {
                print_error!("error: {error}");
                refused.push(json!({ "run": id, "error": error.to_string() }));
            }
            Err(error) => return Err(record_error(error)),
        }
    }
    if options.json {
        let json = json!({ "imported": imported, "kept": kept, "refused": refused });
        output::print_json(&json)?;
    }
    match refused.len() {
        0 => Ok(()),
        failed => bail!("refused {failed} of {} runs", runs.len()),
    }
}
