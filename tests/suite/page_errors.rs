//! Errors of a page are reported, and fail its snapshot on request.

use libtest_mimic::Trial;
use tintype::internals::model::Status;

use super::project::{MANIFEST, Project};
use super::trials;

pub(crate) fn tests() -> Vec<Trial> {
    trials![
        every_error_of_a_page_is_reported,
        errors_fail_the_snapshot_on_request,
        errors_are_reported_from_the_cache,
        other_origins_and_caught_errors_are_no_errors,
        a_worker_that_never_rests_is_named,
        a_link_out_of_the_folder_names_its_setting,
    ]
}

/// Pages with one error each, and what is reported of it.
const PAGES: [(&str, &str, &str); 9] = [
    (
        "exception",
        "<script>throw new TypeError('no such thing')</script>",
        "uncaught exception in /exception.html: TypeError: no such thing",
    ),
    (
        "late",
        "<script>setTimeout(() => { throw new Error('too late') }, 900)</script>",
        "uncaught exception in /late.html: Error: too late",
    ),
    (
        "rejection",
        "<script>Promise.reject(new Error('rejected'))</script>",
        "uncaught exception in /rejection.html: Error: rejected",
    ),
    (
        "console",
        "<script>console.error('prop %s is missing', 'size', 7)</script>",
        "console.error: prop %s is missing size 7",
    ),
    (
        "request",
        "<script>fetch('data.json').catch(() => {})</script>",
        "the request to /data.json failed: 404 Not Found",
    ),
    (
        "image",
        "<img src='gone.png' alt=''>",
        "the request to /gone.png failed: 404 Not Found",
    ),
    (
        "module",
        "<script type=module>import './gone.mjs'</script>",
        "the request to /gone.mjs failed: 404 Not Found",
    ),
    (
        "style",
        "<link rel=stylesheet href='gone.css'>",
        "the request to /gone.css failed: 404 Not Found",
    ),
    (
        "worker",
        "<script>new Worker('gone.js')</script>",
        "the request to /gone.js failed: 404 Not Found",
    ),
];

fn project(settings: &str) -> Project {
    let manifest = format!("{MANIFEST}{settings}");
    let pages = PAGES.map(|(name, body, _)| {
        (
            format!("{name}.html"),
            format!("<!doctype html><p>text</p>{body}"),
        )
    });
    let pages: Vec<_> = pages
        .iter()
        .map(|(name, text)| (&**name, &**text))
        .collect();
    Project::new(&manifest, &pages)
}

/// The errors in the result of a story.
fn errors(project: &Project, story: &str) -> Vec<String> {
    let errors = project
        .result(&format!("{story}::light::400x300"))
        .page_errors;
    errors.iter().map(ToString::to_string).collect()
}

fn every_error_of_a_page_is_reported() {
    let project = project("");
    let run = project.run(&[], &[("TINTYPE_UPDATE", "new")]);
    assert_eq!(run.code, Some(0), "{}", run.stdout);
    let folder = project.runs().pop().unwrap();
    let read = |name: &str| std::fs::read_to_string(folder.join(name)).unwrap();
    let (junit, report) = (read("junit.xml"), read("report.html"));
    for (story, _, expected) in PAGES {
        let found = errors(&project, story);
        assert!(
            found.iter().any(|error| error == expected),
            "{story}: {found:?}"
        );
        let line = format!("page errors: {story}: ");
        assert!(run.stderr.contains(&line), "{line} in\n{}", run.stderr);
        assert!(junit.contains(expected), "{expected} in\n{junit}");
        let (_, what) = expected.rsplit_once(": ").unwrap();
        assert!(report.contains(what), "{what} in the report");
    }
}

fn errors_fail_the_snapshot_on_request() {
    let project = project("[capture]\npage-errors = \"fail\"\n");
    let run = project.run(&[], &[("TINTYPE_UPDATE", "new")]);
    assert_eq!(run.code, Some(101));
    for (story, _, expected) in PAGES {
        let result = project.result(&format!("{story}::light::400x300"));
        assert_eq!(result.status, Status::Failed, "{story}");
        let message = result.message.unwrap();
        assert!(message.contains(expected), "{story}: {message}");
        let found = errors(&project, story);
        assert!(
            found.iter().any(|error| error == expected),
            "{story}: {found:?}"
        );
    }
    assert!(!project.path().join("baselines").exists());
}

fn errors_are_reported_from_the_cache() {
    let page = "<!doctype html><script>console.error('again')</script>";
    let project = Project::new(MANIFEST, &[("a.html", page)]);
    project.accept_all();
    for cached in [false, true] {
        assert_eq!(project.run(&[], &[]).code, Some(0));
        assert_eq!(project.result("a::light::400x300").cached, cached);
        assert_eq!(errors(&project, "a"), ["console.error: again"]);
    }
}

fn other_origins_and_caught_errors_are_no_errors() {
    let page = "<!doctype html><p>text</p><script>
        try { throw new Error('caught') } catch { console.warn('warned') }
        Promise.reject(new Error('handled')).catch(() => {});
        fetch('http://127.0.0.1:1/').catch(() => {});
        const stopped = new AbortController();
        fetch('a.html', { signal: stopped.signal }).catch(() => {});
        stopped.abort();
    </script>";
    // A request that is blocked is an error; one that fails elsewhere is not.
    let manifest =
        format!("{MANIFEST}[capture]\npage-errors = \"fail\"\nallow-hosts = [\"127.0.0.1:1\"]\n");
    let project = Project::new(&manifest, &[("a.html", page)]);
    project.accept_all();
    assert!(errors(&project, "a").is_empty());
}

fn a_worker_that_never_rests_is_named() {
    let page = "<!doctype html><script>
        new Worker(URL.createObjectURL(new Blob(['for (;;);'])))</script>";
    let manifest = format!("{MANIFEST}[capture]\ntimeout = \"4s\"\n");
    let project = Project::new(&manifest, &[("a.html", page)]);
    assert_eq!(project.run(&[], &[]).code, Some(101));
    let message = project.result("a::light::400x300").message.unwrap();
    assert_eq!(
        message,
        "timed out after 4 s waiting for workers (they have tasks to run)"
    );
}

fn a_link_out_of_the_folder_names_its_setting() {
    use std::os::unix::fs::symlink;
    let page = "<!doctype html><script src='lib/a.js'></script>";
    let project = Project::new(MANIFEST, &[("a.html", page)]);
    project.write("lib/a.js", "document.body.append('drawn')");
    symlink("../lib", project.path().join("stories/lib")).unwrap();
    let run = project.run(&[], &[("TINTYPE_UPDATE", "new")]);
    assert_eq!(run.code, Some(0), "{}", run.stdout);
    let error = "403 Forbidden: a symbolic link leads out of the folder of the stories; \
                 allow it with `follow-symlinks = true` in [stories]";
    let of_a_file = format!("the request to /lib/a.js failed: {error}");
    assert_eq!(errors(&project, "a"), [of_a_file.as_str()]);
    assert!(run.stderr.contains(&of_a_file), "{}", run.stderr);
}
