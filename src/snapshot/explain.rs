//! Explains why a snapshot differs from its baseline.

use super::judge::{CompareRules, Judgement};
use super::settle::Capture;
use crate::baseline::Baseline;
use crate::explain::explain;
use crate::model::{Explanation, Status};

/// The explanation of a difference, if both pages have a layout digest.
pub(super) fn explanation(
    judgement: &Judgement,
    capture: &Capture,
    baseline: &Baseline,
    rules: &CompareRules,
) -> Option<Explanation> {
    let is_difference = matches!(judgement.status, Status::Failed | Status::Changed)
        && judgement.diff_ratio.is_some();
    let pages = capture.pages.as_ref().filter(|_| is_difference)?;
    let changes = &judgement.environment_changed;
    let options = match changes.as_slice() {
        [] => &rules.options,
        _ => &rules.other_environment,
    };
    let images = [&*baseline.bytes, &*capture.png];
    explain(pages, images, options, changes, &capture.rules).map(|found| found.explanation)
}
