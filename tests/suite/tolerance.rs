//! Differences that are tolerated: below a threshold of the suite, or because the
//! baseline is from another environment.

use std::fs;

use libtest_mimic::Trial;
use tintype::internals::baseline;
use tintype::internals::model::Status;

use super::project::{MANIFEST, Project};
use super::trials;

pub(crate) fn tests() -> Vec<Trial> {
    trials![
        a_difference_below_the_threshold_is_changed_and_never_passed,
        a_baseline_from_another_environment_is_adopted_on_request,
    ]
}

fn a_difference_below_the_threshold_is_changed_and_never_passed() {
    let manifest = format!("{MANIFEST}[compare]\nthreshold = 0.2\n");
    let page = |grey: u8| {
        format!(
            "<!doctype html><style>body {{ margin: 0 }} p {{ margin: 0; width: 90px; height: 50px; \
             background: rgb({grey}, {grey}, {grey}) }}</style><p></p>"
        )
    };
    let project = Project::new(&manifest, &[("a.html", &page(200))]);
    project.accept_all();
    project.write("stories/a.html", &page(201));
    // A tolerated difference is not cached: it is listed in every run.
    for _ in 0..2 {
        let run = project.run(&[], &[]);
        assert_eq!(run.code, Some(0), "{}", run.stdout);
        let result = project.result("a::light::400x300");
        assert_eq!(
            (result.status, result.diff_ratio),
            (Status::Changed, Some(0.0))
        );
        let message = "4,500 pixels differ within the threshold 0.2; region 90×50 at 0,0";
        assert_eq!(result.message.as_deref(), Some(message));
        assert!(run.stderr.contains(message), "{}", run.stderr);
        let folder = project.runs().pop().unwrap();
        for file in ["report.html", "junit.xml", "run.json"] {
            let text = fs::read_to_string(folder.join(file)).unwrap();
            assert!(text.contains(message), "{file}");
        }
        assert!(
            result
                .diff
                .is_some_and(|diff| project.path().join(diff).is_file())
        );
    }
}

fn a_baseline_from_another_environment_is_adopted_on_request() {
    let project = Project::new(MANIFEST, &[("a.html", "<!doctype html><p>text</p>")]);
    project.accept_all();
    let file = project.path().join("baselines/a-light-400x300.png");
    let read = || baseline::read(project.path(), &file).unwrap().unwrap();
    let mut provenance = read().provenance.unwrap();
    provenance.environment.browser = Some("chromium 99.0.1".to_owned());
    baseline::accept(project.path(), &file, &read().bytes, &provenance).unwrap();
    // Also when the result comes from the cache.
    for cached in [false, true] {
        let run = project.run(&[], &[]);
        assert_eq!(run.code, Some(0), "{}", run.stdout);
        let result = project.result("a::light::400x300");
        assert_eq!((result.status, result.cached), (Status::Passed, cached));
        assert_eq!(result.environment_changed.len(), 1);
        assert!(
            run.stderr
                .contains("other environment: 1 baseline with browser"),
            "{}",
            run.stderr
        );
    }
    assert_eq!(project.run(&[], &[("TINTYPE_UPDATE", "all")]).code, Some(0));
    let run = project.run(&[], &[]);
    assert!(!run.stderr.contains("other environment"), "{}", run.stderr);
    assert_ne!(read().provenance, Some(provenance));
}
