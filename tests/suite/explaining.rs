//! Layout digests, and explanations of differences by them.

use libtest_mimic::Trial;
use tintype::internals::baseline;
use tintype::internals::model::Status;

use super::project::{MANIFEST, Project};
use super::trials;

pub(crate) fn tests() -> Vec<Trial> {
    trials![
        a_baseline_has_a_digest_unless_it_is_off,
        a_baseline_without_digest_gets_one_when_all_are_updated,
    ]
}

const PAGE: &str = "<!doctype html><title>a</title><h1>Hello</h1>";
const OFF: &str = "[explain]\ndigest = \"off\"\n";

fn digest(project: &Project) -> Option<Vec<u8>> {
    let file = project.path().join("baselines/a-light-400x300.png");
    let baseline = baseline::read(project.path(), &file).unwrap().unwrap();
    baseline.digest
}

fn a_baseline_has_a_digest_unless_it_is_off() {
    let project = Project::new(MANIFEST, &[("a.html", PAGE)]);
    project.accept_all();
    assert!(digest(&project).is_some_and(|digest| digest.len() < 4_000));
    let before = project.read("baselines/a-light-400x300.png");
    // A second acceptance of the same page writes the same bytes.
    assert_eq!(project.run(&[], &[("TINTYPE_UPDATE", "all")]).code, Some(0));
    assert_eq!(project.read("baselines/a-light-400x300.png"), before);

    let project = Project::new(&format!("{MANIFEST}{OFF}"), &[("a.html", PAGE)]);
    project.accept_all();
    assert_eq!(digest(&project), None);
}

fn a_baseline_without_digest_gets_one_when_all_are_updated() {
    let project = Project::new(&format!("{MANIFEST}{OFF}"), &[("a.html", PAGE)]);
    project.accept_all();
    project.write("stories.toml", MANIFEST);
    // The digest is no part of the verdict.
    assert_eq!(project.run(&[], &[]).code, Some(0));
    assert_eq!(project.statuses(), [Status::Passed]);
    assert_eq!(digest(&project), None);
    assert_eq!(project.run(&[], &[("TINTYPE_UPDATE", "all")]).code, Some(0));
    assert_eq!(project.statuses(), [Status::Passed]);
    assert!(digest(&project).is_some());
}
