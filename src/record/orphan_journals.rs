//! Sends the journals of dead processes.
//!
//! A journal is kept until its run has ended and a later run finds all of it
//! applied: until then it can restore the run on a server that has lost it.

use std::path::Path;

use super::journal::{Journal, JournalCursor};
use super::journal_folder::journals;
use super::operation::{JoinRequest, Operation};
use super::store::{ApplyOutcome, EndOutcome, Store};
use crate::model::{RunId, VisualTestRun, now_ms};
use crate::redis::StoreError;

/// How many of the newest runs are checked for abandoned ones.
const RUNS_CHECKED: usize = 50;

/// The outcome of sending the journals that were found.
#[derive(Clone, Debug, Default)]
pub struct OrphanReport {
    /// The number of operations sent.
    pub sent: u64,
    /// The number of journals that the store has completely.
    pub complete: usize,
    /// The destinations of journals that belong to another record.
    pub foreign: Vec<String>,
    /// Problems with single journals, a sentence each.
    pub warnings: Vec<String>,
}

/// Sends the journals of dead workers in `folder`, those of one run or all.
/// `own` names the destination, and the run whose journals are kept.
pub(crate) async fn send_orphan_journals(
    store: &dyn Store,
    folder: &Path,
    own: &JoinRequest,
    run: Option<&RunId>,
) -> OrphanReport {
    let mut report = OrphanReport::default();
    for path in journals(folder, run) {
        let (join, journal) = match Journal::open_orphan(&path) {
            Ok(Some(found)) => found,
            Ok(None) => continue,
            Err(error) => {
                report.warnings.push(error.to_string());
                continue;
            }
        };
        if join.place != own.place {
            report.foreign.push(join.place);
            continue;
        }
        if let Some(problem) = journal.problem() {
            report.warnings.push(format!(
                "the journal {} is damaged: {problem}",
                path.display()
            ));
        }
        if !journal.is_closed() {
            let at = journal.modified().unwrap_or_else(now_ms);
            journal.append(&Operation::Die { at });
        }
        match send(store, &join, &journal).await {
            Ok((sent, ended)) => {
                report.sent += sent;
                report.complete += 1;
                if ended && join.run_id != own.run_id {
                    journal.remove();
                }
            }
            Err(error) => {
                report.warnings.push(format!(
                    "failed to send the journal {}: {error}",
                    path.display()
                ));
                // The other journals would fail likewise.
                break;
            }
        }
    }
    report
}

/// Ends the runs without live workers, except `own`, and returns those that
/// ended now.
pub(crate) async fn end_abandoned_runs(
    store: &dyn Store,
    own: Option<&RunId>,
) -> Result<Vec<RunId>, StoreError> {
    let mut ended = Vec::new();
    for (id, _) in store.runs().await?.into_iter().take(RUNS_CHECKED) {
        let open = Some(&id) != own && !has_ended(store, &id).await?;
        if open && let EndOutcome::Ended(_) = store.end(&id, None).await? {
            ended.push(id);
        }
    }
    Ok(ended)
}

/// Whether a run has ended; false if the store does not have it.
async fn has_ended(store: &dyn Store, run: &RunId) -> Result<bool, StoreError> {
    let document = store.run(run).await?;
    let run: Option<VisualTestRun> = document.and_then(|text| serde_json::from_str(&text).ok());
    Ok(run.is_some_and(|run| run.reason.is_some()))
}

/// Sends a journal until the store has all of it. Returns the number of sent
/// operations, and whether the run has ended.
async fn send(
    store: &dyn Store,
    join: &JoinRequest,
    journal: &Journal,
) -> Result<(u64, bool), StoreError> {
    let mut cursor = JournalCursor::start();
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
                ApplyOutcome::Done | ApplyOutcome::Stale => {
                    (applied, sent) = (applied + 1, sent + 1);
                }
                ApplyOutcome::Duplicate(last) | ApplyOutcome::Gap(last) => applied = last,
                ApplyOutcome::NoRun => applied = store.join(join, false).await?.applied,
            }
        }
    }
    Ok((sent, has_ended(store, &join.run_id).await?))
}
