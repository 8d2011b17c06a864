//! The result of every snapshot, and the tests that wait for one.

use std::collections::{HashMap, HashSet};
use std::convert;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};

use crate::model::{Summary, VisualTestResult};
use crate::snapshot::FinishedSnapshot;

/// The result of every snapshot, by its index in the plan.
pub(super) struct ResultTable {
    entries: Mutex<ResultEntries>,
    changed: Condvar,
}

#[derive(Default)]
struct ResultEntries {
    /// The last result of each snapshot. A plan may have hundreds of thousands
    /// of them, so each is here only once.
    results: Vec<Option<VisualTestResult>>,
    /// The snapshots that have an outcome since they were last requested, with
    /// its notes.
    outcomes: HashMap<usize, Vec<String>>,
    /// Snapshots that have their outcome from another machine, each with a
    /// document for its test here. They are not results of this process.
    elsewhere: HashMap<usize, FinishedSnapshot>,
    /// Snapshots that were requested and have no outcome yet.
    requested: HashSet<usize>,
    /// Snapshots that were captured because others wait for them, before a test
    /// requested them.
    ahead: HashSet<usize>,
}

impl ResultEntries {
    fn is_finished(&self, index: usize) -> bool {
        self.outcomes.contains_key(&index) || self.elsewhere.contains_key(&index)
    }

    fn outcome(&self, index: usize) -> Option<FinishedSnapshot> {
        if let Some(elsewhere) = self.elsewhere.get(&index) {
            return Some(elsewhere.clone());
        }
        Some(FinishedSnapshot {
            notes: self.outcomes.get(&index)?.clone(),
            ..FinishedSnapshot::new(self.results[index].clone()?)
        })
    }
}

impl ResultTable {
    /// The empty table of a plan with this number of snapshots.
    pub(super) fn new(snapshots: usize) -> Self {
        let mut entries = ResultEntries::default();
        entries.results.resize(snapshots, None);
        Self {
            entries: Mutex::new(entries),
            changed: Condvar::new(),
        }
    }

    /// Notes that a snapshot is requested, and discards its previous outcome.
    /// Returns false if it was already requested and has no outcome yet.
    pub(super) fn request(&self, index: usize) -> bool {
        let mut entries = self.lock();
        let is_first = entries.requested.insert(index);
        if is_first {
            entries.outcomes.remove(&index);
            entries.elsewhere.remove(&index);
        }
        is_first
    }

    /// Requests a snapshot before a test does, because others wait for it.
    /// Returns false if it was already requested.
    pub(super) fn request_ahead(&self, index: usize) -> bool {
        let mut entries = self.lock();
        let is_first = !entries.outcomes.contains_key(&index) && entries.requested.insert(index);
        if is_first {
            entries.ahead.insert(index);
        }
        is_first
    }

    /// Whether a snapshot was captured, or is, before a test requested it. The
    /// answer is given once: later requests have it captured again.
    pub(super) fn take_ahead(&self, index: usize) -> bool {
        self.lock().ahead.remove(&index)
    }

    /// Enters a snapshot's outcome and wakes the tests that wait for it.
    /// `publish` runs before that, under the table's lock. Only the first
    /// outcome counts: a session may finish a snapshot that an interruption has
    /// skipped.
    pub(super) fn finish(
        &self,
        index: usize,
        mut finished: FinishedSnapshot,
        publish: impl FnOnce(&VisualTestResult),
    ) {
        let mut entries = self.lock();
        if entries.is_finished(index) {
            return;
        }
        finished.bound_texts();
        publish(&finished.result);
        let FinishedSnapshot { result, notes, .. } = finished;
        entries.results[index] = Some(result);
        entries.outcomes.insert(index, notes);
        entries.requested.remove(&index);
        self.changed.notify_all();
    }

    /// Notes that a snapshot has its outcome on another machine, unless it has one
    /// here.
    pub(super) fn finish_elsewhere(&self, index: usize, finished: FinishedSnapshot) {
        let mut entries = self.lock();
        if !entries.is_finished(index) {
            entries.elsewhere.insert(index, finished);
            entries.requested.remove(&index);
            self.changed.notify_all();
        }
    }

    /// Waits for a snapshot's outcome.
    pub(super) fn wait(&self, index: usize) -> FinishedSnapshot {
        let mut entries = self.lock();
        loop {
            if let Some(outcome) = entries.outcome(index) {
                return outcome;
            }
            let waited = self.changed.wait(entries);
            entries = waited.unwrap_or_else(PoisonError::into_inner);
        }
    }

    /// The snapshots that were requested and have no outcome yet.
    pub(super) fn requested(&self) -> Vec<usize> {
        let mut requested: Vec<_> = self.lock().requested.iter().copied().collect();
        requested.sort_unstable();
        requested
    }

    /// Whether a test waits for a snapshot.
    pub(super) fn is_requested(&self, index: usize) -> bool {
        self.lock().requested.contains(&index)
    }

    /// Whether a snapshot has its outcome.
    pub(super) fn is_finished(&self, index: usize) -> bool {
        self.lock().is_finished(index)
    }

    /// Every result so far, in the plan's order.
    pub(super) fn results(&self) -> Vec<VisualTestResult> {
        self.lock().results.iter().flatten().cloned().collect()
    }

    /// Removes and returns every result, once no test waits any more and no
    /// snapshot is captured.
    #[expect(
        clippy::filter_map_identity,
        reason = "unlike `flatten`, it collects into the memory that is there"
    )]
    pub(super) fn take(&self) -> Vec<VisualTestResult> {
        let ResultEntries { results, .. } = std::mem::take(&mut *self.lock());
        results.into_iter().filter_map(convert::identity).collect()
    }

    /// The counts so far.
    pub(super) fn summary(&self) -> Summary {
        let mut summary = Summary::default();
        for result in self.lock().results.iter().flatten() {
            summary.add(result.status);
        }
        summary
    }

    fn lock(&self) -> MutexGuard<'_, ResultEntries> {
        self.entries.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::ResultTable;
    use crate::model::{RunId, Status, StoryIdentifier, VisualTestResult};
    use crate::snapshot::FinishedSnapshot;

    /// Whoever has put the text there.
    #[test]
    fn results_are_bounded_before_they_are_published() {
        let story = StoryIdentifier::from_key("a:dark:10x20").unwrap();
        let result = VisualTestResult::new(RunId("run-1".to_owned()), story, Status::Failed);
        let huge = "x".repeat(12_000_000);
        let finished = FinishedSnapshot::with_message(result, Status::Failed, huge);
        let table = ResultTable::new(1);
        table.request(0);
        let mut published = 0;
        table.finish(0, finished, |result| {
            published = result.message.as_ref().map_or(0, String::len);
        });
        assert!((1..20_000).contains(&published), "{published}");
        let kept = table.wait(0).result.message.unwrap();
        assert!(kept.ends_with("… 11.9 MB more") && kept.len() == published);
    }

    #[test]
    fn results_are_returned_in_the_order_of_the_plan() {
        let table = ResultTable::new(4);
        let ids = ["c", "a", "b"];
        for index in [2, 0, 1] {
            let key = format!("{}:dark:10x20", ids[index]);
            let story = StoryIdentifier::from_key(&key).unwrap();
            let result = VisualTestResult::new(RunId("run-1".to_owned()), story, Status::Passed);
            table.request(index);
            table.finish(index, FinishedSnapshot::new(result), |_| ());
        }
        let results = table.results();
        let found: Vec<_> = results
            .iter()
            .map(|r| &r.story_identifier.story_id)
            .collect();
        assert_eq!(found, ids);
        assert_eq!(table.take(), results);
        assert_eq!(table.take(), []);
    }
}
