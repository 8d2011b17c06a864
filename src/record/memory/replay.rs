//! Reads a record in memory back from journals, which outlast their processes.

use std::collections::HashMap;
use std::path::Path;

use super::MemoryStore;
use crate::model::{RunId, now_ms};
use crate::record::error::RecordError;
use crate::record::journal::{Journal, journals, written};
use crate::record::operation::Operation;
use crate::record::store::Store;

/// What the journals of a run tell of its processes.
#[derive(Default)]
struct Heard {
    /// Whether one of them is at work.
    alive: bool,
    /// When the others were last heard of.
    last: i64,
}

impl MemoryStore {
    /// Reads in what the journals in `folder` hold that are meant for `place`,
    /// and ends the runs that nobody works on any more.
    pub(crate) async fn replay(&self, folder: &Path, place: &str) -> Result<(), RecordError> {
        let mut runs: HashMap<RunId, Heard> = HashMap::new();
        for path in journals(folder, None) {
            // Asked first: a process that goes later has not written its last.
            let alive = Journal::is_held(&path);
            let (join, mut operations) = Journal::peek(&path)?;
            if join.place != place {
                continue;
            }
            let heard = runs.entry(join.run_id.clone()).or_default();
            if alive {
                heard.alive = true;
            } else {
                heard.last = heard.last.max(departure(&path, &mut operations));
            }
            self.join(&join, true).await?;
            self.apply(&join, 1, &operations).await?;
        }
        for (run, heard) in runs.into_iter().filter(|(_, heard)| !heard.alive) {
            self.close(&run, heard.last);
        }
        Ok(())
    }

    /// Ends a run all of whose processes have left or died.
    fn close(&self, run: &RunId, at: i64) {
        self.state().end(run, Some(at), Some(""));
    }
}

/// When a dead process left its run. One that was killed could not say so; it
/// is said here in its name.
fn departure(journal: &Path, operations: &mut Vec<Operation>) -> i64 {
    if let Some(Operation::Leave { at, .. } | Operation::Die { at }) = operations.last() {
        return *at;
    }
    let at = written(journal).unwrap_or_else(now_ms);
    operations.push(Operation::Die { at });
    at
}
