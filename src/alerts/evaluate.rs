//! Raises and resolves alerts in the record.

use super::measure::judge;
use crate::manifest::AlertSettings;
use crate::record::{AlertChange, AlertState, RecordError, Records, WindowLength};

/// How long before now windows are read, in milliseconds: those of a minute are kept
/// for an hour.
const READ_BACK: i64 = 60 * 60_000;

/// The outcome of an evaluation.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Evaluation {
    /// The alerts that this process raised or resolved, and no other one.
    pub changes: Vec<AlertChange>,
    /// Whether another process evaluates the same rules now, so that this one did
    /// not.
    pub is_elsewhere: bool,
}

/// Evaluates the rules of a project. Of all processes that evaluate them, one
/// raises an alert and one resolves it. `journal_lag` is the number of operations
/// that this machine has not sent yet.
///
/// # Errors
/// When the store cannot be reached.
pub async fn evaluate(
    records: &Records,
    project: &str,
    settings: &AlertSettings,
    journal_lag: u64,
) -> Result<Evaluation, RecordError> {
    if settings.rules.is_empty() {
        return Ok(Evaluation::default());
    }
    let Some(lock) = records.begin_evaluation().await? else {
        return Ok(Evaluation {
            is_elsewhere: true,
            ..Evaluation::default()
        });
    };
    let changes = evaluate_locked(records, project, settings, journal_lag).await;
    let ended = lock.end().await;
    let changes = changes?;
    if let Err(error) = ended {
        tracing::debug!("the lock of the alerts was not released: {error}");
    }
    Ok(Evaluation {
        changes,
        is_elsewhere: false,
    })
}

async fn evaluate_locked(
    records: &Records,
    project: &str,
    settings: &AlertSettings,
    journal_lag: u64,
) -> Result<Vec<AlertChange>, RecordError> {
    let now = records.measure(journal_lag).await?;
    let windows = records
        .windows(WindowLength::Minute, now - READ_BACK, now)
        .await?;
    let mut changes = Vec::new();
    for rule in &settings.rules {
        let measured = judge(rule, &windows, now);
        let state = match measured.holds {
            true => AlertState::Raised,
            false => AlertState::Resolved,
        };
        let change = AlertChange {
            project: project.to_owned(),
            name: rule.name.clone(),
            state,
            at: now,
            when: rule.condition.to_string(),
            value: measured.value,
        };
        // Without a reply it may have changed, which the same request finds out.
        let mut changed = records.change_alert(&change).await;
        if changed.is_err() {
            changed = records.change_alert(&change).await;
        }
        match changed {
            Ok(true) => changes.push(change),
            Ok(false) => {}
            // Alerts that this process has changed must be sent.
            Err(_) if !changes.is_empty() => break,
            Err(error) => return Err(error),
        }
    }
    Ok(changes)
}
