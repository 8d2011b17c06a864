//! `review --tty` in a terminal, and `watch`.

use std::io::{BufRead as _, BufReader, Write as _};
use std::process::{Command, Output, Stdio};

use serde_json::Value;
use tintype::internals::model::RecordedEvent;

use crate::project::{CARD, DARK, NEW, Project};

const BINARY: &str = env!("CARGO_BIN_EXE_cargo-tintype");

fn command(project: &Project, program: &str) -> Command {
    let mut command = Command::new(program);
    command
        .current_dir(project.root())
        .env_remove("CARGO_TARGET_DIR")
        .env_remove("TINTYPE_MANIFEST")
        .env("REDIS_URL", project.redis.url())
        .env("TERM", "xterm");
    command
}

/// Types commands for `review --tty` into a pseudo-terminal of util-linux's
/// `script`. Returns the output without the name of the temporary folder.
fn answer(project: &Project, arguments: &str, answers: &str) -> String {
    let line = format!("{BINARY} tintype review --tty {arguments}");
    let mut child = command(project, "script")
        .args(["--quiet", "--return", "--echo", "never"])
        .args(["--command", &line, "/dev/null"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("util-linux's script is installed");
    child
        .stdin
        .take()
        .unwrap()
        .write_all(answers.as_bytes())
        .unwrap();
    let output = child.wait_with_output().unwrap();
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(output.status.success(), "{text}");
    text.replace(&project.root().display().to_string(), "[project]")
}

#[tokio::test(flavor = "multi_thread")]
async fn snapshots_are_reviewed_in_the_terminal() {
    let project = Project::recorded().await;
    let before = project.baseline_bytes(CARD);
    let current = project.current(CARD);
    // In the order of the record: the dark card, the light one, the new one.
    let text = answer(&project, "", "a\nwhat\nr\ns\n");
    insta::assert_snapshot!("review_of_three", text);
    assert!(project.accepted(DARK).unwrap().is_capture(&current));
    assert_eq!(project.baseline_bytes(CARD), before);
    assert!(project.accepted(NEW).is_none(), "it was skipped");
    // Reviewed snapshots are not shown again; filters select.
    let text = answer(&project, "gift", "a\n");
    insta::assert_snapshot!("review_of_one", text);
    assert!(project.accepted(NEW).unwrap().is_capture(&current));
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_terminal_other_commands_are_suggested() {
    let project = Project::recorded().await;
    let output = command(&project, BINARY)
        .args(["tintype", "review", "--tty"])
        .stdin(Stdio::null())
        .output()
        .unwrap();
    let text = String::from_utf8_lossy(&output.stderr);
    assert!(!output.status.success());
    insta::assert_snapshot!("review_without_a_terminal", text);
}

/// Output of `watch` for a run in which a snapshot fails.
async fn watched(project: &Project, arguments: &[&str]) -> Output {
    let child = command(project, BINARY)
        .args(["tintype", "watch"])
        .args(arguments)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut child = child;
    // It prints a line when it has subscribed.
    let mut words = BufReader::new(child.stderr.take().unwrap());
    let mut line = String::new();
    words.read_line(&mut line).unwrap();
    assert!(line.starts_with("no run is in progress; waiting"), "{line}");
    let recorder = project.record("run-2").await;
    let result = project.result_in("run-2", CARD);
    recorder.record(&RecordedEvent::TestFinished(Box::new(result)));
    recorder.finish(None).await;
    let mut output = child.wait_with_output().unwrap();
    std::io::Read::read_to_end(&mut words, &mut output.stderr).unwrap();
    output
}

#[tokio::test(flavor = "multi_thread")]
async fn watch_follows_a_run_to_its_end() {
    let project = Project::recorded().await;
    let output = watched(&project, &[]).await;
    let text = String::from_utf8_lossy(&output.stdout);
    let lines: Vec<_> = text.lines().collect();
    assert_eq!(lines[0], format!("failed  {CARD} (2.76 %)"), "{text}");
    assert!(
        lines[1].starts_with("run-2") && lines[1].contains("1 failed"),
        "{text}"
    );
    assert_eq!(output.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&output.stderr).contains("the run failed"));
}

#[tokio::test(flavor = "multi_thread")]
async fn watch_prints_events_as_json() {
    let project = Project::recorded().await;
    let output = watched(&project, &["--json"]).await;
    let text = String::from_utf8_lossy(&output.stdout);
    let events: Vec<Value> = text
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    let kinds: Vec<_> = events
        .iter()
        .map(|event| event["type"].as_str().unwrap())
        .collect();
    assert_eq!(kinds, ["run:started", "test:finished", "run:finished"]);
    let numbers: Vec<_> = events
        .iter()
        .map(|event| event["n"].as_u64().unwrap())
        .collect();
    assert_eq!(numbers, [1, 2, 3]);
}
