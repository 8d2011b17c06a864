//! The changes of a run: the causes of its differences, and which snapshots can be
//! accepted with them.

use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use tintype::internals::explain::{cause_groups, known_causes};
use tintype::internals::model::{RunId, VisualTestResult};
use tokio::task::spawn_blocking;

use super::error::ApiError;
use super::names::parse_name;
use super::state::App;
use crate::causes;

/// The most snapshots in one request: their images are compared.
const MAX_SNAPSHOTS: usize = 64;

/// What is known of the causes of a difference.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct ExplainedPart<'a> {
    /// The ids of the known causes, the one with the most pixels first.
    causes: Vec<&'a str>,
    explained_ratio: f64,
    /// Causes do not explain the difference in full, so that it is not accepted
    /// together with others.
    has_residual: bool,
}

impl<'a> ExplainedPart<'a> {
    /// `None` if the difference has no explanation.
    pub(super) fn of(result: &'a VisualTestResult) -> Option<Self> {
        let explanation = result.explanation.as_ref()?;
        Some(Self {
            causes: known_causes(result).map(|cause| &*cause.id).collect(),
            explained_ratio: explanation.explained_ratio,
            has_residual: !explanation.is_complete(),
        })
    }
}

/// The causes of a run, those of the most snapshots first, with texts for people.
pub(super) fn of_run(results: &[VisualTestResult]) -> Vec<Value> {
    let groups = cause_groups(results);
    let changes = groups.iter().map(|group| {
        let mut change = json!(group.cause);
        change["text"] = json!(group.cause.to_string());
        change["place"] = json!(group.cause.source.as_ref().map(ToString::to_string));
        change
    });
    changes.collect()
}

/// Snapshots that are to be accepted with causes.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ExplainedRequest {
    causes: Vec<String>,
    /// Their names.
    snapshots: Vec<String>,
}

/// Tells which snapshots consist of these causes only, by the rule of
/// `accept --cause`.
pub(super) async fn explained(
    State(app): State<App>,
    Path(run): Path<String>,
    Json(request): Json<ExplainedRequest>,
) -> Result<Json<Value>, ApiError> {
    if request.snapshots.len() > MAX_SNAPSHOTS {
        return Err(ApiError::invalid(format!(
            "a request may have at most {MAX_SNAPSHOTS} snapshots"
        )));
    }
    let run = RunId(run);
    let mut results = Vec::new();
    for name in &request.snapshots {
        results.push(app.source.test(&run, &parse_name(name)?).await?.1);
    }
    spawn_blocking(move || {
        let project = app.project()?;
        let (accepted, left_out) =
            causes::explained(&project, results.iter().collect(), &request.causes);
        let names = accepted.iter();
        let names: Vec<_> = names
            .map(|result| result.story_identifier.test_name())
            .collect();
        Ok(Json(json!({ "accepted": names, "leftOut": left_out })))
    })
    .await
    .map_err(|error| ApiError::new(StatusCode::INTERNAL_SERVER_ERROR, error.to_string()))?
}
