//! Tests of the end of runs.

use std::sync::Arc;

use tintype::internals::model::{Reason, RunId, Status, VisualTestRun, rfc3339};
use tintype::internals::record::{ApplyOutcome, EndOutcome, JoinOutcome, Operation};

use super::support::finished;
use super::{StoreFixture, leave};

pub(crate) async fn the_last_worker_to_leave_ends_the_run(fixture: StoreFixture) {
    let (one, two) = (fixture.join("w1", 1), fixture.join("w2", 1));
    for join in [&one, &two] {
        fixture.store.join(join, true).await.unwrap();
    }
    fixture.finishes(&one, 1, 1, Status::Passed).await;
    fixture.finishes(&two, 1, 2, Status::New).await;
    let end = fixture.run.timestamp + 1500;
    assert_eq!(
        fixture
            .one(&one, 2, leave(Some(Reason::Passed), end - 500))
            .await,
        ApplyOutcome::Done
    );
    assert_eq!(fixture.document().await.reason, None);
    assert_eq!(
        fixture.store.end(fixture.id(), None).await.unwrap(),
        EndOutcome::Pending(1)
    );
    let failed = leave(Some(Reason::Failed), end);
    assert_eq!(fixture.one(&two, 2, failed).await, ApplyOutcome::Done);
    let document = fixture.document().await;
    assert_eq!(document.reason, Some(Reason::Failed));
    assert_eq!(document.duration, Some(1500));
    assert_eq!(document.end_time, Some(rfc3339(end)));
    let ended = fixture.store.end(fixture.id(), None).await.unwrap();
    assert_eq!(ended, EndOutcome::AlreadyEnded(Reason::Failed));
    let told = fixture.event_types().await;
    assert_eq!(told.iter().filter(|t| *t == "run:finished").count(), 1);
}

pub(crate) async fn the_reason_depends_on_results_and_workers(fixture: StoreFixture) {
    type Case = (u64, &'static [Status], Option<Reason>, Reason);
    let cases: [Case; 11] = [
        (1, &[Status::Passed], None, Reason::Passed),
        (1, &[Status::Changed], Some(Reason::Passed), Reason::Passed),
        (1, &[Status::New], None, Reason::Failed),
        (1, &[Status::New], Some(Reason::Failed), Reason::Failed),
        // A worker that passed has accepted the new snapshot.
        (1, &[Status::New], Some(Reason::Passed), Reason::Passed),
        (
            2,
            &[Status::New, Status::Failed],
            Some(Reason::Passed),
            Reason::Failed,
        ),
        (2, &[], None, Reason::Failed),
        (1, &[Status::Skipped], None, Reason::Failed),
        (1, &[Status::Skipped], Some(Reason::Passed), Reason::Passed),
        (
            1,
            &[Status::Passed],
            Some(Reason::Interrupted),
            Reason::Interrupted,
        ),
        (1, &[Status::Failed], Some(Reason::Error), Reason::Error),
    ];
    for (n, (planned, statuses, said, reason)) in cases.into_iter().enumerate() {
        let run = VisualTestRun::start(
            RunId(format!(
                "{{{}-{n}}}",
                fixture.id().as_str().replace(['{', '}'], "")
            )),
            fixture.run.environment.clone(),
        );
        let fixture = StoreFixture {
            store: Arc::clone(&fixture.store),
            run,
        };
        let join = fixture.join("w1", planned);
        fixture.store.join(&join, true).await.unwrap();
        for (number, status) in (1..).zip(statuses) {
            let end = finished(fixture.id(), 1, *status);
            fixture
                .one(&join, number, Operation::from_event(&end))
                .await;
        }
        let number = statuses.len() as u64 + 1;
        fixture
            .one(&join, number, leave(said, fixture.run.timestamp + 1))
            .await;
        assert_eq!(fixture.document().await.reason, Some(reason), "case {n}");
    }
}

pub(crate) async fn a_dead_worker_interrupts_the_run_until_its_journal_is_sent(
    fixture: StoreFixture,
) {
    let join = fixture.join("w1", 2);
    fixture.store.join(&join, true).await.unwrap();
    fixture.finishes(&join, 1, 1, Status::Passed).await;
    assert_eq!(
        fixture
            .store
            .end(fixture.id(), Some("there"))
            .await
            .unwrap(),
        EndOutcome::Pending(1)
    );
    let ended = fixture.store.end(fixture.id(), Some("here")).await.unwrap();
    assert_eq!(ended, EndOutcome::Ended(Reason::Interrupted));
    assert_eq!(fixture.document().await.reason, Some(Reason::Interrupted));
    // Its journal is sent: the document is updated.
    fixture.finishes(&join, 2, 2, Status::Passed).await;
    let document = fixture.document().await;
    assert_eq!(
        (document.summary.total, document.reason),
        (2, Some(Reason::Passed))
    );
    let told = fixture.event_types().await;
    assert_eq!(told.iter().filter(|t| *t == "run:finished").count(), 1);
}

pub(crate) async fn a_resumed_run_is_reopened(fixture: StoreFixture) {
    let one = fixture.join("w1", 3);
    fixture.store.join(&one, true).await.unwrap();
    fixture.finishes(&one, 1, 1, Status::Passed).await;
    fixture
        .one(
            &one,
            2,
            Operation::Die {
                at: fixture.run.timestamp + 9,
            },
        )
        .await;
    assert_eq!(fixture.document().await.reason, Some(Reason::Interrupted));
    let two = fixture.join("w2", 2);
    assert_eq!(
        fixture.store.join(&two, true).await.unwrap().outcome,
        JoinOutcome::Reopened
    );
    let document = fixture.document().await;
    assert_eq!((document.reason, document.end_time), (None, None));
    for n in [2, 3] {
        fixture
            .one(
                &two,
                n - 1,
                Operation::from_event(&finished(
                    fixture.id(),
                    usize::try_from(n).unwrap(),
                    Status::Passed,
                )),
            )
            .await;
    }
    fixture
        .one(&two, 3, leave(None, fixture.run.timestamp + 20))
        .await;
    let document = fixture.document().await;
    assert_eq!(
        (document.reason, document.summary.total),
        (Some(Reason::Passed), 3)
    );
}

pub(crate) async fn a_shared_run_waits_for_more_processes(fixture: StoreFixture) {
    let mut join = fixture.join("w1", 1);
    join.shared = true;
    fixture.store.join(&join, true).await.unwrap();
    fixture.finishes(&join, 1, 1, Status::Passed).await;
    fixture
        .one(&join, 2, leave(None, fixture.run.timestamp + 9))
        .await;
    assert_eq!(fixture.document().await.reason, None);
    assert_eq!(
        fixture.store.end(fixture.id(), None).await.unwrap(),
        EndOutcome::Pending(0)
    );
    // A process that knows that all workers of a host are dead ends the run.
    assert_eq!(
        fixture
            .store
            .end(fixture.id(), Some(&join.host))
            .await
            .unwrap(),
        EndOutcome::Ended(Reason::Passed)
    );
    assert_eq!(fixture.document().await.reason, Some(Reason::Passed));
}

pub(crate) async fn heartbeats_detect_lost_operations(fixture: StoreFixture) {
    let join = fixture.join("w1", 1);
    fixture.store.join(&join, true).await.unwrap();
    assert_eq!(
        fixture.store.heartbeat(&join, 0).await.unwrap(),
        ApplyOutcome::Done
    );
    assert_eq!(
        fixture.store.heartbeat(&join, 4).await.unwrap(),
        ApplyOutcome::Gap(0)
    );
}
