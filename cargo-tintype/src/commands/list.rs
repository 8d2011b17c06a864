//! `cargo tintype list`

use anyhow::Result;
use serde_json::json;
use tintype::config::Config;

use crate::project::{Project, is_meant};

/// List the snapshots of the manifest
#[derive(clap::Args)]
pub(crate) struct ListOptions {
    /// Only snapshots whose name contains one of these texts
    filters: Vec<String>,

    /// A JSON array of objects instead of lines
    #[arg(long)]
    json: bool,
}

pub(crate) fn run(config: &Config, options: &ListOptions) -> Result<()> {
    let project = Project::open(config)?;
    let snapshots = project.plan.snapshots.iter();
    let meant = snapshots.filter(|snapshot| is_meant(&snapshot.identifier, &options.filters));
    let mut text = String::new();
    if options.json {
        let list: Vec<_> = meant
            .map(|snapshot| {
                let mut entry = json!({
                    "name": snapshot.identifier.test_name(),
                    "storyIdentifier": snapshot.identifier,
                    "path": snapshot.story.path,
                    "browser": snapshot.browser,
                    "scale": snapshot.screen.scale,
                    "baseline": project.shown(&snapshot.baseline),
                    "hasBaseline": snapshot.baseline.is_file(),
                });
                if let Some(reason) = &snapshot.skip {
                    entry["skip"] = json!(reason);
                }
                entry
            })
            .collect();
        text = serde_json::to_string_pretty(&list)?;
        text.push('\n');
    } else {
        for snapshot in meant {
            text += &snapshot.identifier.test_name();
            if let Some(reason) = &snapshot.skip {
                text += &format!(" (skipped: {reason})");
            }
            text.push('\n');
        }
    }
    print!("{text}");
    if project.manifest.from_code {
        eprintln!(
            "the test target may have more (from-code = true): `cargo test --test visual -- --list`"
        );
    }
    Ok(())
}
