//! Groups the differences of a run by their causes.

use std::collections::BTreeMap;

use crate::model::{Cause, CauseKind, Explanation, VisualTestResult};

/// The least share of differing pixels that causes must explain, before a
/// snapshot counts as explained.
pub(super) const EXPLAINED: f64 = 0.98;

/// A cause, and the snapshots that differ by it.
#[derive(Clone, Debug)]
pub struct CauseGroup<'a> {
    /// The cause, with the elements and pixels of all snapshots.
    pub cause: Cause,
    /// In the order of the results.
    pub results: Vec<&'a VisualTestResult>,
}

/// The causes of all differences that fail a run, those of the most snapshots
/// first. A snapshot with several causes is in several groups.
pub fn cause_groups<'a>(
    results: impl IntoIterator<Item = &'a VisualTestResult>,
) -> Vec<CauseGroup<'a>> {
    let mut groups: BTreeMap<&str, CauseGroup<'_>> = BTreeMap::new();
    for result in results.into_iter().filter(|result| result.fails_run()) {
        for cause in known_causes(result) {
            match groups.get_mut(&*cause.id) {
                Some(group) => {
                    group.cause.pixels += cause.pixels;
                    group.cause.elements += cause.elements;
                    // Each page may declare the same rule itself.
                    if group.cause.source != cause.source {
                        group.cause.source = None;
                    }
                    group.results.push(result);
                }
                None => {
                    let (cause_of, results) = (cause.clone(), vec![result]);
                    let group = CauseGroup {
                        cause: cause_of,
                        results,
                    };
                    groups.insert(&cause.id, group);
                }
            }
        }
    }
    let mut groups: Vec<_> = groups.into_values().collect();
    groups.sort_by(|a, b| {
        let by_count = b.results.len().cmp(&a.results.len());
        by_count.then(b.cause.pixels.cmp(&a.cause.pixels))
    });
    groups
}

/// The causes of a result of which it is known what has changed.
pub fn known_causes(result: &VisualTestResult) -> impl Iterator<Item = &Cause> {
    result.explanation.iter().flat_map(known)
}

/// The causes of which it is known what has changed.
pub(super) fn known(explanation: &Explanation) -> impl Iterator<Item = &Cause> {
    let causes = explanation.causes.iter();
    causes.filter(|cause| !matches!(cause.kind, CauseKind::Unknown | CauseKind::Environment))
}

impl Explanation {
    /// Whether known causes explain the difference but for a few pixels.
    pub fn is_complete(&self) -> bool {
        self.explained_ratio >= EXPLAINED
    }
}
