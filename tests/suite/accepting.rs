//! From no baseline to a passing test.

use libtest_mimic::Trial;
use tintype::internals::baseline;
use tintype::internals::model::Status;

use super::output::assert_output;
use super::project::{MANIFEST, Project};
use super::trials;

pub(crate) fn tests() -> Vec<Trial> {
    trials![
        a_new_story_fails_until_it_is_accepted,
        ci_writes_no_baseline,
        update_failed_accepts_a_difference,
        a_baseline_records_its_provenance,
    ]
}

fn a_new_story_fails_until_it_is_accepted() {
    let project = Project::new(MANIFEST, &[("a.html", "<h1>Hello</h1>")]);
    let run = project.run(&[], &[]);
    assert_eq!(run.code, Some(101));
    assert_output("new_snapshot", &run.stdout);
    assert!(!project.path().join("baselines").exists());
    assert_eq!(project.statuses(), [Status::New]);

    project.accept_all();
    assert_eq!(project.statuses(), [Status::New]);
    let run = project.run(&[], &[]);
    assert_eq!(run.code, Some(0), "{}{}", run.stdout, run.stderr);
    assert_eq!(project.statuses(), [Status::Passed]);
}

fn ci_writes_no_baseline() {
    let project = Project::new(MANIFEST, &[("a.html", "<h1>Hello</h1>")]);
    let run = project.run(&[], &[("CI", "true")]);
    assert_eq!(run.code, Some(101));
    assert!(!project.path().join("baselines").exists());
    assert!(project.last().run.environment.ci);
}

fn update_failed_accepts_a_difference() {
    // Text would depend on the machine's fonts.
    let page = |colour| {
        format!(
            "<!doctype html><body style='margin: 15px 8px'>\
             <div style='width: 130px; height: 29px; background: {colour}'></div>"
        )
    };
    let project = Project::new(MANIFEST, &[("a.html", &page("red"))]);
    project.accept_all();
    project.write("stories/a.html", &page("blue"));
    assert_eq!(
        project.run(&[], &[("TINTYPE_UPDATE", "new")]).code,
        Some(101)
    );
    let run = project.run(&[], &[("TINTYPE_UPDATE", "failed")]);
    assert_eq!(run.code, Some(0), "{}", run.stdout);
    let result = project.result("a::light::400x300");
    assert_eq!(result.status, Status::Passed);
    let message = result.message.unwrap();
    assert_output("accepted_difference", &message);
    assert_eq!(project.run(&[], &[]).code, Some(0));
}

fn a_baseline_records_its_provenance() {
    let project = Project::new(MANIFEST, &[("a.html", "<h1>Hello</h1>")]);
    project.accept_all();
    let accepted_by = project.last().run.run_id;
    let file = project.path().join("baselines/a-light-400x300.png");
    let baseline = baseline::read(project.path(), &file).unwrap().unwrap();
    let provenance = baseline.provenance.unwrap();
    assert_eq!(provenance.run_id, accepted_by);
    assert_eq!(provenance.story_identifier.test_name(), "a::light::400x300");
    assert!(
        provenance
            .environment
            .browser
            .unwrap()
            .starts_with("chromium ")
    );
}
