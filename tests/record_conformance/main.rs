//! The conformance suite that every store passes.

mod decisions;
mod ended;
mod events;
mod history;
mod kept;
mod locks;
mod plans;
mod queue;
#[path = "../support/mod.rs"]
mod support;
mod torn;
mod torn_queue;
mod workers;

use std::sync::Arc;

use support::server::Server;
use support::{finished, run, story};
use tintype::internals::config::Config;
use tintype::internals::model::{Reason, RunId, Status, VisualTestResult, VisualTestRun};
use tintype::internals::record::{ApplyOutcome, JoinRequest, Operation, RecordConfig, Store};

/// A store with one run.
struct StoreFixture {
    store: Arc<dyn Store>,
    run: VisualTestRun,
}

impl StoreFixture {
    fn join(&self, writer: &str, planned: u64) -> JoinRequest {
        let id = serde_json::to_string(&self.run.run_id).unwrap();
        JoinRequest {
            run_id: self.run.run_id.clone(),
            writer: writer.to_owned(),
            host: "here".to_owned(),
            planned,
            plan: String::new(),
            decides: false,
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

    async fn one(&self, join: &JoinRequest, number: u64, operation: Operation) -> ApplyOutcome {
        let answers = self.store.apply(join, number, &[operation]).await.unwrap();
        answers.into_iter().next().unwrap()
    }

    /// Finishes a snapshot of this writer.
    async fn finishes(
        &self,
        join: &JoinRequest,
        number: u64,
        n: usize,
        status: Status,
    ) -> ApplyOutcome {
        let operation = Operation::from_event(&finished(self.id(), n, status));
        self.one(join, number, operation).await
    }

    async fn document(&self) -> VisualTestRun {
        let text = self.store.run(self.id()).await.unwrap().unwrap();
        serde_json::from_str(&text).unwrap()
    }

    async fn record(&self, n: usize) -> VisualTestResult {
        let text = self.store.test(self.id(), &story(n)).await.unwrap();
        serde_json::from_str(&text.unwrap()).unwrap()
    }

    /// The types of all events; checks their sequence numbers.
    async fn event_types(&self) -> Vec<String> {
        let events = self.store.events(self.id(), "0", 1000).await.unwrap();
        let mut types = Vec::new();
        for (entry, n) in events.iter().zip(1..) {
            let event: serde_json::Value = serde_json::from_str(&entry.event).unwrap();
            assert_eq!(event["n"], n, "{}", entry.event);
            assert_eq!(event["runId"], self.id().as_str());
            assert!(event["ts"].is_i64(), "{}", entry.event);
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

/// The keys of a project are in other slots than those of its snapshots.
#[cfg(any(feature = "cluster", feature = "sentinel", feature = "tls"))]
const NOT_IN_A_CLUSTER: &str = "keys_of_the_project_follow_from_the_histories";

macro_rules! conformance {
    ($($module:ident::$name:ident),* $(,)?) => {
        /// Runs all tests on one server, each with its own prefix.
        #[cfg(any(feature = "cluster", feature = "sentinel", feature = "tls"))]
        async fn all_at(url: &str) {
            $(if !(url.starts_with("redis+cluster") && stringify!($name) == NOT_IN_A_CLUSTER) {
                let store = store_at(url, concat!("team:", stringify!($name), ":"));
                let run = run("{run-1}");
                $module::$name(StoreFixture { store, run }).await;
            })*
        }

        mod memory {
            $(#[tokio::test]
            async fn $name() {
                let store = $crate::RecordConfig::memory().store();
                let run = super::run("{run-1}");
                super::$module::$name(super::StoreFixture { store, run }).await;
            })*
        }

        mod redis {
            $(#[tokio::test]
            async fn $name() {
                let (_server, store) = super::single();
                let run = super::run("{run-1}");
                super::$module::$name(super::StoreFixture { store, run }).await;
            })*
        }
    };
}

#[cfg(feature = "cluster")]
#[tokio::test(flavor = "multi_thread")]
async fn a_cluster_of_three_nodes() {
    let cluster = support::server::Cluster::start();
    all_at(&cluster.url()).await;
}

#[cfg(feature = "sentinel")]
#[tokio::test(flavor = "multi_thread")]
async fn a_primary_behind_sentinels() {
    let watched = support::server::Watched::start();
    all_at(&watched.url()).await;
}

/// Uses TLS and a user with only the documented permissions. The test runs
/// itself again with the certificate trusted.
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
    let port = support::port::free_port();
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

fn config_at(url: &str, prefix: &str) -> RecordConfig {
    let folder = std::env::temp_dir();
    let variables = [("REDIS_URL", url), ("REDIS_PREFIX", prefix)];
    let config = Config::from_variables(variables).unwrap();
    RecordConfig::new(&folder, &config).unwrap()
}

fn store_at(url: &str, prefix: &str) -> Arc<dyn Store> {
    config_at(url, prefix).store()
}

conformance!(
    kept::applies_each_operation_once,
    kept::a_missing_run_is_reported,
    kept::the_newest_attempt_wins,
    kept::a_clock_that_is_set_back_changes_no_result,
    kept::a_lost_operation_is_passed_over,
    kept::runs_are_listed_in_pages,
    ended::the_last_worker_to_leave_ends_the_run,
    ended::the_reason_depends_on_results_and_workers,
    ended::a_dead_worker_interrupts_the_run_until_its_journal_is_sent,
    ended::a_resumed_run_is_reopened,
    ended::a_shared_run_waits_for_more_processes,
    ended::heartbeats_detect_lost_operations,
    kept::documents_are_read_back_unchanged,
    decisions::a_decision_marks_the_document_and_undo_removes_the_mark,
    decisions::the_last_of_two_decisions_counts,
    decisions::a_decision_waits_for_the_result_that_the_record_has_lost,
    decisions::decisions_are_exported_and_imported,
    events::events_have_the_same_bytes_in_every_store,
    plans::workers_with_the_same_plan_count_once,
    plans::a_pruned_run_does_not_come_back,
    plans::the_id_of_a_pruned_run_can_be_used_again,
    kept::published_messages_equal_the_stream,
    kept::the_history_keeps_100_outcomes,
    kept::a_run_is_exported_and_imported,
    history::projects_and_branches_have_histories_of_their_own,
    history::statistics_are_exact_under_double_delivery,
    history::keys_of_the_project_follow_from_the_histories,
);
