//! Windows and alerts with real servers.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use tintype::internals::alerts::evaluate;
use tintype::internals::config::Config;
use tintype::internals::manifest::{AlertSettings, Manifest};
use tintype::internals::model::{RunId, Status, VisualTestResult, now_ms};
use tintype::internals::record::{
    AlertState, JoinOutcome, JoinRequest, MetricsWindow, Operation, RecordConfig, Records, Store,
    WindowLength, raised_alerts,
};

use crate::settings;
use crate::support::server::Server;
use crate::support::{finished, story};

/// One minute, in milliseconds.
const MINUTE: i64 = 60_000;

/// An outcome at a time, in milliseconds since the Unix epoch.
fn outcome(n: usize, status: Status, at: i64, attempts: usize) -> Operation {
    let mut result = VisualTestResult::new(RunId("run-1".to_owned()), story(n), status);
    result.duration_ms = Some(100 + n as u64);
    let attempt = || serde_json::json!({"status": "failed", "durationMs": 1});
    let attempts: Vec<_> = (0..attempts).map(|_| attempt()).collect();
    result.attempts = serde_json::from_value(attempts.into()).unwrap();
    let event = tintype::internals::model::RecordedEvent::TestFinished(Box::new(result));
    let mut operation = Operation::from_event(&event);
    if let Operation::Test { at: time, .. } = &mut operation {
        *time = at;
    }
    operation
}

fn request(writer: &str, start: i64) -> JoinRequest {
    JoinRequest {
        run_id: RunId("run-1".to_owned()),
        writer: writer.to_owned(),
        host: "ci-1".to_owned(),
        planned: 1000,
        plan: String::new(),
        decides: false,
        shared: true,
        start,
        head: format!(
            r#"{{"runId":"run-1","timestamp":{start},"startTime":"2025-10-26T12:00:00Z""#
        ),
        tail: r#","environment":{"platform":"linux"},"project":"shop"}"#.to_owned(),
        place: String::new(),
    }
}

/// 300 outcomes of an earlier quarter of an hour, one every three seconds: each
/// tenth fails, each seventh passes at the second attempt.
fn quarter_of_an_hour(start: i64) -> Vec<Operation> {
    let operations = (0..300).map(|n| {
        let status = if n % 10 == 0 {
            Status::Failed
        } else {
            Status::Passed
        };
        let at = start + 3_000 * i64::try_from(n).unwrap();
        outcome(n, status, at, if n % 7 == 0 { 2 } else { 0 })
    });
    operations.collect()
}

/// The windows of the last two hours. A machine under load may not answer in time.
async fn windows(records: &Records, length: WindowLength) -> Vec<MetricsWindow> {
    let since = Instant::now();
    loop {
        let now = now_ms();
        match records.windows(length, now - 2 * 60 * MINUTE, now).await {
            Ok(windows) => return windows,
            Err(error) => assert!(since.elapsed() < Duration::from_secs(120), "{error}"),
        }
    }
}

/// The number of outcomes in each window, by its start.
fn totals(windows: &[MetricsWindow]) -> BTreeMap<i64, u64> {
    let totals = windows
        .iter()
        .map(|window| (window.start, window.counts.compared()));
    totals.collect()
}

/// What the windows must have, counted without them.
fn expected(start: i64, length: WindowLength) -> BTreeMap<i64, u64> {
    let mut totals = BTreeMap::new();
    for n in 0..300 {
        *totals.entry(length.start(start + 3_000 * n)).or_default() += 1;
    }
    totals
}

async fn join(store: &Arc<dyn Store>, join: &JoinRequest) {
    let outcome = store.join(join, true).await.unwrap().outcome;
    assert!(
        matches!(outcome, JoinOutcome::Created | JoinOutcome::Joined),
        "{outcome:?}"
    );
}

async fn opened(config: &RecordConfig) -> Records {
    Records::open(config).await.unwrap().of_project("shop")
}

#[tokio::test(flavor = "multi_thread")]
async fn an_earlier_minute_is_counted_once_however_often_its_journal_is_sent() {
    let (server, folder) = (Server::start(&[]), tempfile::tempdir().unwrap());
    let config = settings(folder.path(), &server.url());
    let (store, records) = (config.store(), opened(&config).await);
    let start = now_ms() - 30 * MINUTE - 1_234;
    let (writer, operations) = (request("a1", start), quarter_of_an_hour(start));
    join(&store, &writer).await;
    store.apply(&writer, 1, &operations).await.unwrap();
    let first = windows(&records, WindowLength::Minute).await;
    assert_eq!(totals(&first), expected(start, WindowLength::Minute));
    let all = windows(&records, WindowLength::FiveMinutes).await;
    assert_eq!(totals(&all), expected(start, WindowLength::FiveMinutes));
    let count = |of: fn(&MetricsWindow) -> u64| first.iter().map(of).sum::<u64>();
    assert_eq!(count(|window| window.counts.failed), 30);
    // Of the 43 with a second attempt, every tenth has failed.
    assert_eq!(count(|window| window.counts.flaky), 38);
    let sum: u64 = (0..300).map(|n| 100 + n).sum();
    assert_eq!(count(|window| window.counts.duration_ms), sum);

    // The same operations again: the server has lost nothing, so each is a duplicate.
    store.apply(&writer, 1, &operations).await.unwrap();
    assert_eq!(windows(&records, WindowLength::Minute).await, first);

    // The server has lost the run, but not its windows.
    for key in ["tintype:run-1:control", "tintype:run-1:events"] {
        server.cli(&["DEL", key]);
    }
    join(&store, &writer).await;
    store.apply(&writer, 1, &operations).await.unwrap();
    assert_eq!(windows(&records, WindowLength::Minute).await, first);

    // The server has lost everything, and two thirds of the journal were sent before
    // it lost everything again.
    for sent in [200, 300] {
        server.cli(&["FLUSHALL"]);
        join(&store, &writer).await;
        store.apply(&writer, 1, &operations[..sent]).await.unwrap();
    }
    assert_eq!(windows(&records, WindowLength::Minute).await, first);
    assert_eq!(windows(&records, WindowLength::FiveMinutes).await, all);
    let key = format!("tintype:metrics:1min:{}", first[0].start);
    let ends = first[0].start + MINUTE + 3_600_000;
    assert_eq!(server.cli(&["PEXPIRETIME", &key]), ends.to_string());
}

#[tokio::test(flavor = "multi_thread")]
async fn outcomes_in_the_buffer_are_counted_once_by_many_readers() {
    let (server, folder) = (Server::start(&[]), tempfile::tempdir().unwrap());
    let config = settings(folder.path(), &server.url());
    let store = config.store();
    let start = now_ms() - 30 * MINUTE;
    let (writer, operations) = (request("a1", start), quarter_of_an_hour(start));
    join(&store, &writer).await;
    store.apply(&writer, 1, &operations).await.unwrap();
    // Entries that were delivered twice.
    for n in 1..=50 {
        let at = start + 3_000 * (n - 1);
        let fields = format!("id a1-{n} at {at} project shop status failed flaky 0");
        let mut arguments = vec!["XADD", "tintype:metrics:buffer", "*"];
        arguments.extend(fields.split(' '));
        server.cli(&arguments);
    }
    let readers = (0..8).map(|_| {
        let config = config.clone();
        tokio::spawn(async move { windows(&opened(&config).await, WindowLength::Minute).await })
    });
    for reader in readers.collect::<Vec<_>>() {
        reader.await.unwrap();
    }
    let found = windows(&opened(&config).await, WindowLength::Minute).await;
    assert_eq!(totals(&found), expected(start, WindowLength::Minute));
    assert_eq!(
        found.iter().map(|window| window.counts.failed).sum::<u64>(),
        30
    );
    assert_eq!(server.cli(&["XLEN", "tintype:metrics:buffer"]), "0");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_expired_window_does_not_come_back() {
    let (server, folder) = (Server::start(&[]), tempfile::tempdir().unwrap());
    let config = settings(folder.path(), &server.url());
    let (store, records) = (config.store(), opened(&config).await);
    let start = now_ms() - 90 * MINUTE;
    let writer = request("a1", start);
    join(&store, &writer).await;
    store
        .apply(&writer, 1, &quarter_of_an_hour(start))
        .await
        .unwrap();
    assert_eq!(windows(&records, WindowLength::Minute).await, []);
    assert_eq!(server.cli(&["KEYS", "tintype:metrics:1min:*"]), "");
    let all = windows(&records, WindowLength::FiveMinutes).await;
    assert_eq!(totals(&all), expected(start, WindowLength::FiveMinutes));
}

#[tokio::test(flavor = "multi_thread")]
async fn keys_of_another_type_do_not_stop_the_record() {
    let (server, folder) = (Server::start(&[]), tempfile::tempdir().unwrap());
    server.cli(&["SET", "tintype:metrics:buffer", "mine"]);
    let config = settings(folder.path(), &server.url());
    let (store, writer) = (config.store(), request("a1", now_ms()));
    join(&store, &writer).await;
    let operations = quarter_of_an_hour(now_ms());
    assert_eq!(
        store.apply(&writer, 1, &operations).await.unwrap().len(),
        300
    );
    assert_eq!(server.cli(&["SCARD", "visualrun:run-1:tests"]), "300");
}

#[tokio::test(flavor = "multi_thread")]
async fn windows_in_memory_are_those_of_redis() {
    let (server, folder) = (Server::start(&[]), tempfile::tempdir().unwrap());
    let config = settings(folder.path(), &server.url());
    let start = now_ms() - 30 * MINUTE;
    let (writer, operations) = (request("a1", start), quarter_of_an_hour(start));
    let mut found = Vec::new();
    for store in [config.store(), RecordConfig::memory().store()] {
        join(&store, &writer).await;
        for _ in 0..2 {
            store.apply(&writer, 1, &operations).await.unwrap();
        }
        store.fold_outcomes().await.unwrap();
        let windows = store.windows("shop", WindowLength::Minute, start - MINUTE, now_ms());
        found.push(windows.await.unwrap());
    }
    assert_eq!(found[0], found[1]);
}

fn rules(text: &str) -> AlertSettings {
    let folder = tempfile::tempdir().unwrap();
    std::fs::create_dir(folder.path().join("stories")).unwrap();
    std::fs::write(folder.path().join("stories/a.html"), "").unwrap();
    let text = format!("[stories]\ndir = \"stories\"\n[alerts]\nbuilt-in = false\n{text}");
    let path = folder.path().join("stories.toml");
    Manifest::parse(&path, &text, &Config::default())
        .unwrap()
        .alerts
}

#[tokio::test(flavor = "multi_thread")]
async fn an_alert_is_raised_once_and_resolved_once_by_several_machines() {
    let (server, folder) = (Server::start(&[]), tempfile::tempdir().unwrap());
    let config = settings(folder.path(), &server.url());
    let settings = rules("[[alert]]\nwhen = \"failure-rate > 10 %\"\nwindow = \"55m\"\n");
    let store = config.store();
    let writer = request("a1", now_ms());
    join(&store, &writer).await;
    let mut sent = 0;
    for (status, state) in [
        (Status::Failed, AlertState::Raised),
        (Status::Passed, AlertState::Resolved),
    ] {
        // 20 failed, then 280 passed, so that 6.7 % have failed.
        let count = if status == Status::Failed { 20 } else { 280 };
        let outcomes: Vec<_> = (0..count)
            .map(|n| outcome(sent + n, status, now_ms(), 0))
            .collect();
        store
            .apply(&writer, sent as u64 + 1, &outcomes)
            .await
            .unwrap();
        sent += count;
        let machines: Vec<_> = (0..8)
            .map(|_| {
                let (config, settings) = (config.clone(), settings.clone());
                tokio::spawn(async move {
                    let records = opened(&config).await;
                    let mut changes = Vec::new();
                    let mut evaluated = 0;
                    let since = Instant::now();
                    while evaluated < 3 {
                        assert!(since.elapsed() < Duration::from_secs(120));
                        // A machine under load may not answer in time.
                        let done = evaluate(&records, "shop", &settings, 0).await;
                        let done = done.unwrap_or_default();
                        evaluated += usize::from(!done.is_elsewhere);
                        changes.extend(done.changes);
                        tokio::time::sleep(Duration::from_millis(10)).await;
                    }
                    changes
                })
            })
            .collect();
        let mut changes = Vec::new();
        for machine in machines {
            changes.extend(machine.await.unwrap());
        }
        let states: Vec<_> = changes.iter().map(|change| change.state).collect();
        assert_eq!(states, [state], "{changes:?}");
    }
    assert_eq!(server.cli(&["XLEN", "tintype:alerts"]), "2");
    let log = opened(&config).await.alerts().await.unwrap();
    assert!(raised_alerts(&log).is_empty());
    assert_eq!(log[0].change.value, "100.0 %: 20 of 20 failed");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_log_of_alerts_is_bounded_and_keeps_what_is_raised() {
    let (server, folder) = (Server::start(&[]), tempfile::tempdir().unwrap());
    let store = settings(folder.path(), &server.url()).store();
    let memory = RecordConfig::memory().store();
    for store in [store, memory] {
        let change = |name: &str, state, at| tintype::internals::record::AlertChange {
            project: "shop".to_owned(),
            name: name.to_owned(),
            state,
            at,
            when: "evictions > 0".to_owned(),
            value: "1 keys evicted".to_owned(),
        };
        let raised = change("open", AlertState::Raised, 1);
        assert!(store.change_alert(&raised).await.unwrap());
        for at in 2..300 {
            let state = [AlertState::Raised, AlertState::Resolved][at as usize % 2];
            assert!(
                store
                    .change_alert(&change("other", state, at))
                    .await
                    .unwrap()
            );
        }
        // An evaluation with older measurements.
        let late = change("other", AlertState::Raised, 5);
        assert!(!store.change_alert(&late).await.unwrap());
        let log = store.alerts().await.unwrap();
        assert_eq!(log.len(), 100);
        let open: Vec<_> = raised_alerts(&log)
            .iter()
            .map(|e| e.change.name.clone())
            .collect();
        assert_eq!(open, ["open"]);
        let again = change("open", AlertState::Raised, 400);
        assert!(!store.change_alert(&again).await.unwrap());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_recorder_fills_the_windows() {
    let (server, folder) = (Server::start(&[]), tempfile::tempdir().unwrap());
    let config = settings(folder.path(), &server.url());
    let mut run = crate::support::run("run-1");
    run.project = Some("shop".to_owned());
    let recorder =
        tintype::internals::record::Recorder::open(config.clone(), run.clone(), 10, false).unwrap();
    for n in 0..10 {
        recorder.record(&finished(&run.run_id, n, Status::Passed));
    }
    assert_eq!(recorder.finish(None).await.pending, 0);
    let found = windows(&opened(&config).await, WindowLength::Minute).await;
    assert_eq!(
        found.iter().map(|window| window.counts.passed).sum::<u64>(),
        10
    );
}
