//! A plain Redis client reads the complete record of a run.

use std::collections::BTreeSet;
use std::time::Duration;

use libtest_mimic::Trial;
use redis::Commands;
use serde_json::Value;
use tintype::internals::model::{Reason, Status};

use super::project::{Project, eventually};
use super::support::server::Server;
use super::trials;

pub(crate) fn tests() -> Vec<Trial> {
    trials![
        every_key_and_document_is_written,
        subscribers_receive_the_events_of_the_stream,
        many_processes_share_one_run,
        results_survive_an_unreachable_redis,
    ]
}

const MANIFEST: &str = r#"
[stories]
dir = "stories"
[themes]
light = { color-scheme = "light" }
dark = { color-scheme = "dark" }
[viewports]
desktop = "400x300"
[[story]]
glob = "?.html"
[[story]]
id = "left/out"
path = "later.html"
skip = "not today"
themes = ["light"]
"#;

fn project() -> Project {
    let page =
        "<style>@media (prefers-color-scheme: dark) { body { background: black } }</style><p>";
    Project::new(
        MANIFEST,
        &[("a.html", page), ("b.html", page), ("later.html", page)],
    )
}

fn json(text: &str) -> Value {
    serde_json::from_str(text).unwrap()
}

fn every_key_and_document_is_written() {
    let server = Server::start(&[]);
    let project = project();
    let redis = [("REDIS_URL", &*server.url()), ("REDIS_PREFIX", "shop:")];
    let accept = [
        redis[0],
        redis[1],
        ("TINTYPE_UPDATE", "new"),
        ("TINTYPE_RUN_ID", "run-one"),
    ];
    assert_eq!(project.run(&[], &accept).code, Some(0));
    assert_eq!(project.last().run.reason, Some(Reason::Passed));
    project.write("stories/b.html", "<h1>changed");
    let second = [redis[0], redis[1], ("TINTYPE_RUN_ID", "run-two")];
    assert_eq!(project.run(&[], &second).code, Some(101));

    let mut client = redis::Client::open(server.url())
        .unwrap()
        .get_connection()
        .unwrap();
    let runs: BTreeSet<String> = client.smembers("shop:visualruns:index").unwrap();
    assert_eq!(runs, ["run-one", "run-two"].map(str::to_owned).into());
    // A new snapshot that was accepted is not a failure.
    let run: String = client.get("shop:visualrun:run-one").unwrap();
    assert_eq!(json(&run)["reason"], "passed");
    assert_eq!(json(&run)["summary"]["new"], 4);
    let run: String = client.get("shop:visualrun:run-two").unwrap();
    let run = json(&run);
    assert_eq!(run["reason"], "failed");
    assert_eq!(
        run["summary"],
        serde_json::json!({"total": 5, "passed": 2, "failed": 2, "changed": 0, "skipped": 1, "new": 0})
    );
    assert!(
        run["environment"]["browser"]
            .as_str()
            .unwrap()
            .starts_with("chromium ")
    );

    let keys: BTreeSet<String> = client.smembers("shop:visualrun:run-two:tests").unwrap();
    let expected = ["a:light", "a:dark", "b:light", "b:dark", "left/out:light"];
    let expected = expected.map(|test| format!("shop:visualtest:run-two:{test}:400x300"));
    assert_eq!(keys, expected.into());
    let failed: String = client
        .get("shop:visualtest:run-two:b:dark:400x300")
        .unwrap();
    let failed = json(&failed);
    assert_eq!(failed["status"], "failed");
    assert_eq!(failed["theme"], "dark");
    assert_eq!(failed["storyIdentifier"]["viewport"]["width"], 400);
    assert_eq!(failed["baseline"], "baselines/b-dark-400x300.png");
    let current = "target/tintype/runs/run-two/b-dark-400x300-current.png";
    assert_eq!(failed["current"], current);
    assert!(project.path().join(current).is_file());
    assert!(failed["diffRatio"].as_f64().unwrap() > 0.0);
    assert!(!failed["regions"].as_array().unwrap().is_empty());
    let skipped: String = client
        .get("shop:visualtest:run-two:left/out:light:400x300")
        .unwrap();
    assert_eq!(json(&skipped)["message"], "not today");
    // The record and the run's own file are equal.
    let file = serde_json::to_value(project.result("b::dark::400x300")).unwrap();
    assert_eq!(file, failed);
}

fn subscribers_receive_the_events_of_the_stream() {
    let server = Server::start(&[]);
    let project = project();
    let client = redis::Client::open(server.url()).unwrap();
    let mut listening = client.get_connection().unwrap();
    let mut channel = listening.as_pubsub();
    channel.subscribe("visualtest:events").unwrap();
    channel
        .set_read_timeout(Some(Duration::from_secs(120)))
        .unwrap();
    let environment = [
        ("REDIS_URL", &*server.url()),
        ("TINTYPE_RUN_ID", "run-heard"),
    ];
    assert_eq!(project.run(&[], &environment).code, Some(101));

    let mut heard = Vec::new();
    loop {
        let text: String = channel.get_message().unwrap().get_payload().unwrap();
        assert!(text.starts_with("{\"type\":\""), "{text}");
        heard.push(json(&text));
        if heard.last().unwrap()["type"] == "run:finished" {
            break;
        }
    }
    let mut reader = client.get_connection().unwrap();
    let stream: redis::streams::StreamRangeReply =
        reader.xrange_all("tintype:run-heard:events").unwrap();
    let told: Vec<Value> = stream
        .ids
        .iter()
        .map(|entry| {
            let text: String = entry.get("event").unwrap();
            let mut event = json(&text);
            event["id"] = entry.id.clone().into();
            event
        })
        .collect();
    assert_eq!(heard, told);
    for (index, event) in heard.iter().enumerate() {
        assert_eq!(event["n"], index + 1);
        assert_eq!(event["runId"], "run-heard");
    }
    assert_eq!(heard[0]["type"], "run:started");
    let count = |kind: &str| heard.iter().filter(|event| event["type"] == kind).count();
    assert_eq!((count("test:started"), count("test:finished")), (4, 5));
}

/// As under nextest: each process has one test, all share a run.
fn many_processes_share_one_run() {
    let server = Server::start(&[]);
    let project = project();
    project.accept_all();
    for name in ["a::light", "a::dark", "b::light", "b::dark"] {
        let environment = [
            ("REDIS_URL", &*server.url()),
            ("NEXTEST", "1"),
            ("NEXTEST_RUN_ID", "0198-shared"),
        ];
        let name = format!("{name}::400x300");
        let run = project.run(&["--exact", &name, "--nocapture"], &environment);
        assert_eq!(run.code, Some(0), "{}{}", run.stdout, run.stderr);
    }
    let mut client = redis::Client::open(server.url())
        .unwrap()
        .get_connection()
        .unwrap();
    let runs: Vec<String> = client.smembers("visualruns:index").unwrap();
    assert_eq!(runs, ["0198-shared"]);
    let run: String = client.get("visualrun:0198-shared").unwrap();
    assert_eq!(json(&run)["summary"]["passed"], 4);
    assert_eq!(project.last().results.len(), 4);
}

fn results_survive_an_unreachable_redis() {
    let mut server = Server::start(&["--appendonly", "yes", "--appendfsync", "always"]);
    let project = project();
    project.accept_all();
    project.write(
        "stories/b.html",
        "<p>b<script>document.documentElement.dataset.tintypeReady = 'false'</script>",
    );
    let mut command = project.suite(&[]);
    command
        .env("REDIS_URL", server.url())
        .env("TINTYPE_RUN_ID", "run-cut");
    let child = command.spawn().unwrap();
    let mut client = redis::Client::open(server.url())
        .unwrap()
        .get_connection()
        .unwrap();
    eventually("the record begins", || {
        client
            .get::<_, Option<String>>("visualtest:run-cut:b:light:400x300")
            .unwrap()
            .is_some()
            || client
                .get::<_, Option<String>>("visualtest:run-cut:b:dark:400x300")
                .unwrap()
                .is_some()
    });
    server.kill();
    project.write("stories/b.html", "<p>b");
    let output = child.wait_with_output().unwrap();
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert!(stderr.contains("cargo tintype flush"), "{stderr}");
    let last = project.last();
    assert_eq!(last.run.summary.total, 5, "{stderr}");
    assert_eq!(
        last.results
            .iter()
            .filter(|r| r.status == Status::Passed)
            .count(),
        2
    );

    // The next run sends the operations that the last one could not send.
    server.restart();
    let environment = [
        ("REDIS_URL", &*server.url()),
        ("TINTYPE_RUN_ID", "run-next"),
    ];
    project.run(&["a::light"], &environment);
    let mut client = redis::Client::open(server.url())
        .unwrap()
        .get_connection()
        .unwrap();
    eventually("the cut run is whole", || {
        let run: String = client.get("visualrun:run-cut").unwrap();
        json(&run)["reason"] == Reason::Failed.as_str()
    });
    let run: String = client.get("visualrun:run-cut").unwrap();
    assert_eq!(json(&run)["summary"]["total"], 5);
}
