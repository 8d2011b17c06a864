//! `cargo tintype baselines resolve`

use std::path::Path;

use anyhow::{Result, bail};
use serde_json::json;
use tintype::internals::baseline::{BaselineLock, LockError, MergeSide, MergeSides};
use tintype::internals::config::Config;

use crate::git;
use crate::output::{self, print_line};
use crate::project::Project;

/// Resolve git's conflict markers in baselines.lock, line by line
///
/// Takes a baseline that one side has changed from that side. If both sides have
/// changed it, choose a side, and run the tests.
#[derive(clap::Args)]
pub(super) struct ResolveOptions {
    /// Where both sides have changed a baseline, take ours
    #[arg(long, conflicts_with = "theirs")]
    ours: bool,

    /// Where both sides have changed a baseline, take theirs
    #[arg(long)]
    theirs: bool,

    /// Print JSON instead of a line
    #[arg(long)]
    json: bool,
}

pub(super) fn run(config: &Config, options: &ResolveOptions) -> Result<()> {
    let project = Project::open(config)?;
    let root = &project.manifest.root;
    let text = BaselineLock::text(root)?;
    match BaselineLock::parse(&text) {
        Err(LockError::Conflict { .. }) => {}
        Err(error) => return Err(error.into()),
        Ok(_) => bail!("{} has no conflict markers", BaselineLock::NAME),
    }
    let mut sides = MergeSides::parse(&text)?;
    if sides.base.is_none() {
        sides.base = ancestor(root);
    }
    let preferred = match (options.ours, options.theirs) {
        (true, _) => Some(MergeSide::Ours),
        (_, true) => Some(MergeSide::Theirs),
        _ => None,
    };
    let merged = sides.merge(preferred)?;
    merged.write(root)?;
    let (file, baselines) = (BaselineLock::NAME, merged.len());
    if options.json {
        return output::print_json(&json!({ "file": file, "baselines": baselines }));
    }
    print_line!("resolved {file}: {baselines} baselines (help: `git add` it)");
    Ok(())
}

/// The common ancestor of the file, which git keeps while it merges.
fn ancestor(root: &Path) -> Option<BaselineLock> {
    let object = format!(":1:./{}", BaselineLock::NAME);
    let text = git::output(root, &["show", &object])?;
    BaselineLock::parse(&String::from_utf8(text).ok()?).ok()
}
