//! The gate of a run, and the number of sessions that it needs.

use super::context::RunContext;
use super::error::RunError;
use super::options::Scheduling;
use crate::browser::Browser;
use crate::manifest::Manifest;
use crate::plan::Snapshot;
use crate::schedule::{Gate, GateMode};

/// The gate for the snapshots that wait for something.
pub(super) fn gate(context: &RunContext, scheduling: Scheduling) -> Gate {
    let mode = match scheduling {
        Scheduling::OnRequest => GateMode::OnRequest,
        Scheduling::All if context.config.run.shares_work => GateMode::OnClaim,
        Scheduling::All => GateMode::All,
    };
    Gate::new(
        &context.snapshots,
        |index| context.results.is_finished(index),
        |engine| Browser::needs_restart_for_theme(engine, &context.site.manifest.browser),
        mode,
    )
}

/// The number of sessions that the engines of a story need to meet at its `sync`
/// steps.
pub(super) fn sessions_needed(
    manifest: &Manifest,
    snapshots: &[Snapshot],
) -> Result<usize, RunError> {
    let is_skipped = |index: usize| snapshots[index].skip.is_some();
    let meeting = Gate::new(snapshots, is_skipped, |_| false, GateMode::All).largest_meeting();
    let sessions = manifest.browser.sessions;
    match sessions.filter(|sessions| *sessions < meeting.len()) {
        None => Ok(meeting.len()),
        Some(sessions) => {
            let engines = meeting
                .iter()
                .map(|index| snapshots[*index].browser.as_str());
            Err(RunError::FewSessions {
                story: snapshots[meeting[0]].story.id.clone(),
                engines: engines.collect::<Vec<_>>().join(", "),
                needed: meeting.len(),
                sessions,
            })
        }
    }
}
