use std::fs;
use std::sync::{Arc, Mutex};

use libtest_mimic::Completion;
use tempfile::TempDir;

use crate::config::Config;
use crate::manifest::Manifest;
use crate::plan::Plan;

use super::arguments::Arguments;
use super::listing::listing;
use super::selection::{Selected, Selection};
use super::trials;

const MANIFEST: &str = r#"
[stories]
dir = "stories"
[browser]
names = ["chromium", "firefox"]
[themes]
light = {}
dark = {}
[viewports]
phone = "375x667"
[[story]]
path = "button.html"
[[story]]
path = "card.html"
skip = "redesign"
browsers = ["chromium"]
"#;

fn plan() -> Plan {
    let folder = TempDir::new().unwrap();
    fs::create_dir(folder.path().join("stories")).unwrap();
    for page in ["button.html", "card.html"] {
        fs::write(folder.path().join("stories").join(page), "").unwrap();
    }
    let manifest = Manifest::parse(
        &folder.path().join("stories.toml"),
        MANIFEST,
        &Config::default(),
    )
    .unwrap();
    Plan::from_manifest(&manifest).unwrap()
}

fn arguments(words: &[&str]) -> Arguments {
    Arguments::parse_from([&["visual"], words].concat()).unwrap()
}

fn config(browser: &str) -> Config {
    Config::from_variables([("TINTYPE_BROWSER", browser)]).unwrap()
}

fn select(words: &[&str]) -> Selected {
    Selection::new(&arguments(words), &config("")).apply(plan())
}

/// The names that will run and those that will be ignored.
fn selected(words: &[&str]) -> (Vec<String>, Vec<String>) {
    let name = |s: &crate::plan::Snapshot| s.identifier.test_name();
    let snapshots = select(words).snapshots;
    let (run, ignored): (Vec<_>, Vec<_>) = snapshots.iter().partition(|s| s.skip.is_none());
    (
        run.into_iter().map(name).collect(),
        ignored.into_iter().map(name).collect(),
    )
}

const BUTTONS: [&str; 4] = [
    "button::light::375x667",
    "button::dark::375x667",
    "button@firefox::light::375x667",
    "button@firefox::dark::375x667",
];
const CARDS: [&str; 2] = ["card::light::375x667", "card::dark::375x667"];

#[test]
fn without_filters_every_snapshot_is_selected() {
    let (run, ignored) = selected(&[]);
    assert_eq!(run, BUTTONS);
    assert_eq!(ignored, CARDS);
    assert_eq!(select(&[]).planned(), 4);
    assert_eq!(select(&[]).filtered_out, 0);
}

#[test]
fn a_snapshot_matches_any_of_several_filters() {
    let (run, ignored) = selected(&["button::light", "firefox", "nothing"]);
    assert_eq!(run, [BUTTONS[0], BUTTONS[2], BUTTONS[3]]);
    assert!(ignored.is_empty());
    assert_eq!(select(&["button::light", "firefox"]).filtered_out, 3);
}

#[test]
fn every_skip_filter_applies() {
    let (run, _) = selected(&["--skip", "firefox", "--skip=dark"]);
    assert_eq!(run, [BUTTONS[0]]);
}

#[test]
fn exact_filters_are_whole_names() {
    assert_eq!(selected(&["--exact", "button::light"]).0.len(), 0);
    assert_eq!(selected(&["--exact", BUTTONS[1]]).0, [BUTTONS[1]]);
    let (run, _) = selected(&["--exact", "--skip", BUTTONS[1], "--skip", "button"]);
    assert_eq!(run, [BUTTONS[0], BUTTONS[2], BUTTONS[3]]);
}

#[test]
fn ignored_snapshots_run_on_request() {
    let (run, ignored) = selected(&["--ignored"]);
    assert_eq!(
        (run.as_slice(), ignored.len()),
        (&CARDS.map(String::from)[..], 0)
    );
    let (run, _) = selected(&["--include-ignored", "light"]);
    assert_eq!(run, [BUTTONS[0], BUTTONS[2], CARDS[0]]);
}

#[test]
fn the_environment_selects_engines() {
    let arguments = arguments(&[]);
    let config = config("firefox");
    let left = Selection::new(&arguments, &config).apply(plan());
    assert_eq!(left.snapshots.len(), 2);
    assert_eq!(left.filtered_out, 4);
}

#[test]
fn common_libtest_arguments_are_accepted() {
    for words in [
        &["--nocapture"][..],
        &["--no-capture", "--shuffle", "--shuffle-seed", "7"],
        &["--report-time", "button"],
        &["--report-time=plain", "-Z", "unstable-options"],
        &["-q", "--show-output"],
        &["--format", "json", "--color=never", "--logfile", "log.txt"],
        &["--test-threads=2", "--ensure-time"],
        &["--exact", "a", "b", "--include-ignored"],
        &["--list", "--format", "terse", "--ignored"],
    ] {
        Arguments::parse_from([&["visual"], words].concat())
            .unwrap_or_else(|error| panic!("{words:?}: {error}"));
    }
    assert_eq!(arguments(&["--report-time", "button"]).filters, ["button"]);
}

#[test]
fn unknown_arguments_are_refused() {
    for words in [
        &["--update"][..],
        &["--test-threads", "0"],
        &["--format", "junit"],
        &["--ignored", "--include-ignored"],
        &["-q", "--format=json"],
    ] {
        let error = Arguments::parse_from([&["visual"], words].concat()).unwrap_err();
        assert_eq!(error.exit_code(), 2, "{words:?}");
    }
}

#[test]
fn lists_have_the_format_of_libtest() {
    let snapshots = select(&["--list", "card"]).snapshots;
    assert_eq!(
        listing(&snapshots, &arguments(&["--list"])),
        "card::light::375x667: test\ncard::dark::375x667: test\n\n2 tests, 0 benchmarks\n"
    );
    assert_eq!(
        listing(&snapshots, &arguments(&["--list", "--format", "terse"])),
        "card::light::375x667: test\ncard::dark::375x667: test\n"
    );
    // nextest lists the ignored tests separately.
    let ignored = select(&["--list", "--format", "terse", "--ignored"]).snapshots;
    assert_eq!(ignored.len(), 2);
}

/// The output of libtest-mimic for a run in which `dark` fails.
fn printed(words: &[&str]) -> (String, bool) {
    let folder = TempDir::new().unwrap();
    let log = folder.path().join("log.txt");
    let logfile = format!("--logfile={}", log.display());
    let arguments = arguments(&[words, &[&logfile]].concat());
    let selected = Selection::new(&arguments, &config("")).apply(plan());
    let planned = selected.planned();
    let (snapshots, out) = (Arc::new(selected.snapshots), selected.filtered_out);
    let waited = Arc::new(Mutex::new(0));
    let (names, count) = (Arc::clone(&snapshots), Arc::clone(&waited));
    let conclusion = trials::run(&arguments, &snapshots, out, move |index| {
        *count.lock().unwrap() += 1;
        match names[index].identifier.theme.as_str() {
            "dark" => Err("12.0 % of pixels differ".into()),
            _ => Ok(Completion::Completed),
        }
    });
    // An ignored test does not wait.
    assert_eq!(*waited.lock().unwrap(), planned);
    let text = fs::read_to_string(log).unwrap();
    let end = text.find("; finished in").unwrap_or(text.len());
    (text[..end].to_owned(), conclusion.has_failed())
}

#[test]
fn results_have_the_format_of_libtest() {
    let (text, failed) = printed(&["--test-threads=1", "--skip", "firefox"]);
    assert!(failed);
    insta::assert_snapshot!(text);
}

#[test]
fn a_filter_without_matches_passes() {
    let (text, failed) = printed(&["nothing"]);
    assert!(!failed);
    insta::assert_snapshot!(text);
}
