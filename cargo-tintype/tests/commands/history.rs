//! Commands on the histories of stories. The record is in memory, and is read
//! back from the journals.

use serde_json::Value;
use tintype::internals::config::Config;
use tintype::internals::model::{
    Environment, Git, ImageHashes, Reason, RecordedEvent, RunId, Status, StoryIdentifier,
    VisualTestResult, VisualTestRun,
};
use tintype::internals::record::{RecordConfig, Recorder};

use super::project::{Project, Said};

/// One run of the snapshot `button:dark:375x667`.
struct RecordedOutcome {
    id: &'static str,
    project: &'static str,
    branch: &'static str,
    commit: &'static str,
    status: Status,
}

fn record(project: &Project, outcomes: &[RecordedOutcome]) {
    let state = project.root().join("target/tintype");
    let settings = RecordConfig::new(&state, &Config::default()).unwrap();
    let runtime = tokio::runtime::Runtime::new().unwrap();
    runtime.block_on(async {
        for outcome in outcomes {
            let environment = Environment {
                platform: "linux".to_owned(),
                git: Some(Git {
                    commit: outcome.commit.to_owned(),
                    branch: Some(outcome.branch.to_owned()),
                    ..Git::default()
                }),
                ..Environment::default()
            };
            let mut run = VisualTestRun::start(RunId(outcome.id.to_owned()), environment);
            run.project = Some(outcome.project.to_owned());
            let recorder = Recorder::open(settings.clone(), run.clone(), 1, false).unwrap();
            let story = StoryIdentifier::from_key("button:dark:375x667").unwrap();
            let mut result = VisualTestResult::new(run.run_id, story, outcome.status);
            result.browser = Some("chromium 156.0".to_owned());
            result.duration_ms = Some(100);
            result.message = (outcome.status == Status::Failed)
                .then(|| "timed out after 5 s waiting for fonts (Inter)".to_owned());
            result.sha256 = Some(ImageHashes {
                baseline: Some("0123456789abcdef".to_owned()),
                ..ImageHashes::default()
            });
            recorder.record(&RecordedEvent::TestFinished(Box::new(result)));
            recorder.finish(Some(Reason::Passed)).await;
        }
    });
}

/// Two runs of one commit that disagree, one of another project and one of a
/// branch.
fn project() -> Project {
    let project = Project::new();
    let manifest = project.read("stories.toml");
    let named = format!("{manifest}\n[project]\nname = \"shop\"\n");
    project.write("stories.toml", named.as_bytes());
    let outcome = |id, project, branch, status| RecordedOutcome {
        id,
        project,
        branch,
        commit: "c0ffee",
        status,
    };
    record(
        &project,
        &[
            outcome("run-1", "shop", "main", Status::Passed),
            outcome("run-2", "shop", "main", Status::Failed),
            outcome("run-3", "blog", "main", Status::Failed),
            outcome("run-4", "shop", "fix", Status::Failed),
        ],
    );
    project
}

/// Runs a command that finds no redis-server.
fn tintype(project: &Project, arguments: &[&str]) -> Said {
    let mut command = project.command(env!("CARGO_BIN_EXE_cargo-tintype"));
    let command = command.arg("tintype").args(arguments).env_remove("PATH");
    project.said(&command.output().unwrap())
}

fn json(project: &Project, arguments: &[&str]) -> Value {
    let said = tintype(project, arguments);
    serde_json::from_str(&said.out).unwrap_or_else(|error| panic!("{error}: {}", said.all()))
}

#[test]
fn statistics_are_those_of_the_project_and_its_default_branch() {
    let project = project();
    let stats = json(&project, &["stats", "button", "--json"]);
    let story = &stats["stories"]["button::dark::375x667"];
    assert_eq!(
        (
            &story["total_runs"],
            &story["passed_runs"],
            &story["failed_runs"]
        ),
        (&Value::from(2), &Value::from(1), &Value::from(1)),
        "{stats}"
    );
    assert_eq!(story["success_rate"], 0.5);
    assert_eq!(story["p95"], 101);
    let lines = tintype(&project, &["stats"]).all();
    assert!(
        lines.contains("2 runs, 1 passed, 1 failed; 50.0 % pass"),
        "{lines}"
    );
    let wrong = tintype(&project, &["stats", "no-such-story"]);
    assert!(!wrong.ok && wrong.all().contains("no snapshot matches no-such-story"));
}

#[test]
fn flaky_stories_are_listed_with_advice() {
    let project = project();
    let flaky = json(&project, &["flaky", "--json"]);
    let stories = flaky.as_array().unwrap();
    assert_eq!(stories.len(), 1, "{flaky}");
    assert_eq!(stories[0]["story"], "button");
    assert_eq!(
        (&stories[0]["repeated"], &stories[0]["executions"]),
        (&1.into(), &2.into())
    );
    assert_eq!(stories[0]["kinds"]["timeout: fonts"], 1);
    assert_eq!(stories[0]["snapshots"][0]["name"], "button::dark::375x667");
    let lines = tintype(&project, &["flaky"]).all();
    assert!(
        lines.contains("1 failed on a commit that passed (timeout: fonts ×1)")
            && lines.contains("help: it timed out waiting for fonts (Inter)"),
        "{lines}"
    );
}

#[test]
fn a_story_that_failed_on_another_commit_is_not_flaky() {
    let project = Project::new();
    let manifest = project.read("stories.toml");
    let named = format!("{manifest}\n[project]\nname = \"shop\"\n");
    project.write("stories.toml", named.as_bytes());
    let outcome = |id, commit, status| RecordedOutcome {
        id,
        project: "shop",
        branch: "main",
        commit,
        status,
    };
    record(
        &project,
        &[
            outcome("run-1", "a", Status::Passed),
            outcome("run-2", "b", Status::Failed),
        ],
    );
    let said = tintype(&project, &["flaky"]);
    assert_eq!(said.out.trim(), "no flaky stories", "{}", said.all());
}
