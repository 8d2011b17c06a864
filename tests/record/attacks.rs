//! A record to which others write: forged and invalid documents, damaged
//! journals, huge texts.

use std::path::{Path, PathBuf};
use std::time::Duration;

use tintype::internals::model::{Reason, RecordedEvent, RunId, Status};
use tintype::internals::record::{
    Recorder, Records, Retention, SnapshotDecision, damaged_journals,
};

use super::support::server::Server;
use super::support::{finished, result, run, story};
use super::{settings, ten, wait_until_unlocked};

const KEY: &str = "visualtest:run-1:group/story-3:dark:375x667";

/// A server with the run `run-1` of ten snapshots.
async fn recorded() -> (Server, tempfile::TempDir, Records) {
    let (server, folder) = (Server::start(&[]), tempfile::tempdir().unwrap());
    let settings = settings(folder.path(), &server.url());
    let recorder = Recorder::open(settings.clone(), run("run-1"), 10, false).unwrap();
    ten(&recorder, "run-1").await;
    assert_eq!(recorder.finish(None).await.pending, 0);
    (server, folder, Records::open(&settings).await.unwrap())
}

fn id() -> RunId {
    RunId("run-1".to_owned())
}

/// Values that are no document of anything.
const GARBAGE: [&str; 5] = [
    "",
    "no JSON",
    "\u{1b}]0;owned\u{7}",
    "[1,2]",
    "{\"runId\":7}",
];

/// Invalid runs of every kind, which start after `run-1`.
fn add_invalid_runs(server: &Server) {
    let add = |n: usize| {
        let id = format!("bad-{n}");
        server.cli(&["ZADD", "tintype:runs", "99999999999999", &id]);
        server.cli(&["SADD", "visualruns:index", &id]);
        format!("visualrun:{id}")
    };
    for (text, n) in GARBAGE.iter().zip(0..) {
        server.cli(&["SET", &add(n), text]);
    }
    // Not UTF-8, of another type, about another run, and missing.
    server.cli(&[
        "EVAL",
        r"redis.call('SET', KEYS[1], '{\255\254}')",
        "1",
        &add(5),
    ]);
    server.cli(&["RPUSH", &add(6), "a", "b"]);
    let document = server.cli(&["GET", "visualrun:run-1"]);
    server.cli(&["SET", &add(7), &document]);
    add(8);
    server.cli(&["HSET", "tintype:bad-0:control", "head", "garbage"]);
    server.cli(&["RPUSH", "tintype:bad-1:control", "a list"]);
    for id in ["../../etc", "bad:tests", "bad\u{1b}[2J"] {
        server.cli(&["ZADD", "tintype:runs", "99999999999999", id]);
    }
    server.cli(&[
        "EVAL",
        r"redis.call('ZADD', KEYS[1], 9, '\255\254')",
        "1",
        "tintype:runs",
    ]);
}

#[tokio::test(flavor = "multi_thread")]
async fn invalid_runs_hide_no_others() {
    let (server, folder, records) = recorded().await;
    add_invalid_runs(&server);
    let runs = records.runs(9).await.unwrap();
    let ids: Vec<_> = runs.iter().map(|run| run.run_id.as_str()).collect();
    assert_eq!(ids, ["run-1"]);
    let warnings = records.take_warnings();
    for n in [0, 1, 2, 3, 4, 5, 6, 7] {
        let name = format!("`visualrun:bad-{n}`");
        let other = format!("the run `bad-{n}`");
        let is_named = |text: &String| text.contains(&name) || text.contains(&other);
        assert!(warnings.iter().any(is_named), "bad-{n}: {warnings:?}");
    }
    let text = warnings.concat();
    assert!(!text.contains(char::is_control), "{text:?}");

    assert_eq!(records.end_abandoned().await.unwrap(), []);
    assert!(records.flush().await.warnings.is_empty());
    let metrics = records.metrics().await.unwrap();
    assert!(
        metrics.text().contains("\ntintype_runs 1\n"),
        "{}",
        metrics.text()
    );
    let limits = Retention {
        runs: Some(0),
        ..Retention::default()
    };
    let surplus = records
        .surplus(limits, folder.path(), |_| ())
        .await
        .unwrap();
    assert_eq!(surplus.iter().filter(|item| item.run == id()).count(), 1);
    records.prune(&surplus, |_| ()).await.unwrap();
    assert_eq!(records.runs(9).await.unwrap(), []);

    // A new run is recorded in spite of them.
    let settings = settings(folder.path(), &server.url());
    let recorder = Recorder::open(settings, run("run-2"), 10, false).unwrap();
    ten(&recorder, "run-2").await;
    let report = recorder.finish(None).await;
    assert_eq!((report.pending, report.reason), (0, Some(Reason::Passed)));
}

#[tokio::test(flavor = "multi_thread")]
async fn invalid_snapshots_and_events_hide_no_others() {
    let (server, _folder, records) = recorded().await;
    for (text, n) in GARBAGE.iter().zip(4..) {
        let key = format!("visualtest:run-1:group/story-{n}:dark:375x667");
        server.cli(&["SET", &key, text]);
    }
    server.cli(&["EVAL", r"redis.call('SET', KEYS[1], '\255')", "1", KEY]);
    let second = "visualtest:run-1:group/story-2:dark:375x667";
    server.cli(&["DEL", second]);
    server.cli(&["LPUSH", second, "a list"]);
    server.cli(&[
        "SADD",
        "visualrun:run-1:tests",
        "visualtest:run-2:x:dark:1x1",
        "cart:1",
    ]);
    server.cli(&[
        "ZADD",
        "tintype:story:group/story-0:dark:375x667:history",
        "7",
        "garbage",
    ]);
    let fill = "for _ = 1, 600 do redis.call('XADD', KEYS[1], '*', 'event', 'no JSON') end";
    server.cli(&["EVAL", fill, "1", "tintype:run-1:events"]);
    let other = r#"{"type":"run:finished","runId":"run-2"}"#;
    let broken = "{\"type\":\"x\",\r\n\"runId\":\"run-1\"}";
    let last = r#"{"type":"test:updated","runId":"run-1"}"#;
    for event in [other, broken, last] {
        server.cli(&["XADD", "tintype:run-1:events", "*", "event", event]);
    }

    let tests = records.tests(&id()).await.unwrap();
    assert_eq!(tests.len(), 3, "{tests:?}");
    assert!(records.take_warnings().len() > 6);
    assert_eq!(records.history(&story(0)).await.unwrap().len(), 1);
    let mut follow = records.follow(id(), "0");
    for _ in 0..22 {
        follow.next().await.unwrap();
    }
    assert_eq!(follow.next().await.unwrap().event, last);
    let whole = records.export(&id()).await.unwrap();
    assert_eq!((whole.tests.len(), whole.events.len()), (3, 23));
    whole.to_ndjson().unwrap();

    server.cli(&["DEL", "tintype:run-1:events", "visualrun:run-1:tests"]);
    server.cli(&["SET", "tintype:run-1:events", "text"]);
    server.cli(&["SET", "visualrun:run-1:tests", "text"]);
    assert_eq!(records.tests(&id()).await.unwrap(), []);
    let whole = records.export(&id()).await.unwrap();
    assert_eq!((whole.tests.len(), whole.events.len()), (0, 0));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_forged_snapshot_is_neither_read_nor_marked() {
    let (server, _folder, records) = recorded().await;
    let document = server.cli(&["GET", KEY]);
    let run = records.run(&id()).await.unwrap();
    for (from, to) in [
        ("run-1", "run-2"),
        ("story-3", "story-4"),
        ("\"width\":375", "\"width\":376"),
        (
            "\"theme\":\"dark\",\"viewport\"",
            "\"theme\":\"light\",\"viewport\"",
        ),
        ("baselines/", "../../baselines/"),
    ] {
        let forged = document.replace(from, to);
        assert_ne!(forged, document, "{from}");
        server.cli(&["SET", KEY, &forged]);
        assert!(records.test(&id(), &story(3)).await.is_err(), "{forged}");
        for decision in [
            SnapshotDecision::Accepted,
            SnapshotDecision::Rejected,
            SnapshotDecision::Undone,
        ] {
            let decided = records.decide(&run, &story(3), decision).await;
            assert!(decided.is_err(), "{forged}");
        }
        assert_eq!(server.cli(&["GET", KEY]), forged);
        assert_eq!(records.tests(&id()).await.unwrap().len(), 9, "{forged}");
    }
    assert_eq!(server.cli(&["HGET", "tintype:run-1:control", "n"]), "22");
}

/// The set of a run's snapshots can name any key.
#[tokio::test(flavor = "multi_thread")]
async fn pruning_removes_no_keys_of_others() {
    let (server, folder, records) = recorded().await;
    let settings = settings(folder.path(), &server.url());
    let other = Recorder::open(settings, run("run-2"), 10, false).unwrap();
    ten(&other, "run-2").await;
    other.finish(None).await;
    server.cli(&["SET", "cart:1", "mine"]);
    let theirs = "visualtest:run-2:group/story-0:dark:375x667";
    server.cli(&[
        "SADD",
        "visualrun:run-1:tests",
        "cart:1",
        "visualrun:run-2",
        theirs,
    ]);
    let limits = Retention {
        runs: Some(1),
        ..Retention::default()
    };
    let surplus = records
        .surplus(limits, folder.path(), |_| ())
        .await
        .unwrap();
    assert_eq!(surplus.len(), 1);
    records.prune(&surplus, |_| ()).await.unwrap();
    assert_eq!(server.cli(&["GET", "cart:1"]), "mine");
    assert_eq!(server.cli(&["EXISTS", "visualrun:run-2", theirs]), "2");
    // The tombstone stays.
    assert_eq!(server.cli(&["KEYS", "*run-1*"]), "tintype:tomb:run-1");
}

/// Others write the index, and a run's images are in the folder of its id.
#[tokio::test(flavor = "multi_thread")]
async fn pruning_removes_no_folders_of_others() {
    let (server, folder, records) = recorded().await;
    let images = folder.path().join("target/runs");
    std::fs::create_dir_all(&images).unwrap();
    let precious = folder.path().join("precious");
    std::fs::create_dir(&precious).unwrap();
    let absolute = precious.display().to_string();
    let mut ended = run("run-1");
    ended.reason = Some(Reason::Passed);
    for (id, n) in ["../../precious", &absolute, "x/../../../precious", ".."]
        .iter()
        .zip(1..)
    {
        // Without a document, and with one that agrees.
        server.cli(&["ZADD", "tintype:runs", &n.to_string(), id]);
        if n % 2 == 0 {
            ended.run_id = RunId((*id).to_owned());
            let document = serde_json::to_string(&ended).unwrap();
            server.cli(&["SET", &format!("visualrun:{id}"), &document]);
        }
    }
    let limits = Retention {
        runs: Some(0),
        ..Retention::default()
    };
    let surplus = records.surplus(limits, &images, |_| ()).await.unwrap();
    assert_eq!(surplus.len(), 1, "{surplus:?}");
    records.prune(&surplus, |_| ()).await.unwrap();
    assert!(precious.is_dir() && images.is_dir());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_forged_export_is_not_imported() {
    let (_server, folder, records) = recorded().await;
    let whole = records.export(&id()).await.unwrap();
    let empty = Server::start(&[]);
    let elsewhere = Records::open(&settings(folder.path(), &empty.url()))
        .await
        .unwrap();
    let attacks: [fn(&mut tintype::internals::record::ExportedRun); 8] = [
        |run| run.state.run_id = RunId("run-2".to_owned()),
        |run| run.state.run_id = RunId("../../run-1".to_owned()),
        |run| run.state.head = "{".to_owned(),
        |run| run.tests[0].key = run.tests[1].key.clone(),
        |run| run.tests[0].key = "x".to_owned(),
        |run| run.tests[0].record = "{}".to_owned(),
        |run| run.events[0].event = run.events[0].event.replace("run-1", "run-2"),
        |run| run.outcomes[0].1.run_id = RunId("run-2".to_owned()),
    ];
    for (number, attack) in attacks.iter().enumerate() {
        let mut forged = whole.clone();
        attack(&mut forged);
        assert!(elsewhere.import(&forged).await.is_err(), "attack {number}");
        assert_eq!(empty.cli(&["DBSIZE"]), "0", "attack {number}");
    }
    assert!(elsewhere.import(&whole).await.unwrap());
}

/// Records four snapshots while the server is away; returns the journal.
async fn journaled(folder: &Path, server: &mut Server) -> PathBuf {
    server.kill();
    let settings = settings(folder, &server.url());
    let recorder = Recorder::open(settings, run("run-1"), 4, false).unwrap();
    for n in 0..4 {
        let mut event = finished(&id(), n, Status::Passed);
        if let RecordedEvent::TestFinished(result) = &mut event {
            result.message = Some(format!("message {n}"));
        }
        recorder.record(&event);
    }
    let report = recorder.finish(Some(Reason::Passed)).await;
    assert_eq!(report.pending, 5);
    drop(recorder);
    wait_until_unlocked(folder).await;
    server.restart();
    report.journal.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_flipped_bit_in_a_journal_loses_one_snapshot_and_is_reported() {
    let (mut server, folder) = (Server::start(&[]), tempfile::tempdir().unwrap());
    let path = journaled(folder.path(), &mut server).await;
    let mut bytes = std::fs::read(&path).unwrap();
    let second = bytes
        .windows(9)
        .position(|part| part == b"message 1")
        .unwrap();
    bytes[second] ^= 4;
    std::fs::write(&path, &bytes).unwrap();
    let records = Records::open(&settings(folder.path(), &server.url()))
        .await
        .unwrap();
    let sent = records.flush().await;
    assert_eq!((sent.complete, sent.damaged), (0, 1), "{sent:?}");
    assert!(
        sent.warnings[0].contains("is damaged: 1 operation"),
        "{sent:?}"
    );
    let run = records.run(&id()).await.unwrap();
    assert_eq!(
        (run.summary.passed, run.reason),
        (3, Some(Reason::Interrupted))
    );
    let again = records.flush().await;
    assert_eq!(again.complete, 0, "{again:?}");
    let kept = damaged_journals(folder.path());
    assert_eq!(kept.len(), 1);
    let name = path.with_extension("journal.damaged");
    assert!(kept[0].starts_with(&name.display().to_string()), "{kept:?}");
    assert_eq!(std::fs::read(&name).unwrap(), bytes);
    std::fs::remove_file(name).unwrap();
    assert_eq!(damaged_journals(folder.path()), Vec::<String>::new());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_truncated_journal_is_not_reported_as_complete() {
    let (mut server, folder) = (Server::start(&[]), tempfile::tempdir().unwrap());
    let path = journaled(folder.path(), &mut server).await;
    let bytes = std::fs::read(&path).unwrap();
    let last = bytes
        .windows(9)
        .position(|part| part == b"message 3")
        .unwrap();
    std::fs::write(&path, &bytes[..last]).unwrap();
    let records = Records::open(&settings(folder.path(), &server.url()))
        .await
        .unwrap();
    let sent = records.flush().await;
    assert_eq!((sent.complete, sent.damaged), (0, 1), "{sent:?}");
    let run = records.run(&id()).await.unwrap();
    assert_eq!(
        (run.summary.passed, run.reason),
        (3, Some(Reason::Interrupted))
    );
}

/// Ghosts of other projects fill the first pages of the index.
#[tokio::test(flavor = "multi_thread")]
async fn own_runs_are_found_behind_those_of_other_projects() {
    let (server, folder, records) = recorded().await;
    let fill = "for n = 1, 2600 do redis.call('ZADD', KEYS[1], 99999999999999, 'ghost-' .. n) end";
    server.cli(&["EVAL", fill, "1", "tintype:runs"]);
    for n in [1, 1000, 2600] {
        let mut ghost = run(&format!("ghost-{n}"));
        ghost.project = Some("other".to_owned());
        let text = serde_json::to_string(&ghost).unwrap();
        server.cli(&["SET", &format!("visualrun:ghost-{n}"), &text]);
    }
    let settings = settings(folder.path(), &server.url());
    let mut own = run("run-2");
    own.project = Some("shop".to_owned());
    let recorder = Recorder::open(settings, own, 0, false).unwrap();
    recorder.finish(Some(Reason::Passed)).await;
    let shop = records.of_project("shop");
    let runs = shop.runs(5).await.unwrap();
    let ids: Vec<_> = runs.iter().map(|run| run.run_id.as_str()).collect();
    assert_eq!(ids, ["run-2"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_published_message_that_is_no_event_is_ignored() {
    let (server, _folder, records) = recorded().await;
    let mut bell = records.subscribe().await.unwrap();
    let event = r#"{"type":"run:started","runId":"run-9"}"#;
    for message in ["no JSON", "{\r\"type\":\"x\",\"runId\":\"a\"}", "{}", event] {
        server.cli(&["PUBLISH", "visualtest:events", message]);
    }
    let heard = tokio::time::timeout(Duration::from_secs(60), bell.recv()).await;
    assert_eq!(heard.unwrap().as_deref(), Some(event));
}

#[test]
fn a_document_does_not_name_a_snapshot_outside_of_its_folder() {
    let text = serde_json::to_string(&result(&id(), story(1), Status::Passed)).unwrap();
    for (from, to) in [
        ("group/story-1", "../../astray"),
        ("group/story-1", "/etc/passwd"),
        (
            "\"theme\":\"dark\",\"viewport\"",
            "\"theme\":\"../x\",\"viewport\"",
        ),
    ] {
        let forged = text.replace(from, to);
        assert_ne!(forged, text);
        let read = serde_json::from_str::<tintype::internals::model::VisualTestResult>(&forged);
        assert!(read.is_err(), "{forged}");
    }
}
