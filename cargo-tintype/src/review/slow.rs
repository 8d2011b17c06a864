//! Lists the slowest snapshots, and what they wait for.

use axum::Json;
use axum::extract::State;
use serde_json::{Value, json};
use tintype::internals::model::{RunId, VisualTestResult};

use super::error::ApiError;
use super::state::App;

/// The most snapshots in the list.
const MAX_LISTED: usize = 50;

/// How many runs are read to find one that has captured snapshots: the cache may
/// have passed all of the newest.
const MAX_RUNS: usize = 10;

/// The slowest snapshots of the newest run that has captured any.
pub(super) async fn slow(State(app): State<App>) -> Result<Json<Value>, ApiError> {
    let runs = app.source.runs().await.runs;
    for run in runs.iter().take(MAX_RUNS) {
        let (_, results) = app.source.run(&run.run_id).await?;
        let listed = slowest(results);
        if !listed.is_empty() {
            return Ok(Json(document(&run.run_id, &listed)));
        }
    }
    Ok(Json(json!({ "snapshots": [] })))
}

/// Those that were captured, slowest first.
fn slowest(mut results: Vec<VisualTestResult>) -> Vec<VisualTestResult> {
    results.retain(|result| result.capture_ms.is_some());
    results.sort_by_key(|result| std::cmp::Reverse(result.duration_ms));
    results.truncate(MAX_LISTED);
    results
}

fn document(run: &RunId, results: &[VisualTestResult]) -> Value {
    let rows: Vec<_> = results
        .iter()
        .map(|result| {
            json!({
                "name": result.story_identifier.test_name(),
                "durationMs": result.duration_ms,
                "navigateMs": result.navigate_ms,
                "settleMs": result.settle_ms,
                "captureMs": result.capture_ms,
                "compareMs": result.compare_ms,
                "longestWait": result.settled.iter().max_by_key(|step| step.ms),
            })
        })
        .collect();
    json!({ "runId": run, "snapshots": rows })
}

#[cfg(test)]
mod tests {
    use super::*;
    use tintype::internals::model::Status;

    #[test]
    fn captured_snapshots_are_listed_slowest_first() {
        let result = |name: &str, duration: u64, capture: Option<u64>| {
            let story = name.parse().unwrap();
            let run = RunId("run-1".to_owned());
            let mut result = VisualTestResult::new(run, story, Status::Passed);
            result.duration_ms = Some(duration);
            result.capture_ms = capture;
            result
        };
        let listed = slowest(vec![
            result("a::light::1x1", 10, Some(1)),
            result("cached::light::1x1", 90, None),
            result("b::light::1x1", 20, Some(1)),
        ]);
        let names: Vec<_> = listed
            .iter()
            .map(|it| it.story_identifier.test_name())
            .collect();
        assert_eq!(names, ["b::light::1x1", "a::light::1x1"]);
    }
}
