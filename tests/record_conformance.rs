//! One suite for every store: they differ in where they keep, not in what
//! they answer.

mod support;

use std::sync::Arc;
use std::time::Duration;

use support::server::Server;
use support::{finished, result, run, started, story};
use tintype::model::{Reason, RunId, Status, VisualTestResult, VisualTestRun};
use tintype::record::RecordSettings;
use tintype::record::operation::{Join, Operation};
use tintype::record::store::{Applied, Ended, Entry, Marked, StepKey, Store};
use tintype::record::whole::WholeRun;

/// A run of one store, and the part of a worker in it.
struct Bench {
    store: Arc<dyn Store>,
    run: VisualTestRun,
}

impl Bench {
    fn join(&self, writer: &str, planned: u64) -> Join {
        let id = serde_json::to_string(&self.run.run_id).unwrap();
        Join {
            run_id: self.run.run_id.clone(),
            writer: writer.to_owned(),
            host: "here".to_owned(),
            planned,
            shared: false,
            start: self.run.timestamp,
            head: format!(
                r#"{{"runId":{id},"timestamp":{},"startTime":"{}""#,
                self.run.timestamp, self.run.start_time
            ),
            tail: r#","environment":{"platform":"linux"}}"#.to_owned(),
            place: String::new(),
        }
    }

    fn id(&self) -> &RunId {
        &self.run.run_id
    }

    async fn one(&self, join: &Join, number: u64, operation: Operation) -> Applied {
        let answers = self.store.apply(join, number, &[operation]).await.unwrap();
        answers.into_iter().next().unwrap()
    }

    async fn document(&self) -> VisualTestRun {
        let text = self.store.run(self.id()).await.unwrap().unwrap();
        serde_json::from_str(&text).unwrap()
    }

    async fn record(&self, n: usize) -> VisualTestResult {
        let text = self.store.test(self.id(), &story(n)).await.unwrap();
        serde_json::from_str(&text.unwrap()).unwrap()
    }

    /// The types of all events, after a check of their numbers.
    async fn told(&self) -> Vec<String> {
        let events = self.store.events(self.id(), "0", 1000).await.unwrap();
        let mut types = Vec::new();
        for (entry, n) in events.iter().zip(1..) {
            let event: serde_json::Value = serde_json::from_str(&entry.event).unwrap();
            assert_eq!(event["n"], n, "{}", entry.event);
            assert_eq!(event["runId"], self.id().as_str());
            assert!(event["ts"].as_i64().unwrap() > 1_600_000_000_000);
            types.push(event["type"].as_str().unwrap().to_owned());
        }
        types
    }
}

fn at(mut operation: Operation, ms: i64) -> Operation {
    if let Operation::Test { at, .. } = &mut operation {
        *at = ms;
    }
    operation
}

fn leave(reason: Option<Reason>, at: i64) -> Operation {
    Operation::Leave { reason, at }
}

async fn applies_each_operation_once(bench: Bench) {
    let join = bench.join("w1", 2);
    let first = bench.store.join(&join, true).await.unwrap();
    assert_eq!(
        (first.how, first.applied, first.writers),
        (Entry::Created, 0, 1)
    );
    let again = bench.store.join(&join, true).await.unwrap();
    assert_eq!(
        (again.how, again.applied, again.writers),
        (Entry::Joined, 0, 1)
    );

    let begin = Operation::of(&started(bench.id(), 1));
    let end = Operation::of(&finished(bench.id(), 1, Status::Passed));
    assert_eq!(bench.one(&join, 1, begin.clone()).await, Applied::Done);
    assert_eq!(bench.record(1).await.status, Status::Running);
    assert_eq!(bench.document().await.summary.total, 0);
    assert_eq!(bench.one(&join, 3, end.clone()).await, Applied::Gap(1));
    assert_eq!(bench.one(&join, 2, end.clone()).await, Applied::Done);
    assert_eq!(
        bench.one(&join, 2, end.clone()).await,
        Applied::Duplicate(2)
    );
    assert_eq!(bench.one(&join, 1, begin).await, Applied::Duplicate(2));
    assert_eq!(bench.record(1).await.status, Status::Passed);
    assert_eq!(bench.document().await.summary.passed, 1);
    assert_eq!(
        bench.told().await,
        ["run:started", "test:started", "test:finished"]
    );

    let both = [Operation::of(&started(bench.id(), 2)), end];
    let answers = bench.store.apply(&join, 2, &both).await.unwrap();
    assert_eq!(answers, [Applied::Duplicate(2), Applied::Done]);
}

async fn knows_no_run_before_it_is_created(bench: Bench) {
    let join = bench.join("w1", 1);
    let end = Operation::of(&finished(bench.id(), 1, Status::Passed));
    assert_eq!(bench.one(&join, 1, end).await, Applied::NoRun);
    assert_eq!(bench.store.beat(&join, 0).await.unwrap(), Applied::NoRun);
    assert_eq!(
        bench.store.end(bench.id(), None).await.unwrap(),
        Ended::NoRun
    );
    assert_eq!(bench.store.run(bench.id()).await.unwrap(), None);
    assert_eq!(bench.store.tests(bench.id()).await.unwrap(), []);
    assert_eq!(bench.store.events(bench.id(), "0", 10).await.unwrap(), []);
    let marked = bench.store.accept(bench.id(), &story(1), "{}", "{}").await;
    assert_eq!(marked.unwrap(), Marked::NoRun);
}

async fn the_newest_attempt_wins(bench: Bench) {
    let (one, two) = (bench.join("w1", 1), bench.join("w2", 1));
    for join in [&one, &two] {
        bench.store.join(join, true).await.unwrap();
    }
    let failed = Operation::of(&finished(bench.id(), 1, Status::Failed));
    let passed = Operation::of(&finished(bench.id(), 1, Status::Passed));
    let begun = Operation::of(&started(bench.id(), 1));
    assert_eq!(bench.one(&one, 1, at(failed, 5000)).await, Applied::Done);
    // What is not final never overrides what is, however new.
    assert_eq!(bench.one(&two, 1, at(begun, 6000)).await, Applied::Stale);
    assert_eq!(bench.record(1).await.status, Status::Failed);
    assert_eq!(
        bench.one(&two, 2, at(passed.clone(), 7000)).await,
        Applied::Done
    );
    // An older attempt that arrives late changes nothing.
    let late = Operation::of(&finished(bench.id(), 1, Status::Changed));
    assert_eq!(bench.one(&one, 2, at(late, 6500)).await, Applied::Stale);
    let document = bench.document().await;
    assert_eq!((document.summary.total, document.summary.passed), (1, 1));
    assert_eq!(bench.record(1).await.status, Status::Passed);
    assert_eq!(
        bench.told().await,
        ["run:started", "test:finished", "test:updated"]
    );
    let history = bench.store.history(&story(1)).await.unwrap();
    let statuses: Vec<_> = history.iter().map(|o| o.status).collect();
    assert_eq!(statuses, [Status::Failed, Status::Changed, Status::Passed]);
}

async fn the_last_to_leave_ends_the_run(bench: Bench) {
    let (one, two) = (bench.join("w1", 1), bench.join("w2", 1));
    for join in [&one, &two] {
        bench.store.join(join, true).await.unwrap();
    }
    bench
        .one(
            &one,
            1,
            Operation::of(&finished(bench.id(), 1, Status::Passed)),
        )
        .await;
    bench
        .one(
            &two,
            1,
            Operation::of(&finished(bench.id(), 2, Status::New)),
        )
        .await;
    let end = bench.run.timestamp + 1500;
    assert_eq!(
        bench
            .one(&one, 2, leave(Some(Reason::Passed), end - 500))
            .await,
        Applied::Done
    );
    assert_eq!(bench.document().await.reason, None);
    assert_eq!(
        bench.store.end(bench.id(), None).await.unwrap(),
        Ended::Pending(1)
    );
    assert_eq!(bench.one(&two, 2, leave(None, end)).await, Applied::Done);
    let document = bench.document().await;
    assert_eq!(document.reason, Some(Reason::Failed));
    assert_eq!(document.duration, Some(1500));
    assert_eq!(document.end_time, Some(tintype::model::rfc3339(end)));
    let ended = bench.store.end(bench.id(), None).await.unwrap();
    assert_eq!(ended, Ended::Before(Reason::Failed));
    let told = bench.told().await;
    assert_eq!(told.iter().filter(|t| *t == "run:finished").count(), 1);
}

async fn reasons_follow_from_what_happened(bench: Bench) {
    type Case = (u64, &'static [Status], Option<Reason>, Reason);
    let cases: [Case; 8] = [
        (1, &[Status::Passed], None, Reason::Passed),
        (1, &[Status::Changed], Some(Reason::Passed), Reason::Passed),
        (1, &[Status::New], Some(Reason::Passed), Reason::Failed),
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
            bench.one(&join, number, Operation::of(&end)).await;
        }
        let number = statuses.len() as u64 + 1;
        bench
            .one(&join, number, leave(said, bench.run.timestamp + 1))
            .await;
        assert_eq!(bench.document().await.reason, Some(reason), "case {n}");
    }
}

async fn a_dead_worker_interrupts_until_its_results_come(bench: Bench) {
    let join = bench.join("w1", 2);
    bench.store.join(&join, true).await.unwrap();
    bench
        .one(
            &join,
            1,
            Operation::of(&finished(bench.id(), 1, Status::Passed)),
        )
        .await;
    assert_eq!(
        bench.store.end(bench.id(), Some("there")).await.unwrap(),
        Ended::Pending(1)
    );
    let ended = bench.store.end(bench.id(), Some("here")).await.unwrap();
    assert_eq!(ended, Ended::Now(Reason::Interrupted));
    assert_eq!(bench.document().await.reason, Some(Reason::Interrupted));
    // Its journal turns up: the document is true again.
    bench
        .one(
            &join,
            2,
            Operation::of(&finished(bench.id(), 2, Status::Passed)),
        )
        .await;
    let document = bench.document().await;
    assert_eq!(
        (document.summary.total, document.reason),
        (2, Some(Reason::Passed))
    );
    let told = bench.told().await;
    assert_eq!(told.iter().filter(|t| *t == "run:finished").count(), 1);
}

async fn a_run_that_is_taken_up_again_is_open(bench: Bench) {
    let one = bench.join("w1", 3);
    bench.store.join(&one, true).await.unwrap();
    bench
        .one(
            &one,
            1,
            Operation::of(&finished(bench.id(), 1, Status::Passed)),
        )
        .await;
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
        bench.store.join(&two, true).await.unwrap().how,
        Entry::Reopened
    );
    let document = bench.document().await;
    assert_eq!((document.reason, document.end_time), (None, None));
    for n in [2, 3] {
        bench
            .one(
                &two,
                n - 1,
                Operation::of(&finished(
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

async fn a_shared_run_waits_for_more_processes(bench: Bench) {
    let mut join = bench.join("w1", 1);
    join.shared = true;
    bench.store.join(&join, true).await.unwrap();
    bench
        .one(
            &join,
            1,
            Operation::of(&finished(bench.id(), 1, Status::Passed)),
        )
        .await;
    bench
        .one(&join, 2, leave(None, bench.run.timestamp + 9))
        .await;
    assert_eq!(bench.document().await.reason, None);
    assert_eq!(
        bench.store.end(bench.id(), None).await.unwrap(),
        Ended::Pending(0)
    );
    // Whoever knows that all of a machine are gone ends it.
    assert_eq!(
        bench.store.end(bench.id(), Some(&join.host)).await.unwrap(),
        Ended::Now(Reason::Passed)
    );
    assert_eq!(bench.document().await.reason, Some(Reason::Passed));
}

async fn signs_of_life_tell_what_is_missing(bench: Bench) {
    let join = bench.join("w1", 1);
    bench.store.join(&join, true).await.unwrap();
    assert_eq!(bench.store.beat(&join, 0).await.unwrap(), Applied::Done);
    assert_eq!(bench.store.beat(&join, 4).await.unwrap(), Applied::Gap(0));
}

async fn reads_back_what_was_written(bench: Bench) {
    let join = bench.join("w1", 2);
    bench.store.join(&join, true).await.unwrap();
    for n in 1..=2 {
        let end = finished(bench.id(), n, Status::Passed);
        bench.one(&join, n as u64, Operation::of(&end)).await;
    }
    let tail = r#","environment":{"platform":"linux","browser":"chromium 1"}}"#.to_owned();
    assert_eq!(
        bench.one(&join, 3, Operation::Describe { tail }).await,
        Applied::Done
    );
    let browser = bench.document().await.environment.browser;
    assert_eq!(browser.as_deref(), Some("chromium 1"));

    let expected = result(bench.id(), story(1), Status::Passed);
    assert_eq!(bench.record(1).await, expected);
    let mut stories: Vec<_> = bench.store.tests(bench.id()).await.unwrap();
    stories.sort();
    let names: Vec<_> = stories.iter().map(|(id, _)| id.clone()).collect();
    assert_eq!(names, [story(1), story(2)]);
    assert_eq!(stories[0].1, serde_json::to_string(&expected).unwrap());
    let runs = bench.store.runs().await.unwrap();
    assert!(runs.contains(&(bench.id().clone(), bench.run.timestamp)));

    let all = bench.store.events(bench.id(), "0", 100).await.unwrap();
    let rest = bench.store.events(bench.id(), &all[0].id, 1).await.unwrap();
    assert_eq!(rest, all[1..2]);
}

async fn an_acceptance_is_marked_once(bench: Bench) {
    let join = bench.join("w1", 1);
    bench.store.join(&join, true).await.unwrap();
    bench
        .one(
            &join,
            1,
            Operation::of(&finished(bench.id(), 1, Status::New)),
        )
        .await;
    let was = bench
        .store
        .test(bench.id(), &story(1))
        .await
        .unwrap()
        .unwrap();
    let marked = was.replace('}', "} ");
    let id = story(1);
    let accept = |was: String| {
        let (store, run, id, marked) = (&bench.store, bench.id(), &id, &marked);
        async move { store.accept(run, id, &was, marked).await.unwrap() }
    };
    assert_eq!(accept("{}".to_owned()).await, Marked::Changed);
    assert_eq!(accept(was.clone()).await, Marked::Now);
    assert_eq!(accept(was).await, Marked::Before);
    assert_eq!(
        bench.told().await,
        ["run:started", "test:finished", "baseline:accepted"]
    );
}

async fn a_doorbell_rings_with_the_messages_of_the_stream(bench: Bench) {
    let join = bench.join("w1", 1);
    let mut mine = bench.store.listen(Some(bench.id())).await.unwrap();
    let mut all = bench.store.listen(None).await.unwrap();
    bench.store.join(&join, true).await.unwrap();
    bench
        .one(
            &join,
            1,
            Operation::of(&finished(bench.id(), 1, Status::Failed)),
        )
        .await;
    for entry in bench.store.events(bench.id(), "0", 10).await.unwrap() {
        assert_eq!(mine.recv().await, Some(entry.message()));
        assert_eq!(all.recv().await, Some(entry.message()));
    }
}

async fn history_keeps_the_last_hundred(bench: Bench) {
    let join = bench.join("w1", 1);
    bench.store.join(&join, true).await.unwrap();
    for n in 1..=105_u64 {
        let mut end = Operation::of(&finished(bench.id(), 7, Status::Passed));
        if let Operation::Test { at, outcome, .. } = &mut end {
            *outcome = outcome.replace(&format!("\"at\":{at}"), &format!("\"at\":{n}"));
            *at = i64::try_from(n).unwrap();
        }
        bench.one(&join, n, end).await;
    }
    let history = bench.store.history(&story(7)).await.unwrap();
    assert_eq!(history.len(), 100);
    assert_eq!((history[0].at, history[99].at), (6, 105));
}

async fn a_whole_run_goes_out_and_in_again(bench: Bench) {
    let join = bench.join("w1", 2);
    bench.store.join(&join, true).await.unwrap();
    for (n, status) in [(1, Status::Passed), (2, Status::Changed)] {
        let end = finished(bench.id(), n, status);
        bench.one(&join, n as u64, Operation::of(&end)).await;
    }
    bench
        .one(&join, 3, leave(None, bench.run.timestamp + 70))
        .await;
    let whole = bench.store.export(bench.id()).await.unwrap().unwrap();
    let document = bench.store.run(bench.id()).await.unwrap();
    let text = whole.to_ndjson().unwrap();
    assert_eq!(
        WholeRun::from_ndjson(&text).unwrap(),
        std::slice::from_ref(&whole)
    );

    assert!(!bench.store.import(&whole).await.unwrap());
    bench.store.remove(bench.id()).await.unwrap();
    assert_eq!(bench.store.run(bench.id()).await.unwrap(), None);
    assert_eq!(bench.store.tests(bench.id()).await.unwrap(), []);
    assert_eq!(bench.store.runs().await.unwrap(), []);
    for store in [Arc::clone(&bench.store), RecordSettings::memory().store()] {
        assert!(store.import(&whole).await.unwrap());
        assert_eq!(store.run(bench.id()).await.unwrap(), document);
        let mut again = store.export(bench.id()).await.unwrap().unwrap();
        again.outcomes.dedup();
        assert_eq!(again, whole);
        assert_eq!(again.to_ndjson().unwrap(), text);
    }
    // It goes on where it was.
    let late = Operation::of(&finished(bench.id(), 2, Status::Failed));
    assert_eq!(bench.one(&join, 4, late).await, Applied::Done);
    assert_eq!(bench.document().await.reason, Some(Reason::Failed));
}

async fn a_step_is_kept_for_its_time(bench: Bench) {
    let key = StepKey {
        run: bench.id().clone(),
        subject: "shop/cart".to_owned(),
        step: "login".to_owned(),
    };
    let store = &bench.store;
    assert_eq!(store.get(&key).await.unwrap(), None);
    store
        .put(&key, "[1]", Duration::from_secs(60))
        .await
        .unwrap();
    store
        .put(&key, "[2]", Duration::from_secs(60))
        .await
        .unwrap();
    assert_eq!(store.get(&key).await.unwrap().as_deref(), Some("[2]"));
    store
        .put(&key, "[3]", Duration::from_millis(1))
        .await
        .unwrap();
    while store.get(&key).await.unwrap().is_some() {
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
}

macro_rules! conformance {
    ($($name:ident),* $(,)?) => {
        /// All of it at one place, each part behind a prefix of its own.
        #[cfg(any(feature = "cluster", feature = "sentinel", feature = "tls"))]
        async fn all_at(url: &str) {
            $({
                let store = store_at(url, concat!("team:", stringify!($name), ":"));
                let run = run("{run-1}");
                $name(Bench { store, run }).await;
            })*
        }

        mod memory {
            $(#[tokio::test]
            async fn $name() {
                let store = tintype::record::RecordSettings::memory().store();
                let run = super::run("{run-1}");
                super::$name(super::Bench { store, run }).await;
            })*
        }

        mod redis {
            $(#[tokio::test]
            async fn $name() {
                let (_server, store) = super::single();
                let run = super::run("{run-1}");
                super::$name(super::Bench { store, run }).await;
            })*
        }
    };
}

#[cfg(feature = "cluster")]
#[tokio::test(flavor = "multi_thread")]
async fn a_cluster_of_three() {
    let cluster = support::server::Cluster::start();
    all_at(&cluster.url()).await;
}

#[cfg(feature = "sentinel")]
#[tokio::test(flavor = "multi_thread")]
async fn a_primary_that_sentinel_watches() {
    let watched = support::server::Watched::start();
    all_at(&watched.url()).await;
}

/// With TLS, and as a user who may do no more than is documented. The test
/// runs itself again with the certificate among those that are trusted.
#[cfg(feature = "tls")]
#[tokio::test(flavor = "multi_thread")]
async fn a_server_with_tls_and_acl() {
    if let Ok(url) = std::env::var("TINTYPE_TEST_TLS") {
        all_at(&url).await;
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let file = |name: &str| folder.path().join(name).display().to_string();
    let (key, certificate) = (file("key.pem"), file("certificate.pem"));
    let made = std::process::Command::new("openssl")
        .args([
            "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2",
        ])
        .args([
            "-subj",
            "/CN=localhost",
            "-addext",
            "subjectAltName=DNS:localhost",
        ])
        .args(["-addext", "basicConstraints=critical,CA:FALSE"])
        .args(["-keyout", &key, "-out", &certificate])
        .output();
    assert!(made.unwrap().status.success());
    let port = support::server::free_port();
    let tls = port.to_string();
    let mut options = vec!["--tls-port", &tls, "--tls-cert-file", &certificate];
    options.extend(["--tls-key-file", &key, "--tls-auth-clients", "no", "--user"]);
    options.extend("ci on >secret ~team:* &team:* -@all +@read +@write +@pubsub".split(' '));
    options.extend("+evalsha +script|load +info +time +hello +ping".split(' '));
    let _server = Server::start(&options);
    let again = std::process::Command::new(std::env::current_exe().unwrap())
        .args(["a_server_with_tls_and_acl", "--exact", "--nocapture"])
        .env("SSL_CERT_FILE", &certificate)
        .env(
            "TINTYPE_TEST_TLS",
            format!("rediss://ci:secret@localhost:{port}"),
        )
        .status();
    assert!(again.unwrap().success());
}

fn single() -> (Server, Arc<dyn Store>) {
    let server = Server::start(&[]);
    let store = store_at(&server.url(), "team:");
    (server, store)
}

fn store_at(url: &str, prefix: &str) -> Arc<dyn Store> {
    let folder = std::env::temp_dir();
    let settings = RecordSettings::from_variables(&folder, |name| match name {
        "REDIS_URL" => Some(url.into()),
        "REDIS_PREFIX" => Some(prefix.into()),
        _ => None,
    });
    settings.unwrap().store()
}

conformance!(
    applies_each_operation_once,
    knows_no_run_before_it_is_created,
    the_newest_attempt_wins,
    the_last_to_leave_ends_the_run,
    reasons_follow_from_what_happened,
    a_dead_worker_interrupts_until_its_results_come,
    a_run_that_is_taken_up_again_is_open,
    a_shared_run_waits_for_more_processes,
    signs_of_life_tell_what_is_missing,
    reads_back_what_was_written,
    an_acceptance_is_marked_once,
    a_doorbell_rings_with_the_messages_of_the_stream,
    history_keeps_the_last_hundred,
    a_whole_run_goes_out_and_in_again,
    a_step_is_kept_for_its_time,
);
