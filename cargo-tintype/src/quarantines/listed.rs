//! All quarantines of a project, with what became of their snapshots.

use std::sync::Arc;

use serde_json::json;
use tintype::internals::manifest::Quarantine;
use tintype::internals::model::today;
use tintype::internals::record::{RecordError, Records};

use super::outcomes::Outcomes;
use crate::project::Project;

/// A quarantine and what became of its snapshots.
pub(crate) struct ListedQuarantine {
    pub(crate) entry: Arc<Quarantine>,
    pub(crate) snapshots: usize,
    /// `None` for a quarantine of no snapshot.
    pub(crate) outcomes: Option<Outcomes>,
}

/// The quarantines in the order of the file.
///
/// # Errors
/// When the record cannot be read.
pub(crate) async fn list(
    project: &Project,
    records: &Records,
) -> Result<Vec<ListedQuarantine>, RecordError> {
    let quarantines = &project.manifest.quarantines;
    let covered = |entry: &Quarantine| {
        let snapshots = project.plan.snapshots.iter();
        let snapshots = snapshots.map(|snapshot| &snapshot.identifier);
        let covered = snapshots.filter(|snapshot| entry.snapshots.covers(snapshot));
        covered.cloned().collect::<Vec<_>>()
    };
    let covered: Vec<_> = quarantines.iter().map(|entry| covered(entry)).collect();
    let mut histories = records.histories(&covered.concat()).await?.into_iter();
    let listed = quarantines.iter().zip(covered).map(|(entry, covered)| {
        let own = histories.by_ref().take(covered.len());
        let outcomes = own.map(|history| Outcomes::of(entry, &history));
        ListedQuarantine {
            entry: Arc::clone(entry),
            snapshots: covered.len(),
            outcomes: outcomes.reduce(Outcomes::and),
        }
    });
    Ok(listed.collect())
}

impl ListedQuarantine {
    pub(crate) fn has_ended(&self) -> bool {
        !self.entry.holds_on(today())
    }

    /// Whether it is of no use any more.
    pub(crate) fn can_be_lifted(&self) -> bool {
        self.has_ended()
            || self
                .outcomes
                .is_none_or(|outcomes| outcomes.can_be_lifted())
    }

    /// For `--json` and the page.
    pub(crate) fn document(&self) -> serde_json::Value {
        let entry = &*self.entry;
        let outcomes = self.outcomes.unwrap_or_default();
        json!({
            "subject": entry.snapshots.to_string(),
            "story": entry.snapshots.story,
            "theme": entry.snapshots.theme,
            "viewport": entry.snapshots.viewport.map(|viewport| viewport.to_string()),
            "until": entry.until.to_string(),
            "reason": entry.reason,
            "since": entry.since.map(|since| since.to_string()),
            "commit": entry.commit,
            "difference": entry.difference,
            "line": entry.line,
            "snapshots": self.snapshots,
            "ended": self.has_ended(),
            "runs": outcomes.runs,
            "failures": outcomes.failures,
            "cleanRuns": outcomes.clean,
            "canBeLifted": self.can_be_lifted(),
        })
    }
}
