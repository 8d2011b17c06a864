//! What has not changed needs no browser, and nothing else is spared it.

use libtest_mimic::Trial;
use tintype::model::Status;

use super::project::{MANIFEST, Project};
use super::support::port::free_port;
use super::test;

pub(crate) fn tests() -> Vec<Trial> {
    vec![
        test("caching::only_what_has_changed_is_captured", only_changes),
        test(
            "caching::what_cannot_be_known_is_captured_each_time",
            unknown,
        ),
    ]
}

/// Two stories of which one uses a stylesheet that imports another.
fn project() -> Project {
    Project::new(
        MANIFEST,
        &[
            (
                "a.html",
                "<!doctype html><link rel=stylesheet href=outer.css><p>a",
            ),
            ("b.html", "<!doctype html><p>b"),
            ("outer.css", "@import 'inner.css';"),
            ("inner.css", "p { color: green }"),
        ],
    )
}

fn cached(project: &Project) -> Vec<bool> {
    let results = project.last().results;
    results.iter().map(|result| result.cached).collect()
}

fn only_changes() {
    let project = project();
    project.accept_all();
    assert_eq!(project.run(&[], &[]).code, Some(0));
    assert_eq!(cached(&project), [false, false]);

    let run = project.run(&[], &[]);
    assert_eq!(run.code, Some(0));
    assert_eq!(cached(&project), [true, true]);
    assert_eq!(project.statuses(), [Status::Passed, Status::Passed]);
    assert!(run.stderr.contains("2 of them unchanged"), "{}", run.stderr);
    assert_eq!(project.run(&[], &[("TINTYPE_CACHE", "off")]).code, Some(0));
    assert_eq!(cached(&project), [false, false]);

    project.write("stories/inner.css", "p { color: purple }");
    assert_eq!(project.run(&[], &[]).code, Some(101));
    assert_eq!(project.statuses(), [Status::Failed, Status::Passed]);
    assert_eq!(cached(&project), [false, true]);
    // What failed is never remembered.
    assert_eq!(project.run(&[], &[]).code, Some(101));
    project.write("stories/inner.css", "p { color: green }");
    assert_eq!(project.run(&[], &[]).code, Some(0));
}

fn unknown() {
    let foreign = format!("127.0.0.1:{}", free_port());
    let asks = format!("<p>asks<script src='http://{foreign}/x.js'></script>");
    let project = Project::new(
        MANIFEST,
        &[
            ("asks.html", &asks),
            ("clock.html", "<p>clock<script>Date.now()</script>"),
            ("plain.html", "<p>plain"),
            (
                "socket.html",
                "<p>socket<script>new WebSocket('ws://127.0.0.1:1/')</script>",
            ),
        ],
    );
    project.accept_all();
    assert_eq!(project.run(&[], &[]).code, Some(0));
    let run = project.run(&[], &[]);
    assert_eq!(cached(&project), [false, false, true, false]);
    let told = format!("captured each time: asks (a request to http://{foreign}/x.js) and 2 more");
    assert!(run.stderr.contains(&told), "{}", run.stderr);
}
