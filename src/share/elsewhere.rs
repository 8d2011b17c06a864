//! What other machines have done.

use crate::model::Status;
use crate::record::SharedQueue;
use crate::redis::StoreError;

/// A snapshot that has its outcome from another machine, or none here.
#[derive(Clone, Debug)]
pub struct ElsewhereOutcome {
    /// The snapshot's key.
    pub key: String,
    /// Why it has no outcome here.
    pub reason: String,
    /// Its status, if that is known.
    pub status: Option<Status>,
}

/// A group, and its snapshots without an outcome here.
pub(super) type OpenGroup = (String, Vec<String>);

/// The snapshots of these groups that have their outcome in the record, each with the
/// reason why it has none here.
pub(super) async fn outcomes(
    queue: &SharedQueue,
    groups: Vec<OpenGroup>,
) -> Result<Vec<ElsewhereOutcome>, StoreError> {
    let names: Vec<_> = groups.iter().map(|(name, _)| name.clone()).collect();
    let progress = queue.progress(&names).await?;
    let mut outcomes = Vec::new();
    for ((_, keys), progress) in groups.into_iter().zip(progress) {
        let Some(progress) = progress else { continue };
        let worker = progress.worker.unwrap_or_default();
        let reason = format!("ran on {}", place(&worker, queue.worker()));
        let done = keys.into_iter().filter(|key| !progress.open.contains(key));
        outcomes.extend(done.map(|key| ElsewhereOutcome {
            key,
            reason: reason.clone(),
            status: None,
        }));
    }
    let keys: Vec<_> = outcomes.iter().map(|outcome| outcome.key.clone()).collect();
    let statuses = queue.statuses(&keys).await?;
    for (outcome, status) in outcomes.iter_mut().zip(statuses) {
        outcome.status = status;
    }
    Ok(outcomes)
}

/// Where a worker `{host}:{pid}-…` is: its host, with the process if that is the
/// own host.
fn place(worker: &str, own: &str) -> String {
    let split = |worker: &str| -> Option<(String, String)> {
        let (host, process) = worker.split_once(':')?;
        let (pid, _) = process.split_once('-').unwrap_or((process, ""));
        Some((host.to_owned(), pid.to_owned()))
    };
    match (split(worker), split(own)) {
        (Some((host, pid)), Some((own, _))) if host == own => format!("{host} (process {pid})"),
        (Some((host, _)), _) => host,
        (None, _) => "another machine".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::place;

    #[test]
    fn other_processes_of_a_machine_are_told_apart() {
        assert_eq!(place("ci-7:12-a1b2c3", "ci-1:12-ffffff"), "ci-7");
        assert_eq!(
            place("ci-1:13-a1b2c3", "ci-1:12-ffffff"),
            "ci-1 (process 13)"
        );
        assert_eq!(place("", "ci-1:12-ffffff"), "another machine");
    }
}
