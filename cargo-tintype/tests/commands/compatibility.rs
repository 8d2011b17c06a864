use tintype::internals::model::Status;

use super::project::Project;

const BUTTON: &str = "button::dark::375x667";

#[test]
fn a_run_of_one_engine_has_no_compatibility() {
    let project = Project::new();
    project.run(
        "run-1",
        1,
        vec![project.result("run-1", BUTTON, Status::Failed, 2)],
    );
    let said = project.alone(&["compatibility"]);
    assert!(!said.ok);
    assert!(
        said.err.contains("run-1 has no story in two engines"),
        "{}",
        said.err
    );
}

/// Images without a layout digest are named, and have no score.
#[test]
fn snapshots_without_a_digest_are_not_compared() {
    let project = Project::new();
    let other = "button@firefox::dark::375x667";
    let results = [BUTTON, other].map(|name| project.result("run-1", name, Status::Failed, 2));
    project.run("run-1", 1, results.into());
    let said = project.alone(&["compatibility", "run-1"]);
    assert!(said.ok, "{}", said.err);
    assert!(
        said.out.contains("run-1: compared with chromium"),
        "{}",
        said.out
    );
    assert!(
        said.out.contains(
            "1 snapshot of firefox not compared: button::dark::375x667: no layout digest"
        ),
        "{}",
        said.out
    );
    let said = project.alone(&["compatibility", "run-1", "--json"]);
    let document: serde_json::Value = serde_json::from_str(&said.out).unwrap();
    assert_eq!(document["reference"], "chromium");
    assert_eq!(document["engines"][0]["engine"], "firefox");
    assert_eq!(document["engines"][0]["notCompared"][0]["name"], other);
    assert!(document["engines"][0].get("score").is_none());
}
