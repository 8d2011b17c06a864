//! `/metrics`, its authentication, and the dashboard that uses it.

use std::collections::BTreeSet;
use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;
use tintype::internals::model::{
    Environment, RecordedEvent, RunId, Status, StoryIdentifier, VisualTestResult, VisualTestRun,
};
use tintype::internals::record::Recorder;

use crate::browser::TOKEN;
use crate::http::{Answer, request};
use crate::project::{Project, Review};

/// A name that must be escaped.
const NAME: &str = r#"a "quoted" \ name"#;

/// A project of a run with 2 failed and 6 passed snapshots, on a machine that has
/// reported its state.
async fn project() -> Project {
    let project = Project::recorded().await;
    let manifest = std::fs::read_to_string(project.root().join("stories.toml")).unwrap();
    let alert = "when = \"failure-rate > 10 %\"\nmin-snapshots = 1";
    let manifest =
        format!("{manifest}\n[project]\nname = \"shop\"\n[[alert]]\nname = '{NAME}'\n{alert}\n");
    project.write("stories.toml", manifest.as_bytes());
    let mut run = VisualTestRun::start(RunId("run-2".to_owned()), Environment::default());
    run.project = Some("shop".to_owned());
    let recorder = Recorder::open(project.settings(), run.clone(), 8, false).unwrap();
    for n in 0..8 {
        let story = StoryIdentifier::from_key(&format!("story-{n}:light:375x667")).unwrap();
        let status = if n < 2 {
            Status::Failed
        } else {
            Status::Passed
        };
        let mut result = VisualTestResult::new(run.run_id.clone(), story, status);
        result.worker = Some("ci-1:7".to_owned());
        result.duration_ms = Some(1000);
        recorder.record(&RecordedEvent::TestFinished(Box::new(result)));
    }
    assert_eq!(recorder.finish(None).await.pending, 0);
    let node = "HSET tintype:node:ci-1 cores 2 load 0.5 memory_available 7 memory_total 9";
    project.redis.cli(&node.split(' ').collect::<Vec<_>>());
    project
}

fn scrape(review: &Review, token: &str) -> Answer {
    let bearer = format!("Bearer {token}");
    request(
        review.port,
        "GET",
        "/metrics",
        &[("authorization", &bearer)],
        "",
    )
}

/// The metrics once the server has evaluated the alerts.
fn metrics(review: &Review) -> String {
    let since = Instant::now();
    loop {
        let answer = scrape(review, TOKEN);
        assert_eq!(answer.status, 200, "{}", answer.text());
        assert!(
            answer
                .head
                .contains("content-type: text/plain; version=0.0.4"),
            "{}",
            answer.head
        );
        if answer.text().contains("tintype_alert_raised") {
            return answer.text();
        }
        assert!(
            since.elapsed() < Duration::from_secs(120),
            "{}",
            answer.text()
        );
        std::thread::sleep(Duration::from_millis(50));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn scrapers_send_the_token() {
    let project = project().await;
    let review = Review::start_with(&project, &[], TOKEN);
    assert_eq!(review.get("/metrics").status, 401);
    let answer = scrape(&review, TOKEN);
    assert_eq!(answer.status, 200, "{}", answer.text());
    // The token admits scrapers to nothing else.
    let bearer = format!("Bearer {TOKEN}");
    let headers = [("authorization", bearer.as_str())];
    assert_eq!(
        request(review.port, "GET", "/api/runs", &headers, "").status,
        401
    );
    let refused = (0..30).map(|_| scrape(&review, "a guess of many letters").status);
    let refused: BTreeSet<_> = refused.collect();
    assert_eq!(
        refused,
        BTreeSet::from([401, 429]),
        "guesses are locked out"
    );
    let audit = project
        .redis
        .cli(&["XRANGE", "tintype:review:audit", "-", "+"]);
    assert!(
        audit.contains("a scraper") && audit.contains("refused"),
        "{audit}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn metrics_are_valid_for_prometheus() {
    let project = project().await;
    let review = Review::start_with(&project, &[], TOKEN);
    let text = metrics(&review);
    for line in [
        "tintype_window_snapshots{project=\"shop\",status=\"failed\"} 2",
        "tintype_window_snapshots{project=\"shop\",status=\"passed\"} 6",
        "tintype_window_duration_p95_seconds{project=\"shop\"} 1",
        "tintype_alert_raised{project=\"shop\",alert=\"a \\\"quoted\\\" \\\\ name\"} 1",
        "tintype_node_load{host=\"ci-1\"} 0.5",
        "# TYPE tintype_server_evicted_keys_total counter",
    ] {
        assert!(
            text.lines().any(|found| found == line),
            "{line} is not in\n{text}"
        );
    }
    let promtool = Command::new("promtool")
        .args(["check", "metrics"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn();
    let Ok(mut promtool) = promtool else {
        eprintln!("promtool is not installed, so the format was not checked");
        return;
    };
    promtool
        .stdin
        .take()
        .unwrap()
        .write_all(text.as_bytes())
        .unwrap();
    let checked = promtool.wait_with_output().unwrap();
    let said = [checked.stdout, checked.stderr].concat();
    let said = String::from_utf8_lossy(&said);
    assert!(
        checked.status.success() && said.trim().is_empty(),
        "{said}\n{text}"
    );
}

/// The names of metrics in a query.
fn names(query: &str) -> impl Iterator<Item = &str> {
    let is_name = |c: char| c.is_ascii_alphanumeric() || c == '_';
    let words = query.split(move |c| !is_name(c));
    words.filter(|word| word.starts_with("tintype_"))
}

#[tokio::test(flavor = "multi_thread")]
async fn the_dashboard_uses_metrics_that_exist() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../deploy/grafana-dashboard.json");
    let dashboard: Value = serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap();
    let project = project().await;
    let review = Review::start_with(&project, &[], TOKEN);
    let text = metrics(&review);
    let mut queries: Vec<_> = dashboard["templating"]["list"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|variable| variable["type"] == "query")
        .map(|variable| variable["query"].as_str().unwrap())
        .collect();
    let mut ids = BTreeSet::new();
    for panel in dashboard["panels"].as_array().unwrap() {
        assert!(ids.insert(panel["id"].as_u64().unwrap()), "{panel}");
        let targets = panel["targets"].as_array().unwrap().iter();
        queries.extend(targets.map(|target| target["expr"].as_str().unwrap()));
    }
    assert!(queries.len() > 10, "{queries:?}");
    for query in queries {
        assert!(names(query).count() > 0, "{query}");
        for name in names(query) {
            let known = format!("# TYPE {name} ");
            assert!(
                text.contains(&known),
                "`{name}` of `{query}` is not in\n{text}"
            );
        }
    }
}
