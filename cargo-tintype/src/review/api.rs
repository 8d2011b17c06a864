//! Answers the requests of the page: runs, snapshots, history, decisions.

use std::collections::BTreeMap;

use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::{Extension, Json};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use tintype::compare::Region;
use tintype::internals::model::{RunId, Status, StoryIdentifier, VisualTestResult, VisualTestRun};
use tintype::internals::report::EvidenceTexts;
use tokio::task::spawn_blocking;

use super::authentication::User;
use super::changes::{self, ExplainedPart};
use super::decide;
use super::error::ApiError;
use super::names::parse_name;
use super::state::{App, ServerState};
use crate::decisions::{Decision, DecisionState, ExpectedBaseline};
use crate::estimate::{Estimate, estimate};
use crate::images::{self, RunImage};
use crate::percent::encode_segment;
use crate::project::Project;

/// The most decisions in one request.
const MAX_DECISIONS: usize = 20_000;

/// A snapshot in the list of a run. The page requests the rest when it is
/// selected.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct SnapshotRow<'a> {
    name: String,
    story_identifier: &'a StoryIdentifier,
    status: Status,
    lean: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    diff_ratio: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    duration_ms: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    worker: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    decision: Option<DecisionState>,
    needs_decision: bool,
    acceptable: bool,
    /// The largest region that differs.
    #[serde(skip_serializing_if = "Option::is_none")]
    crop: Option<&'a Region>,
    #[serde(skip_serializing_if = "Option::is_none")]
    known_failure: Option<&'a str>,
    #[serde(flatten)]
    explained: Option<ExplainedPart<'a>>,
}

pub(super) async fn runs(State(app): State<App>) -> Json<Value> {
    let found = app.source.runs().await;
    Json(json!({ "runs": found.runs, "problem": found.problem, "record": app.source.describe() }))
}

pub(super) async fn run(
    State(app): State<App>,
    Path(run): Path<String>,
) -> Result<Json<Value>, ApiError> {
    let id = RunId(run);
    // Events before results, so that a change in between is not missed but sent
    // twice.
    let last = last_event(&app, &id).await;
    let (run, results) = app.source.run(&id).await?;
    let before = before(&app, &run).await;
    spawn_blocking(move || {
        let project = app.project()?;
        let rows: Vec<_> = results
            .iter()
            .map(|result| row(&app, &project, result))
            .collect();
        Ok(Json(json!({
            "run": run,
            "snapshots": rows,
            "changes": changes::of_run(&results),
            "lastEvent": last,
            "before": before,
        })))
    })
    .await
    .map_err(|error| ApiError::new(StatusCode::INTERNAL_SERVER_ERROR, error.to_string()))?
}

/// The id and the number of the run's last event.
async fn last_event(app: &App, run: &RunId) -> Value {
    let (mut after, mut number) = ("0".to_owned(), 0);
    while let Ok(page) = app.source.records.events(run, &after, 10_000).await {
        let Some(last) = page.last() else { break };
        let event: Value = serde_json::from_str(&last.event).unwrap_or_default();
        number = event["n"].as_u64().unwrap_or(number);
        after.clone_from(&last.id);
    }
    json!({ "id": after, "n": number })
}

/// The estimate for a run that is in progress.
async fn before(app: &App, run: &VisualTestRun) -> Option<Estimate> {
    if run.reason.is_some() {
        return None;
    }
    estimate(run, &app.source.runs().await.runs)
}

fn row<'a>(app: &ServerState, project: &Project, result: &'a VisualTestResult) -> SnapshotRow<'a> {
    SnapshotRow {
        name: result.story_identifier.test_name(),
        story_identifier: &result.story_identifier,
        status: result.status,
        lean: true,
        diff_ratio: result.diff_ratio,
        duration_ms: result.duration_ms,
        worker: (result.status == Status::Running)
            .then_some(())
            .and(result.worker.as_deref()),
        decision: app.decisions.state(project, result),
        needs_decision: result.needs_decision(),
        acceptable: result.can_be_accepted() && app.source.may_have_image(project, result),
        crop: result.regions.first(),
        known_failure: result.known_failure.as_deref(),
        explained: ExplainedPart::of(result),
    }
}

/// A snapshot with everything that the page shows.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct SnapshotDetail<'a> {
    #[serde(flatten)]
    result: &'a VisualTestResult,
    name: &'a str,
    images: BTreeMap<&'static str, String>,
    #[serde(skip_serializing_if = "EvidenceTexts::is_empty")]
    evidence: EvidenceTexts,
    #[serde(skip_serializing_if = "Option::is_none")]
    decision: Option<DecisionState>,
    #[serde(flatten)]
    explained: Option<ExplainedPart<'a>>,
    /// SHA-256 of the baseline as it is now: what an acceptance replaces.
    baseline_now: Option<String>,
    needs_decision: bool,
    acceptable: bool,
    /// Why the current image cannot be read.
    #[serde(skip_serializing_if = "Option::is_none")]
    damaged: Option<String>,
    /// The baseline is not the one that the run compared with.
    baseline_moved: bool,
}

pub(super) async fn test(
    State(app): State<App>,
    Path((run, name)): Path<(String, String)>,
) -> Result<Json<Value>, ApiError> {
    let (id, story) = (RunId(run), parse_name(&name)?);
    let (_, result) = app.source.test(&id, &story).await?;
    let project = app.project()?;
    let damaged = damage(&app, &result).await;
    let path = project.baseline(&story).ok();
    // A damaged baseline can be replaced, too.
    let baseline_now = path.and_then(|path| {
        let hash = project.baselines().file_sha256(&path);
        hash.ok().flatten()
    });
    let state = app.decisions.state(&project, &result);
    let hashes = result.sha256.clone().unwrap_or_default();
    let mut images = BTreeMap::new();
    let mut add = |pane, kind, exists: bool, hash: Option<&str>| {
        if exists {
            let url = image_url(&id, &name, kind);
            images.insert(pane, format!("{url}?v={}", hash.unwrap_or_default()));
        }
    };
    match app.decisions.replaced(&result) {
        // After an acceptance the page still shows the difference.
        Some((hash, _)) => add("baseline", "replaced", true, Some(&hash)),
        None if state == Some(DecisionState::Accepted) && hashes.baseline.is_none() => {}
        None => add(
            "baseline",
            "baseline",
            baseline_now.is_some(),
            baseline_now.as_deref(),
        ),
    }
    let has = |image: &Option<String>| image.is_some();
    let (current, diff) = (hashes.current.as_deref(), hashes.diff.as_deref());
    add("current", "current", has(&result.current), current);
    add("diff", "diff", has(&result.diff), diff);
    // An accepted baseline differs in nothing.
    let is_comparable = result.explanation.is_some() && state != Some(DecisionState::Accepted);
    add(
        "residual",
        "residual",
        is_comparable && current.is_some(),
        current,
    );
    let evidence = images::evidence(&project.manifest, &result);
    let detail = SnapshotDetail {
        name: &name,
        images,
        evidence,
        decision: state,
        needs_decision: result.needs_decision(),
        acceptable: result.can_be_accepted() && damaged.is_none(),
        damaged,
        explained: ExplainedPart::of(&result),
        baseline_moved: state.is_none()
            && result.can_be_accepted()
            && baseline_now != hashes.baseline,
        baseline_now,
        result: &result,
    };
    Ok(Json(json!(detail)))
}

/// Why the current image of a snapshot cannot be accepted, although the run could
/// have it accepted: the file is missing or is another one.
async fn damage(app: &App, result: &VisualTestResult) -> Option<String> {
    if !result.can_be_accepted() {
        return None;
    }
    let (app, result) = (App::clone(app), result.clone());
    let verified = spawn_blocking(move || {
        let manifest = app.project()?.manifest;
        images::verified(&manifest, &result, RunImage::Current).map(drop)
    });
    let error = verified.await.ok()?.err()?;
    Some(format!("{error:#}"))
}

/// The address of an image.
pub(super) fn image_url(run: &RunId, name: &str, kind: &str) -> String {
    format!(
        "/images/{}/{}/{kind}",
        encode_segment(run.as_str()),
        encode_segment(name)
    )
}

/// Decisions on snapshots of a run.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct DecisionRequest {
    run: String,
    decision: Decision,
    snapshots: Vec<ChosenSnapshot>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ChosenSnapshot {
    name: String,
    /// The hash of the baseline that the reviewer saw, or null if there was no
    /// file. If absent, the baseline that the run compared with.
    #[serde(default, deserialize_with = "present")]
    expected: Option<Option<String>>,
}

/// A field that is present, though it may be null.
fn present<'de, D: serde::Deserializer<'de>>(from: D) -> Result<Option<Option<String>>, D::Error> {
    Option::deserialize(from).map(Some)
}

pub(super) async fn decide(
    State(app): State<App>,
    Extension(user): Extension<User>,
    Json(request): Json<DecisionRequest>,
) -> Result<Json<Value>, ApiError> {
    if request.snapshots.len() > MAX_DECISIONS {
        return Err(ApiError::invalid(format!(
            "a request may have at most {MAX_DECISIONS} decisions"
        )));
    }
    let run = RunId(request.run);
    let mut answers = Vec::new();
    for ChosenSnapshot { name, expected } in request.snapshots {
        let expected = expected.map_or(ExpectedBaseline::OfRun, ExpectedBaseline::Hash);
        let decided =
            decide::decide(&app, &user.name, &run, request.decision, &name, expected).await;
        answers.push(match decided {
            Ok(warning) => json!({ "name": name, "done": true, "warning": warning }),
            Err(error) => json!({ "name": name, "done": false, "error": format!("{error:#}") }),
        });
    }
    Ok(Json(json!({ "answers": answers })))
}
