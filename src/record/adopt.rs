//! Looks after the journals of processes that are gone.
//!
//! A journal stays where it is until its run has ended and the next run finds
//! everything of it applied: until then a server that comes back empty is told
//! all of it again.

use std::path::Path;

use super::error::Fault;
use super::journal::{Cursor, Journal, journals};
use super::operation::{Join, Operation};
use super::store::{Applied, Ended, Store};
use crate::model::{RunId, VisualTestRun, now_ms};

/// How many of the newest runs are looked at for one that was abandoned.
const LOOKED_AT: usize = 50;

/// What became of the journals that were found.
#[derive(Clone, Debug, Default)]
pub struct Adopted {
    /// Operations that were sent.
    pub sent: u64,
    /// Journals that the store has all of.
    pub settled: usize,
    /// Journals that are meant for another place, with that place.
    pub foreign: Vec<String>,
    /// What went wrong, with the file's name.
    pub warnings: Vec<String>,
}

/// Sends what dead workers have left in `folder`: those of one run, or of all.
/// `me` names the destination, and the run whose journals are kept.
pub(crate) async fn adopt(
    store: &dyn Store,
    folder: &Path,
    me: &Join,
    run: Option<&RunId>,
) -> Adopted {
    let mut adopted = Adopted::default();
    for path in journals(folder, run) {
        let (join, journal) = match Journal::adopt(&path) {
            Ok(Some(found)) => found,
            Ok(None) => continue,
            Err(error) => {
                adopted.warnings.push(error.to_string());
                continue;
            }
        };
        if join.place != me.place {
            adopted.foreign.push(join.place);
            continue;
        }
        if let Some(trouble) = journal.trouble() {
            adopted
                .warnings
                .push(format!("{}: {trouble}", path.display()));
        }
        if !journal.closed() {
            let at = journal.written().unwrap_or_else(now_ms);
            journal.append(&Operation::Die { at });
        }
        match send(store, &join, &journal).await {
            Ok((sent, ended)) => {
                adopted.sent += sent;
                adopted.settled += 1;
                if ended && join.run_id != me.run_id {
                    journal.remove();
                }
            }
            Err(fault) => {
                adopted
                    .warnings
                    .push(format!("{}: {fault}", path.display()));
                // The others would meet the same fault.
                break;
            }
        }
    }
    adopted
}

/// Ends the runs that nobody works on any more, but not `mine`, and gives
/// those that ended just now.
pub(crate) async fn close(store: &dyn Store, mine: Option<&RunId>) -> Result<Vec<RunId>, Fault> {
    let mut ended = Vec::new();
    for (id, _) in store.runs().await?.into_iter().take(LOOKED_AT) {
        let open = Some(&id) != mine && !has_ended(store, &id).await?;
        if open && let Ended::Now(_) = store.end(&id, None).await? {
            ended.push(id);
        }
    }
    Ok(ended)
}

/// Whether a run has ended; one that is not there has not.
async fn has_ended(store: &dyn Store, run: &RunId) -> Result<bool, Fault> {
    let document = store.run(run).await?;
    let run: Option<VisualTestRun> = document.and_then(|text| serde_json::from_str(&text).ok());
    Ok(run.is_some_and(|run| run.reason.is_some()))
}

/// Sends a journal until the store has all of it. Gives the number of
/// operations that it did not have, and whether the run has ended.
async fn send(store: &dyn Store, join: &Join, journal: &Journal) -> Result<(u64, bool), Fault> {
    let mut cursor = Cursor::start();
    let mut sent = 0;
    let mut applied = store.join(join, false).await?.applied;
    while applied < journal.last() {
        if cursor.next != applied + 1 {
            journal.rewind(&mut cursor, applied + 1);
        }
        let operations = journal.read(&mut cursor, 256);
        if operations.is_empty() {
            break;
        }
        for answer in store.apply(join, applied + 1, &operations).await? {
            match answer {
                Applied::Done | Applied::Stale => (applied, sent) = (applied + 1, sent + 1),
                Applied::Duplicate(last) | Applied::Gap(last) => applied = last,
                Applied::NoRun => applied = store.join(join, false).await?.applied,
            }
        }
    }
    Ok((sent, has_ended(store, &join.run_id).await?))
}
