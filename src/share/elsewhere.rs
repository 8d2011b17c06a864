//! What other machines have done.

use serde::Deserialize;

use crate::model::Status;
use crate::record::SharedQueue;
use crate::redis::StoreError;

#[derive(Deserialize)]
struct Outcome {
    status: Status,
    worker: Option<String>,
}

/// The snapshots of these that have an outcome in the record, each with the reason
/// why it has none here.
pub(super) async fn outcomes(
    queue: &SharedQueue,
    keys: &[String],
) -> Result<Vec<(String, String)>, StoreError> {
    let documents = queue.documents(keys).await?;
    let outcomes = keys.iter().zip(documents).filter_map(|(key, document)| {
        let outcome: Outcome = serde_json::from_str(&document?).ok()?;
        let worker = outcome.worker.unwrap_or_default();
        let reason = format!("ran on {}", place(&worker, queue.worker()));
        outcome.status.is_final().then(|| (key.clone(), reason))
    });
    Ok(outcomes.collect())
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
