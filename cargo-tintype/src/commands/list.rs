//! `cargo tintype list`

use anyhow::Result;
use serde_json::json;

use crate::output::{self, print_error, print_line};
use crate::project::{Project, is_selected};
use tintype::internals::config::Config;

/// List the snapshots of the manifest
#[derive(clap::Args)]
pub(crate) struct ListOptions {
    /// Only snapshots whose name contains one of these texts
    #[arg(value_name = "FILTER")]
    filters: Vec<String>,

    /// Print a JSON array instead of lines
    #[arg(long)]
    json: bool,
}

pub(crate) fn run(config: &Config, options: &ListOptions) -> Result<()> {
    let project = Project::open(config)?;
    let snapshots = project.plan.snapshots.iter();
    let selected = snapshots.filter(|snapshot| is_selected(&snapshot.identifier, &options.filters));
    let selected: Vec<_> = selected.collect();
    if selected.is_empty() && !options.filters.is_empty() {
        print_error!("no snapshot matches {}", options.filters.join(", "));
    }
    if options.json {
        let baselines = project.baselines();
        let list: Vec<_> = selected
            .into_iter()
            .map(|snapshot| {
                let mut entry = json!({
                    "name": snapshot.identifier.test_name(),
                    "storyIdentifier": snapshot.identifier,
                    "path": snapshot.story.path,
                    "browser": snapshot.browser,
                    "scale": snapshot.screen.scale,
                    "baseline": project.shown(&snapshot.baseline),
                    "hasBaseline": baselines.file_sha256(&snapshot.baseline).is_ok_and(|hash| hash.is_some()),
                });
                if let Some(reason) = &snapshot.skip {
                    entry["skip"] = json!(reason);
                }
                entry
            })
            .collect();
        output::print_json(&list)?;
    } else {
        for snapshot in selected {
            let reason = snapshot.skip.as_ref();
            let reason = reason.map_or(String::new(), |reason| format!(" (skipped: {reason})"));
            print_line!("{}{reason}", snapshot.identifier.test_name());
        }
    }
    if project.manifest.from_code {
        print_error!(
            "note: the manifest has `from-code = true`, so the test target may have more snapshots: \
             `cargo test --test visual -- --list`"
        );
    }
    Ok(())
}
