//! Tests that operations are applied once and read back unchanged.

use std::sync::Arc;

use tintype::internals::model::{Reason, RunId, Status};
use tintype::internals::record::{
    ApplyOutcome, EndOutcome, ExportedRun, JoinOutcome, Operation, RecordConfig,
};

use super::support::{finished, result, started, story};
use super::{StoreFixture, at, leave};

pub(crate) async fn applies_each_operation_once(fixture: StoreFixture) {
    let join = fixture.join("w1", 2);
    let first = fixture.store.join(&join, true).await.unwrap();
    assert_eq!(
        (first.outcome, first.applied, first.writers),
        (JoinOutcome::Created, 0, 1)
    );
    let again = fixture.store.join(&join, true).await.unwrap();
    assert_eq!(
        (again.outcome, again.applied, again.writers),
        (JoinOutcome::Joined, 0, 1)
    );

    let begin = Operation::from_event(&started(fixture.id(), 1));
    let end = Operation::from_event(&finished(fixture.id(), 1, Status::Passed));
    assert_eq!(
        fixture.one(&join, 1, begin.clone()).await,
        ApplyOutcome::Done
    );
    assert_eq!(fixture.record(1).await.status, Status::Running);
    assert_eq!(fixture.document().await.summary.total, 0);
    assert_eq!(
        fixture.one(&join, 3, end.clone()).await,
        ApplyOutcome::Gap(1)
    );
    assert_eq!(fixture.one(&join, 2, end.clone()).await, ApplyOutcome::Done);
    assert_eq!(
        fixture.one(&join, 2, end.clone()).await,
        ApplyOutcome::Duplicate(2)
    );
    assert_eq!(
        fixture.one(&join, 1, begin).await,
        ApplyOutcome::Duplicate(2)
    );
    assert_eq!(fixture.record(1).await.status, Status::Passed);
    assert_eq!(fixture.document().await.summary.passed, 1);
    assert_eq!(
        fixture.event_types().await,
        ["run:started", "test:started", "test:finished"]
    );

    let both = [Operation::from_event(&started(fixture.id(), 2)), end];
    let answers = fixture.store.apply(&join, 2, &both).await.unwrap();
    assert_eq!(answers, [ApplyOutcome::Duplicate(2), ApplyOutcome::Done]);
}

pub(crate) async fn a_missing_run_is_reported(fixture: StoreFixture) {
    let join = fixture.join("w1", 1);
    let end = Operation::from_event(&finished(fixture.id(), 1, Status::Passed));
    assert_eq!(fixture.one(&join, 1, end).await, ApplyOutcome::NoRun);
    assert_eq!(
        fixture.store.heartbeat(&join, 0).await.unwrap(),
        ApplyOutcome::NoRun
    );
    assert_eq!(
        fixture.store.end(fixture.id(), None).await.unwrap(),
        EndOutcome::NoRun
    );
    assert_eq!(fixture.store.run(fixture.id()).await.unwrap(), None);
    assert_eq!(fixture.store.tests(fixture.id()).await.unwrap(), []);
    assert_eq!(
        fixture.store.events(fixture.id(), "0", 10).await.unwrap(),
        []
    );
}

pub(crate) async fn the_newest_attempt_wins(fixture: StoreFixture) {
    let (one, two) = (fixture.join("w1", 1), fixture.join("w2", 1));
    for join in [&one, &two] {
        fixture.store.join(join, true).await.unwrap();
    }
    let failed = Operation::from_event(&finished(fixture.id(), 1, Status::Failed));
    let passed = Operation::from_event(&finished(fixture.id(), 1, Status::Passed));
    let begun = Operation::from_event(&started(fixture.id(), 1));
    assert_eq!(
        fixture.one(&one, 1, at(failed, 5000)).await,
        ApplyOutcome::Done
    );
    // `running` never replaces a final status.
    assert_eq!(
        fixture.one(&two, 1, at(begun, 6000)).await,
        ApplyOutcome::Stale
    );
    assert_eq!(fixture.record(1).await.status, Status::Failed);
    assert_eq!(
        fixture.one(&two, 2, at(passed.clone(), 7000)).await,
        ApplyOutcome::Done
    );
    // An older attempt that arrives late is ignored.
    let late = Operation::from_event(&finished(fixture.id(), 1, Status::Changed));
    assert_eq!(
        fixture.one(&one, 2, at(late, 6500)).await,
        ApplyOutcome::Stale
    );
    let document = fixture.document().await;
    assert_eq!((document.summary.total, document.summary.passed), (1, 1));
    assert_eq!(fixture.record(1).await.status, Status::Passed);
    assert_eq!(
        fixture.event_types().await,
        ["run:started", "test:finished", "test:updated"]
    );
    let history = fixture.store.history(&story(1)).await.unwrap();
    let statuses: Vec<_> = history.iter().map(|o| o.status).collect();
    assert_eq!(statuses, [Status::Failed, Status::Changed, Status::Passed]);
}

/// The clock is set back during a run: within a worker the sequence counts.
pub(crate) async fn a_clock_that_is_set_back_changes_no_result(fixture: StoreFixture) {
    let (one, two) = (fixture.join("w1", 2), fixture.join("w2", 2));
    for join in [&one, &two] {
        fixture.store.join(join, true).await.unwrap();
    }
    let begun = || Operation::from_event(&started(fixture.id(), 1));
    let ended = |status| Operation::from_event(&finished(fixture.id(), 1, status));
    let steps = [
        (begun(), 9000, ApplyOutcome::Done),
        (ended(Status::Failed), 5000, ApplyOutcome::Done),
        // A late `running` never replaces a final status.
        (begun(), 9500, ApplyOutcome::Stale),
        (ended(Status::Passed), -3000, ApplyOutcome::Done),
    ];
    for ((operation, time, outcome), number) in steps.into_iter().zip(1..) {
        let answer = fixture.one(&one, number, at(operation, time)).await;
        assert_eq!(answer, outcome, "operation {number}");
    }
    assert_eq!(fixture.record(1).await.status, Status::Passed);
    // The time of the worker does not go back for others either.
    let late = at(ended(Status::Changed), 4000);
    assert_eq!(fixture.one(&two, 1, late).await, ApplyOutcome::Stale);
    // A final status replaces the `running` of a machine whose clock is ahead.
    let ahead = at(Operation::from_event(&started(fixture.id(), 2)), 99_000);
    assert_eq!(fixture.one(&one, 5, ahead).await, ApplyOutcome::Done);
    let behind = Operation::from_event(&finished(fixture.id(), 2, Status::Passed));
    assert_eq!(
        fixture.one(&two, 2, at(behind, 10)).await,
        ApplyOutcome::Done
    );
    let summary = fixture.document().await.summary;
    assert_eq!((summary.total, summary.passed), (2, 2));
}

/// An operation that is lost in a journal must not stop those after it, nor let
/// the run pass.
pub(crate) async fn a_lost_operation_is_passed_over(fixture: StoreFixture) {
    let join = fixture.join("w1", 2);
    fixture.store.join(&join, true).await.unwrap();
    fixture.finishes(&join, 1, 1, Status::Passed).await;
    assert_eq!(
        fixture.one(&join, 3, Operation::Lost).await,
        ApplyOutcome::Gap(1)
    );
    assert_eq!(
        fixture.one(&join, 2, Operation::Lost).await,
        ApplyOutcome::Done
    );
    let left = leave(Some(Reason::Passed), fixture.run.timestamp + 70);
    assert_eq!(fixture.one(&join, 3, left).await, ApplyOutcome::Done);
    assert_eq!(fixture.document().await.reason, Some(Reason::Interrupted));
}

pub(crate) async fn runs_are_listed_in_pages(fixture: StoreFixture) {
    let mut join = fixture.join("w1", 0);
    for n in 0..7 {
        let id = format!("{{run-{n}}}");
        join.run_id = RunId(id.clone());
        join.head = join.head.replace("{run-1}", &id);
        join.start = 1000 + n;
        fixture.store.join(&join, true).await.unwrap();
    }
    let (mut found, mut next) = (Vec::new(), Some(0));
    while let Some(from) = next {
        let page = fixture.store.runs_from(from, 3).await.unwrap();
        assert!(page.runs.len() <= 3);
        (next, found) = (page.next, [found, page.runs].concat());
    }
    assert_eq!(found, fixture.store.runs().await.unwrap());
    assert_eq!(fixture.store.run_count().await.unwrap(), 7);
    let ids: Vec<_> = found.into_iter().map(|(id, _)| id).collect();
    let documents = fixture.store.run_documents(&ids).await.unwrap();
    assert!(documents.iter().all(Option::is_some));
    fixture.store.remove_all(&ids[2..]).await.unwrap();
    assert_eq!(fixture.store.run_count().await.unwrap(), 2);
}

pub(crate) async fn documents_are_read_back_unchanged(fixture: StoreFixture) {
    let join = fixture.join("w1", 2);
    fixture.store.join(&join, true).await.unwrap();
    for n in 1..=2 {
        let end = finished(fixture.id(), n, Status::Passed);
        fixture
            .one(&join, n as u64, Operation::from_event(&end))
            .await;
    }
    let tail = r#","environment":{"platform":"linux","browser":"chromium 1"}}"#.to_owned();
    assert_eq!(
        fixture.one(&join, 3, Operation::Describe { tail }).await,
        ApplyOutcome::Done
    );
    let browser = fixture.document().await.environment.browser;
    assert_eq!(browser.as_deref(), Some("chromium 1"));

    let expected = result(fixture.id(), story(1), Status::Passed);
    assert_eq!(fixture.record(1).await, expected);
    let mut stories: Vec<_> = fixture.store.tests(fixture.id()).await.unwrap();
    stories.sort();
    let names: Vec<_> = stories.iter().map(|(id, _)| id.clone()).collect();
    assert_eq!(names, [story(1), story(2)]);
    assert_eq!(stories[0].1, serde_json::to_string(&expected).unwrap());
    let runs = fixture.store.runs().await.unwrap();
    assert!(runs.contains(&(fixture.id().clone(), fixture.run.timestamp)));

    let all = fixture.store.events(fixture.id(), "0", 100).await.unwrap();
    let rest = fixture
        .store
        .events(fixture.id(), &all[0].id, 1)
        .await
        .unwrap();
    assert_eq!(rest, all[1..2]);
}

pub(crate) async fn published_messages_equal_the_stream(fixture: StoreFixture) {
    let join = fixture.join("w1", 1);
    let mut mine = fixture.store.subscribe(Some(fixture.id())).await.unwrap();
    let mut all = fixture.store.subscribe(None).await.unwrap();
    fixture.store.join(&join, true).await.unwrap();
    fixture.finishes(&join, 1, 1, Status::Failed).await;
    for entry in fixture.store.events(fixture.id(), "0", 10).await.unwrap() {
        assert_eq!(mine.recv().await, Some(entry.message()));
        assert_eq!(all.recv().await, Some(entry.message()));
    }
}

pub(crate) async fn the_history_keeps_100_outcomes(fixture: StoreFixture) {
    let join = fixture.join("w1", 1);
    fixture.store.join(&join, true).await.unwrap();
    for n in 1..=105_u64 {
        let mut end = Operation::from_event(&finished(fixture.id(), 7, Status::Passed));
        if let Operation::Test { at, outcome, .. } = &mut end {
            *outcome = outcome.replace(&format!("\"at\":{at}"), &format!("\"at\":{n}"));
            *at = i64::try_from(n).unwrap();
        }
        fixture.one(&join, n, end).await;
    }
    let history = fixture.store.history(&story(7)).await.unwrap();
    assert_eq!(history.len(), 100);
    assert_eq!((history[0].at, history[99].at), (6, 105));
}

pub(crate) async fn a_run_is_exported_and_imported(fixture: StoreFixture) {
    let join = fixture.join("w1", 2);
    fixture.store.join(&join, true).await.unwrap();
    for (n, status) in [(1, Status::Passed), (2, Status::Changed)] {
        let end = finished(fixture.id(), n, status);
        fixture
            .one(&join, n as u64, Operation::from_event(&end))
            .await;
    }
    fixture
        .one(&join, 3, leave(None, fixture.run.timestamp + 70))
        .await;
    let whole = fixture.store.export(fixture.id()).await.unwrap().unwrap();
    let document = fixture.store.run(fixture.id()).await.unwrap();
    let text = whole.to_ndjson().unwrap();
    assert_eq!(
        ExportedRun::from_ndjson(&text).unwrap(),
        std::slice::from_ref(&whole)
    );

    assert!(!fixture.store.import(&whole).await.unwrap());
    fixture.store.remove(fixture.id()).await.unwrap();
    assert_eq!(fixture.store.run(fixture.id()).await.unwrap(), None);
    assert_eq!(fixture.store.tests(fixture.id()).await.unwrap(), []);
    assert_eq!(fixture.store.runs().await.unwrap(), []);
    for store in [Arc::clone(&fixture.store), RecordConfig::memory().store()] {
        assert!(store.import(&whole).await.unwrap());
        assert_eq!(store.run(fixture.id()).await.unwrap(), document);
        let mut again = store.export(fixture.id()).await.unwrap().unwrap();
        again.outcomes.dedup();
        assert_eq!(again, whole);
        assert_eq!(again.to_ndjson().unwrap(), text);
    }
    // The imported run can be continued.
    let late = Operation::from_event(&finished(fixture.id(), 2, Status::Failed));
    assert_eq!(fixture.one(&join, 4, late).await, ApplyOutcome::Done);
    assert_eq!(fixture.document().await.reason, Some(Reason::Failed));
}
