//! Answers the requests for the history of snapshots.

use std::collections::BTreeMap;

use axum::Json;
use axum::extract::{Path, State};
use serde_json::{Value, json};
use tintype::internals::model::Status;
use tintype::internals::record::HistoryEntry;

use super::api::image_url;
use super::error::ApiError;
use super::names::parse_name;
use super::state::App;

/// The last outcomes of a snapshot.
pub(super) async fn history(
    State(app): State<App>,
    Path(name): Path<String>,
) -> Result<Json<Value>, ApiError> {
    let outcomes = app.source.records.history(&parse_name(&name)?).await?;
    let outcomes: Vec<_> = outcomes
        .iter()
        .map(|outcome| outcome_with_image(&name, outcome))
        .collect();
    Ok(Json(json!({ "name": name, "outcomes": outcomes })))
}

/// An outcome with the address of its image. A snapshot that passed has none of
/// its own: it is the baseline that the run compared it with.
fn outcome_with_image(name: &str, outcome: &HistoryEntry) -> Value {
    let kind = match outcome.status {
        Status::Passed => "compared",
        _ => "current",
    };
    let mut object = json!(outcome);
    object["picture"] = json!(image_url(&outcome.run_id, name, kind));
    object
}

/// Snapshots that passed and failed on the same clean commit.
pub(super) async fn flaky(State(app): State<App>) -> Result<Json<Value>, ApiError> {
    let runs = app.source.runs().await.runs;
    let commits: BTreeMap<_, _> = runs
        .iter()
        .filter_map(|run| {
            let git = run.environment.git.as_ref().filter(|git| !git.dirty)?;
            Some((run.run_id.clone(), git.commit.clone()))
        })
        .collect();
    let mut flaky = Vec::new();
    let project = app.project()?;
    for snapshot in &project.plan.snapshots {
        let outcomes = app.source.records.history(&snapshot.identifier).await?;
        let mut seen: BTreeMap<&str, (u32, u32)> = BTreeMap::new();
        for outcome in &outcomes {
            let Some(commit) = commits.get(&outcome.run_id) else {
                continue;
            };
            let (good, bad) = seen.entry(commit).or_default();
            match outcome.status {
                Status::Passed | Status::Changed => *good += 1,
                Status::Failed => *bad += 1,
                Status::New | Status::Skipped | Status::Running => {}
            }
        }
        let both = seen.values().filter(|(good, bad)| *good > 0 && *bad > 0);
        let failures: u32 = both.map(|(_, bad)| bad).sum();
        if failures > 0 {
            let name = snapshot.identifier.test_name();
            flaky.push(json!({ "name": name, "failures": failures, "runs": outcomes.len() }));
        }
    }
    Ok(Json(json!({ "flaky": flaky })))
}
