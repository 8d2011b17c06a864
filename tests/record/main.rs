//! End-to-end tests of the recorder with real servers.

mod attacks;
mod cleanup;
mod decisions;
mod memory;
#[path = "../support/mod.rs"]
mod support;
#[cfg(feature = "webhook")]
mod webhook;
mod windows;

use std::path::Path;
use std::process::Command;
use std::time::Duration;

use support::proxy::Proxy;
use support::server::Server;
use support::{finished, run, started, story};
use tintype::internals::config::Config;
use tintype::internals::model::{Reason, RecordedEvent, Status};
use tintype::internals::record::{RecordConfig, Recorder, Records};

fn settings(folder: &Path, url: &str) -> RecordConfig {
    let config = Config::from_variables([("REDIS_URL", url)]).unwrap();
    RecordConfig::new(folder, &config).unwrap()
}

/// Without `REDIS_URL`, but with `PATH`.
fn private(folder: &Path) -> RecordConfig {
    let path = std::env::var_os("PATH").unwrap();
    let config = Config::from_variables([("PATH", path)]).unwrap();
    RecordConfig::new(folder, &config).unwrap()
}

fn journals(folder: &Path) -> usize {
    std::fs::read_dir(folder.join("journal")).map_or(0, Iterator::count)
}

async fn ten(recorder: &Recorder, id: &str) {
    let run = run(id);
    for n in 0..10 {
        recorder.record(&started(&run.run_id, n));
        recorder.record(&finished(&run.run_id, n, Status::Passed));
        tokio::task::yield_now().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_record_can_be_read_with_any_client() {
    let (server, folder) = (Server::start(&[]), tempfile::tempdir().unwrap());
    let settings = settings(folder.path(), &server.url());
    let recorder = Recorder::open(settings, run("run-1"), 10, false).unwrap();
    assert_eq!(recorder.describe(), format!("record: {}", server.url()));
    ten(&recorder, "run-1").await;
    let report = recorder.finish(None).await;
    assert_eq!((report.pending, report.reason), (0, Some(Reason::Passed)));
    assert_eq!(report.warnings, Vec::<String>::new());

    assert_eq!(server.cli(&["SMEMBERS", "visualruns:index"]), "run-1");
    assert_eq!(server.cli(&["SCARD", "visualrun:run-1:tests"]), "10");
    let document = server.cli(&["GET", "visualrun:run-1"]);
    assert!(
        document.contains(r#""reason":"passed","summary":{"total":10,"passed":10,"#),
        "{document}"
    );
    let record = server.cli(&["GET", "visualtest:run-1:group/story-3:dark:375x667"]);
    assert!(record.contains(r#""status":"passed""#), "{record}");
    assert_eq!(server.cli(&["XLEN", "tintype:run-1:events"]), "22");
    assert_eq!(server.cli(&["HGET", "tintype:run-1:control", "n"]), "22");
    let last = server.cli(&["XREVRANGE", "tintype:run-1:events", "+", "-", "COUNT", "1"]);
    assert!(
        last.contains(r#"{"type":"run:finished","runId":"run-1","summary":{"#),
        "{last}"
    );
}

fn cache_hits(metrics: &str) -> Option<&str> {
    let mut lines = metrics.lines();
    lines.find(|line| line.starts_with("tintype_newest_run_cache_hits "))
}

#[tokio::test(flavor = "multi_thread")]
async fn metrics_count_the_cache_hits_of_the_newest_run() {
    let (server, folder) = (Server::start(&[]), tempfile::tempdir().unwrap());
    let settings = settings(folder.path(), &server.url());
    let records = Records::open(&settings).await.unwrap();
    assert_eq!(cache_hits(records.metrics().await.unwrap().text()), None);
    for (id, cached) in [("run-1", 4), ("run-2", 3)] {
        let recorder = Recorder::open(settings.clone(), run(id), 5, false);
        let recorder = recorder.unwrap();
        for n in 0..5 {
            let mut event = finished(&run(id).run_id, n, Status::Passed);
            if let RecordedEvent::TestFinished(result) = &mut event {
                result.cached = n < cached;
            }
            recorder.record(&event);
        }
        assert_eq!(recorder.finish(None).await.pending, 0);
        let metrics = records.metrics().await.unwrap();
        let line = format!("tintype_newest_run_cache_hits {cached}");
        assert_eq!(
            cache_hits(metrics.text()),
            Some(&*line),
            "{}",
            metrics.text()
        );
        assert!(metrics.text().contains("tintype_newest_run_snapshots 5"));
        // Runs are ordered by their start in milliseconds.
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn metrics_report_an_unreachable_server() {
    let (mut server, folder) = (Server::start(&[]), tempfile::tempdir().unwrap());
    let settings = settings(folder.path(), &server.url());
    let records = Records::open(&settings).await.unwrap();
    let metrics = records.metrics().await.unwrap();
    assert!(metrics.text().contains("\ntintype_record_healthy 1\n"));
    server.kill();
    let metrics = records.metrics().await.unwrap();
    assert!(metrics.text().contains("\ntintype_record_healthy 0\n"));
    assert!(!metrics.text().contains("tintype_runs"));
}

#[tokio::test(flavor = "multi_thread")]
async fn operations_are_sent_when_the_server_is_back() {
    let (mut server, folder) = (Server::start(&[]), tempfile::tempdir().unwrap());
    server.kill();
    let settings = settings(folder.path(), &server.url());
    let recorder = Recorder::open(settings.clone(), run("run-1"), 10, false).unwrap();
    ten(&recorder, "run-1").await;
    let report = recorder.finish(Some(Reason::Passed)).await;
    assert_eq!(report.pending, 21);
    assert!(report.journal.unwrap().is_file());
    assert!(
        report.warnings[0].starts_with("the record store is unreachable: "),
        "{:?}",
        report.warnings
    );
    drop(recorder);
    wait_until_unlocked(folder.path()).await;

    server.restart();
    let records = Records::open(&settings).await.unwrap();
    let adopted = records.flush().await;
    assert_eq!((adopted.sent, adopted.warnings), (21, vec![]));
    let run = records.run(&run("run-1").run_id).await.unwrap();
    assert_eq!((run.reason, run.summary.passed), (Some(Reason::Passed), 10));
}

/// Waits until the writer's task has released the journal.
async fn wait_until_unlocked(folder: &Path) {
    for path in std::fs::read_dir(folder.join("journal")).unwrap() {
        let file = std::fs::File::open(path.unwrap().path()).unwrap();
        while file.try_lock().is_err() {
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_emptied_server_is_restored_from_the_journal() {
    let (mut server, folder) = (Server::start(&[]), tempfile::tempdir().unwrap());
    let settings = settings(folder.path(), &server.url());
    let recorder = Recorder::open(settings.clone(), run("run-1"), 20, false).unwrap();
    ten(&recorder, "run-1").await;
    while server.cli(&["HGET", "tintype:run-1:control", "n"]) != "21" {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    server.kill();
    server.restart();
    let run_id = run("run-1").run_id;
    for n in 10..20 {
        recorder.record(&finished(&run_id, n, Status::Passed));
    }
    let report = recorder.finish(None).await;
    assert_eq!(report.pending, 0, "{report:?}");
    let records = recorder.records();
    let run = records.run(&run_id).await.unwrap();
    assert_eq!((run.summary.passed, run.reason), (20, Some(Reason::Passed)));
    let events = records.events(&run_id, "0", 100).await.unwrap();
    assert_eq!(events.len(), 1 + 10 + 20 + 1);
    drop(recorder);
    wait_until_unlocked(folder.path()).await;

    // It is emptied again after the end of the run; the next run restores it.
    server.kill();
    server.restart();
    let next = Recorder::open(settings, support::run("run-2"), 0, false).unwrap();
    next.finish(Some(Reason::Passed)).await;
    let run = next.records().run(&run_id).await.unwrap();
    assert_eq!((run.summary.passed, run.reason), (20, Some(Reason::Passed)));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_next_run_removes_the_journals_of_ended_runs() {
    let (server, folder) = (Server::start(&[]), tempfile::tempdir().unwrap());
    let settings = settings(folder.path(), &server.url());
    for (id, kept) in [("run-1", 1), ("run-2", 1), ("run-3", 1)] {
        let recorder = Recorder::open(settings.clone(), run(id), 10, false).unwrap();
        ten(&recorder, id).await;
        assert_eq!(recorder.finish(None).await.pending, 0);
        drop(recorder);
        wait_until_unlocked(folder.path()).await;
        assert_eq!(journals(folder.path()), kept);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn two_processes_share_a_run() {
    let (server, folder) = (Server::start(&[]), tempfile::tempdir().unwrap());
    let settings = settings(folder.path(), &server.url());
    let run_id = run("run-1").run_id;
    for n in 0..2 {
        let one = Recorder::open(settings.clone(), run("run-1"), 1, true).unwrap();
        one.record(&finished(&run_id, n, Status::Passed));
        let report = one.finish(None).await;
        assert_eq!((report.pending, report.reason), (0, None));
    }
    let records = Records::open(&settings).await.unwrap();
    assert_eq!(records.end_abandoned().await.unwrap(), []);
    records.end_on_this_host(&run_id).await.unwrap();
    let run = records.run(&run_id).await.unwrap();
    assert_eq!((run.summary.total, run.reason), (2, Some(Reason::Passed)));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_next_process_ends_an_abandoned_run() {
    let (server, folder) = (Server::start(&[]), tempfile::tempdir().unwrap());
    let settings = settings(folder.path(), &server.url());
    let dead = Recorder::open(settings.clone(), run("run-1"), 2, false).unwrap();
    dead.record(&finished(&run("run-1").run_id, 0, Status::Passed));
    while server.cli(&["EXISTS", "visualtest:run-1:group/story-0:dark:375x667"]) != "1" {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    // The journal is on another machine, and the last heartbeat is a minute old.
    let elsewhere = tempfile::tempdir().unwrap();
    let next = self::settings(elsewhere.path(), &server.url());
    let early = Recorder::open(next.clone(), run("run-2"), 0, false).unwrap();
    early.finish(Some(Reason::Passed)).await;
    let first = run("run-1").run_id;
    assert_eq!(early.records().run(&first).await.unwrap().reason, None);

    drop(dead);
    wait_until_unlocked(folder.path()).await;
    let worker = server.cli(&["ZRANGE", "tintype:run-1:alive", "0", "-1"]);
    assert!(worker.contains(','), "{worker}");
    server.cli(&["ZADD", "tintype:run-1:alive", "1000", &worker]);
    server.cli(&["HSET", "tintype:run-1:control", "seen", "1000"]);
    let late = Recorder::open(next, run("run-3"), 0, false).unwrap();
    late.finish(Some(Reason::Passed)).await;
    let closed = late.records().run(&first).await.unwrap();
    assert_eq!(closed.reason, Some(Reason::Interrupted));
    assert_eq!(closed.end_time.as_deref(), Some("1970-01-01T00:00:01Z"));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_private_server_keeps_the_record_between_processes() {
    // The path is too long for a socket next to the data.
    let folder = tempfile::tempdir().unwrap();
    let deep = folder.path().join("x".repeat(120));
    let settings = private(&deep);
    let recorder = Recorder::open(settings.clone(), run("run-1"), 10, false).unwrap();
    let line = recorder.describe();
    assert!(
        line.starts_with("record: private redis-server (unix:"),
        "{line}"
    );
    ten(&recorder, "run-1").await;
    assert_eq!(recorder.finish(None).await.pending, 0);
    drop(recorder);

    let records = Records::open(&settings).await.unwrap();
    assert_eq!(records.runs(9).await.unwrap().len(), 1);
    let socket = line.split("unix:").nth(1).unwrap().trim_end_matches(')');
    let stopped = Command::new("redis-cli")
        .args(["-s", socket, "SHUTDOWN"])
        .status();
    assert!(stopped.unwrap().success());
    // It is restarted with its data.
    assert_eq!(records.runs(9).await.unwrap()[0].summary.passed, 10);
    let stopped = Command::new("redis-cli")
        .args(["-s", socket, "SHUTDOWN", "NOSAVE"])
        .status();
    assert!(stopped.unwrap().success());
}

#[tokio::test(flavor = "multi_thread")]
async fn an_interrupted_import_can_be_repeated() {
    let (server, folder) = (Server::start(&[]), tempfile::tempdir().unwrap());
    let recorder = Recorder::open(
        settings(folder.path(), &server.url()),
        run("run-1"),
        10,
        false,
    );
    let recorder = recorder.unwrap();
    ten(&recorder, "run-1").await;
    assert_eq!(recorder.finish(None).await.pending, 0);

    let id = run("run-1").run_id;
    let store = settings(folder.path(), &server.url()).store();
    let whole = store.export(&id).await.unwrap().unwrap();
    let (runs, document) = (store.runs().await.unwrap(), store.run(&id).await.unwrap());
    let proxy = Proxy::start(server.port);
    let cut = settings(
        folder.path(),
        &format!("redis://127.0.0.1:{}/0", proxy.port),
    );
    for bytes in (1..).step_by(150) {
        store.remove(&id).await.unwrap();
        let cuts = proxy.cuts();
        proxy.cut_after(bytes);
        let import = cut.store().import(&whole).await;
        if import.is_ok() && proxy.cuts() == cuts {
            assert!(bytes > 5000, "{bytes} bytes are less than a complete run");
            break;
        }
        // Data in transit has arrived by the next reply.
        store.runs().await.unwrap();
        store.import(&whole).await.unwrap();
        assert_eq!(store.runs().await.unwrap(), runs, "after {bytes} bytes");
        assert_eq!(store.run(&id).await.unwrap(), document);
        let mut again = store.export(&id).await.unwrap().unwrap();
        again.outcomes.dedup();
        assert_eq!(again, whole, "after {bytes} bytes");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_test_that_starts_while_its_run_is_exported_is_left_out() {
    let (server, folder) = (Server::start(&[]), tempfile::tempdir().unwrap());
    let settings = settings(folder.path(), &server.url());
    let recorder = Recorder::open(settings.clone(), run("run-1"), 10, false);
    let recorder = recorder.unwrap();
    ten(&recorder, "run-1").await;
    assert_eq!(recorder.sync().await.pending, 0);
    // As if it had started after the control hash was read.
    let key = "s:group/story-3:dark:375x667";
    server.cli(&["HDEL", "tintype:run-1:control", key]);
    let whole = recorder.records().export(&run("run-1").run_id).await;
    let whole = whole.unwrap();
    assert_eq!(whole.tests.len(), 9);
    assert!(whole.tests.iter().all(|test| test.key != story(3).key()));
}

#[cfg(feature = "sentinel")]
#[tokio::test(flavor = "multi_thread")]
async fn a_failover_loses_no_operations() {
    let mut watched = support::server::Watched::start();
    let folder = tempfile::tempdir().unwrap();
    let settings = settings(folder.path(), &watched.url());
    let recorder = Recorder::open(settings, run("run-1"), 200, false).unwrap();
    let run_id = run("run-1").run_id;
    for n in 0..200 {
        if n == 100 {
            watched.primary.kill();
        }
        recorder.record(&finished(&run_id, n, Status::Passed));
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
    let written = || watched.replica.cli(&["SCARD", "visualrun:run-1:tests"]);
    while written() != "200" {
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    let report = recorder.finish(None).await;
    assert_eq!(
        (report.pending, report.reason),
        (0, Some(Reason::Passed)),
        "{report:?}"
    );
    let document = watched.replica.cli(&["GET", "visualrun:run-1"]);
    assert!(
        document.contains(r#""summary":{"total":200,"passed":200,"#),
        "{document}"
    );
}

#[cfg(feature = "cluster")]
#[tokio::test(flavor = "multi_thread")]
async fn run_ids_have_braces_on_a_cluster() {
    let cluster = support::server::Cluster::start();
    let folder = tempfile::tempdir().unwrap();
    let settings = settings(folder.path(), &cluster.url());
    let refused = Recorder::open(settings.clone(), run("run-1"), 1, false);
    assert!(refused.err().unwrap().to_string().contains("{run-1}"));
    let id = settings.run_id(run("run-1").run_id);
    assert_eq!(id.as_str(), "{run-1}");
    let recorder = Recorder::open(settings, run(id.as_str()), 10, false).unwrap();
    ten(&recorder, id.as_str()).await;
    let report = recorder.finish(None).await;
    assert_eq!(
        (report.pending, report.reason),
        (0, Some(Reason::Passed)),
        "{report:?}"
    );
}
