//! What other machines have done.

use std::collections::HashSet;

use super::plan::SharedPlan;
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

/// The snapshots of `unfinished` that have their outcome, each with the reason why it
/// has none here. Looks at the first `limit` groups, in the order of the plan, in
/// which the tests wait.
pub(super) async fn outcomes(
    queue: &SharedQueue,
    plan: &SharedPlan,
    unfinished: &HashSet<String>,
    limit: usize,
) -> Result<Vec<ElsewhereOutcome>, StoreError> {
    let groups = plan.groups.iter();
    let groups = groups.filter(|group| group.keys.iter().any(|key| unfinished.contains(key)));
    let groups: Vec<_> = groups.take(limit).collect();
    let names: Vec<_> = groups.iter().map(|group| group.name.clone()).collect();
    let progress = queue.progress(&names).await?;
    let mut outcomes = Vec::new();
    for (group, progress) in groups.into_iter().zip(progress) {
        let Some(progress) = progress else { continue };
        let worker = progress.worker.unwrap_or_default();
        let reason = format!("ran on {}", place(&worker, queue.worker()));
        let is_done = |key: &&String| unfinished.contains(*key) && !progress.open.contains(key);
        let done = group.keys.iter().filter(is_done);
        outcomes.extend(done.map(|key| ElsewhereOutcome {
            key: key.clone(),
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
