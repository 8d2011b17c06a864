//! Arguments, listing, and errors that are reported before any browser starts.

use libtest_mimic::Trial;

use super::output::assert_output;
use super::project::{Project, Run};
use super::trials;

pub(crate) fn tests() -> Vec<Trial> {
    trials![
        list_starts_neither_browser_nor_redis,
        list_applies_filters,
        nextest_gets_the_list_of_tests_and_of_ignored_tests,
        nextest_gets_the_failure_on_stderr,
        an_invalid_manifest_is_reported,
        an_invalid_variable_is_reported,
        an_engine_missing_from_the_manifest_is_refused,
        an_invalid_argument_is_refused,
        a_filter_without_matches_succeeds,
        skipped_stories_start_no_browser,
        filters_select_what_runs,
        skipped_stories_run_with_ignored,
        the_log_follows_its_level,
    ]
}

const MANIFEST: &str = r#"
[stories]
dir = "stories"
[themes]
light = {}
dark = { color-scheme = "dark" }
[viewports]
small = "200x120"
large = "320x180"
"#;

const SKIPPED_CARD: &str = r#"
[[story]]
path = "button.html"
[[story]]
path = "card.html"
skip = "redesign"
"#;

/// Two stories in two themes at two viewports: eight snapshots.
fn project(more: &str) -> Project {
    let page = "<!doctype html><title>story</title><p>story</p>";
    let stories = [("button.html", page), ("card.html", page)];
    Project::new(&format!("{MANIFEST}{more}"), &stories)
}

/// Runs without any program on the PATH: no browser, no redis-server, no git.
fn alone(project: &Project, arguments: &[&str], environment: &[(&str, &str)]) -> Run {
    let environment = [&[("PATH", "/nonexistent")], environment].concat();
    project.run(arguments, &environment)
}

/// Checks the exit code and texts, and shows all output if they are missing.
fn expect(run: &Run, code: i32, texts: &[&str]) {
    let all = format!("{}\n--- stderr\n{}", run.stdout, run.stderr);
    assert_eq!(run.code, Some(code), "{all}");
    for text in texts {
        assert!(all.contains(text), "`{text}` is not in\n{all}");
    }
}

fn list_starts_neither_browser_nor_redis() {
    let project = project("");
    let run = alone(&project, &["--list"], &[]);
    let texts = [
        "button::light::200x120: test\n",
        "\n8 tests, 0 benchmarks\n",
    ];
    expect(&run, 0, &texts);
    assert_eq!(run.stderr, "");
    assert!(
        !project.path().join("target").exists(),
        "nothing is written"
    );
}

fn list_applies_filters() {
    let terse = ["--list", "--format=terse"];
    let filters = ["button::dark", "card::light", "--skip", "320x180"];
    let run = alone(&project(""), &[&terse[..], &filters[..]].concat(), &[]);
    assert_eq!(
        run.stdout,
        "button::dark::200x120: test\ncard::light::200x120: test\n"
    );
}

fn nextest_gets_the_list_of_tests_and_of_ignored_tests() {
    let project = project(SKIPPED_CARD);
    let all = alone(&project, &["--list", "--format", "terse"], &[]);
    assert_eq!(all.stdout.lines().count(), 8);
    let ignored = alone(&project, &["--list", "--format", "terse", "--ignored"], &[]);
    assert_eq!(ignored.stdout.lines().count(), 4);
    assert!(
        ignored
            .stdout
            .lines()
            .all(|name| name.starts_with("card::"))
    );
}

fn an_invalid_manifest_is_reported() {
    let project = project("[browser]\nsession = 1\n");
    let run = alone(&project, &[], &[]);
    assert_eq!(run.code, Some(101));
    assert_output("invalid_manifest", &run.stderr);
    let missing = alone(&project, &["--list"], &[("TINTYPE_MANIFEST", "other.toml")]);
    assert_eq!(missing.code, Some(101));
    assert_output("missing_manifest", &missing.stderr);
}

fn an_invalid_variable_is_reported() {
    let run = alone(&project(""), &["--list"], &[("TINTYPE_UPDATE", "yes")]);
    assert_eq!(run.code, Some(101));
    assert_output("invalid_variable", &run.stderr);
}

/// nextest's JUnit report takes its message from there.
fn nextest_gets_the_failure_on_stderr() {
    let nextest = [("NEXTEST", "1"), ("NEXTEST_RUN_ID", "0198-told")];
    let exact = ["--exact", "button::light::200x120", "--nocapture"];
    let run = project("").run(&exact, &nextest);
    assert_eq!(run.code, Some(101));
    assert_output("nextest_stdout", &run.stdout);
    assert_output("nextest_stderr", &run.stderr);
}

fn an_engine_missing_from_the_manifest_is_refused() {
    let run = alone(&project(""), &["--list"], &[("TINTYPE_BROWSER", "webkit")]);
    assert_eq!(run.code, Some(101));
    assert_output("engine_missing_from_the_manifest", &run.stderr);
}

fn an_invalid_argument_is_refused() {
    let run = alone(&project(""), &["--update"], &[]);
    expect(&run, 101, &["unexpected argument '--update'"]);
    let help = alone(&project(""), &["--help"], &[]);
    expect(&help, 0, &["TINTYPE_UPDATE", "--test-threads"]);
}

fn a_filter_without_matches_succeeds() {
    let project = project("");
    let run = alone(&project, &["no-such-story"], &[]);
    expect(&run, 0, &["running 0 tests", "8 filtered out"]);
    assert!(
        !project.path().join("target").exists(),
        "nothing is written"
    );
}

fn skipped_stories_start_no_browser() {
    let project = project(SKIPPED_CARD);
    let run = alone(&project, &["card"], &[]);
    let texts = [
        "ignored (redesign)",
        "0 passed; 0 failed; 4 ignored",
        "4 filtered out",
    ];
    expect(&run, 0, &texts);
    assert!(
        !project.path().join("target").exists(),
        "nothing is written"
    );
}

fn filters_select_what_runs() {
    let project = project("");
    project.accept_all();
    let run = project.run(
        &["button::dark", "card::light::200x120", "--nocapture"],
        &[],
    );
    expect(&run, 0, &["3 passed; 0 failed", "5 filtered out"]);
    assert_eq!(project.last().results.len(), 3);
    let exact = ["--exact", "button::dark::200x120"];
    let run = project.run(&exact, &[("RUST_TEST_THREADS", "1")]);
    expect(&run, 0, &["running 1 test\n", "1 passed; 0 failed"]);
}

fn the_log_follows_its_level() {
    let project = project("");
    let exact = ["--exact", "button::dark::200x120"];
    let info = project.run(&exact, &[("TINTYPE_LOG", "info")]);
    expect(&info, 101, &["INFO tintype::run", "the run has started"]);
    assert!(!info.stderr.contains("DEBUG"), "{}", info.stderr);
    let trace = project.run(&exact, &[("TINTYPE_LOG", "trace")]);
    expect(
        &trace,
        101,
        &["DEBUG tintype::browser", "TRACE tintype::browser"],
    );
    assert!(!trace.stderr.contains(" hyper"), "{}", trace.stderr);
}

fn skipped_stories_run_with_ignored() {
    let project = project(SKIPPED_CARD);
    let new = [("TINTYPE_UPDATE", "new")];
    let run = project.run(&["--include-ignored"], &new);
    expect(&run, 0, &["8 passed; 0 failed; 0 ignored"]);
    let run = project.run(&[], &[]);
    expect(
        &run,
        0,
        &["ignored (redesign)", "4 passed; 0 failed; 4 ignored"],
    );
    assert_eq!(project.last().run.summary.skipped, 4);
    let run = project.run(&["--ignored"], &[]);
    expect(
        &run,
        0,
        &["4 passed; 0 failed; 0 ignored", "4 filtered out"],
    );
}
