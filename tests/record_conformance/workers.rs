//! Tests of reading the workers of a shared run and of commanding them.

use tintype::internals::record::{LaneStatus, Records, SharedRun, WorkerCommand, WorkerStatus};

use super::queue::{QueueFixture, claim};

const REPORT: &str = r#""host":"ci-1","pid":7,"state":"working","sessions":2,"running":1,"currentTests":["story-4::dark::10x20"],"load":0.5,"engines":["chromium","firefox"],"version":"0.1.0""#;

fn lane(lane: &str, waiting: u64, leased: u64) -> LaneStatus {
    LaneStatus {
        lane: lane.to_owned(),
        waiting,
        leased,
    }
}

#[tokio::test]
async fn workers_and_open_groups_are_read() {
    let fixture = QueueFixture::new().await;
    let read = async || {
        let store = &fixture.fixture.store;
        store.shared_run(fixture.run()).await.unwrap()
    };
    assert_eq!(read().await, SharedRun::default());
    let queue = fixture.planned().await;
    let lease = claim(&queue, "a").await;
    assert_eq!(lease.lane, "firefox");
    queue.renew(REPORT, &[lease]).await.unwrap();
    let shared = read().await;
    assert_eq!(shared.groups, 3);
    assert_eq!(
        shared.lanes,
        [lane("chromium", 2, 0), lane("firefox", 0, 1)]
    );
    let worker = &shared.workers[0];
    assert_eq!((&*worker.worker, worker.state()), ("ci-1:7", "working"));
    assert_eq!(worker.report.current_tests, ["story-4::dark::10x20"]);
    // A later version may say less or more.
    let workers = "team:tintype:run-1:workers";
    fixture.server.cli(&[
        "HSET",
        workers,
        "ci-2:9",
        r#"{"lastSeen":1000,"mood":"good"}"#,
    ]);
    fixture.server.cli(&["HSET", workers, "ci-3:9", "{"]);
    let shared = read().await;
    let states = shared.workers.iter().map(WorkerStatus::state);
    assert_eq!(states.collect::<Vec<_>>(), ["working", "lost"]);
    let records = Records::open(&fixture.config).await.unwrap();
    records.shared_run(fixture.run()).await.unwrap();
    let warnings = records.take_warnings();
    assert!(warnings[0].contains("`ci-3:9`"), "{warnings:?}");
}

#[tokio::test]
async fn a_command_waits_five_minutes_for_its_worker() {
    let fixture = QueueFixture::new().await;
    let queue = fixture.planned().await;
    queue.renew(REPORT, &[]).await.unwrap();
    let send = async |worker| {
        let store = &fixture.fixture.store;
        let sent = store.command_worker(fixture.run(), worker, WorkerCommand::Pause);
        sent.await.unwrap()
    };
    assert!(send("ci-1:7").await);
    assert!(!send("ci-2:7").await);
    let commands = "team:tintype:run-1:commands:ci-1:7";
    let entries = fixture.server.cli(&["XRANGE", commands, "-", "+"]);
    assert!(entries.ends_with("command\npause"), "{entries}");
    let left: i64 = fixture.server.cli(&["PTTL", commands]).parse().unwrap();
    assert!((1..=300_000).contains(&left), "{left}");
    let other = fixture
        .server
        .cli(&["EXISTS", "team:tintype:run-1:commands:ci-2:7"]);
    assert_eq!(other, "0");
}
