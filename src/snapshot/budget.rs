//! Compares the measurements of a page with its budget.

use crate::model::{Measurements, Status, VisualTestResult};
use crate::plan::Snapshot;

/// Whether the measurements exceed the budget of a snapshot.
pub(super) fn is_exceeded(snapshot: &Snapshot, measurements: Option<&Measurements>) -> bool {
    let budget = &snapshot.story.budget;
    measurements.is_some_and(|measured| !budget.exceeded(measured).is_empty())
}

/// Notes the measurements in the result, and fails it if they exceed the budget.
/// A limit for what the engine does not report is a limit of the engine.
pub(super) fn apply(
    snapshot: &Snapshot,
    measurements: Option<&Measurements>,
    result: &mut VisualTestResult,
) {
    let Some(measured) = measurements else {
        return;
    };
    result.measurements = Some(measured.clone());
    let budget = &snapshot.story.budget;
    let engine = snapshot.browser.as_str();
    for key in budget.unmeasured(measured) {
        let limit = format!("`{key}` in [budget] is not checked: {engine} does not report it");
        result.limits.push(limit);
    }
    let exceeded = budget.exceeded(measured);
    if exceeded.is_empty() {
        return;
    }
    let message = format!("over budget: {}", exceeded.join(", "));
    result.over_budget = exceeded;
    result.message = Some(match result.message.take() {
        None => message,
        Some(before) => format!("{before}; {message}"),
    });
    result.status = Status::Failed;
}
