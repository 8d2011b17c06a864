//! Text of records, images and file names that would control a terminal or a CI
//! server.

use std::fs;

use tintype::internals::config::Config;
use tintype::internals::escape::single_line;
use tintype::internals::model::{
    Environment, Git, Reason, RecordedEvent, RunId, Status, StoryIdentifier, VisualTestResult,
    VisualTestRun,
};
use tintype::internals::record::{RecordConfig, Recorder};

use super::harmless::{HOSTILE, is_harmless};
use super::project::{Project, baseline_of, picture};

/// Without the slash and the line breaks, for a file's name.
const NAME: &str = "::x\u{1b}]0;owned\u{7}##[group]\u{202e}gnp";

/// Runs commands that find no redis-server, and checks what they print.
fn print(project: &Project, arguments: &[&str]) -> String {
    let said = project.alone(arguments);
    is_harmless(&said.out, None);
    is_harmless(&said.err, None);
    said.out + &said.err
}

#[test]
fn text_of_a_record_controls_no_terminal() {
    let project = Project::new();
    let state = project.root().join("target/tintype");
    let settings = RecordConfig::new(&state, &Config::default()).unwrap();
    let runtime = tokio::runtime::Runtime::new().unwrap();
    runtime.block_on(async {
        let environment = Environment {
            git: Some(Git {
                commit: HOSTILE.to_owned(),
                subject: Some(HOSTILE.to_owned()),
                branch: Some(HOSTILE.to_owned()),
                dirty: false,
            }),
            browser: Some(HOSTILE.to_owned()),
            ..Environment::default()
        };
        let mut run = VisualTestRun::start(RunId("run-1".to_owned()), environment);
        run.start_time = HOSTILE.to_owned();
        let id = run.run_id.clone();
        let recorder = Recorder::open(settings, run, 4, false).unwrap();
        let story = StoryIdentifier::from_key("button:dark:375x667").unwrap();
        let mut result = VisualTestResult::new(id.clone(), story, Status::Failed);
        result.message = Some(HOSTILE.to_owned());
        recorder.record(&RecordedEvent::TestFinished(Box::new(result)));
        recorder.finish(Some(Reason::Failed)).await;
    });
    let shown = print(&project, &["show", "run-1"]);
    assert!(shown.contains("owned"), "{shown}");
    for arguments in [
        &["runs"][..],
        &["runs", "--json"],
        &["show", "run-1", "--history"],
        &["show", "run-1", "--json"],
        &["accept", "--run", "run-1"],
        &["reject", "--run", "run-1", "--json"],
        &["prune", "--runs", "1"],
        &["flush"],
        &["health", "--metrics"],
    ] {
        print(&project, arguments);
    }
    // The document is the same.
    let json = project.alone(&["show", "run-1", "--json"]).out;
    let json: serde_json::Value = serde_json::from_str(&json).unwrap();
    assert_eq!(json["tests"][0]["message"], HOSTILE);
}

#[test]
fn text_of_a_run_in_the_folder_controls_no_terminal() {
    let project = Project::new();
    let name = "button::dark::375x667";
    let mut result = project.result("run-1", name, Status::Failed, 9);
    result.message = Some(HOSTILE.to_owned());
    result.current = None;
    project.run("run-1", 1000, vec![result]);
    for arguments in [&["accept"][..], &["accept", "--json"], &["reject", "x"]] {
        print(&project, arguments);
    }
    project.write("target/tintype/runs/run-2/run.json", HOSTILE.as_bytes());
    print(&project, &["accept"]);
}

#[test]
fn names_of_files_control_no_terminal() {
    let project = Project::new();
    project.write(&baseline_of("button::dark::375x667"), &picture(1));
    project.write(&format!("baselines/{NAME}-dark-1x1.png"), &picture(1));
    // Only at the start of a line are two colons escaped.
    let escaped = single_line(NAME.trim_start_matches(':')).into_owned();
    for folder in ["a", "b"] {
        fs::create_dir(project.root().join(folder)).unwrap();
    }
    project.write(&format!("a/{NAME}.png"), &picture(1));
    project.write(&format!("b/{NAME}.png"), &picture(200));
    for arguments in [
        &["compare", "a", "b"][..],
        &["compare", NAME, NAME],
        &["show", "--run", NAME],
        &["list", NAME],
    ] {
        let shown = print(&project, arguments);
        assert!(shown.contains(&escaped), "{arguments:?}: {shown}");
    }
    let said = project.alone(&["compare", "a", "b", "--json"]);
    is_harmless(&said.out, None);
    let json: serde_json::Value = serde_json::from_str(&said.out).unwrap();
    assert!(json.to_string().contains("owned"), "{json}");
    // The file is no baseline: no snapshot can have its name.
    let said = project.alone(&["orphans"]);
    assert_eq!(said.out, "every baseline belongs to a snapshot\n");
    let manifest = format!("{NAME}.toml");
    project.write(&manifest, format!("x = \"{NAME}\u{9b}\"").as_bytes());
    print(&project, &["--manifest", &manifest, "list"]);
}
