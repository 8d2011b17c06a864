//! The lists about the health of the suite: budgets and machines.

use serde_json::{Value, json};
use tintype::internals::model::{
    Environment, Measurements, RecordedEvent, RunId, Status, VisualTestResult, VisualTestRun,
};
use tintype::internals::record::Recorder;

use crate::project::{Project, Review};

/// A project with budgets, whose pages are in `measured`: name, run and bytes.
async fn project(measured: &[(&str, &str, u64)]) -> Project {
    let project = Project::recorded().await;
    let manifest = std::fs::read_to_string(project.root().join("stories.toml")).unwrap();
    let budget = "[project]\nname = \"shop\"\n[budget]\nbytes = \"300 KiB\"\nconsole-errors = 0\n";
    project.write("stories.toml", format!("{manifest}\n{budget}").as_bytes());
    for run in ["run-2", "run-3"] {
        let own = measured.iter().filter(|(_, of, _)| *of == run);
        let mut document = VisualTestRun::start(RunId(run.to_owned()), Environment::default());
        document.project = Some("shop".to_owned());
        let recorder = Recorder::open(project.settings(), document, 4, false).unwrap();
        for (name, _, bytes) in own {
            let result = result(name, run, *bytes);
            recorder.record(&RecordedEvent::TestFinished(Box::new(result)));
        }
        assert_eq!(recorder.finish(None).await.pending, 0);
    }
    project
}

fn result(name: &str, run: &str, bytes: u64) -> VisualTestResult {
    let story = name.parse().unwrap();
    let mut result = VisualTestResult::new(RunId(run.to_owned()), story, Status::Passed);
    result.worker = Some("ci-1:7".to_owned());
    (result.duration_ms, result.capture_ms) = (Some(1000), Some(10));
    result.measurements = Some(Measurements {
        bytes: Some(bytes),
        console_errors: Some(0),
        ..Measurements::default()
    });
    result
}

#[tokio::test(flavor = "multi_thread")]
async fn budgets_are_listed_worst_first_with_their_past() {
    let project = project(&[
        ("gift::light::560x350", "run-2", 100 << 10),
        ("plain::light::560x350", "run-2", 200 << 10),
        ("gift::light::560x350", "run-3", 150 << 10),
        ("plain::light::560x350", "run-3", 400 << 10),
        // No story of the plan.
        ("gone::light::560x350", "run-3", 900 << 10),
    ])
    .await;
    let review = Review::start(&project);
    let answer = review.get("/api/budgets");
    assert_eq!(answer.status, 200, "{}", answer.text());
    let found = answer.json();
    assert_eq!(
        (&found["runId"], &found["more"]),
        (&json!("run-3"), &json!(0))
    );
    let snapshots = found["snapshots"].as_array().unwrap();
    let names: Vec<_> = snapshots.iter().map(|it| it["name"].clone()).collect();
    assert_eq!(names, ["plain::light::560x350", "gift::light::560x350"]);
    let worst = &snapshots[0]["measures"][0];
    assert_eq!(worst["key"], "bytes");
    assert_eq!(worst["isOver"], true);
    assert_eq!(
        (&worst["value"], &worst["limit"]),
        (&json!(409_600.0), &json!(307_200.0))
    );
    let points = worst["points"].as_array().unwrap();
    let values: Vec<_> = points.iter().map(|it| it["value"].clone()).collect();
    assert_eq!(values, [204_800.0, 409_600.0]);
    assert_eq!(points[1]["runId"], "run-3");
    assert_eq!(snapshots[0]["measures"][1]["key"], "console-errors");
    assert_eq!(snapshots[1]["measures"][0]["isOver"], false);
}

#[tokio::test(flavor = "multi_thread")]
async fn machines_are_listed_with_their_work_and_the_windows() {
    let project = project(&[
        ("gift::light::560x350", "run-2", 1),
        ("gift::light::560x350", "run-3", 1),
        ("plain::light::560x350", "run-3", 1),
    ])
    .await;
    let node = "HSET tintype:node:ci-1 cores 2 load 0.5 memory_available 7 memory_total 9";
    project.redis.cli(&node.split(' ').collect::<Vec<_>>());
    let review = Review::start(&project);
    let answer = review.get("/api/machines");
    assert_eq!(answer.status, 200, "{}", answer.text());
    let found = answer.json();
    let machines = found["machines"].as_array().unwrap();
    assert_eq!(machines.len(), 1, "{found}");
    let machine = &machines[0];
    assert_eq!(machine["host"], "ci-1");
    assert_eq!(machine["report"]["load"], 0.5);
    let facts = ["workers", "runs", "snapshots", "lastRun"].map(|key| machine[key].clone());
    assert_eq!(facts, [json!(1), json!(2), json!(3), json!("run-3")]);
    assert!(machine["perSecond"].as_f64().unwrap() > 0.0);
    let windows = |key: &str| found[key].as_array().unwrap().clone();
    assert_eq!(
        (windows("minutes").len(), windows("fiveMinutes").len()),
        (60, 72)
    );
    let sum = |key: &str| -> u64 {
        let counts = windows(key);
        let count = |window: &Value| window["outcomes"].as_u64().unwrap();
        counts.iter().map(count).sum()
    };
    assert_eq!((sum("minutes"), sum("fiveMinutes")), (3, 3));
    let timed: Vec<_> = windows("fiveMinutes");
    let medians = timed.iter().filter(|window| window["medianMs"] == 1000);
    assert!(medians.count() >= 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn lists_of_a_project_without_budgets_are_empty() {
    let project = Project::recorded().await;
    let review = Review::start(&project);
    let empty = json!({ "snapshots": [], "more": 0 });
    assert_eq!(review.get("/api/budgets").json(), empty);
    assert_eq!(review.get("/api/machines").json()["machines"], json!([]));
}
