//! Tests of decisions on past runs, and of runs that were pruned, across
//! processes and servers.

use std::path::Path;

use tintype::internals::config::Config;
use tintype::internals::model::{Reason, RunId, VisualTestRun};
use tintype::internals::record::{
    RecordConfig, Recorder, Records, Retention, SnapshotDecision, StreamEntry,
};

use super::support::server::Server;
use super::support::{run, story};
use super::{settings, ten, wait_until_unlocked};

/// Records a run with the journals in `folder`.
async fn recorded(settings: &RecordConfig, folder: &Path) -> VisualTestRun {
    let recorder = Recorder::open(settings.clone(), run("run-1"), 10, false).unwrap();
    ten(&recorder, "run-1").await;
    assert_eq!(recorder.finish(None).await.pending, 0);
    drop(recorder);
    wait_until_unlocked(folder).await;
    let records = Records::open(settings).await.unwrap();
    records.run(&RunId("run-1".to_owned())).await.unwrap()
}

async fn decide(settings: &RecordConfig, run: &VisualTestRun, decision: SnapshotDecision) -> bool {
    let records = Records::open(settings).await.unwrap();
    let decided = records.decide(run, &story(3), decision).await;
    decided.unwrap()
}

/// Whether the snapshot is marked, and the types of all decisions on the run.
async fn decisions(settings: &RecordConfig, run: &VisualTestRun) -> (bool, Vec<String>) {
    let records = Records::open(settings).await.unwrap();
    let test = records.test(&run.run_id, &story(3)).await.unwrap();
    let events = records.events(&run.run_id, "0", 1000).await.unwrap();
    let kind = |entry: &StreamEntry| {
        let event: serde_json::Value = serde_json::from_str(&entry.event).unwrap();
        event["type"].as_str().unwrap().to_owned()
    };
    let mut kinds: Vec<_> = events.iter().map(kind).collect();
    kinds.retain(|kind| kind.starts_with("baseline:") || kind.starts_with("decision:"));
    (test.accepted_at.is_some(), kinds)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_decision_is_restored_with_its_run() {
    let (mut server, folder) = (Server::start(&[]), tempfile::tempdir().unwrap());
    let settings = settings(folder.path(), &server.url());
    let run = recorded(&settings, folder.path()).await;
    assert!(decide(&settings, &run, SnapshotDecision::Accepted).await);
    wait_until_unlocked(folder.path()).await;
    let before = decisions(&settings, &run).await;
    assert_eq!(before, (true, vec!["baseline:accepted".to_owned()]));

    server.kill();
    server.restart();
    let next = Recorder::open(settings.clone(), super::run("run-2"), 0, false).unwrap();
    next.finish(Some(Reason::Passed)).await;
    assert_eq!(decisions(&settings, &run).await, before);
    let restored = next.records().run(&run.run_id).await.unwrap();
    assert_eq!(
        (restored.summary, restored.reason),
        (run.summary, run.reason)
    );
    // Undoing it on another journal removes the mark.
    assert!(decide(&settings, &run, SnapshotDecision::Undone).await);
    let (is_accepted, kinds) = decisions(&settings, &run).await;
    assert!(!is_accepted);
    assert_eq!(kinds, ["baseline:accepted", "decision:undone"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_decision_is_sent_when_the_server_is_back() {
    let options = ["--appendonly", "yes"];
    let (mut server, folder) = (Server::start(&options), tempfile::tempdir().unwrap());
    let settings = settings(folder.path(), &server.url());
    let run = recorded(&settings, folder.path()).await;
    server.kill();
    let records = Records::open(&settings).await.unwrap();
    let story = story(3);
    let decided = records.decide(&run, &story, SnapshotDecision::Accepted);
    assert!(decided.await.is_err());
    drop(records);
    wait_until_unlocked(folder.path()).await;

    server.restart();
    let records = Records::open(&settings).await.unwrap();
    let sent = records.flush().await;
    assert_eq!((sent.sent, sent.warnings), (1, vec![]));
    let (is_accepted, kinds) = decisions(&settings, &run).await;
    assert!(is_accepted);
    assert_eq!(kinds, ["baseline:accepted"]);
    let document = records.run(&run.run_id).await.unwrap();
    assert_eq!(document.reason, Some(Reason::Passed));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_journal_keeps_a_decision_without_a_server() {
    let folder = tempfile::tempdir().unwrap();
    let settings = RecordConfig::new(folder.path(), &Config::default()).unwrap();
    assert!(settings.is_memory());
    let run = recorded(&settings, folder.path()).await;
    assert!(decide(&settings, &run, SnapshotDecision::Accepted).await);
    let (is_accepted, kinds) = decisions(&settings, &run).await;
    assert!(is_accepted);
    assert_eq!(kinds, ["baseline:accepted"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_journal_of_a_run_that_was_pruned_elsewhere_is_set_aside() {
    let (server, folder) = (Server::start(&[]), tempfile::tempdir().unwrap());
    let here = settings(folder.path(), &server.url());
    let run = recorded(&here, folder.path()).await;
    let elsewhere = tempfile::tempdir().unwrap();
    let there = settings(elsewhere.path(), &server.url());
    let records = Records::open(&there).await.unwrap();
    let retention = Retention {
        runs: Some(0),
        ..Retention::default()
    };
    let images = elsewhere.path().join("runs");
    let surplus = records.surplus(retention, &images, |_| ()).await.unwrap();
    records.prune(&surplus, |_| ()).await.unwrap();
    let ttl = server.cli(&["TTL", "tintype:tomb:run-1"]);
    assert!(ttl.parse::<u64>().unwrap() > 29 * 24 * 60 * 60, "{ttl}");

    let sent = Records::open(&here).await.unwrap().flush().await;
    assert_eq!((sent.pruned, sent.sent, sent.warnings), (1, 0, vec![]));
    assert!(records.run(&run.run_id).await.is_err());
    assert_eq!(records.runs(9).await.unwrap().len(), 0);
    let journal = std::fs::read_dir(folder.path().join("journal")).unwrap();
    let names: Vec<_> = journal.map(|entry| entry.unwrap().file_name()).collect();
    assert_eq!(names.len(), 1, "{names:?}");
    assert!(names[0].to_string_lossy().ends_with(".pruned"), "{names:?}");
}
