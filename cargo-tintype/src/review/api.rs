//! What the page asks for, and the decisions that it sends.

use std::collections::BTreeMap;

use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::{Extension, Json};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use tintype::baseline;
use tintype::model::{RunId, Status, StoryIdentifier, VisualTestResult, VisualTestRun};
use tintype::record::operation::HistoryEntry;
use tokio::task::spawn_blocking;

use super::App;
use super::authentication::User;
use super::error::ApiError;
use crate::decisions::log::Decision;
use crate::estimate::{Estimate, estimate};
use crate::project::Project;

/// So many decisions are taken in one request.
const AT_ONCE: usize = 20_000;

/// What a list shows of a snapshot; the rest is asked for when it is looked
/// at.
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
    decision: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    known_failure: Option<&'a str>,
    /// Results that differ in the same way have the same one.
    #[serde(skip_serializing_if = "Option::is_none")]
    alike: Option<String>,
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
    // The events are read before the records: what happens in between is told
    // twice rather than not at all.
    let last = last_event(&app, &id).await;
    let (run, results) = app.source.run(&id).await?;
    let before = before(&app, &run).await;
    spawn_blocking(move || {
        let project = app.project()?;
        let rows: Vec<_> = results
            .iter()
            .map(|result| row(&app, &project, result))
            .collect();
        Ok(Json(
            json!({ "run": run, "snapshots": rows, "lastEvent": last, "before": before }),
        ))
    })
    .await
    .map_err(|error| ApiError::new(StatusCode::INTERNAL_SERVER_ERROR, error.to_string()))?
}

/// The id of the run's last event so far, and its number.
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

/// What a run that is at work is likely to come to.
async fn before(app: &App, run: &VisualTestRun) -> Option<Estimate> {
    if run.reason.is_some() {
        return None;
    }
    estimate(run, &app.source.runs().await.runs)
}

fn row<'a>(app: &App, project: &Project, result: &'a VisualTestResult) -> SnapshotRow<'a> {
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
        decision: decision(app, project, result),
        known_failure: result.known_failure.as_deref(),
        alike: alike(result),
    }
}

/// What has been decided on a snapshot: an acceptance is seen by the baseline
/// that came of it, whoever accepted and with what.
pub(super) fn decision(
    app: &App,
    project: &Project,
    result: &VisualTestResult,
) -> Option<&'static str> {
    if !waits(result) {
        return None;
    }
    let name = result.story_identifier.test_name();
    if app.decisions.current(&result.run_id, &name) == Some(Decision::Reject) {
        return Some("rejected");
    }
    let path = project.baseline(&result.story_identifier).ok()?;
    let there = baseline::read(&project.manifest.root, &path).ok()??;
    let from = there.provenance?;
    (from.run_id == result.run_id && from.story_identifier == result.story_identifier)
        .then_some("accepted")
}

/// Whether a result is for a person to decide on. What is known to fail and
/// does is `changed`, but nothing to accept.
pub(super) fn waits(result: &VisualTestResult) -> bool {
    let differs = matches!(
        result.status,
        Status::Failed | Status::New | Status::Changed
    );
    differs && !result.fails_as_known()
}

/// The sizes of what differs, to within a few pixels: the same change of a
/// component looks like this in all its stories, wherever it stands on them.
fn alike(result: &VisualTestResult) -> Option<String> {
    if !waits(result) || result.regions.is_empty() {
        return None;
    }
    let near = |length: u32| length.div_ceil(4);
    let mut sizes: Vec<_> = result
        .regions
        .iter()
        .map(|r| (near(r.width), near(r.height)))
        .collect();
    sizes.sort_unstable();
    Some(
        sizes
            .iter()
            .map(|(w, h)| format!("{w}x{h}"))
            .collect::<Vec<_>>()
            .join(" "),
    )
}

/// What the page shows of one snapshot.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct SnapshotDetail<'a> {
    #[serde(flatten)]
    result: &'a VisualTestResult,
    name: &'a str,
    images: BTreeMap<&'static str, String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    decision: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    alike: Option<String>,
    /// SHA-256 of the baseline as it is now: what an acceptance replaces.
    baseline_now: Option<String>,
    /// The baseline is not the one that the run compared with.
    baseline_moved: bool,
}

pub(super) async fn test(
    State(app): State<App>,
    Path((run, name)): Path<(String, String)>,
) -> Result<Json<Value>, ApiError> {
    let (id, story) = (RunId(run), story(&name)?);
    let (_, result) = app.source.test(&id, &story).await?;
    let project = app.project()?;
    let path = project.baseline(&story).ok();
    let there = path.and_then(|path| {
        let read = baseline::read(&project.manifest.root, &path);
        read.ok().flatten()
    });
    let now = there.map(|baseline| baseline.file_sha256);
    let hashes = result.sha256.clone().unwrap_or_default();
    let mut images = BTreeMap::new();
    for (kind, there, hash) in [
        ("baseline", now.is_some(), now.as_deref()),
        (
            "current",
            result.current.is_some(),
            hashes.current.as_deref(),
        ),
        ("diff", result.diff.is_some(), hashes.diff.as_deref()),
    ] {
        if there {
            let version = hash.unwrap_or_default();
            images.insert(kind, format!("{}?v={version}", picture(&id, &name, kind)));
        }
    }
    let detail = SnapshotDetail {
        name: &name,
        images,
        decision: decision(&app, &project, &result),
        alike: alike(&result),
        baseline_moved: waits(&result) && now != hashes.baseline,
        baseline_now: now,
        result: &result,
    };
    Ok(Json(json!(detail)))
}

pub(super) async fn history(
    State(app): State<App>,
    Path(name): Path<String>,
) -> Result<Json<Value>, ApiError> {
    let outcomes = app.source.records.history(&story(&name)?).await?;
    let outcomes: Vec<_> = outcomes
        .iter()
        .map(|outcome| moment(&name, outcome))
        .collect();
    Ok(Json(json!({ "name": name, "outcomes": outcomes })))
}

/// One outcome with its picture: what passed looked like its baseline.
fn moment(name: &str, outcome: &HistoryEntry) -> Value {
    let kind = match outcome.status {
        Status::Passed => "baseline",
        _ => "current",
    };
    let mut moment = json!(outcome);
    moment["picture"] = json!(picture(&outcome.run_id, name, kind));
    moment
}

/// The address of a picture.
fn picture(run: &RunId, name: &str, kind: &str) -> String {
    format!("/images/{}/{}/{kind}", encoded(run.as_str()), encoded(name))
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

/// What the page sends when somebody decides.
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
    /// The hash of the baseline that the reviewer saw; without it, of the one
    /// that the run compared with. Null where there was no file.
    #[serde(default, deserialize_with = "given")]
    expected: Option<Option<String>>,
}

/// A field that is there, and be it null.
fn given<'de, D: serde::Deserializer<'de>>(from: D) -> Result<Option<Option<String>>, D::Error> {
    Option::deserialize(from).map(Some)
}

pub(super) async fn decide(
    State(app): State<App>,
    Extension(who): Extension<User>,
    Json(asked): Json<DecisionRequest>,
) -> Result<Json<Value>, ApiError> {
    if asked.snapshots.len() > AT_ONCE {
        return Err(ApiError::unclear(format!(
            "more than {AT_ONCE} decisions at once"
        )));
    }
    let run = RunId(asked.run);
    let mut answers = Vec::new();
    for chosen in asked.snapshots {
        let (name, expected) = (&chosen.name, chosen.expected);
        let answer = app
            .apply(&who.0, &run, asked.decision, name, expected)
            .await;
        let answer = match answer {
            Ok(warning) => json!({ "name": name, "done": true, "warning": warning }),
            Err(error) => json!({ "name": name, "done": false, "error": format!("{error:#}") }),
        };
        answers.push(answer);
    }
    Ok(Json(json!({ "answers": answers })))
}

/// A snapshot by its test name.
pub(super) fn story(name: &str) -> Result<StoryIdentifier, ApiError> {
    name.parse()
        .map_err(|error| ApiError::unclear(format!("`{name}` is no snapshot: {error}")))
}

/// Text as one segment of an address.
fn encoded(text: &str) -> String {
    use std::fmt::Write as _;
    text.bytes().fold(String::new(), |mut out, byte| {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            out.push(char::from(byte));
        } else {
            let _ = write!(out, "%{byte:02X}");
        }
        out
    })
}
