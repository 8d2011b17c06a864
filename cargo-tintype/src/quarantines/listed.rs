//! All quarantines of a project, with what became of their snapshots.

use std::sync::Arc;

use serde_json::json;
use tintype::internals::manifest::Quarantine;
use tintype::internals::model::{StoryIdentifier, today};
use tintype::internals::record::{RecordError, Records};

use super::outcomes::Outcomes;
use super::subject::Subject;
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
    let mut listed = Vec::new();
    for entry in &project.manifest.quarantines {
        let snapshots = project.plan.snapshots.iter();
        let covered = snapshots.filter(|it| entry.covers(&it.identifier));
        let covered: Vec<_> = covered.map(|snapshot| &snapshot.identifier).collect();
        listed.push(ListedQuarantine {
            entry: Arc::clone(entry),
            snapshots: covered.len(),
            outcomes: outcomes(records, entry, &covered).await?,
        });
    }
    Ok(listed)
}

async fn outcomes(
    records: &Records,
    entry: &Quarantine,
    snapshots: &[&StoryIdentifier],
) -> Result<Option<Outcomes>, RecordError> {
    let mut all: Option<Outcomes> = None;
    for snapshot in snapshots {
        let outcomes = Outcomes::of(entry, &records.history(snapshot).await?);
        all = Some(all.map_or(outcomes, |all| all.and(outcomes)));
    }
    Ok(all)
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
            "subject": Subject::of_entry(entry).to_string(),
            "story": entry.story,
            "theme": entry.theme,
            "viewport": entry.viewport.map(|viewport| viewport.to_string()),
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
