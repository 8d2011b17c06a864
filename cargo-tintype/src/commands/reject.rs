//! `cargo tintype reject`

use std::fs;
use std::io::ErrorKind;
use std::path::Path;

use anyhow::{Context, Result, bail};
use tintype::config::Config;
use tintype::model::{Status, VisualTestResult};

use crate::project::{Project, is_meant};
use crate::run_files;

/// Remove current and diff images of a run, so that nobody accepts them
#[derive(clap::Args)]
pub(crate) struct RejectOptions {
    /// Only snapshots whose name contains one of these texts
    filters: Vec<String>,

    /// The run; otherwise the newest one
    #[arg(long, value_name = "ID")]
    run: Option<String>,
}

pub(crate) fn run(config: &Config, options: &RejectOptions) -> Result<()> {
    let project = Project::open(config)?;
    let file = run_files::open(&project.manifest, options.run.as_deref())?;
    let open = |result: &&VisualTestResult| {
        let undecided = matches!(
            result.status,
            Status::New | Status::Failed | Status::Changed
        );
        undecided && is_meant(&result.story_identifier, &options.filters)
    };
    let mut rejected = 0;
    for result in file.results.iter().filter(open) {
        let mut removed = false;
        for image in [&result.current, &result.diff].into_iter().flatten() {
            removed |= remove(
                &run_files::folder_of(&project.manifest),
                &project.manifest.root.join(image),
            )?;
        }
        if removed {
            println!("rejected {}", result.story_identifier);
            rejected += 1;
        }
    }
    if rejected == 0 && !options.filters.is_empty() {
        let id = &file.run.run_id;
        bail!(
            "nothing undecided in {id} matches {}",
            options.filters.join(", ")
        );
    }
    println!(
        "rejected {rejected} from {}; the baselines stay as they are",
        file.run.run_id
    );
    Ok(())
}

/// Removes an image of a run, and nothing else, whatever `run.json` says.
fn remove(runs: &Path, image: &Path) -> Result<bool> {
    let Ok(found) = image.canonicalize() else {
        return Ok(false);
    };
    let runs = runs.canonicalize().context("failed to find the runs")?;
    if !found.starts_with(runs) {
        bail!("{} is not an image of a run", image.display());
    }
    match fs::remove_file(&found) {
        Ok(()) => Ok(true),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(false),
        Err(error) => Err(error).with_context(|| format!("failed to remove {}", image.display())),
    }
}
