//! The journals of the decisions that a process makes on past runs.
//!
//! A process has one journal for each run on which it decides. It is sent again
//! by later processes if the server was away or has lost it, like the journals of
//! workers.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use super::decision_mark::{ACCEPTED, REJECTED};
use super::journal::Journal;
use super::operation::{JoinRequest, Operation, event_fields};
use crate::model::{RecordedEvent, RunId, StoryIdentifier, now_ms};

/// A decision on a snapshot of a past run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SnapshotDecision {
    /// Its image became the baseline: `acceptedAt` and `baseline:accepted`.
    Accepted,
    /// Its image was rejected: `rejectedAt` and `baseline:rejected`.
    Rejected,
    /// The last decision was undone: no mark, and `decision:undone`.
    Undone,
}

impl SnapshotDecision {
    /// The field that marks the document, and the event.
    fn mark_and_event(
        self,
        run_id: RunId,
        story_identifier: StoryIdentifier,
    ) -> (&'static str, RecordedEvent) {
        match self {
            Self::Accepted => (
                ACCEPTED,
                RecordedEvent::BaselineAccepted {
                    run_id,
                    story_identifier,
                },
            ),
            Self::Rejected => (
                REJECTED,
                RecordedEvent::BaselineRejected {
                    run_id,
                    story_identifier,
                },
            ),
            Self::Undone => (
                "",
                RecordedEvent::DecisionUndone {
                    run_id,
                    story_identifier,
                },
            ),
        }
    }
}

/// A journal, locked while it is sent, so that its operations stay in order.
pub(super) type LockedJournal = Arc<tokio::sync::Mutex<DecisionJournal>>;

/// The journals of a process, by run.
#[derive(Clone, Default)]
pub(super) struct DecisionJournals(Arc<Mutex<HashMap<RunId, LockedJournal>>>);

impl DecisionJournals {
    /// The journal of a run, created by the first decision.
    pub(super) fn of(
        &self,
        run: &RunId,
        create: impl FnOnce() -> DecisionJournal,
    ) -> LockedJournal {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let journal = all
            .entry(run.clone())
            .or_insert_with(|| Arc::new(tokio::sync::Mutex::new(create())));
        Arc::clone(journal)
    }
}

/// The decisions of a process on one run.
pub(super) struct DecisionJournal {
    pub(super) join: JoinRequest,
    pub(super) journal: Journal,
    /// The time of the last decision, which never goes back.
    last: i64,
}

impl DecisionJournal {
    pub(super) fn new(join: JoinRequest, journal: Journal) -> Self {
        Self {
            join,
            journal,
            last: 0,
        }
    }

    /// Appends a decision on a result that was recorded at `recorded_at`. It
    /// counts even if the clock of the machine that recorded it is ahead.
    pub(super) fn append(
        &mut self,
        story: &StoryIdentifier,
        decision: SnapshotDecision,
        recorded_at: Option<i64>,
    ) {
        self.last = self.last.max(now_ms()).max(recorded_at.unwrap_or_default());
        let (mark, event) = decision.mark_and_event(self.join.run_id.clone(), story.clone());
        self.journal.append(&Operation::Decide {
            key: story.key(),
            at: self.last,
            mark: mark.to_owned(),
            kind: event.kind().to_owned(),
            fields: event_fields(&event),
        });
    }
}
