//! Reads what the times of pages usually are, for budgets that ask for it.

use std::time::Duration;

use crate::history::UsualTimes;
use crate::model::{Lineage, RunId, StoryIdentifier, machine_kind};
use crate::plan::Snapshot;
use crate::record::Recorder;
use crate::snapshot::UsualTimesOfRun;

/// How long the record may take to answer.
const TIMEOUT: Duration = Duration::from_secs(5);

/// The usual times of the snapshots whose budget has `slower-than-usual`.
pub(super) async fn usual_times(
    snapshots: &[Snapshot],
    recorder: &Recorder,
    lineage: Option<&Lineage>,
    run: &RunId,
    machine: &str,
) -> UsualTimesOfRun {
    let limited = snapshots.iter().filter(|snapshot| {
        snapshot.skip.is_none() && snapshot.story.budget.slower_than_usual.is_some()
    });
    let limited: Vec<&Snapshot> = limited.collect();
    let unknown = |problem: String| UsualTimesOfRun {
        problem: Some(problem),
        ..UsualTimesOfRun::default()
    };
    if limited.is_empty() {
        return UsualTimesOfRun::default();
    }
    let records = recorder.records();
    let Some(lineage) = lineage.filter(|_| !records.is_memory()) else {
        return unknown("there is no Redis with earlier runs".to_owned());
    };
    let records = records.of_lineage(lineage);
    let stories: Vec<StoryIdentifier> = limited.iter().map(|it| it.identifier.clone()).collect();
    let histories = tokio::time::timeout(TIMEOUT, records.histories(&stories)).await;
    let histories = match histories {
        Ok(Ok(histories)) => histories,
        Ok(Err(error)) => return unknown(error.to_string()),
        Err(_) => return unknown("the record does not answer".to_owned()),
    };
    let machine = machine_kind(machine);
    let times = limited.iter().zip(&histories).map(|(snapshot, history)| {
        let engine = snapshot.browser.as_str();
        let usual = UsualTimes::of(history, engine, &machine, run);
        (snapshot.identifier.key(), usual)
    });
    UsualTimesOfRun {
        times: times.collect(),
        problem: None,
    }
}
