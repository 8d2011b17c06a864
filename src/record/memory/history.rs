//! The history of a snapshot in memory, with the behaviour of `history.lua`.

use std::collections::HashSet;

use crate::history::OutcomeTally;
use crate::model::HistoryEntry;
use crate::record::operation::json;
use crate::record::store::HISTORY_LENGTH;

/// The last outcomes of a snapshot, and the counts of those before.
#[derive(Debug, Default)]
pub(super) struct MemoryHistory {
    /// Time, text and outcome, in the order of a sorted set.
    outcomes: Vec<(i64, String, HistoryEntry)>,
    /// The outcomes that have left the history.
    left: OutcomeTally,
    /// The time of the last outcome that has left.
    until: Option<i64>,
}

impl MemoryHistory {
    /// Adds an outcome, unless it was added before.
    pub(super) fn add(&mut self, at: i64, outcome: HistoryEntry) {
        let text = json(&outcome);
        let known = self
            .outcomes
            .iter()
            .position(|(_, other, _)| *other == text);
        match known {
            Some(known) => self.outcomes[known].0 = at,
            None if self.until.is_some_and(|until| at <= until) => return,
            None => self.outcomes.push((at, text, outcome)),
        }
        self.outcomes.sort_by(|a, b| (a.0, &a.1).cmp(&(b.0, &b.1)));
        let surplus = self.outcomes.len().saturating_sub(HISTORY_LENGTH);
        let staying: HashSet<_> = self.outcomes[surplus..]
            .iter()
            .map(|(_, _, outcome)| outcome.run_id.clone())
            .collect();
        let leaving: Vec<_> = self.outcomes.drain(..surplus).collect();
        self.until = self.until.max(leaving.last().map(|(at, _, _)| *at));
        let leaving = leaving.into_iter().map(|(_, _, outcome)| outcome);
        let leaving: Vec<_> = leaving
            .filter(|outcome| !staying.contains(&outcome.run_id))
            .collect();
        self.left.merge(&OutcomeTally::of(&leaving));
    }

    /// The outcomes, oldest first.
    pub(super) fn outcomes(&self) -> Vec<HistoryEntry> {
        let outcomes = self.outcomes.iter();
        outcomes.map(|(_, _, outcome)| outcome.clone()).collect()
    }

    /// The counts of all outcomes.
    pub(super) fn tally(&self) -> OutcomeTally {
        let mut tally = self.left.clone();
        tally.merge(&OutcomeTally::of(&self.outcomes()));
        tally
    }
}
