//! Lists the measurements of snapshots beside their limits, worst first.

use axum::Json;
use axum::extract::State;
use futures_util::future::join_all;
use serde_json::{Value, json};
use tintype::internals::manifest::{BudgetUsage, budget_usage};
use tintype::internals::model::{RunId, StoryIdentifier, VisualTestResult};
use tintype::internals::plan::Plan;
use tintype::internals::record::HistoryEntry;

use super::error::ApiError;
use super::state::App;

/// The most snapshots in the list.
const MAX_LISTED: usize = 30;

/// The most runs of each snapshot.
const MAX_POINTS: usize = 20;

/// How many runs are read to find one that has measurements.
const MAX_RUNS: usize = 10;

/// A snapshot with limits, as the newest run measured it.
struct MeasuredSnapshot {
    story: StoryIdentifier,
    usage: Vec<BudgetUsage>,
}

/// The snapshots of the newest run that measured any with limits.
pub(super) async fn budgets(State(app): State<App>) -> Result<Json<Value>, ApiError> {
    let plan = app.project()?.plan;
    let runs = app.source.runs().await.runs;
    for run in runs.iter().take(MAX_RUNS) {
        let (_, results) = app.source.run(&run.run_id).await?;
        let (listed, more) = worst_first(&plan, &results);
        if !listed.is_empty() {
            let snapshots = join_all(listed.iter().map(|it| document(&app, &plan, it))).await;
            let snapshots: Result<Vec<_>, _> = snapshots.into_iter().collect();
            return Ok(Json(
                json!({ "runId": run.run_id, "snapshots": snapshots?, "more": more }),
            ));
        }
    }
    Ok(Json(json!({ "snapshots": [], "more": 0 })))
}

/// The worst snapshots, and the number of the other ones.
fn worst_first(plan: &Plan, results: &[VisualTestResult]) -> (Vec<MeasuredSnapshot>, usize) {
    let measured = results.iter().filter_map(|result| {
        let usage = usage_of(plan, result)?;
        let story = result.story_identifier.clone();
        Some(MeasuredSnapshot { story, usage })
    });
    let mut measured: Vec<_> = measured.collect();
    measured.sort_by(|one, other| {
        let by_share = other.usage[0].share().total_cmp(&one.usage[0].share());
        by_share.then_with(|| one.story.test_name().cmp(&other.story.test_name()))
    });
    let more = measured.len().saturating_sub(MAX_LISTED);
    measured.truncate(MAX_LISTED);
    (measured, more)
}

/// The measurements of a result with limits, the worst first; `None` without any.
fn usage_of(plan: &Plan, result: &VisualTestResult) -> Option<Vec<BudgetUsage>> {
    let snapshot = plan.snapshot(&result.story_identifier)?;
    let mut usage = budget_usage(&snapshot.story, result.measurements.as_ref()?);
    usage.sort_by(|one, other| other.share().total_cmp(&one.share()));
    (!usage.is_empty()).then_some(usage)
}

/// A snapshot with what its last runs measured, oldest first.
async fn document(app: &App, plan: &Plan, measured: &MeasuredSnapshot) -> Result<Value, ApiError> {
    let story = &measured.story;
    let outcomes = app.source.records.history(story).await?;
    let newest = outcomes.len().saturating_sub(MAX_POINTS);
    let read = outcomes[newest..].iter().map(|outcome| async move {
        // Runs that retention has removed have no measurements any more.
        let result = app.source.records.test(&outcome.run_id, story).await.ok()?;
        Some((outcome, usage_of(plan, &result)?))
    });
    let points: Vec<_> = join_all(read).await.into_iter().flatten().collect();
    let measures = measured.usage.iter().map(|now| {
        let points = points.iter().filter_map(|(outcome, usage)| {
            let then = usage.iter().find(|then| then.key == now.key)?;
            Some(point(outcome, then))
        });
        json!({
            "key": now.key,
            "value": now.value,
            "limit": now.limit,
            "isOver": now.value > now.limit,
            "points": points.collect::<Vec<_>>(),
        })
    });
    let measures: Vec<_> = measures.collect();
    Ok(json!({ "name": story.test_name(), "measures": measures }))
}

fn point(outcome: &HistoryEntry, usage: &BudgetUsage) -> Value {
    let run: &RunId = &outcome.run_id;
    json!({
        "runId": run,
        "at": outcome.at,
        "commit": outcome.commit,
        "value": usage.value,
    })
}
