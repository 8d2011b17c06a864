//! Budgets for the measurements of pages.

use super::{Project, with};

#[test]
fn a_story_has_the_budget_of_the_suite_and_its_own() {
    let text = with(
        r#"
[budget]
bytes = "1.5 MiB"
requests = 30
console-errors = 0
cls = 0.1
[[story]]
path = "button.html"
budget = { bytes = "300kB", requests = false, nodes = 1000 }
[[story]]
path = "card.html"
capture = { measure = false }
"#,
    );
    let manifest = Project::new().parse(&text).unwrap();
    let [own, suite] = &*manifest.stories else {
        panic!("{:?}", manifest.stories);
    };
    assert_eq!(own.budget.bytes, Some(300_000));
    assert_eq!((own.budget.requests, own.budget.nodes), (None, Some(1_000)));
    assert_eq!(
        (own.budget.console_errors, own.budget.cls),
        (Some(0), Some(0.1))
    );
    assert_eq!(suite.budget.bytes, Some(3 << 19));
    assert_eq!(suite.budget.requests, Some(30));
    // Without measurements, a budget would do nothing.
    assert!(own.capture.measure && suite.capture.measure);
}

#[test]
fn pages_without_a_budget_are_measured_on_request() {
    let text = with(
        "[[story]]\npath = \"button.html\"\ncapture = { measure = true }\n\
         [[story]]\npath = \"card.html\"\n",
    );
    let manifest = Project::new().parse(&text).unwrap();
    let measured: Vec<_> = manifest
        .stories
        .iter()
        .map(|story| story.capture.measure)
        .collect();
    assert_eq!(measured, [true, false]);
}

#[test]
fn invalid_budgets_are_explained() {
    let both = "write it as \"300 KiB\" (1 KiB is 1,024 bytes) or \"300 kB\" (1,000 bytes)";
    let unit = "write it as \"300 KiB\", \"1.5 MB\" or \"800 bytes\"";
    for (value, message, help) in [
        (
            "bytes = \"300 KB\"",
            "expected a size up to 1000 GB with its unit, found \"300 KB\"",
            both,
        ),
        ("bytes = \"300k\"", "found \"300k\"", both),
        (
            "bytes = 300",
            "expected a size up to 1000 GB with its unit, found 300",
            unit,
        ),
        ("bytes = \"300\"", "found \"300\"", unit),
        ("bytes = \"many KiB\"", "found \"many KiB\"", unit),
        ("bytes = \"-1 KiB\"", "found \"-1 KiB\"", unit),
        ("bytes = \"1e5 KiB\"", "found \"1e5 KiB\"", unit),
        ("bytes = \"2000 GB\"", "found \"2000 GB\"", unit),
        ("bytes = true", "found true", unit),
        (
            "requests = -1",
            "expected an integer from 0 to 1000000000, found -1",
            "",
        ),
        ("requests = \"3\"", "found \"3\"", ""),
        (
            "cls = -0.1",
            "expected a number from 0 to 1000, found -0.1",
            "",
        ),
        (
            "slower-than-usual = 0.5",
            "expected a number from 1 to 100, found 0.5",
            "",
        ),
        (
            "request = 3",
            "unknown key `request` in [budget]",
            "requests",
        ),
    ] {
        let error = Project::new().error(&with(&format!("[budget]\n{value}\n")));
        assert!(
            error.contains(message) && error.contains(help),
            "{value}: {error}"
        );
    }
}
