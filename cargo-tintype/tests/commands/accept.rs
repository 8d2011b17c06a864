use tintype::baseline::{self, Baseline};
use tintype::config::Config;
use tintype::model::{RecordedEvent, RunFile, RunId, Status};
use tintype::record::{RecordConfig, Recorder, Records};

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
    assert_eq!(button.bytes, picture(2));
    let provenance = button.provenance.unwrap();
    assert_eq!(provenance.run_id.as_str(), "run-1");
    assert_eq!(provenance.story_identifier.test_name(), BUTTON);
    assert_eq!(
        provenance.environment.browser.as_deref(),
        Some("chromium 156")
    );
    assert_eq!(baseline(&project, FIELD).unwrap().bytes, picture(3));
    // What has passed is no matter of acceptance.
    assert!(baseline(&project, "button::light::375x667").is_none());
}

#[test]
fn accepting_twice_says_so() {
    let project = failed();
    assert!(project.alone(&["accept"]).ok);
    insta::assert_snapshot!(project.alone(&["accept"]).all());
}

#[test]
fn filters_choose_and_a_dry_run_writes_nothing() {
    let project = failed();
    insta::assert_snapshot!(project.alone(&["accept", "--dry-run"]).all());
    assert!(baseline(&project, FIELD).is_none());
    assert!(project.alone(&["accept", "field"]).ok);
    assert_eq!(baseline(&project, BUTTON).unwrap().bytes, picture(1));
    assert_eq!(baseline(&project, FIELD).unwrap().bytes, picture(3));
}

#[test]
fn a_filter_that_matches_nothing_is_an_error() {
    insta::assert_snapshot!(failed().alone(&["accept", "buton"]).all());
}

#[test]
fn without_a_run_it_says_what_to_do() {
    insta::assert_snapshot!(Project::new().alone(&["accept"]).all());
    assert!(!Project::new().alone(&["accept", "--run", "../runs"]).ok);
}

#[test]
fn the_newest_run_counts_unless_another_is_named() {
    let project = failed();
    let later = vec![project.result("run-0", FIELD, Status::New, 9)];
    project.run("run-0", 2, later);
    assert!(project.alone(&["accept", "--run", "run-1", "button"]).ok);
    assert_eq!(baseline(&project, BUTTON).unwrap().bytes, picture(2));
    assert!(project.alone(&["accept"]).ok);
    assert_eq!(baseline(&project, FIELD).unwrap().bytes, picture(9));
}

#[test]
fn a_baseline_that_changed_since_the_run_is_not_replaced() {
    let project = failed();
    project.write(&baseline_of(BUTTON), &picture(8));
    let said = project.alone(&["accept", "button"]);
    assert!(
        !said.ok && said.err.contains("has changed since"),
        "{}",
        said.err
    );
    assert_eq!(baseline(&project, BUTTON).unwrap().bytes, picture(8));
    assert!(project.alone(&["accept", "button", "--force"]).ok);
    assert_eq!(baseline(&project, BUTTON).unwrap().bytes, picture(2));
}

#[test]
fn an_image_that_the_run_did_not_capture_is_not_accepted() {
    let project = failed();
    let current = "target/tintype/runs/run-1/button-dark-375x667-current.png";
    project.write(current, &picture(77));
    let said = project.alone(&["accept", "--force"]);
    assert!(
        !said.ok && said.err.contains("is not what the run captured"),
        "{}",
        said.err
    );
    assert_eq!(baseline(&project, BUTTON).unwrap().bytes, picture(1));
    // The others are accepted all the same.
    assert_eq!(baseline(&project, FIELD).unwrap().bytes, picture(3));
}

#[test]
fn a_story_that_is_gone_is_not_accepted() {
    let project = failed();
    std::fs::remove_file(project.root().join("stories/button.html")).unwrap();
    let said = project.alone(&["accept"]);
    assert!(
        !said.ok && said.err.contains("no such snapshot any more"),
        "{}",
        said.err
    );
}

#[test]
fn what_differs_within_tolerance_is_accepted_on_request() {
    let project = Project::new();
    project.write(&baseline_of(BUTTON), &picture(1));
    let changed = vec![project.result("run-1", BUTTON, Status::Changed, 2)];
    project.run("run-1", 1, changed);
    assert_eq!(
        project.alone(&["accept"]).out,
        "there is nothing to accept from run-1\n"
    );
    assert!(project.alone(&["accept", "--changed"]).ok);
    assert_eq!(baseline(&project, BUTTON).unwrap().bytes, picture(2));
}

#[test]
fn what_was_rejected_cannot_be_accepted() {
    let project = failed();
    insta::assert_snapshot!(project.alone(&["reject", "button"]).all());
    let said = project.alone(&["accept"]);
    assert!(
        !said.ok && said.err.contains("it was rejected"),
        "{}",
        said.err
    );
    assert_eq!(baseline(&project, BUTTON).unwrap().bytes, picture(1));
    assert_eq!(baseline(&project, FIELD).unwrap().bytes, picture(3));
}

#[test]
fn reject_removes_nothing_outside_of_the_runs() {
    let project = failed();
    let mut result = project.result("run-2", BUTTON, Status::Failed, 2);
    result.current = Some("stories.toml".to_owned());
    project.run("run-2", 2, vec![result]);
    let said = project.alone(&["reject"]);
    assert!(
        !said.ok && said.err.contains("is not an image of a run"),
        "{}",
        said.err
    );
    assert!(project.has("stories.toml"));
}

#[test]
fn the_record_is_told() {
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
fn a_whole_name_means_no_neighbour() {
    let project = failed();
    project.write("stories/icon-button.html", b"");
    let neighbour = "icon-button::dark::375x667";
    let results = vec![
        project.result("run-2", BUTTON, Status::New, 2),
        project.result("run-2", neighbour, Status::New, 3),
    ];
    project.run("run-2", 2, results);
    assert!(project.alone(&["accept", BUTTON, "--force"]).ok);
    assert_eq!(baseline(&project, BUTTON).unwrap().bytes, picture(2));
    assert!(baseline(&project, neighbour).is_none());
    assert!(project.alone(&["accept", "button::dark", "--force"]).ok);
    assert_eq!(baseline(&project, neighbour).unwrap().bytes, picture(3));
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
        "there is nothing to accept from run-1\n"
    );
    assert_eq!(baseline(&project, BUTTON).unwrap().bytes, picture(1));
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
    // A record from elsewhere leads nowhere else.
    let mut astray = project.result("run-2", names[0], Status::New, 5);
    astray.story_identifier.story_id = "../../astray".to_owned();
    project.run("run-2", 2, vec![astray]);
    let said = project.alone(&["accept"]);
    assert!(
        !said.ok && said.err.contains("no such snapshot"),
        "{}",
        said.err
    );
}
