//! Histories of projects and branches, and their statistics.

use std::collections::{BTreeMap, BTreeSet, HashSet};

use tintype::internals::history::{FlakeAssessment, OutcomeTally};
use tintype::internals::model::{Lineage, RunId, Status};
use tintype::internals::record::{ApplyOutcome, HistoryEntry, JoinRequest, Operation, Store};

use crate::StoreFixture;
use crate::support::{finished, story};

/// A request to join the run of a project on a branch.
fn join_of(fixture: &StoreFixture, project: &str, branch: &str, run: &str) -> JoinRequest {
    let mut join = fixture.join("w1", 1);
    let id = fixture.id().as_str().to_owned();
    join.head = join.head.replace(&id, run);
    join.run_id = RunId(run.to_owned());
    join.tail = format!(
        r#","environment":{{"platform":"linux","git":{{"commit":"c","branch":"{branch}"}}}},"project":"{project}"}}"#
    );
    join
}

/// The outcome of a snapshot as an operation.
fn outcome(run: &RunId, at: i64, status: Status, duration_ms: u64) -> (Operation, HistoryEntry) {
    let entry = HistoryEntry {
        duration_ms: Some(duration_ms),
        ..HistoryEntry::new(run.clone(), at, status)
    };
    let mut operation = Operation::from_event(&finished(run, 1, status));
    if let Operation::Test {
        at: time, outcome, ..
    } = &mut operation
    {
        *time = at;
        *outcome = serde_json::to_string(&entry).unwrap();
    }
    (operation, entry)
}

async fn read(store: &dyn Store, lineage: &Lineage) -> (Vec<HistoryEntry>, OutcomeTally) {
    let keys = [story(1).key()];
    let mut outcomes = store.outcomes(lineage, &keys).await.unwrap();
    let mut tallies = store.tallies(lineage, &keys).await.unwrap();
    (outcomes.remove(0), tallies.remove(0))
}

pub(crate) async fn projects_and_branches_have_histories_of_their_own(fixture: StoreFixture) {
    let store = &*fixture.store;
    let runs = [
        ("shop", "main", Status::Passed),
        ("shop", "fix/1", Status::Failed),
        ("blog", "main", Status::Changed),
    ];
    for (number, (project, branch, status)) in runs.into_iter().enumerate() {
        let run = format!("{{run-{number}}}");
        let join = join_of(&fixture, project, branch, &run);
        store.join(&join, true).await.unwrap();
        let (operation, _) = outcome(&join.run_id, 1000, status, 80);
        let applied = store.apply(&join, 1, &[operation]).await.unwrap();
        assert_eq!(applied, [ApplyOutcome::Done]);
    }
    for (project, branch, status) in runs {
        let lineage = Lineage::of_branch(project, branch, None);
        let (outcomes, tally) = read(store, &lineage).await;
        let statuses: Vec<_> = outcomes.iter().map(|outcome| outcome.status).collect();
        assert_eq!(statuses, [status], "{project} {branch}");
        assert_eq!(tally, OutcomeTally::of(&outcomes), "{project} {branch}");
    }
    // The history of runs without a project has none of them.
    assert_eq!(store.history(&story(1)).await.unwrap(), []);
    let branches = store.branches("shop").await.unwrap();
    assert_eq!(branches, [("fix/1".to_owned(), 1000)]);
    assert_eq!(store.branches("blog").await.unwrap(), []);
    store.remove_branch("shop", "fix/1").await.unwrap();
    let fix = Lineage::of_branch("shop", "fix/1", None);
    assert_eq!(
        read(store, &fix).await,
        (Vec::new(), OutcomeTally::default())
    );
    assert_eq!(store.branches("shop").await.unwrap(), []);
    let main = Lineage::of_default_branch("shop");
    assert_eq!(read(store, &main).await.0.len(), 1);
}

/// Outcomes arrive twice, in another order, and again after they have left the
/// history.
pub(crate) async fn statistics_are_exact_under_double_delivery(fixture: StoreFixture) {
    let store = &*fixture.store;
    let join = join_of(&fixture, "shop", "main", fixture.id().as_str());
    store.join(&join, true).await.unwrap();
    let statuses = [
        Status::Passed,
        Status::Passed,
        Status::Changed,
        Status::Failed,
        Status::New,
        Status::Skipped,
    ];
    let all: Vec<_> = (0..250_u64)
        .map(|n| {
            // Every tenth run executes the snapshot twice: the later one counts.
            let run = RunId(format!("run-{}", n - u64::from(n % 10 == 9)));
            let at = 1000 + i64::try_from(n).unwrap();
            let status = statuses[usize::try_from(n % 6).unwrap()];
            outcome(&run, at, status, n * n % 9973)
        })
        .collect();
    let mut number = 0;
    for (index, _) in all.iter().enumerate() {
        // Pairs are exchanged, and everything so far comes again now and then.
        let from = if index % 60 == 59 { 0 } else { index };
        for at in from..=index {
            let at = (at ^ 1).min(all.len() - 1);
            number += 1;
            let applied = store.apply(&join, number, &[all[at].0.clone()]).await;
            assert_eq!(applied.unwrap().len(), 1);
        }
    }
    let lineage = Lineage::of_default_branch("shop");
    let (outcomes, tally) = read(store, &lineage).await;
    let entries: Vec<_> = all.into_iter().map(|(_, entry)| entry).collect();
    assert_eq!(outcomes, entries[150..]);
    assert_eq!(tally, OutcomeTally::of(&entries));
    let runs: HashSet<_> = entries.iter().map(|entry| &entry.run_id).collect();
    assert_eq!((entries.len(), runs.len()), (250, 225));
    let statistics = tally.statistics();
    assert_eq!(
        (statistics.total_runs, statistics.p50.is_some()),
        (
            entries
                .iter()
                .enumerate()
                .filter(|(n, entry)| n % 10 != 8 && entry.status != Status::Skipped)
                .count() as u64,
            true
        )
    );
}

/// Snapshots that fail, recover, are retried, skipped and quarantined, whose outcomes
/// arrive twice and out of order.
pub(crate) async fn keys_of_the_project_follow_from_the_histories(fixture: StoreFixture) {
    let store = &*fixture.store;
    let join = join_of(&fixture, "shop", "main", fixture.id().as_str());
    store.join(&join, true).await.unwrap();
    let kinds = ["timeout: fonts", "difference", "driver"];
    let all: Vec<_> = (0..600_u64)
        .map(|n| {
            let snapshot = n % 7;
            // A reproducible mix.
            let dice = n.wrapping_mul(2_654_435_761) >> 7;
            let status = [
                Status::Passed,
                Status::Failed,
                Status::Skipped,
                Status::Changed,
            ];
            let status = status[usize::try_from(dice % 4).unwrap()];
            let run = RunId(format!("run-{n}"));
            let at = 1000 + i64::try_from(n).unwrap();
            let entry = HistoryEntry {
                commit: Some(format!("c{}", dice % 5)),
                dirty: dice % 11 == 0,
                baseline: (dice % 3 > 0).then(|| "b".to_owned()),
                attempt: (dice % 4 == 0).then_some(2),
                cached: dice % 13 == 0,
                unstable: dice % 17 == 0,
                branch: Some("ma\"in,\"dirty\":true".to_owned()),
                kind: (status == Status::Failed)
                    .then(|| kinds[usize::try_from(dice % 3).unwrap()].to_owned()),
                quarantine: (snapshot == 3).then(|| "2026-12-31".to_owned()),
                ..HistoryEntry::new(run.clone(), at, status)
            };
            let key = usize::try_from(snapshot).unwrap();
            let mut operation = Operation::from_event(&finished(&run, key, status));
            if let Operation::Test {
                at: time, outcome, ..
            } = &mut operation
            {
                *time = at;
                *outcome = serde_json::to_string(&entry).unwrap();
            }
            (key, operation, entry)
        })
        .collect();
    let mut number = 0;
    for index in 0..all.len() {
        for at in [index ^ 1, index] {
            number += 1;
            let applied = store.apply(&join, number, &[all[at].1.clone()]).await;
            assert_eq!(applied.unwrap().len(), 1);
        }
        if index % 50 != 49 {
            continue;
        }
        // Both of a pair have arrived.
        let mut histories: BTreeMap<String, Vec<HistoryEntry>> = BTreeMap::new();
        for (key, _, entry) in &all[..=index] {
            histories
                .entry(story(*key).key())
                .or_default()
                .push(entry.clone());
        }
        check_index(store, &histories).await;
    }
    store.forget_snapshots("shop", 0).await.unwrap();
    assert_eq!(
        store.project_index("shop").await.unwrap().quarantine.len(),
        1
    );
    store.forget_snapshots("shop", i64::MAX).await.unwrap();
    let index = store.project_index("shop").await.unwrap();
    assert_eq!(index, tintype::internals::record::ProjectIndex::default());
}

async fn check_index(store: &dyn Store, histories: &BTreeMap<String, Vec<HistoryEntry>>) {
    let index = store.project_index("shop").await.unwrap();
    let (mut failing, mut flaky) = (BTreeMap::<String, BTreeSet<String>>::new(), 0);
    for (key, history) in histories {
        let kept = &history[history.len().saturating_sub(100)..];
        let flakiness = FlakeAssessment::of(kept);
        if flakiness.disagreements() > 0 {
            flaky += 1;
            let found = index.flaky.get(key).copied().unwrap_or_default();
            assert!(
                (found - flakiness.score()).abs() < 1e-9,
                "{key}: {found} {flakiness:?}"
            );
        }
        let newest = kept.iter().rev().find(|it| it.status != Status::Skipped);
        if let Some(last) = newest.filter(|it| it.status == Status::Failed) {
            let kind = last.kind.clone().unwrap();
            failing.entry(kind).or_default().insert(key.clone());
        }
        let is_quarantined = newest.is_some_and(|it| it.quarantine.is_some());
        assert_eq!(index.quarantine.contains_key(key), is_quarantined, "{key}");
    }
    assert_eq!(index.flaky.len(), flaky);
    assert_eq!(index.failures, failing);
}

/// The page vitals are those of the last outcomes of all measured snapshots.
#[tokio::test]
async fn vitals_are_exact_under_double_delivery() {
    let (server, store) = crate::single();
    let fixture = StoreFixture {
        store,
        run: crate::support::run("run-1"),
    };
    let join = join_of(&fixture, "shop", "main", "run-1");
    fixture.store.join(&join, true).await.unwrap();
    let mut number = 0;
    for round in 0..2_u64 {
        for n in 0..40_u64 {
            let run = RunId(format!("run-{round}-{n}"));
            let key = usize::try_from(n).unwrap();
            let at = 1000 + i64::try_from(round * 100 + n).unwrap();
            let mut entry = HistoryEntry::new(run.clone(), at, Status::Passed);
            entry.engine = Some("chromium".to_owned());
            entry.times.lcp_ms = Some(100 * (n + 1) + round);
            entry.cls = Some(0.0125);
            let mut operation = Operation::from_event(&finished(&run, key, Status::Passed));
            if let Operation::Test {
                at: time, outcome, ..
            } = &mut operation
            {
                *time = at;
                *outcome = serde_json::to_string(&entry).unwrap();
            }
            for _ in 0..2 {
                number += 1;
                let operation = [operation.clone()];
                fixture
                    .store
                    .apply(&join, number, &operation)
                    .await
                    .unwrap();
            }
        }
    }
    let vitals = |name: &str| {
        let key = format!("team:tintype:vitals:chromium:{name}");
        let fields = server.cli(&["HMGET", &key, "avg", "p95", "n"]);
        fields.lines().map(str::to_owned).collect::<Vec<_>>()
    };
    assert_eq!(vitals("lcp"), ["2051", "3801", "40"]);
    assert_eq!(vitals("cls"), ["0.0125", "0.0125", "40"]);
    assert_eq!(
        server
            .cli(&["EXISTS", "team:tintype:vitals:chromium:inp"])
            .trim(),
        "0"
    );
}

/// Dashboards read the hash itself.
#[tokio::test]
async fn the_statistics_in_redis_are_those_of_the_tally() {
    let (server, store) = crate::single();
    let fixture = StoreFixture {
        store,
        run: crate::support::run("run-1"),
    };
    let join = join_of(&fixture, "shop", "main", "run-1");
    fixture.store.join(&join, true).await.unwrap();
    for n in 0..130_u64 {
        let run = RunId(format!("run-{n}"));
        let status = if n % 3 == 0 {
            Status::Failed
        } else {
            Status::Passed
        };
        let at = 1000 + i64::try_from(n).unwrap();
        let (operation, _) = outcome(&run, at, status, 40 + n * 7);
        fixture
            .store
            .apply(&join, n + 1, &[operation])
            .await
            .unwrap();
    }
    let lineage = Lineage::of_default_branch("shop");
    let (_, tally) = read(&*fixture.store, &lineage).await;
    let statistics = tally.statistics();
    assert_eq!(statistics.total_runs, 130);
    let key = format!("team:tintype:project:shop:story:{}:stats", story(1).key());
    let field = |name: &str| server.cli(&["HGET", &key, name]).trim().to_owned();
    let number = |value: Option<u64>| value.unwrap().to_string();
    assert_eq!(field("total_runs"), "130");
    assert_eq!(field("passed_runs"), statistics.passed_runs.to_string());
    assert_eq!(field("failed_runs"), statistics.failed_runs.to_string());
    assert_eq!(field("avg_duration"), number(statistics.avg_duration));
    assert_eq!(field("p50"), number(statistics.p50));
    assert_eq!(field("p95"), number(statistics.p95));
    assert_eq!(
        field("last_success"),
        statistics.last_success.unwrap().to_string()
    );
    assert_eq!(
        field("success_rate"),
        format!("{:.4}", statistics.success_rate.unwrap())
    );
}
