//! Streams of server-sent events.

use tintype::internals::model::{RecordedEvent, RunId, Status, VisualTestResult};

use crate::http::Stream;
use crate::project::{Project, RUN, Review};

fn finished(run: &str, n: usize) -> RecordedEvent {
    let story = format!("story-{n}::light::1x1").parse().unwrap();
    RecordedEvent::TestFinished(Box::new(VisualTestResult::new(
        RunId(run.to_owned()),
        story,
        Status::Passed,
    )))
}

#[tokio::test(flavor = "multi_thread")]
async fn events_are_sent_in_order_and_again_after_a_restart() {
    let project = Project::recorded().await;
    let recorder = project.record("run-2").await;
    let review = Review::start(&project);
    let path = "/api/runs/run-2/events";
    for n in 0..50 {
        recorder.record(&finished("run-2", n));
    }
    let mut stream = Stream::open(review.port, path, &[review.session()]);
    assert_eq!(stream.next().event, "listening");
    let mut numbers = Vec::new();
    let mut last = String::new();
    while numbers.len() < 30 {
        let sent = stream.next();
        numbers.push(sent.data["n"].as_u64().unwrap());
        assert_eq!(sent.data["id"], sent.id);
        last = sent.id;
    }
    drop(review);
    for n in 50..80 {
        recorder.record(&finished("run-2", n));
    }
    let review = Review::start(&project);
    // A browser reconnects to the same address, with the id in a header.
    let mut stream = Stream::open(
        review.port,
        &format!("{path}?after=0"),
        &[("last-event-id", &last), review.session()],
    );
    assert_eq!(stream.next().event, "listening");
    while numbers.len() < 81 {
        numbers.push(stream.next().data["n"].as_u64().unwrap());
    }
    // run:started, then eighty.
    assert_eq!(numbers, (1..=81).collect::<Vec<_>>());
}

#[tokio::test(flavor = "multi_thread")]
async fn the_list_of_runs_gets_events_of_all_runs() {
    let project = Project::recorded().await;
    let review = Review::start(&project);
    let mut stream = Stream::open(review.port, "/api/events", &[review.session()]);
    // A list that was read before this may lack a run; from now on no event is
    // missed.
    assert_eq!(stream.next().event, "listening");
    // Not even when the subscription was lost.
    project.redis.cli(&["CLIENT", "KILL", "TYPE", "pubsub"]);
    assert_eq!(stream.next().event, "listening");
    project.record("run-3").await;
    let sent = tokio::task::spawn_blocking(move || stream.next())
        .await
        .unwrap();
    assert_eq!(sent.event, "message");
    assert_eq!(sent.data["type"], "run:started");
    assert_eq!(sent.data["runId"], "run-3");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_whose_processes_died_is_ended() {
    let project = Project::recorded().await;
    drop(project.record("run-2").await);
    let review = Review::start(&project);
    let mut stream = Stream::open(review.port, "/api/runs/run-2/events", &[review.session()]);
    assert_eq!(stream.next().event, "listening");
    assert_eq!(stream.next().data["type"], "run:started");
    let end = tokio::task::spawn_blocking(move || stream.next());
    let end = end.await.unwrap().data;
    assert_eq!(end["type"], "run:finished");
    assert_eq!(end["reason"], "interrupted");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_invalid_event_id_is_rejected() {
    let project = Project::recorded().await;
    let review = Review::start(&project);
    for id in ["$", "1-2-3", "x"] {
        let path = format!("/api/runs/{RUN}/events?after={id}");
        assert_eq!(review.get(&path).status, 400, "{id}");
    }
}
