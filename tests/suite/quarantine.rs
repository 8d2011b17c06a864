//! Snapshots in quarantine.

use libtest_mimic::Trial;
use tintype::internals::model::{Reason, Status};
use tintype::internals::snapshot::difference_hash;
use tintype::internals::{config::Config, manifest::Manifest, plan::Plan};

use super::output::assert_output;
use super::project::{MANIFEST, Project};
use super::trials;

pub(crate) fn tests() -> Vec<Trial> {
    trials![
        a_failure_in_quarantine_does_not_fail_the_run,
        a_quarantine_ends_at_its_date,
        only_the_ignored_difference_does_not_fail,
    ]
}

const PAGE: &str = "<!doctype html><style>body { margin: 0; background: lime }</style>";

/// A project with the accepted story `a`, which now differs from its baseline.
fn changed_project() -> Project {
    let project = Project::new(MANIFEST, &[("a.html", PAGE), ("b.html", PAGE)]);
    project.accept_all();
    project.write("stories/a.html", &PAGE.replace("lime", "red"));
    project
}

fn entry(until: &str, more: &str) -> String {
    format!("[[quarantine]]\nstory = \"a\"\nuntil = {until}\nreason = \"issue 12\"\n{more}\n")
}

fn a_failure_in_quarantine_does_not_fail_the_run() {
    let project = changed_project();
    project.write("quarantine.toml", &entry("9999-12-31", ""));
    let run = project.run(&[], &[]);
    assert_eq!(run.code, Some(0), "{}{}", run.stdout, run.stderr);
    let last = project.last();
    assert_eq!(last.run.reason, Some(Reason::Passed));
    let result = project.result("a::light::400x300");
    assert_eq!(result.status, Status::Changed);
    assert_eq!(result.quarantine.unwrap().status, Status::Failed);
    assert!(result.diff.is_some());
    assert_eq!(project.result("b::light::400x300").quarantine, None);
    assert_output("quarantine", &run.stderr);

    // One that passes is captured each time, and is not taken from the cache.
    project.write("stories/a.html", PAGE);
    for _ in 0..2 {
        assert_eq!(project.run(&[], &[]).code, Some(0));
        let result = project.result("a::light::400x300");
        assert_eq!((result.status, result.cached), (Status::Passed, false));
        assert_eq!(result.quarantine.unwrap().status, Status::Passed);
    }
    assert!(project.result("b::light::400x300").cached);
}

fn a_quarantine_ends_at_its_date() {
    let project = changed_project();
    let unused = "[[quarantine]]\nstory = \"absent\"\nuntil = 9999-12-31\nreason = \"x\"\n";
    let ended = entry("2026-01-31", unused);
    project.write("quarantine.toml", &ended);
    let run = project.run(&[], &[]);
    assert_eq!(run.code, Some(101));
    assert_eq!(project.result("a::light::400x300").quarantine, None);
    for warning in [
        "quarantine.toml:1: the quarantine of a has ended on 2026-01-31",
        "quarantine.toml:5: no snapshot matches the quarantine of absent",
    ] {
        assert!(run.stderr.contains(warning), "{}", run.stderr);
    }
    project.write("quarantine.toml", &entry("tomorrow", ""));
    let run = project.run(&[], &[]);
    assert_eq!(run.code, Some(101));
    assert!(run.stderr.contains("quarantine.toml:3:"), "{}", run.stderr);
}

fn only_the_ignored_difference_does_not_fail() {
    let project = changed_project();
    assert_eq!(project.run(&[], &[]).code, Some(101));
    let result = project.result("a::light::400x300");
    let path = project.path().join("stories.toml");
    let manifest = Manifest::load(&path, &Config::default()).unwrap();
    let plan = Plan::from_manifest(&manifest).unwrap();
    let baseline = project.read("baselines/a-light-400x300.png");
    let current = project.read(&result.current.unwrap());
    let hash = difference_hash(&baseline, &current, &plan.snapshots[0]).unwrap();
    let ignored = entry("9999-12-31", &format!("difference = \"{hash}\""));
    project.write("quarantine.toml", &ignored);
    let run = project.run(&[], &[]);
    assert_eq!(run.code, Some(0), "{}{}", run.stdout, run.stderr);
    assert_eq!(project.result("a::light::400x300").status, Status::Changed);
    // The same places in another colour are another difference.
    project.write("stories/a.html", &PAGE.replace("lime", "blue"));
    assert_eq!(project.run(&[], &[]).code, Some(101));
}
