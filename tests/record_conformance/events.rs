//! The bytes of every event.

use tintype::internals::model::{Reason, RecordedEvent, Status};
use tintype::internals::record::{JoinRequest, Operation};

use super::support::{finished, result, started, story};
use super::{StoreFixture, at, leave};

/// Readers compare identifiers as text, so the order of the fields matters too.
pub(crate) async fn events_have_the_same_bytes_in_every_store(fixture: StoreFixture) {
    let run = fixture.id().clone();
    let join = JoinRequest {
        start: 1000,
        ..fixture.join("w1", 1)
    };
    fixture.store.join(&join, true).await.unwrap();
    let changes = serde_json::json!({ "attempt": 2 });
    let updated = RecordedEvent::TestUpdated {
        result: Box::new(result(&run, story(1), Status::Running)),
        changes: changes.as_object().cloned().unwrap(),
    };
    let decision = |event: RecordedEvent, ms| match Operation::from_event(&event) {
        Operation::Announce { kind, fields, .. } => Operation::Decide {
            key: story(1).key(),
            at: ms,
            mark: String::new(),
            kind,
            fields,
        },
        other => panic!("{other:?}"),
    };
    let (run_id, story_identifier) = (run.clone(), story(1));
    let accepted = RecordedEvent::BaselineAccepted {
        run_id: run_id.clone(),
        story_identifier: story_identifier.clone(),
    };
    let rejected = RecordedEvent::BaselineRejected {
        run_id: run_id.clone(),
        story_identifier: story_identifier.clone(),
    };
    let undone = RecordedEvent::DecisionUndone {
        run_id,
        story_identifier,
    };
    let operations = [
        at(Operation::from_event(&started(&run, 1)), 2000),
        at(Operation::from_event(&updated), 3000),
        at(
            Operation::from_event(&finished(&run, 1, Status::Failed)),
            4000,
        ),
        leave(Some(Reason::Failed), 5000),
        decision(accepted, 6000),
        decision(rejected, 7000),
        decision(undone, 8000),
    ];
    fixture.store.apply(&join, 1, &operations).await.unwrap();
    let entries = fixture.store.events(&run, "0", 100).await.unwrap();
    let events: Vec<_> = entries.into_iter().map(|entry| entry.event).collect();
    insta::assert_snapshot!("bytes_of_events", events.join("\n"));
    let recorded = fixture.store.test(&run, &story(1)).await.unwrap().unwrap();
    let identifier = serde_json::to_string(&story(1)).unwrap();
    assert!(recorded.contains(&identifier), "{recorded}");
    let named = events
        .iter()
        .filter(|event| event.contains("storyIdentifier"));
    for event in named {
        assert!(event.contains(&identifier), "{event}");
    }
}
