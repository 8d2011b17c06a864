//! `cargo tintype export`

use std::fs;
use std::io::Write;
use std::path::PathBuf;

use anyhow::{Context, Result};
use tintype::internals::config::Config;
use tintype::internals::model::RunId;

use crate::record_access::RecordAccess;

/// Export runs of the record as NDJSON
#[derive(clap::Args)]
pub(crate) struct ExportOptions {
    /// Ids of runs, unique prefixes of them, or `latest` [default: all runs]
    runs: Vec<String>,

    /// File to write [default: standard output]
    #[arg(long, short, value_name = "FILE")]
    output: Option<PathBuf>,
}

pub(crate) fn run(config: &Config, options: &ExportOptions) -> Result<()> {
    let record = RecordAccess::open(config)?;
    let mut ids: Vec<RunId> = Vec::new();
    for run in &options.runs {
        ids.push(record.run_id(Some(run))?);
    }
    if options.runs.is_empty() {
        let all = record.wait(record.records.runs(usize::MAX))?;
        ids = all.into_iter().map(|run| run.run_id).collect();
    }
    let mut output: Box<dyn Write> = match &options.output {
        Some(path) => {
            let file = fs::File::create(path);
            Box::new(file.with_context(|| format!("failed to create {}", path.display()))?)
        }
        None => Box::new(std::io::stdout().lock()),
    };
    for id in &ids {
        let whole = record.wait(record.records.export(id))?;
        let text = whole.to_ndjson().map_err(|e| anyhow::anyhow!("{e}"))?;
        output
            .write_all(text.as_bytes())
            .context("failed to write the export")?;
    }
    eprintln!("exported {} runs", ids.len());
    Ok(())
}
