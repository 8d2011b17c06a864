//! What a project's keys say about its snapshots on the default branch: which are
//! flaky, in quarantine and failing.

use std::collections::{BTreeMap, BTreeSet};

use crate::history::FlakeAssessment;
use crate::model::{HistoryEntry, Status};

/// The snapshots of a project that need attention, by key.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ProjectIndex {
    /// The flake score, of those that are not clean.
    pub flaky: BTreeMap<String, f64>,
    /// The last day of the quarantine.
    pub quarantine: BTreeMap<String, String>,
    /// By kind of failure, those whose last outcome is one.
    pub failures: BTreeMap<String, BTreeSet<String>>,
}

impl ProjectIndex {
    /// Adds a snapshot, as `project_index.lua` does.
    pub(super) fn add(&mut self, key: &str, outcomes: &[HistoryEntry]) {
        let flakiness = FlakeAssessment::of(outcomes);
        if flakiness.disagreements() > 0 {
            self.flaky.insert(key.to_owned(), flakiness.score());
        }
        let mut newest = outcomes.iter().rev();
        let Some(last) = newest.find(|outcome| outcome.status != Status::Skipped) else {
            return;
        };
        if let Some(until) = &last.quarantine {
            self.quarantine.insert(key.to_owned(), until.clone());
        }
        if last.status == Status::Failed {
            let kind = last.kind.clone().unwrap_or_else(|| "other".to_owned());
            self.failures
                .entry(kind)
                .or_default()
                .insert(key.to_owned());
        }
    }
}
