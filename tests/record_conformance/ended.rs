//! When a run ends, and as what.

use std::sync::Arc;

use tintype::model::{Reason, RunId, Status, VisualTestRun};
use tintype::record::operation::Operation;
use tintype::record::store::{ApplyOutcome, EndOutcome, JoinOutcome};

use super::support::finished;
use super::{Bench, leave};

pub(crate) async fn the_last_to_leave_ends_the_run(bench: Bench) {
    let (one, two) = (bench.join("w1", 1), bench.join("w2", 1));
    for join in [&one, &two] {
        bench.store.join(join, true).await.unwrap();
    }
    bench.finishes(&one, 1, 1, Status::Passed).await;
    bench.finishes(&two, 1, 2, Status::New).await;
    let end = bench.run.timestamp + 1500;
    assert_eq!(
        bench
            .one(&one, 2, leave(Some(Reason::Passed), end - 500))
            .await,
        ApplyOutcome::Done
    );
    assert_eq!(bench.document().await.reason, None);
    assert_eq!(
        bench.store.end(bench.id(), None).await.unwrap(),
        EndOutcome::Pending(1)
    );
    let failed = leave(Some(Reason::Failed), end);
    assert_eq!(bench.one(&two, 2, failed).await, ApplyOutcome::Done);
    let document = bench.document().await;
    assert_eq!(document.reason, Some(Reason::Failed));
    assert_eq!(document.duration, Some(1500));
    assert_eq!(document.end_time, Some(tintype::model::rfc3339(end)));
    let ended = bench.store.end(bench.id(), None).await.unwrap();
    assert_eq!(ended, EndOutcome::AlreadyEnded(Reason::Failed));
    let told = bench.told().await;
    assert_eq!(told.iter().filter(|t| *t == "run:finished").count(), 1);
}

pub(crate) async fn reasons_follow_from_what_happened(bench: Bench) {
    type Case = (u64, &'static [Status], Option<Reason>, Reason);
    let cases: [Case; 11] = [
        (1, &[Status::Passed], None, Reason::Passed),
        (1, &[Status::Changed], Some(Reason::Passed), Reason::Passed),
        (1, &[Status::New], None, Reason::Failed),
        (1, &[Status::New], Some(Reason::Failed), Reason::Failed),
        // Who says so has accepted it.
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
                bench.id().as_str().replace(['{', '}'], "")
            )),
            bench.run.environment.clone(),
        );
        let bench = Bench {
            store: Arc::clone(&bench.store),
            run,
        };
        let join = bench.join("w1", planned);
        bench.store.join(&join, true).await.unwrap();
        for (number, status) in (1..).zip(statuses) {
            let end = finished(bench.id(), 1, *status);
            bench.one(&join, number, Operation::from_event(&end)).await;
        }
        let number = statuses.len() as u64 + 1;
        bench
            .one(&join, number, leave(said, bench.run.timestamp + 1))
            .await;
        assert_eq!(bench.document().await.reason, Some(reason), "case {n}");
    }
}

pub(crate) async fn a_dead_worker_interrupts_until_its_results_come(bench: Bench) {
    let join = bench.join("w1", 2);
    bench.store.join(&join, true).await.unwrap();
    bench.finishes(&join, 1, 1, Status::Passed).await;
    assert_eq!(
        bench.store.end(bench.id(), Some("there")).await.unwrap(),
        EndOutcome::Pending(1)
    );
    let ended = bench.store.end(bench.id(), Some("here")).await.unwrap();
    assert_eq!(ended, EndOutcome::Ended(Reason::Interrupted));
    assert_eq!(bench.document().await.reason, Some(Reason::Interrupted));
    // Its journal turns up: the document is true again.
    bench.finishes(&join, 2, 2, Status::Passed).await;
    let document = bench.document().await;
    assert_eq!(
        (document.summary.total, document.reason),
        (2, Some(Reason::Passed))
    );
    let told = bench.told().await;
    assert_eq!(told.iter().filter(|t| *t == "run:finished").count(), 1);
}

pub(crate) async fn a_run_that_is_taken_up_again_is_open(bench: Bench) {
    let one = bench.join("w1", 3);
    bench.store.join(&one, true).await.unwrap();
    bench.finishes(&one, 1, 1, Status::Passed).await;
    bench
        .one(
            &one,
            2,
            Operation::Die {
                at: bench.run.timestamp + 9,
            },
        )
        .await;
    assert_eq!(bench.document().await.reason, Some(Reason::Interrupted));
    let two = bench.join("w2", 2);
    assert_eq!(
        bench.store.join(&two, true).await.unwrap().outcome,
        JoinOutcome::Reopened
    );
    let document = bench.document().await;
    assert_eq!((document.reason, document.end_time), (None, None));
    for n in [2, 3] {
        bench
            .one(
                &two,
                n - 1,
                Operation::from_event(&finished(
                    bench.id(),
                    usize::try_from(n).unwrap(),
                    Status::Passed,
                )),
            )
            .await;
    }
    bench
        .one(&two, 3, leave(None, bench.run.timestamp + 20))
        .await;
    let document = bench.document().await;
    assert_eq!(
        (document.reason, document.summary.total),
        (Some(Reason::Passed), 3)
    );
}

pub(crate) async fn a_shared_run_waits_for_more_processes(bench: Bench) {
    let mut join = bench.join("w1", 1);
    join.shared = true;
    bench.store.join(&join, true).await.unwrap();
    bench.finishes(&join, 1, 1, Status::Passed).await;
    bench
        .one(&join, 2, leave(None, bench.run.timestamp + 9))
        .await;
    assert_eq!(bench.document().await.reason, None);
    assert_eq!(
        bench.store.end(bench.id(), None).await.unwrap(),
        EndOutcome::Pending(0)
    );
    // Whoever knows that all of a machine are gone ends it.
    assert_eq!(
        bench.store.end(bench.id(), Some(&join.host)).await.unwrap(),
        EndOutcome::Ended(Reason::Passed)
    );
    assert_eq!(bench.document().await.reason, Some(Reason::Passed));
}

pub(crate) async fn signs_of_life_tell_what_is_missing(bench: Bench) {
    let join = bench.join("w1", 1);
    bench.store.join(&join, true).await.unwrap();
    assert_eq!(
        bench.store.heartbeat(&join, 0).await.unwrap(),
        ApplyOutcome::Done
    );
    assert_eq!(
        bench.store.heartbeat(&join, 4).await.unwrap(),
        ApplyOutcome::Gap(0)
    );
}
