//! Tests of plans that workers share, and of runs that were pruned.

use tintype::internals::model::{Reason, Status, now_ms};
use tintype::internals::record::{ApplyOutcome, JoinOutcome, JoinRequest, Operation};

use super::{StoreFixture, leave};

pub(crate) async fn workers_with_the_same_plan_count_once(fixture: StoreFixture) {
    let shared = |writer, plan: &str| JoinRequest {
        plan: plan.to_owned(),
        ..fixture.join(writer, 2)
    };
    let joins = [shared("w1", "a"), shared("w2", "a"), shared("w3", "b")];
    for join in &joins {
        fixture.store.join(join, true).await.unwrap();
    }
    let whole = fixture.store.export(fixture.id()).await.unwrap().unwrap();
    assert_eq!(whole.state.planned, 4);
    let plans: Vec<_> = whole
        .state
        .plans
        .iter()
        .map(|(name, n)| (name.as_str(), *n))
        .collect();
    assert_eq!(plans, [("a", 2), ("b", 2)]);
    // With all planned results, the death of a worker interrupts nothing.
    for n in 1..=4 {
        fixture
            .finishes(&joins[0], n, usize::try_from(n).unwrap(), Status::Passed)
            .await;
    }
    let now = fixture.run.timestamp + 9;
    fixture.one(&joins[0], 5, leave(None, now)).await;
    fixture.one(&joins[1], 1, Operation::Die { at: now }).await;
    fixture.one(&joins[2], 1, leave(None, now)).await;
    assert_eq!(fixture.document().await.reason, Some(Reason::Passed));
}

pub(crate) async fn a_pruned_run_does_not_come_back(fixture: StoreFixture) {
    let join = fixture.join("w1", 1);
    fixture.store.join(&join, true).await.unwrap();
    fixture.finishes(&join, 1, 1, Status::Passed).await;
    let whole = fixture.store.export(fixture.id()).await.unwrap().unwrap();
    fixture.store.remove(fixture.id()).await.unwrap();
    let late = fixture.finishes(&join, 2, 2, Status::Passed).await;
    assert_eq!(late, ApplyOutcome::NoRun);
    let judge = JoinRequest {
        decides: true,
        ..fixture.join("judge", 0)
    };
    for (join, live) in [(&join, true), (&join, false), (&judge, false)] {
        let joined = fixture.store.join(join, live).await.unwrap();
        assert_eq!(joined.outcome, JoinOutcome::Gone);
    }
    assert_eq!(fixture.store.runs().await.unwrap(), []);
    assert_eq!(fixture.store.run(fixture.id()).await.unwrap(), None);
    // Whoever imports it wants it back.
    assert!(fixture.store.import(&whole).await.unwrap());
    let joined = fixture.store.join(&join, false).await.unwrap();
    assert_eq!((joined.outcome, joined.applied), (JoinOutcome::Joined, 1));
}

pub(crate) async fn the_id_of_a_pruned_run_can_be_used_again(fixture: StoreFixture) {
    let old = fixture.join("w1", 1);
    fixture.store.join(&old, true).await.unwrap();
    fixture.store.remove(fixture.id()).await.unwrap();
    let new = JoinRequest {
        start: now_ms() + 1_000,
        ..fixture.join("w2", 1)
    };
    let joined = fixture.store.join(&new, true).await.unwrap();
    assert_eq!(joined.outcome, JoinOutcome::Created);
    let joined = fixture.store.join(&old, false).await.unwrap();
    assert_eq!(joined.outcome, JoinOutcome::Gone);
}
