//! Lists the quarantines of a project.

use anyhow::Result;
use serde_json::json;
use tintype::internals::manifest::Quarantine;
use tintype::internals::model::{StoryIdentifier, today};
use tintype::internals::report::plural;

use super::clean_runs::Outcomes;
use crate::output::{self, print_line};
use crate::project::Project;
use crate::record_access::RecordAccess;

/// A quarantine and its snapshots.
struct ListedQuarantine<'a> {
    entry: &'a Quarantine,
    snapshots: usize,
    outcomes: Option<Outcomes>,
}

pub(super) fn run(project: Project, as_json: bool) -> Result<()> {
    let entries = project.manifest.quarantines.clone();
    if entries.is_empty() {
        return match as_json {
            true => output::print_json(&json!([])),
            false => {
                print_line!("nothing is in quarantine");
                Ok(())
            }
        };
    }
    let access = RecordAccess::of(project)?;
    let mut listed = Vec::new();
    for entry in &entries {
        let snapshots = access.project.plan.snapshots.iter();
        let covered = snapshots.filter(|it| entry.covers(&it.identifier));
        let covered: Vec<_> = covered.map(|snapshot| &snapshot.identifier).collect();
        listed.push(ListedQuarantine {
            entry,
            snapshots: covered.len(),
            outcomes: outcomes(&access, entry, &covered)?,
        });
    }
    if as_json {
        let documents: Vec<_> = listed.iter().map(ListedQuarantine::document).collect();
        return output::print_json(&documents);
    }
    for quarantine in listed {
        quarantine.print();
    }
    Ok(())
}

/// `None` for a quarantine of no snapshot.
fn outcomes(
    access: &RecordAccess,
    entry: &Quarantine,
    snapshots: &[&StoryIdentifier],
) -> Result<Option<Outcomes>> {
    let mut all: Option<Outcomes> = None;
    for snapshot in snapshots {
        let history = access.wait(access.records.history(snapshot))?;
        let outcomes = Outcomes::of(entry, &history);
        all = Some(all.map_or(outcomes, |all| all.and(outcomes)));
    }
    Ok(all)
}

impl ListedQuarantine<'_> {
    fn has_ended(&self) -> bool {
        !self.entry.holds_on(today())
    }

    fn can_be_lifted(&self) -> bool {
        self.has_ended()
            || self
                .outcomes
                .is_none_or(|outcomes| outcomes.can_be_lifted())
    }

    fn document(&self) -> serde_json::Value {
        let Quarantine {
            story,
            theme,
            viewport,
            reason,
            commit,
            difference,
            line,
            ..
        } = self.entry;
        let outcomes = self.outcomes.unwrap_or_default();
        json!({
            "story": story,
            "theme": theme,
            "viewport": viewport.map(|viewport| viewport.to_string()),
            "until": self.entry.until.to_string(),
            "reason": reason,
            "since": self.entry.since.map(|since| since.to_string()),
            "commit": commit,
            "difference": difference,
            "line": line,
            "snapshots": self.snapshots,
            "ended": self.has_ended(),
            "runs": outcomes.runs,
            "failures": outcomes.failures,
            "cleanRuns": outcomes.clean,
            "canBeLifted": self.can_be_lifted(),
        })
    }

    fn print(&self) {
        let entry = self.entry;
        let subject = entry.subject();
        let only = entry
            .difference
            .as_ref()
            .map_or("", |_| " (one difference)");
        print_line!("{subject}{only}: until {}: {}", entry.until, entry.reason);
        match self.outcomes {
            None => print_line!("  no snapshot matches"),
            Some(Outcomes { runs: 0, .. }) => print_line!("  no outcome recorded yet"),
            Some(Outcomes {
                runs,
                failures,
                clean,
            }) => print_line!(
                "  {} of {} failed; {} in a row",
                failures,
                plural(runs, "outcome"),
                plural(clean, "clean run"),
            ),
        }
        if self.has_ended() {
            print_line!("  ended");
        }
        if self.can_be_lifted() {
            print_line!("  lift it: cargo tintype quarantine '{subject}' --lift");
        }
    }
}
