//! `cargo tintype orphans`

use std::fs;
use std::path::Path;

use anyhow::{Context, Result, bail};
use tintype::internals::baseline;
use tintype::internals::config::Config;

use crate::output::{self, print_line};
use crate::project::Project;

/// List baselines that no longer belong to a snapshot
#[derive(clap::Args)]
pub(crate) struct OrphansOptions {
    /// Delete them, and folders that become empty
    #[arg(long)]
    delete: bool,

    /// Print a JSON array of paths instead of lines
    #[arg(long)]
    json: bool,
}

pub(crate) fn run(config: &Config, options: &OrphansOptions) -> Result<()> {
    let project = Project::open(config)?;
    if project.manifest.from_code {
        bail!(
            "orphans are unknown: the manifest has `from-code = true`, so only the test target \
             knows all snapshots (help: compare `cargo test --test visual -- --list` with the \
             files)"
        );
    }
    if project.manifest.is_stale {
        bail!("orphans are unknown: the Storybook does not answer (help: start it)");
    }
    let orphans = baseline::orphans(&project.manifest, &project.plan)
        .context("failed to list the baselines")?;
    let shown: Vec<_> = orphans.iter().map(|path| project.shown(path)).collect();
    if options.json {
        output::print_json(&shown)?;
    } else {
        for path in &shown {
            print_line!("{path}");
        }
    }
    if options.delete {
        for path in &orphans {
            fs::remove_file(path)
                .with_context(|| format!("failed to delete {}", path.display()))?;
            remove_empty(&project.manifest.root, path);
        }
    }
    if !options.json {
        print_line!("{}", summary(shown.len(), options.delete));
    }
    Ok(())
}

/// Removes the folders above a deleted file that are empty.
fn remove_empty(root: &Path, path: &Path) {
    let above = path
        .ancestors()
        .skip(1)
        .take_while(|folder| *folder != root);
    for folder in above {
        if fs::remove_dir(folder).is_err() {
            break;
        }
    }
}

fn summary(count: usize, deleted: bool) -> String {
    match (count, deleted) {
        (0, _) => "every baseline belongs to a snapshot".to_owned(),
        (1, false) => "1 orphan (use --delete to delete it)".to_owned(),
        (count, false) => format!("{count} orphans (use --delete to delete them)"),
        (count, true) => format!("deleted {count}"),
    }
}
