//! Commands on the record, which here is in memory: it is read back from the
//! journals, so the commands see what a process before them has recorded.

use tintype::internals::config::Config;
use tintype::internals::model::{
    Environment, Reason, RecordedEvent, RunId, Status, StoryIdentifier, VisualTestResult,
    VisualTestRun,
};
use tintype::internals::record::{RecordConfig, Recorder};

use super::project::{Project, Said};

/// A project in which a run has passed one snapshot and was interrupted.
fn project() -> Project {
    let project = Project::new();
    let state = project.root().join("target/tintype");
    let settings = RecordConfig::new(&state, &Config::default()).unwrap();
    let runtime = tokio::runtime::Runtime::new().unwrap();
    runtime.block_on(async {
        let mut run = VisualTestRun::start(RunId("run-1".to_owned()), Environment::default());
        (run.timestamp, run.start_time) = (1000, "1970-01-01T00:00:01Z".to_owned());
        let id = run.run_id.clone();
        let recorder = Recorder::open(settings, run, 4, false).unwrap();
        for (theme, status) in [("light", Status::Passed), ("dark", Status::Failed)] {
            let story = StoryIdentifier::from_key(&format!("button:{theme}:375x667")).unwrap();
            let mut result = VisualTestResult::new(id.clone(), story, status);
            result.message = (status == Status::Failed).then(|| "12.0 % differ".to_owned());
            recorder.record(&RecordedEvent::TestFinished(Box::new(result)));
        }
        recorder.finish(Some(Reason::Interrupted)).await;
    });
    project
}

/// Runs a command that finds no redis-server.
fn tintype(project: &Project, arguments: &[&str]) -> Said {
    let mut command = project.command(env!("CARGO_BIN_EXE_cargo-tintype"));
    let command = command.arg("tintype").args(arguments).env_remove("PATH");
    project.said(&command.output().unwrap())
}

/// The output of a command, without the duration of the run, which began in 1970.
fn said(project: &Project, arguments: &[&str]) -> String {
    let all = tintype(project, arguments).all();
    let lines = all.lines().map(|line| match line.split_once("1 failed, ") {
        Some((before, _)) => format!("{before}1 failed, … s"),
        None => line.to_owned(),
    });
    lines.collect::<Vec<_>>().join("\n")
}

#[test]
fn lists_and_shows_runs() {
    let project = project();
    insta::assert_snapshot!("runs", said(&project, &["runs"]));
    insta::assert_snapshot!("show", said(&project, &["show"]));
    insta::assert_snapshot!("show_of_none", said(&project, &["show", "run-2"]));
    let json = tintype(&project, &["show", "run-1", "--json"]).out;
    let json: serde_json::Value = serde_json::from_str(&json).unwrap();
    assert_eq!(json["run"]["reason"], "interrupted");
    assert_eq!(json["tests"].as_array().unwrap().len(), 2);
}

#[test]
fn tells_what_is_left() {
    insta::assert_snapshot!(said(&project(), &["resume", "run-1", "--list"]));
    let json = tintype(&project(), &["resume", "--list", "--json"]).out;
    let json: serde_json::Value = serde_json::from_str(&json).unwrap();
    assert_eq!(json["run"], "run-1");
    assert_eq!(json["remaining"].as_array().unwrap().len(), 2);
}

#[test]
fn exports_what_can_be_imported_elsewhere() {
    let project = project();
    let exported = tintype(&project, &["export", "--output", "runs.ndjson"]);
    assert!(exported.ok, "{}", exported.all());
    let text = project.read("runs.ndjson");
    assert!(text.starts_with(r#"{"run":{"runId":"run-1","#), "{text}");
    insta::assert_snapshot!(
        "import_to_memory",
        said(&project, &["import", "runs.ndjson"])
    );
    // With the PATH there is a private redis-server.
    let imported = project.tintype(&["import", "runs.ndjson"]);
    insta::assert_snapshot!("import", imported.all());
    assert_eq!(project.tintype(&["export"]).out, text);
    insta::assert_snapshot!(
        "import_again",
        project.tintype(&["import", "runs.ndjson"]).all()
    );

    let kept = project.tintype(&["import", "runs.ndjson", "--json"]).out;
    let kept: serde_json::Value = serde_json::from_str(&kept).unwrap();
    assert_eq!(kept["kept"], serde_json::json!(["run-1"]));
    let after = project.tintype(&["export", "--after", "latest"]);
    assert!(after.ok && after.out.is_empty(), "{}", after.all());

    let damaged = text.replace(r#"{"test":"#, r#"{"tset":"#);
    project.write("damaged.ndjson", damaged.as_bytes());
    let said = project.tintype(&["import", "damaged.ndjson"]);
    insta::assert_snapshot!("import_of_damaged", said.all());
}

#[test]
fn prunes_only_when_told_to() {
    let project = project();
    project.write("target/tintype/runs/run-1/a-diff.png", &[0; 100]);
    insta::assert_snapshot!("prune_of_what", said(&project, &["prune"]));
    insta::assert_snapshot!("prune_dry", said(&project, &["prune", "--days", "30"]));
    assert!(project.has("target/tintype/runs/run-1/a-diff.png"));
    insta::assert_snapshot!(
        "prune",
        said(&project, &["prune", "--days", "30", "--delete"])
    );
    assert!(!project.has("target/tintype/runs/run-1"));
    let runs = tintype(&project, &["runs"]);
    assert!(runs.out.ends_with("no runs yet\n"), "{}", runs.out);
}

#[test]
fn tells_how_the_record_is() {
    let project = project();
    insta::assert_snapshot!("health", said(&project, &["health"]));
    let metrics = tintype(&project, &["health", "--metrics"]).out;
    assert!(metrics.contains("\ntintype_snapshots 2\n"), "{metrics}");
    let json = tintype(&project, &["health", "--json"]).out;
    assert!(
        json.starts_with(r#"{"healthy":true,"responseTime":"#),
        "{json}"
    );
    let mut away = project.command(env!("CARGO_BIN_EXE_cargo-tintype"));
    away.env(
        "REDIS_URL",
        format!("unix://{}/none", project.root().display()),
    );
    away.args(["tintype", "health", "--metrics"]);
    let said = project.said(&away.output().unwrap());
    assert!(said.ok, "{}", said.err);
    assert!(
        said.out.contains("\ntintype_record_healthy 0\n"),
        "{}",
        said.out
    );
}
