use tintype::internals::baseline::{self, Baseline};
use tintype::internals::config::Config;
use tintype::internals::model::{RecordedEvent, RunFile, RunId, Status};
use tintype::internals::record::{RecordConfig, Recorder, Records};

use super::project::{Project, baseline_of, picture};

const BUTTON: &str = "button::dark::375x667";
const FIELD: &str = "forms/field::light::375x667";

fn baseline(project: &Project, name: &str) -> Option<Baseline> {
    let path = project.root().join(baseline_of(name));
    baseline::read(project.root(), &path).unwrap()
}

/// A run in which the button has failed and the field is new.
fn failed() -> Project {
    let project = Project::new();
    project.write(&baseline_of(BUTTON), &picture(1));
    let results = vec![
        project.result("run-1", BUTTON, Status::Failed, 2),
        project.result("run-1", FIELD, Status::New, 3),
        project.result("run-1", "button::light::375x667", Status::Passed, 4),
    ];
    project.run("run-1", 1, results);
    project
}

#[test]
fn accepts_what_failed_and_what_is_new() {
    let project = failed();
    insta::assert_snapshot!(project.alone(&["accept"]).all());
    let button = baseline(&project, BUTTON).unwrap();
    assert!(button.is_capture(&picture(2)));
    let provenance = button.provenance.unwrap();
    assert_eq!(provenance.run_id.as_str(), "run-1");
    assert_eq!(provenance.story_identifier.test_name(), BUTTON);
    assert_eq!(
        provenance.environment.browser.as_deref(),
        Some("chromium 156")
    );
    assert!(baseline(&project, FIELD).unwrap().is_capture(&picture(3)));
    // Passed snapshots are not accepted.
    assert!(baseline(&project, "button::light::375x667").is_none());
}

#[test]
fn accepted_snapshots_are_not_accepted_again() {
    let project = failed();
    assert!(project.alone(&["accept"]).ok);
    insta::assert_snapshot!(project.alone(&["accept"]).all());
}

#[test]
fn filters_select_and_a_dry_run_writes_nothing() {
    let project = failed();
    insta::assert_snapshot!(project.alone(&["accept", "--dry-run"]).all());
    assert!(baseline(&project, FIELD).is_none());
    assert!(project.alone(&["accept", "field"]).ok);
    assert!(baseline(&project, BUTTON).unwrap().is_capture(&picture(1)));
    assert!(baseline(&project, FIELD).unwrap().is_capture(&picture(3)));
}

#[test]
fn a_filter_that_matches_nothing_is_an_error() {
    insta::assert_snapshot!(failed().alone(&["accept", "buton"]).all());
}

#[test]
fn without_a_run_accept_suggests_running_the_tests() {
    insta::assert_snapshot!(Project::new().alone(&["accept"]).all());
    assert!(!Project::new().alone(&["accept", "--run", "../runs"]).ok);
}

#[test]
fn the_newest_run_is_the_default() {
    let project = failed();
    let later = vec![project.result("run-0", FIELD, Status::New, 9)];
    project.run("run-0", 2, later);
    assert!(project.alone(&["accept", "--run", "run-1", "button"]).ok);
    assert!(baseline(&project, BUTTON).unwrap().is_capture(&picture(2)));
    assert!(project.alone(&["accept"]).ok);
    assert!(baseline(&project, FIELD).unwrap().is_capture(&picture(9)));
}

#[test]
fn a_baseline_that_changed_since_the_run_is_not_replaced() {
    let project = failed();
    project.write(&baseline_of(BUTTON), &picture(8));
    let said = project.alone(&["accept", "button"]);
    insta::assert_snapshot!("changed_baseline", said.all());
    assert!(baseline(&project, BUTTON).unwrap().is_capture(&picture(8)));
    assert!(project.alone(&["accept", "button", "--force"]).ok);
    assert!(baseline(&project, BUTTON).unwrap().is_capture(&picture(2)));
}

#[test]
fn an_image_that_the_run_did_not_capture_is_not_accepted() {
    let project = failed();
    let current = "target/tintype/runs/run-1/button-dark-375x667-current.png";
    project.write(current, &picture(77));
    let said = project.alone(&["accept", "--force"]);
    insta::assert_snapshot!("changed_image", said.all());
    assert!(baseline(&project, BUTTON).unwrap().is_capture(&picture(1)));
    // The others are accepted.
    assert!(baseline(&project, FIELD).unwrap().is_capture(&picture(3)));
}

#[test]
fn a_removed_story_is_not_accepted() {
    let project = failed();
    std::fs::remove_file(project.root().join("stories/button.html")).unwrap();
    let said = project.alone(&["accept"]);
    insta::assert_snapshot!("removed_story", said.all());
}

#[test]
fn changed_snapshots_are_accepted_on_request() {
    let project = Project::new();
    project.write(&baseline_of(BUTTON), &picture(1));
    let changed = vec![project.result("run-1", BUTTON, Status::Changed, 2)];
    project.run("run-1", 1, changed);
    assert_eq!(
        project.alone(&["accept"]).out,
        "nothing to accept in run-1\n"
    );
    assert!(project.alone(&["accept", "--changed"]).ok);
    assert!(baseline(&project, BUTTON).unwrap().is_capture(&picture(2)));
}

#[test]
fn rejected_snapshots_are_not_accepted() {
    let project = failed();
    insta::assert_snapshot!(project.alone(&["reject", "button"]).all());
    insta::assert_snapshot!(project.alone(&["accept"]).all());
    assert!(baseline(&project, BUTTON).unwrap().is_capture(&picture(1)));
    assert!(baseline(&project, FIELD).unwrap().is_capture(&picture(3)));
    let current = "target/tintype/runs/run-1/button-dark-375x667-current.png";
    assert!(project.has(current), "retention removes it");
    assert!(project.alone(&["undo", "button"]).ok);
    assert!(project.alone(&["accept", "button"]).ok);
    assert!(baseline(&project, BUTTON).unwrap().is_capture(&picture(2)));
}

#[test]
fn undo_restores_the_replaced_baselines() {
    let project = failed();
    let before = std::fs::read(project.root().join(baseline_of(BUTTON))).unwrap();
    assert!(project.alone(&["accept"]).ok);
    insta::assert_snapshot!(project.alone(&["undo"]).all());
    let after = std::fs::read(project.root().join(baseline_of(BUTTON))).unwrap();
    assert_eq!(after, before);
    assert!(baseline(&project, FIELD).is_none(), "it had none");
}

#[test]
fn a_damaged_baseline_is_replaced() {
    let project = Project::new();
    project.write(&baseline_of(BUTTON), b"not a PNG");
    let mut result = project.result("run-1", BUTTON, Status::Failed, 2);
    result.sha256.as_mut().unwrap().baseline = None;
    project.run("run-1", 1, vec![result]);
    let said = project.alone(&["accept"]);
    assert!(said.ok, "{}", said.all());
    assert!(baseline(&project, BUTTON).unwrap().is_capture(&picture(2)));
}

#[test]
fn decisions_are_printed_as_json() {
    let project = failed();
    let said = project.alone(&["accept", "--json", "button"]);
    let json: serde_json::Value = serde_json::from_str(&said.out).unwrap();
    assert_eq!(json["run"], "run-1");
    let snapshot = serde_json::json!({ "name": BUTTON, "outcome": "accepted" });
    assert_eq!(json["snapshots"], serde_json::json!([snapshot]));
}

#[test]
fn a_run_is_named_by_a_unique_prefix() {
    let project = failed();
    let later = vec![project.result("ci-77", FIELD, Status::New, 9)];
    project.run("ci-77", 2, later);
    assert!(project.alone(&["accept", "--run", "run", "button"]).ok);
    assert!(baseline(&project, BUTTON).unwrap().is_capture(&picture(2)));
    assert!(project.alone(&["accept", "--run", "latest"]).ok);
    assert!(baseline(&project, FIELD).unwrap().is_capture(&picture(9)));
}

#[test]
fn accept_reads_no_file_outside_of_the_runs() {
    let project = failed();
    let mut result = project.result("run-2", BUTTON, Status::Failed, 2);
    result.current = Some("stories.toml".to_owned());
    project.run("run-2", 2, vec![result]);
    let said = project.alone(&["accept"]);
    insta::assert_snapshot!("image_outside_of_the_runs", said.all());
}

#[test]
fn acceptances_are_published_in_the_record() {
    let project = failed();
    let state = project.root().join("target/tintype");
    // The private redis-server of the project: only the PATH says where.
    let settings = || {
        let path = std::env::var_os("PATH").unwrap();
        let config = Config::from_variables([("PATH", path)]).unwrap();
        RecordConfig::new(&state, &config).unwrap()
    };
    let id = RunId("run-1".to_owned());
    let text = project.read("target/tintype/runs/run-1/run.json");
    let RunFile { run, results } = serde_json::from_str(&text).unwrap();
    let runtime = tokio::runtime::Runtime::new().unwrap();
    runtime.block_on(async {
        let recorder = Recorder::open(settings(), run, 3, false).unwrap();
        for result in results {
            recorder.record(&RecordedEvent::TestFinished(Box::new(result)));
        }
        recorder.finish(None).await;
    });
    let said = project.tintype(&["accept", "button"]);
    assert!(said.ok && said.err.is_empty(), "{}", said.all());
    let events = runtime.block_on(async {
        let records = Records::open(&settings()).await.unwrap();
        records.events(&id, "0", 100).await.unwrap()
    });
    let told: Vec<_> = events.iter().map(|entry| entry.event.to_string()).collect();
    let accepted = told
        .iter()
        .filter(|event| event.contains("baseline:accepted"));
    assert_eq!(accepted.count(), 1, "{told:?}");
}

#[test]
fn a_complete_name_selects_one_snapshot() {
    let project = failed();
    project.write("stories/icon-button.html", b"");
    let neighbour = "icon-button::dark::375x667";
    let results = vec![
        project.result("run-2", BUTTON, Status::New, 2),
        project.result("run-2", neighbour, Status::New, 3),
    ];
    project.run("run-2", 2, results);
    assert!(project.alone(&["accept", BUTTON, "--force"]).ok);
    assert!(baseline(&project, BUTTON).unwrap().is_capture(&picture(2)));
    assert!(baseline(&project, neighbour).is_none());
    assert!(project.alone(&["accept", "button::dark", "--force"]).ok);
    assert!(
        baseline(&project, neighbour)
            .unwrap()
            .is_capture(&picture(3))
    );
}

#[test]
fn a_known_failure_is_not_accepted() {
    let project = Project::new();
    project.write(&baseline_of(BUTTON), &picture(1));
    let mut known = project.result("run-1", BUTTON, Status::Changed, 2);
    known.known_failure = Some("the font is late".to_owned());
    project.run("run-1", 1, vec![known]);
    assert_eq!(
        project.alone(&["accept", "--changed"]).out,
        "nothing to accept in run-1\n"
    );
    assert!(baseline(&project, BUTTON).unwrap().is_capture(&picture(1)));
}

#[test]
fn a_story_of_the_test_target_is_accepted() {
    let project = Project::new();
    let manifest = project.read("stories.toml");
    let manifest = manifest.replace("[themes]", "from-code = true\n[themes]");
    let manifest = format!("{manifest}[browser]\nnames = [\"chromium\", \"firefox\"]\n")
        + "[baselines]\npath = \"baselines/{browser}/{story}-{theme}-{viewport}.png\"\n";
    project.write("stories.toml", manifest.as_bytes());
    let names = [
        "coded/menu::light::375x667",
        "coded/menu@firefox::light::375x667",
    ];
    let results = names.map(|name| project.result("run-1", name, Status::New, 5));
    project.run("run-1", 1, results.to_vec());
    let said = project.alone(&["accept"]);
    assert!(said.ok, "{}", said.err);
    for path in [
        "baselines/chromium/coded/menu-light-375x667.png",
        "baselines/firefox/coded/menu@firefox-light-375x667.png",
    ] {
        assert!(project.has(path), "{path}");
    }
    // A record from another machine cannot name other files.
    let mut astray = project.result("run-2", names[0], Status::New, 5);
    astray.story_identifier.story_id = "../../astray".to_owned();
    project.run("run-2", 2, vec![astray]);
    let said = project.alone(&["accept"]);
    insta::assert_snapshot!("story_outside_of_the_manifest", said.all());
}
