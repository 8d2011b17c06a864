use tintype::internals::model::{Cause, CauseKind, Explanation, Status, VisualTestResult};

use super::project::{Project, baseline_of, picture};

const BUTTON: &str = "button::dark::375x667";
const FIELD: &str = "forms/field::light::375x667";

fn cause(property: &str) -> Cause {
    let text = |text: &str| Some(text.to_owned());
    let selector = text(".btn");
    let (from, to) = (text("rgb(59, 91, 219)"), text("rgb(66, 99, 235)"));
    let mut cause = Cause::new(CauseKind::Style, selector, text(property), from, to);
    (cause.elements, cause.pixels) = (1, 5_403);
    cause
}

fn explained(mut result: VisualTestResult, ratio: f64, properties: &[&str]) -> VisualTestResult {
    result.diff_ratio = Some(0.1);
    result.explanation = Some(Explanation {
        explained_ratio: ratio,
        causes: properties.iter().map(|property| cause(property)).collect(),
    });
    result
}

/// A run with an explained difference, one with two causes of which a part is
/// unexplained, and one whose baseline has no digest.
fn failed() -> Project {
    let project = Project::new();
    for name in [BUTTON, FIELD] {
        project.write(&baseline_of(name), &picture(1));
    }
    let result = |name| project.result("run-1", name, Status::Failed, 2);
    let mut without = result("button::light::375x667");
    without.diff_ratio = Some(0.1);
    let results = vec![
        explained(result(BUTTON), 1.0, &["color"]),
        explained(result(FIELD), 0.6, &["color", "background-color"]),
        without,
    ];
    project.run("run-1", 1, results);
    project
}

#[test]
fn causes_are_listed_with_their_snapshots() {
    insta::assert_snapshot!(failed().alone(&["explain"]).all());
}

#[test]
fn the_json_has_every_snapshot() {
    let said = failed().alone(&["explain", "run-1", "--json"]);
    let document: serde_json::Value = serde_json::from_str(&said.out).unwrap();
    assert_eq!(document["run"], "run-1");
    assert_eq!(document["causes"][0]["id"], cause("color").id);
    assert_eq!(
        document["causes"][0]["snapshots"],
        serde_json::json!([BUTTON, FIELD])
    );
    assert_eq!(document["unexplained"][0]["name"], FIELD);
    assert_eq!(document["withoutExplanation"][0], "button::light::375x667");
}

/// Nothing is accepted by a cause that the images do not confirm.
#[test]
fn a_cause_accepts_nothing_that_cannot_be_verified() {
    let project = failed();
    let said = project.alone(&["accept", "--cause", &cause("color").id]);
    insta::assert_snapshot!(said.all());
    let said = project.alone(&["accept", "--cause", "ffff"]);
    assert!(!said.ok);
    assert!(
        said.err
            .contains("no snapshot to accept has the cause `ffff`"),
        "{}",
        said.err
    );
}
