//! `cargo tintype orphans`

use anyhow::{Result, anyhow, bail};
use tintype::internals::baseline;
use tintype::internals::config::Config;

use crate::output::{self, print_line};
use crate::project::Project;
use crate::stored_baselines::remove_empty_folders;

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
        .map_err(|error| anyhow!("failed to list the baselines: {error}"))?;
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
            project.baselines().remove(path)?;
            remove_empty_folders(&project.manifest.root, path);
        }
    }
    if !options.json {
        print_line!("{}", summary(shown.len(), options.delete));
    }
    Ok(())
}

fn summary(count: usize, deleted: bool) -> String {
    match (count, deleted) {
        (0, _) => "every baseline belongs to a snapshot".to_owned(),
        (1, false) => "1 orphan (use --delete to delete it)".to_owned(),
        (count, false) => format!("{count} orphans (use --delete to delete them)"),
        (count, true) => format!("deleted {count}"),
    }
}
