//! Tests of decisions on snapshots of past runs.

use tintype::internals::model::{RunId, Status};
use tintype::internals::record::{
    ApplyOutcome, ExportedRun, JoinOutcome, JoinRequest, Operation, RecordConfig,
};

use super::support::{finished, story};
use super::{StoreFixture, at};

fn decider(fixture: &StoreFixture, writer: &str) -> JoinRequest {
    JoinRequest {
        decides: true,
        ..fixture.join(writer, 0)
    }
}

fn decision(run: &RunId, mark: &str, ms: i64) -> Operation {
    let kind = match mark {
        "acceptedAt" => "baseline:accepted",
        "rejectedAt" => "baseline:rejected",
        _ => "decision:undone",
    };
    Operation::Decide {
        key: story(1).key(),
        at: ms,
        mark: mark.to_owned(),
        kind: kind.to_owned(),
        fields: format!("\"runId\":{}", serde_json::json!(run)),
    }
}

/// A run whose first snapshot was recorded at 5000.
async fn recorded(fixture: &StoreFixture) -> String {
    let join = fixture.join("w1", 1);
    fixture.store.join(&join, true).await.unwrap();
    let failed = Operation::from_event(&finished(fixture.id(), 1, Status::Failed));
    fixture.one(&join, 1, at(failed, 5000)).await;
    document(fixture).await
}

async fn document(fixture: &StoreFixture) -> String {
    let text = fixture.store.test(fixture.id(), &story(1)).await;
    text.unwrap().unwrap()
}

fn marked(document: &str, mark: &str, ms: i64) -> String {
    let body = document.strip_suffix('}').unwrap();
    format!("{body},\"{mark}\":{ms}}}")
}

pub(crate) async fn a_decision_marks_the_document_and_undo_removes_the_mark(fixture: StoreFixture) {
    let judge = decider(&fixture, "judge");
    let missing = fixture.store.join(&judge, false).await.unwrap();
    assert_eq!(missing.outcome, JoinOutcome::NoRun);
    let before = recorded(&fixture).await;
    let joined = fixture.store.join(&judge, false).await.unwrap();
    assert_eq!((joined.outcome, joined.writers), (JoinOutcome::Joined, 1));
    let recorded_at = fixture.store.recorded_at(fixture.id(), &story(1)).await;
    assert_eq!(recorded_at.unwrap(), Some(5000));

    let accept = decision(fixture.id(), "acceptedAt", 6000);
    assert_eq!(
        fixture.one(&judge, 1, accept.clone()).await,
        ApplyOutcome::Done
    );
    assert_eq!(
        fixture.one(&judge, 1, accept).await,
        ApplyOutcome::Duplicate(1)
    );
    assert_eq!(
        document(&fixture).await,
        marked(&before, "acceptedAt", 6000)
    );
    let undo = decision(fixture.id(), "", 7000);
    assert_eq!(fixture.one(&judge, 2, undo).await, ApplyOutcome::Done);
    assert_eq!(document(&fixture).await, before);
    let reject = decision(fixture.id(), "rejectedAt", 8000);
    assert_eq!(fixture.one(&judge, 3, reject).await, ApplyOutcome::Done);
    assert_eq!(
        document(&fixture).await,
        marked(&before, "rejectedAt", 8000)
    );
    // Another execution is undecided.
    let again = Operation::from_event(&finished(fixture.id(), 1, Status::Failed));
    fixture
        .one(&fixture.join("w1", 1), 2, at(again, 9000))
        .await;
    assert_eq!(document(&fixture).await, before);
    assert_eq!(
        fixture.event_types().await,
        [
            "run:started",
            "test:finished",
            "baseline:accepted",
            "decision:undone",
            "baseline:rejected",
            "test:updated"
        ]
    );
}

pub(crate) async fn the_last_of_two_decisions_counts(fixture: StoreFixture) {
    let before = recorded(&fixture).await;
    let (one, two) = (decider(&fixture, "one"), decider(&fixture, "two"));
    let undo = decision(fixture.id(), "", 7000);
    assert_eq!(fixture.one(&two, 1, undo).await, ApplyOutcome::Done);
    // The acceptance that was undone arrives late.
    let accept = decision(fixture.id(), "acceptedAt", 6000);
    assert_eq!(fixture.one(&one, 1, accept).await, ApplyOutcome::Stale);
    assert_eq!(document(&fixture).await, before);
}

/// After the server has lost a run, the journals of decisions may be sent before
/// those of the workers.
pub(crate) async fn a_decision_waits_for_the_result_that_the_record_has_lost(
    fixture: StoreFixture,
) {
    let join = fixture.join("w1", 1);
    fixture.store.join(&join, true).await.unwrap();
    let judge = decider(&fixture, "judge");
    let accept = decision(fixture.id(), "acceptedAt", 6000);
    assert_eq!(fixture.one(&judge, 1, accept).await, ApplyOutcome::Done);
    let failed = Operation::from_event(&finished(fixture.id(), 1, Status::Failed));
    fixture.one(&join, 1, at(failed, 5000)).await;
    assert!(document(&fixture).await.ends_with(",\"acceptedAt\":6000}"));
}

pub(crate) async fn decisions_are_exported_and_imported(fixture: StoreFixture) {
    recorded(&fixture).await;
    let judge = decider(&fixture, "judge");
    fixture
        .one(&judge, 1, decision(fixture.id(), "acceptedAt", 6000))
        .await;
    let whole = fixture.store.export(fixture.id()).await.unwrap().unwrap();
    let text = whole.to_ndjson().unwrap();
    let read = ExportedRun::from_ndjson(&text).unwrap();
    assert_eq!(read, std::slice::from_ref(&whole));
    let imported = RecordConfig::memory().store();
    assert!(imported.import(&whole).await.unwrap());
    // An older decision still does not count there.
    let older = [decision(fixture.id(), "", 5500)];
    let other = decider(&fixture, "other");
    let answers = imported.apply(&other, 1, &older).await.unwrap();
    assert_eq!(answers, [ApplyOutcome::Stale]);
}
