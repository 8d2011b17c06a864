//! Compares the measurements of a page with its budget.

use std::collections::HashMap;

use crate::history::UsualTimes;
use crate::model::{Measurements, PageTimes, Status, VisualTestResult};
use crate::plan::Snapshot;

/// Whether the measurements exceed the budget of a snapshot.
pub(super) fn is_exceeded(snapshot: &Snapshot, measurements: Option<&Measurements>) -> bool {
    let budget = &snapshot.story.budget;
    measurements.is_some_and(|measured| !budget.exceeded(measured).is_empty())
}

/// The usual times of the snapshots of a run that are limited by them.
#[derive(Debug, Default)]
pub(crate) struct UsualTimesOfRun {
    /// By key of the snapshot.
    pub(crate) times: HashMap<String, UsualTimes>,
    /// Why there are none.
    pub(crate) problem: Option<String>,
}

impl UsualTimesOfRun {
    fn of(&self, snapshot: &Snapshot) -> Result<&UsualTimes, String> {
        if let Some(problem) = &self.problem {
            return Err(problem.clone());
        }
        let found = self.times.get(&snapshot.identifier.key());
        found.ok_or_else(|| "its history was not read".to_owned())
    }
}

/// Notes the measurements in the result, and fails it if they exceed the budget.
/// A limit for what the engine does not report is a limit of the engine.
pub(super) fn apply(
    snapshot: &Snapshot,
    measurements: Option<&Measurements>,
    usual: &UsualTimesOfRun,
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
    let mut exceeded = budget.exceeded(measured);
    if let Some(factor) = budget.slower_than_usual {
        let times = PageTimes::of(result);
        match usual
            .of(snapshot)
            .and_then(|usual| usual.slower(&times, factor))
        {
            Ok(slower) => exceeded.extend(slower),
            Err(reason) => {
                let limit = format!("`slower-than-usual` in [budget] is not checked: {reason}");
                result.limits.push(limit);
            }
        }
    }
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
