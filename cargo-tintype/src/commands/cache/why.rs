//! `cargo tintype cache why`

use anyhow::{Result, anyhow};
use serde_json::{Value, json};
use tintype::internals::cache::{CacheMiss, InputChange};
use tintype::internals::config::{Config, closest};
use tintype::internals::manifest::SnapshotSelector;
use tintype::internals::model::CacheMissReason;
use tintype::internals::plan::Snapshot;
use tintype::internals::redact::redact;

use super::open::OpenCache;
use crate::output::{self, print_line};
use crate::project::{Project, is_selected};

/// Show whether the next run passes a story from the cache, and if not, what changed
#[derive(clap::Args)]
pub(crate) struct CacheWhyOptions {
    /// Id of a story, STORY::THEME or STORY::THEME::VIEWPORT, or a part of a name
    #[arg(value_name = "STORY")]
    story: String,

    /// Print a JSON array instead of lines
    #[arg(long)]
    json: bool,
}

pub(super) fn run(config: &Config, options: &CacheWhyOptions) -> Result<()> {
    let open = OpenCache::new(config)?;
    let snapshots = selected(&open.project, &options.story)?;
    let disabled = open.disabled_reason();
    let forecast = open.forecast(&snapshots);
    open.flush();
    let rows = snapshots.iter().zip(forecast.hits).zip(forecast.misses);
    let rows: Vec<_> = rows
        .map(|((snapshot, hit), miss)| (snapshot, hit.is_some(), miss))
        .collect();
    if options.json {
        let rows: Vec<_> = rows
            .iter()
            .map(|(snapshot, hit, miss)| {
                row_json(
                    snapshot,
                    *hit && disabled.is_none(),
                    miss.as_ref(),
                    disabled,
                )
            })
            .collect();
        return output::print_json(&rows);
    }
    if let Some(reason) = disabled {
        print_line!("the next run captures every snapshot: {reason}");
    }
    for (snapshot, hit, miss) in rows {
        let name = snapshot.identifier.test_name();
        match (&snapshot.skip, miss) {
            (Some(reason), _) => print_line!("{name}: skipped: {reason}"),
            _ if hit => print_line!("{name}: passes from the cache"),
            (_, Some(miss)) => print_miss(&name, &miss),
            _ => {}
        }
    }
    Ok(())
}

/// The snapshots of a story, otherwise those whose name contains the text.
fn selected(project: &Project, story: &str) -> Result<Vec<Snapshot>> {
    let snapshots = &project.plan.snapshots;
    let by_selector = |selector: SnapshotSelector| -> Vec<Snapshot> {
        let covered = snapshots
            .iter()
            .filter(|it| selector.covers(&it.identifier));
        covered.cloned().collect()
    };
    let mut found = story.parse().map(by_selector).unwrap_or_default();
    if found.is_empty() {
        let filters = [story.to_owned()];
        let named = snapshots
            .iter()
            .filter(|it| is_selected(&it.identifier, &filters));
        found = named.cloned().collect();
    }
    if found.is_empty() {
        return Err(unknown_story(project, story));
    }
    Ok(found)
}

/// The error for a story that the manifest does not have.
pub(super) fn unknown_story(project: &Project, story: &str) -> anyhow::Error {
    if project.manifest.from_code {
        return anyhow!(
            "the manifest has no story `{story}`; it has `from-code = true`, and stories of the \
             test target are not known to this command"
        );
    }
    let ids = project
        .manifest
        .stories
        .iter()
        .map(|story| story.id.as_str());
    let help = closest(story, ids, 3).map(|id| format!(" (help: did you mean `{id}`?)"));
    anyhow!(
        "no story matches `{story}`{}",
        help.unwrap_or_else(|| " (help: `cargo tintype list` lists them)".to_owned())
    )
}

fn row_json(
    snapshot: &Snapshot,
    hit: bool,
    miss: Option<&CacheMiss>,
    disabled: Option<&str>,
) -> Value {
    let mut row = json!({
        "name": snapshot.identifier.test_name(),
        "storyIdentifier": snapshot.identifier,
        "hit": hit,
    });
    if let Some(reason) = &snapshot.skip {
        row["skip"] = json!(reason);
    }
    if let Some(reason) = disabled {
        row["disabled"] = json!(reason);
    }
    if let Some(miss) = miss {
        row["reason"] = json!(miss.reason);
        let changes: Vec<_> = miss.changes.iter().map(without_secrets).collect();
        row["changes"] = json!(changes);
        if let Some(detail) = &miss.detail {
            row["detail"] = json!(redact(detail));
        }
    }
    row
}

fn without_secrets(change: &InputChange) -> InputChange {
    let clean = |text: &Option<String>| text.as_ref().map(|text| redact(text).into_owned());
    InputChange {
        from: clean(&change.from),
        to: clean(&change.to),
        ..change.clone()
    }
}

fn print_miss(name: &str, miss: &CacheMiss) {
    let text = match miss.reason {
        CacheMissReason::Unrecorded => "no pass of it is recorded",
        CacheMissReason::Expired => "its last pass is older than 14 days",
        CacheMissReason::Cleared => "the cache was cleared since it passed",
        CacheMissReason::Quarantine => "it is in quarantine",
        CacheMissReason::Uncacheable => "it depends on more than files",
        CacheMissReason::Baseline if miss.changes.is_empty() => "its baseline",
        _ => "changed since it passed",
    };
    let detail = miss.detail.as_ref().map(|detail| format!(": {detail}"));
    print_line!(
        "{name}: will be captured: {text}{}",
        detail.unwrap_or_default()
    );
    for change in &miss.changes {
        print_line!("  {}", change_line(change));
    }
}

fn change_line(change: &InputChange) -> String {
    let kind = match change.input {
        CacheMissReason::Files => "file",
        CacheMissReason::Manifest => "manifest entry:",
        CacheMissReason::Version => "Tintype version",
        CacheMissReason::Environment => "environment:",
        other => other.as_str(),
    };
    let name = if change.name.is_empty() {
        String::new()
    } else {
        format!(" {}", change.name)
    };
    let value = |value: &Option<String>| value.clone().unwrap_or_else(|| "none".to_owned());
    format!(
        "{kind}{name}: {} → {}",
        value(&change.from),
        value(&change.to)
    )
}
