//! What is written is kept once, and read back as it was.

use std::sync::Arc;
use std::time::Duration;

use tintype::model::{Reason, Status};
use tintype::record::export::ExportedRun;
use tintype::record::operation::Operation;
use tintype::record::store::{ApplyOutcome, EndOutcome, JoinOutcome, MarkOutcome, MarkRequest};
use tintype::record::{CheckpointKey, RecordConfig};

use super::support::{finished, result, started, story};
use super::{Bench, at, leave};

pub(crate) async fn applies_each_operation_once(bench: Bench) {
    let join = bench.join("w1", 2);
    let first = bench.store.join(&join, true).await.unwrap();
    assert_eq!(
        (first.outcome, first.applied, first.writers),
        (JoinOutcome::Created, 0, 1)
    );
    let again = bench.store.join(&join, true).await.unwrap();
    assert_eq!(
        (again.outcome, again.applied, again.writers),
        (JoinOutcome::Joined, 0, 1)
    );

    let begin = Operation::from_event(&started(bench.id(), 1));
    let end = Operation::from_event(&finished(bench.id(), 1, Status::Passed));
    assert_eq!(bench.one(&join, 1, begin.clone()).await, ApplyOutcome::Done);
    assert_eq!(bench.record(1).await.status, Status::Running);
    assert_eq!(bench.document().await.summary.total, 0);
    assert_eq!(bench.one(&join, 3, end.clone()).await, ApplyOutcome::Gap(1));
    assert_eq!(bench.one(&join, 2, end.clone()).await, ApplyOutcome::Done);
    assert_eq!(
        bench.one(&join, 2, end.clone()).await,
        ApplyOutcome::Duplicate(2)
    );
    assert_eq!(bench.one(&join, 1, begin).await, ApplyOutcome::Duplicate(2));
    assert_eq!(bench.record(1).await.status, Status::Passed);
    assert_eq!(bench.document().await.summary.passed, 1);
    assert_eq!(
        bench.told().await,
        ["run:started", "test:started", "test:finished"]
    );

    let both = [Operation::from_event(&started(bench.id(), 2)), end];
    let answers = bench.store.apply(&join, 2, &both).await.unwrap();
    assert_eq!(answers, [ApplyOutcome::Duplicate(2), ApplyOutcome::Done]);
}

pub(crate) async fn knows_no_run_before_it_is_created(bench: Bench) {
    let join = bench.join("w1", 1);
    let end = Operation::from_event(&finished(bench.id(), 1, Status::Passed));
    assert_eq!(bench.one(&join, 1, end).await, ApplyOutcome::NoRun);
    assert_eq!(
        bench.store.heartbeat(&join, 0).await.unwrap(),
        ApplyOutcome::NoRun
    );
    assert_eq!(
        bench.store.end(bench.id(), None).await.unwrap(),
        EndOutcome::NoRun
    );
    assert_eq!(bench.store.run(bench.id()).await.unwrap(), None);
    assert_eq!(bench.store.tests(bench.id()).await.unwrap(), []);
    assert_eq!(bench.store.events(bench.id(), "0", 10).await.unwrap(), []);
    let mark = MarkRequest {
        story: story(1),
        expected: "{}".to_owned(),
        marked: "{}".to_owned(),
        kind: "baseline:accepted",
        fields: String::new(),
    };
    let marked = bench.store.mark(bench.id(), &mark).await;
    assert_eq!(marked.unwrap(), MarkOutcome::NoRun);
}

pub(crate) async fn the_newest_attempt_wins(bench: Bench) {
    let (one, two) = (bench.join("w1", 1), bench.join("w2", 1));
    for join in [&one, &two] {
        bench.store.join(join, true).await.unwrap();
    }
    let failed = Operation::from_event(&finished(bench.id(), 1, Status::Failed));
    let passed = Operation::from_event(&finished(bench.id(), 1, Status::Passed));
    let begun = Operation::from_event(&started(bench.id(), 1));
    assert_eq!(
        bench.one(&one, 1, at(failed, 5000)).await,
        ApplyOutcome::Done
    );
    // What is not final never overrides what is, however new.
    assert_eq!(
        bench.one(&two, 1, at(begun, 6000)).await,
        ApplyOutcome::Stale
    );
    assert_eq!(bench.record(1).await.status, Status::Failed);
    assert_eq!(
        bench.one(&two, 2, at(passed.clone(), 7000)).await,
        ApplyOutcome::Done
    );
    // An older attempt that arrives late changes nothing.
    let late = Operation::from_event(&finished(bench.id(), 1, Status::Changed));
    assert_eq!(
        bench.one(&one, 2, at(late, 6500)).await,
        ApplyOutcome::Stale
    );
    let document = bench.document().await;
    assert_eq!((document.summary.total, document.summary.passed), (1, 1));
    assert_eq!(bench.record(1).await.status, Status::Passed);
    assert_eq!(
        bench.told().await,
        ["run:started", "test:finished", "test:updated"]
    );
    let history = bench.store.history(&story(1)).await.unwrap();
    let statuses: Vec<_> = history.iter().map(|o| o.status).collect();
    assert_eq!(statuses, [Status::Failed, Status::Changed, Status::Passed]);
}

pub(crate) async fn reads_back_what_was_written(bench: Bench) {
    let join = bench.join("w1", 2);
    bench.store.join(&join, true).await.unwrap();
    for n in 1..=2 {
        let end = finished(bench.id(), n, Status::Passed);
        bench
            .one(&join, n as u64, Operation::from_event(&end))
            .await;
    }
    let tail = r#","environment":{"platform":"linux","browser":"chromium 1"}}"#.to_owned();
    assert_eq!(
        bench.one(&join, 3, Operation::Describe { tail }).await,
        ApplyOutcome::Done
    );
    let browser = bench.document().await.environment.browser;
    assert_eq!(browser.as_deref(), Some("chromium 1"));

    let expected = result(bench.id(), story(1), Status::Passed);
    assert_eq!(bench.record(1).await, expected);
    let mut stories: Vec<_> = bench.store.tests(bench.id()).await.unwrap();
    stories.sort();
    let names: Vec<_> = stories.iter().map(|(id, _)| id.clone()).collect();
    assert_eq!(names, [story(1), story(2)]);
    assert_eq!(stories[0].1, serde_json::to_string(&expected).unwrap());
    let runs = bench.store.runs().await.unwrap();
    assert!(runs.contains(&(bench.id().clone(), bench.run.timestamp)));

    let all = bench.store.events(bench.id(), "0", 100).await.unwrap();
    let rest = bench.store.events(bench.id(), &all[0].id, 1).await.unwrap();
    assert_eq!(rest, all[1..2]);
}

pub(crate) async fn an_acceptance_is_marked_once(bench: Bench) {
    let join = bench.join("w1", 1);
    bench.store.join(&join, true).await.unwrap();
    bench.finishes(&join, 1, 1, Status::New).await;
    let was = bench
        .store
        .test(bench.id(), &story(1))
        .await
        .unwrap()
        .unwrap();
    let bench = &bench;
    let mark = |expected: String| MarkRequest {
        story: story(1),
        expected,
        marked: was.replace('}', "} "),
        kind: "baseline:accepted",
        fields: format!("\"runId\":{}", serde_json::json!(bench.id())),
    };
    let accept = |expected: String| {
        let mark = mark(expected);
        async move { bench.store.mark(bench.id(), &mark).await.unwrap() }
    };
    assert_eq!(accept("{}".to_owned()).await, MarkOutcome::Changed);
    assert_eq!(accept(was.clone()).await, MarkOutcome::Marked);
    assert_eq!(accept(was.clone()).await, MarkOutcome::AlreadyMarked);
    assert_eq!(
        bench.told().await,
        ["run:started", "test:finished", "baseline:accepted"]
    );
}

pub(crate) async fn a_doorbell_rings_with_the_messages_of_the_stream(bench: Bench) {
    let join = bench.join("w1", 1);
    let mut mine = bench.store.subscribe(Some(bench.id())).await.unwrap();
    let mut all = bench.store.subscribe(None).await.unwrap();
    bench.store.join(&join, true).await.unwrap();
    bench.finishes(&join, 1, 1, Status::Failed).await;
    for entry in bench.store.events(bench.id(), "0", 10).await.unwrap() {
        assert_eq!(mine.recv().await, Some(entry.message()));
        assert_eq!(all.recv().await, Some(entry.message()));
    }
}

pub(crate) async fn history_keeps_the_last_hundred(bench: Bench) {
    let join = bench.join("w1", 1);
    bench.store.join(&join, true).await.unwrap();
    for n in 1..=105_u64 {
        let mut end = Operation::from_event(&finished(bench.id(), 7, Status::Passed));
        if let Operation::Test { at, outcome, .. } = &mut end {
            *outcome = outcome.replace(&format!("\"at\":{at}"), &format!("\"at\":{n}"));
            *at = i64::try_from(n).unwrap();
        }
        bench.one(&join, n, end).await;
    }
    let history = bench.store.history(&story(7)).await.unwrap();
    assert_eq!(history.len(), 100);
    assert_eq!((history[0].at, history[99].at), (6, 105));
}

pub(crate) async fn a_whole_run_goes_out_and_in_again(bench: Bench) {
    let join = bench.join("w1", 2);
    bench.store.join(&join, true).await.unwrap();
    for (n, status) in [(1, Status::Passed), (2, Status::Changed)] {
        let end = finished(bench.id(), n, status);
        bench
            .one(&join, n as u64, Operation::from_event(&end))
            .await;
    }
    bench
        .one(&join, 3, leave(None, bench.run.timestamp + 70))
        .await;
    let whole = bench.store.export(bench.id()).await.unwrap().unwrap();
    let document = bench.store.run(bench.id()).await.unwrap();
    let text = whole.to_ndjson().unwrap();
    assert_eq!(
        ExportedRun::from_ndjson(&text).unwrap(),
        std::slice::from_ref(&whole)
    );

    assert!(!bench.store.import(&whole).await.unwrap());
    bench.store.remove(bench.id()).await.unwrap();
    assert_eq!(bench.store.run(bench.id()).await.unwrap(), None);
    assert_eq!(bench.store.tests(bench.id()).await.unwrap(), []);
    assert_eq!(bench.store.runs().await.unwrap(), []);
    for store in [Arc::clone(&bench.store), RecordConfig::memory().store()] {
        assert!(store.import(&whole).await.unwrap());
        assert_eq!(store.run(bench.id()).await.unwrap(), document);
        let mut again = store.export(bench.id()).await.unwrap().unwrap();
        again.outcomes.dedup();
        assert_eq!(again, whole);
        assert_eq!(again.to_ndjson().unwrap(), text);
    }
    // It goes on where it was.
    let late = Operation::from_event(&finished(bench.id(), 2, Status::Failed));
    assert_eq!(bench.one(&join, 4, late).await, ApplyOutcome::Done);
    assert_eq!(bench.document().await.reason, Some(Reason::Failed));
}

pub(crate) async fn a_step_is_kept_for_its_time(bench: Bench) {
    let key = CheckpointKey {
        run: bench.id().clone(),
        subject: "shop/cart".to_owned(),
        step: "login".to_owned(),
    };
    let store = &bench.store;
    assert_eq!(store.get_checkpoint(&key).await.unwrap(), None);
    store
        .put_checkpoint(&key, "[1]", Duration::from_secs(60))
        .await
        .unwrap();
    store
        .put_checkpoint(&key, "[2]", Duration::from_secs(60))
        .await
        .unwrap();
    assert_eq!(
        store.get_checkpoint(&key).await.unwrap().as_deref(),
        Some("[2]")
    );
    store
        .put_checkpoint(&key, "[3]", Duration::from_millis(1))
        .await
        .unwrap();
    while store.get_checkpoint(&key).await.unwrap().is_some() {
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
}
