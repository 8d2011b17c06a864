//! Restores a record in memory from journals, which outlive their processes.

use std::collections::HashMap;
use std::path::Path;

use super::store::MemoryStore;
use crate::model::{RunId, now_ms};
use crate::record::journal::{Journal, modified};
use crate::record::journal_folder::journals;
use crate::record::operation::{JoinRequest, Operation};
use crate::record::store::Store;
use crate::redis::StoreError;

/// The processes of a run, according to their journals.
#[derive(Default)]
struct JournalSummary {
    /// Whether one of them is alive.
    alive: bool,
    /// When the last of the others left or died.
    last: i64,
}

impl MemoryStore {
    /// Replays the journals in `folder` whose destination is `place`, and ends
    /// the runs without live processes.
    /// A journal that cannot be read is skipped.
    pub(crate) async fn replay(&self, folder: &Path, place: &str) -> Result<(), StoreError> {
        let mut runs: HashMap<RunId, JournalSummary> = HashMap::new();
        let mut decisions = Vec::new();
        for path in journals(folder, None) {
            // Checked before reading: a process that dies in between may still
            // have written.
            let alive = Journal::is_held(&path);
            let Some((join, mut operations)) = self.read_journal(&path, alive) else {
                continue;
            };
            if join.place != place {
                continue;
            }
            if join.decides {
                decisions.push((join, operations));
                continue;
            }
            let summary = runs.entry(join.run_id.clone()).or_default();
            if alive {
                summary.alive = true;
            } else {
                summary.last = summary.last.max(departure_time(&path, &mut operations));
            }
            self.join(&join, true).await?;
            self.apply(&join, 1, &operations).await?;
        }
        for (run, summary) in runs.into_iter().filter(|(_, summary)| !summary.alive) {
            self.end_run(&run, summary.last);
        }
        for (join, operations) in decisions {
            self.apply(&join, 1, &operations).await?;
        }
        Ok(())
    }
}

impl MemoryStore {
    /// Reads a journal. A damaged one of a dead process is repaired.
    fn read_journal(&self, path: &Path, alive: bool) -> Option<(JoinRequest, Vec<Operation>)> {
        let found = Journal::read_all(path);
        let is_damaged = found
            .as_ref()
            .map_or(true, |(_, _, is_damaged)| *is_damaged);
        if is_damaged && !alive {
            match Journal::open_orphan(path) {
                Ok(Some((_, journal))) => {
                    journal
                        .problem()
                        .iter()
                        .for_each(|text| self.skipped().note(text));
                }
                Ok(None) => {}
                Err(error) => {
                    self.skipped().note(&error.to_string());
                    return None;
                }
            }
        }
        match found {
            Ok((join, operations, _)) => Some((join, operations)),
            Err(error) => {
                self.skipped().add("a journal", error);
                None
            }
        }
    }
}

/// When a dead process left its run. For a killed process, the missing
/// operation is appended.
fn departure_time(journal: &Path, operations: &mut Vec<Operation>) -> i64 {
    if let Some(Operation::Leave { at, .. } | Operation::Die { at }) = operations.last() {
        return *at;
    }
    let at = modified(journal).unwrap_or_else(now_ms);
    operations.push(Operation::Die { at });
    at
}
