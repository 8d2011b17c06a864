//! Sends the journals of dead processes.
//!
//! A journal is kept until its run has ended and a later run finds all of it
//! applied: until then it can restore the run on a server that has lost it.

use std::path::Path;

use super::journal::{Journal, JournalCursor};
use super::journal_folder::journals;
use super::operation::{JoinRequest, Operation};
use super::store::{ApplyOutcome, EndOutcome, JoinOutcome, Store};
use crate::model::{RunId, VisualTestRun, now_ms};
use crate::redis::{StoreError, StoreErrorKind};

/// How many of the newest runs are checked for abandoned ones.
const RUNS_CHECKED: usize = 50;
/// How many operations of a journal are sent at a time.
const BATCH: usize = 256;

/// The outcome of sending the journals that were found.
#[derive(Clone, Debug, Default)]
pub struct OrphanReport {
    /// The number of operations sent.
    pub sent: u64,
    /// The number of journals of processes that left their run, of which the
    /// store has every operation.
    pub complete: usize,
    /// The number of journals that end before their process left its run, since
    /// it was killed or the journal was truncated. The store has the rest.
    pub unfinished: usize,
    /// The number of journals of which operations are lost. The store has the
    /// rest.
    pub damaged: usize,
    /// The number of journals of runs that were pruned. They are set aside.
    pub pruned: usize,
    /// The number of journals that could not be sent completely.
    pub failed: usize,
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
    let mut decisions = Vec::new();
    for path in journals(folder, run) {
        match Journal::open_orphan(&path) {
            Ok(Some((join, _))) if join.place != own.place => report.foreign.push(join.place),
            // They need the run, which journals of its workers may restore.
            Ok(Some((join, journal))) if join.decides => decisions.push((path, join, journal)),
            Ok(Some((join, journal))) => {
                if !send_orphan(store, &path, (&join, &journal), own, &mut report).await {
                    return report;
                }
            }
            Ok(None) => {}
            Err(error) => report.warnings.push(error.to_string()),
        }
    }
    for (path, join, journal) in decisions {
        if !send_orphan(store, &path, (&join, &journal), own, &mut report).await {
            break;
        }
    }
    report
}

/// Sends one journal. Returns false if the store is unavailable.
async fn send_orphan(
    store: &dyn Store,
    path: &Path,
    (join, journal): (&JoinRequest, &Journal),
    own: &JoinRequest,
    report: &mut OrphanReport,
) -> bool {
    let was_closed = journal.is_closed() || join.decides;
    let is_damaged = journal.lost() > 0 || journal.problem().is_some();
    report.warnings.extend(journal.problem());
    if !was_closed {
        let at = journal.modified().unwrap_or_else(now_ms);
        journal.append(&Operation::Die { at });
    }
    let sent = match send(store, join, journal).await {
        Ok(sent) => sent,
        Err(error) => {
            report.failed += 1;
            let path = path.display();
            let warning = format!("failed to send the journal {path}: {error}");
            report.warnings.push(warning);
            // If one value is invalid, the other journals can be sent.
            return error.kind == StoreErrorKind::WrongType;
        }
    };
    match sent {
        Sent::Completely { sent, ended } => {
            report.sent += sent;
            match (is_damaged, was_closed) {
                (true, _) => report.damaged += 1,
                (false, false) => report.unfinished += 1,
                (false, true) => report.complete += 1,
            }
            if ended && join.run_id != own.run_id {
                journal.remove();
            }
        }
        // The run may come back.
        Sent::NoRun => {}
        Sent::Gone => {
            report.pruned += 1;
            report.warnings.extend(journal.set_aside());
        }
    }
    true
}

/// Ends the runs without live workers, except `own`, and returns those that
/// ended now.
pub(crate) async fn end_abandoned_runs(
    store: &dyn Store,
    own: Option<&RunId>,
) -> Result<Vec<RunId>, StoreError> {
    let mut ended = Vec::new();
    let page = store.runs_from(0, RUNS_CHECKED).await?;
    let ids: Vec<_> = page.runs.into_iter().map(|(id, _)| id).collect();
    let documents = store.run_documents(&ids).await?;
    for (id, document) in ids.into_iter().zip(documents) {
        if Some(&id) == own || document.is_some_and(|text| is_ended(&text)) {
            continue;
        }
        match store.end(&id, None).await {
            Ok(EndOutcome::Ended(_)) => ended.push(id),
            Ok(_) => {}
            // The state of the run is invalid.
            Err(error)
                if matches!(
                    error.kind,
                    StoreErrorKind::WrongType | StoreErrorKind::Other
                ) =>
            {
                let state = format_args!("the state of the run `{id}`");
                store.skipped().add(state, error.message);
            }
            Err(error) => return Err(error),
        }
    }
    Ok(ended)
}

/// Whether a run has ended; false if the store does not have it.
async fn has_ended(store: &dyn Store, run: &RunId) -> Result<bool, StoreError> {
    let documents = store.run_documents(std::slice::from_ref(run)).await?;
    Ok(documents.iter().flatten().any(|text| is_ended(text)))
}

fn is_ended(document: &str) -> bool {
    let run: Result<VisualTestRun, _> = serde_json::from_str(document);
    run.is_ok_and(|run| run.reason.is_some())
}

/// The error for a journal that the store does not have completely.
fn incomplete(applied: u64, last: u64) -> StoreError {
    StoreError {
        kind: StoreErrorKind::Other,
        message: format!("the record has only {applied} of {last} operations"),
    }
}

/// The outcome of sending a journal.
pub(super) enum Sent {
    /// The store has all of it.
    Completely {
        /// The number of operations sent.
        sent: u64,
        /// Whether the run has ended.
        ended: bool,
    },
    /// It only has decisions, on a run that the store does not have.
    NoRun,
    /// The run was pruned.
    Gone,
}

/// Sends a journal until the store has all of it.
pub(super) async fn send(
    store: &dyn Store,
    join: &JoinRequest,
    journal: &Journal,
) -> Result<Sent, StoreError> {
    let mut cursor = JournalCursor::start();
    let mut sent = 0;
    let mut joined = store.join(join, false).await?;
    loop {
        match joined.outcome {
            JoinOutcome::NoRun => return Ok(Sent::NoRun),
            JoinOutcome::Gone => return Ok(Sent::Gone),
            JoinOutcome::Created | JoinOutcome::Joined | JoinOutcome::Reopened => {}
        }
        let mut applied = joined.applied;
        if applied >= journal.last() {
            let ended = has_ended(store, &join.run_id).await?;
            return Ok(Sent::Completely { sent, ended });
        }
        if cursor.next != applied + 1 {
            journal.rewind(&mut cursor, applied + 1);
        }
        let operations = journal.read(&mut cursor, BATCH);
        if operations.is_empty() {
            return Err(incomplete(applied, journal.last()));
        }
        let mut is_missing = false;
        for answer in store.apply(join, applied + 1, &operations).await? {
            match answer {
                ApplyOutcome::Done | ApplyOutcome::Stale => {
                    (applied, sent) = (applied + 1, sent + 1);
                }
                ApplyOutcome::Duplicate(last) | ApplyOutcome::Gap(last) => applied = last,
                ApplyOutcome::NoRun => is_missing = true,
            }
        }
        joined.applied = applied;
        if is_missing {
            joined = store.join(join, false).await?;
        }
    }
}
