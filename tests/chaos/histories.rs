//! Compares histories, statistics and the keys of the project with what the workers
//! have logged.

use std::collections::{BTreeMap, BTreeSet};

use tintype::internals::history::{FlakeAssessment, OutcomeTally};
use tintype::internals::model::{Lineage, Status, StoryIdentifier};
use tintype::internals::record::{HistoryEntry, Records};

use super::support::server::Server;
use super::support::story;
use super::{PROJECT, status};

/// Checks the outcomes of all snapshots: by number the last attempt that began, and
/// the last that ended.
pub(crate) async fn check(records: &Records, noted: &BTreeMap<usize, (u32, u32)>, server: &Server) {
    let lineage = Lineage::of_default_branch(PROJECT);
    let records = records.clone().of_lineage(&lineage);
    let stories: Vec<StoryIdentifier> = noted.keys().map(|n| story(*n)).collect();
    let histories = records.histories(&stories).await.unwrap();
    let tallies = records.tallies(&stories).await.unwrap();
    let (mut failing, mut flaky) = (BTreeSet::new(), BTreeMap::new());
    for ((story, (n, (begun, ended))), (history, tally)) in stories
        .iter()
        .zip(noted)
        .zip(histories.iter().zip(&tallies))
    {
        let attempts: Vec<u32> = history.iter().map(|it| it.attempt.unwrap()).collect();
        // Only what was being recorded when a worker was killed may be missing.
        let expected: Vec<u32> = (1..=*ended).collect();
        let all: Vec<u32> = (1..=*begun).collect();
        assert!(
            expected
                .iter()
                .all(|attempt| attempts.contains(attempt) || attempt < ended),
            "snapshot {n}: {attempts:?} of {expected:?}"
        );
        assert!(
            attempts.iter().all(|attempt| all.contains(attempt)),
            "{n}: {attempts:?}"
        );
        let distinct: BTreeSet<_> = attempts.iter().collect();
        assert_eq!(distinct.len(), attempts.len(), "snapshot {n}: {attempts:?}");
        for outcome in history {
            assert_eq!(
                outcome.status,
                status(*n, outcome.attempt.unwrap()),
                "snapshot {n}"
            );
        }
        assert_eq!(*tally, OutcomeTally::of(history), "snapshot {n}");
        if last(history) == Some(Status::Failed) {
            failing.insert(story.key());
        }
        let flakiness = FlakeAssessment::of(history);
        if flakiness.disagreements() > 0 {
            flaky.insert(story.key(), flakiness.score());
        }
    }
    let index = records.project_index().await.unwrap();
    let found: BTreeSet<String> = index.failures.values().flatten().cloned().collect();
    assert_eq!(found, failing, "the failing snapshots");
    assert_eq!(
        index.flaky.keys().collect::<Vec<_>>(),
        flaky.keys().collect::<Vec<_>>(),
        "the flaky snapshots"
    );
    for (key, score) in flaky {
        assert!((index.flaky[&key] - score).abs() < 1e-9, "{key}");
    }
    check_statistics(server, &stories, &tallies);
}

/// The hashes that dashboards read have the same numbers.
fn check_statistics(server: &Server, stories: &[StoryIdentifier], tallies: &[OutcomeTally]) {
    for (story, tally) in stories.iter().zip(tallies).step_by(97) {
        let key = format!("tintype:project:{PROJECT}:story:{}:stats", story.key());
        let fields = server.cli(&["HMGET", &key, "total_runs", "passed_runs", "failed_runs"]);
        let found: Vec<u64> = fields.lines().map(|it| it.parse().unwrap_or(0)).collect();
        assert_eq!(found, [tally.total, tally.passed, tally.failed], "{key}");
    }
}

/// The status of the newest outcome that says something.
fn last(history: &[HistoryEntry]) -> Option<Status> {
    let mut newest = history.iter().rev().map(|outcome| outcome.status);
    newest.find(|status| *status != Status::Skipped)
}
