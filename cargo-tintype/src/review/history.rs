//! Answers the requests for the history of snapshots.

use axum::Json;
use axum::extract::{Path, State};
use futures_util::future::join_all;
use serde_json::{Value, json};
use tintype::internals::model::Status;
use tintype::internals::record::HistoryEntry;

use super::api::image_url;
use super::error::ApiError;
use super::names::parse_name;
use super::state::App;
use crate::flakiness::{flaky_stories, to_json};

/// The last outcomes of a snapshot.
pub(super) async fn history(
    State(app): State<App>,
    Path(name): Path<String>,
) -> Result<Json<Value>, ApiError> {
    let story = parse_name(&name)?;
    let outcomes = app.source.records.history(&story).await?;
    let runs = outcomes.iter().map(|outcome| &outcome.run_id);
    let results = runs.map(|run| app.source.records.test(run, &story));
    let results = join_all(results).await;
    let shown = outcomes.iter().zip(results).map(|(outcome, result)| {
        let mut object = outcome_with_image(&name, outcome);
        // Runs that retention has removed are without these.
        if let Ok(result) = result {
            object["crop"] = json!(result.regions.first());
            object["measurements"] = json!(result.measurements);
        }
        object
    });
    let shown: Vec<_> = shown.collect();
    Ok(Json(json!({ "name": name, "outcomes": shown })))
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

/// The flaky snapshots, worst stories first.
pub(super) async fn flaky(State(app): State<App>) -> Result<Json<Value>, ApiError> {
    let plan = app.project()?.plan;
    let stories = flaky_stories(&app.source.records, &plan).await?;
    let snapshots = stories.iter().flat_map(|story| &story.snapshots);
    let flaky: Vec<_> = snapshots
        .map(|(snapshot, assessment)| {
            let mut object = to_json(assessment);
            object["name"] = json!(snapshot.test_name());
            object["failures"] = json!(assessment.disagreements());
            object["runs"] = json!(assessment.executions);
            object
        })
        .collect();
    Ok(Json(json!({ "flaky": flaky })))
}
