//! Known failures, flaky snapshots, and tolerance per engine and platform.

use std::io::{Read, Write};
use std::net::TcpListener;

use libtest_mimic::Trial;
use tintype::internals::model::{Reason, Status};

use super::output::{assert_first_failure, assert_output};
use super::project::{MANIFEST, Project};
use super::trials;

pub(crate) fn tests() -> Vec<Trial> {
    trials![
        a_known_failure_must_keep_failing,
        a_known_failure_is_limited_to_its_engines_and_platforms,
        every_attempt_is_reported,
        tolerance_can_be_set_per_engine_and_platform,
    ]
}

fn page(colour: &str) -> String {
    format!("<!doctype html><style>body {{ margin: 0; background: {colour} }}</style>")
}

fn manifest(known: &str) -> String {
    format!(
        "{MANIFEST}[capture]\ntimeout = \"3s\"\n[[story]]\npath = \"a.html\"\n{known}\n\
         [[story]]\npath = \"b.html\"\nsteps = [{{ click = \"#absent\" }}]\n{known}\n"
    )
}

fn a_known_failure_must_keep_failing() {
    let known = "known-failure = \"issue 12\"";
    let project = Project::new(MANIFEST, &[("a.html", &page("lime")), ("b.html", "<p>b")]);
    project.accept_all();
    let baseline = project.read("baselines/a-light-400x300.png");
    project.write("stories/a.html", &page("red"));
    project.write("stories.toml", &manifest(known));
    for update in ["no", "failed", "all"] {
        let run = project.run(&[], &[("TINTYPE_UPDATE", update)]);
        assert_eq!(run.code, Some(0), "{}{}", run.stdout, run.stderr);
        let last = project.last();
        assert_eq!(last.run.reason, Some(Reason::Passed));
        assert_eq!(last.run.summary.changed, 2);
        for result in &last.results {
            assert_eq!(result.status, Status::Changed);
            assert_eq!(result.known_failure.as_deref(), Some("issue 12"));
        }
        let result = project.result("a::light::400x300");
        assert_output("known_failure", &result.message.unwrap());
        assert_eq!(project.read("baselines/a-light-400x300.png"), baseline);
        assert_output("known_failure_summary", &run.stderr);
    }

    // It is fixed: on the fast path and after a full comparison.
    project.write("stories/a.html", &page("lime"));
    for _ in 0..2 {
        let run = project.run(&["a::"], &[]);
        assert_eq!(run.code, Some(101));
        let result = project.result("a::light::400x300");
        assert_output("unexpected_pass", result.message.as_deref().unwrap());
        assert!(!result.cached);
    }
    project.write("stories.toml", &manifest(""));
    assert_eq!(project.run(&["a::"], &[]).code, Some(0));
}

fn a_known_failure_is_limited_to_its_engines_and_platforms() {
    let elsewhere = "known-failure = { reason = \"x\", platforms = [\"windows\"] }";
    let here = format!(
        "known-failure = {{ reason = \"x\", platforms = [\"windows\", \"{}\"], browsers = [\"chromium\"] }}",
        std::env::consts::OS
    );
    let project = Project::new(
        &manifest(elsewhere),
        &[("a.html", &page("lime")), ("b.html", "")],
    );
    let run = project.run(&["b::"], &[]);
    assert_eq!(run.code, Some(101));
    project.write("stories.toml", &manifest(&here));
    assert_eq!(project.run(&["b::"], &[]).code, Some(0));
    // Without a baseline it is unknown whether it fails.
    assert_eq!(project.run(&["a::"], &[]).code, Some(101));
    assert_eq!(project.result("a::light::400x300").status, Status::New);
    // A machine without a browser is no failure of the story.
    project.write(
        "stories.toml",
        &format!("{}[browser]\nbinary = \"./absent\"\n", manifest(&here)),
    );
    assert_eq!(project.run(&["b::"], &[]).code, Some(101));
}

/// A server that answers its first requests with an error page.
fn hesitant(refusals: usize) -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    std::thread::spawn(move || {
        let mut seen = 0;
        for mut stream in listener.incoming().flatten() {
            let mut request = [0; 4096];
            let read = stream.read(&mut request).unwrap_or(0);
            let is_story = request[..read].starts_with(b"GET /story");
            seen += usize::from(is_story);
            let status = if is_story && seen <= refusals {
                "503 Service Unavailable"
            } else {
                "200 OK"
            };
            let answer = format!(
                "HTTP/1.1 {status}\r\nContent-Type: text/html\r\nContent-Length: 7\r\nConnection: close\r\n\r\n<p>here"
            );
            let _ = stream.write_all(answer.as_bytes());
        }
    });
    port
}

fn every_attempt_is_reported() {
    let suite = |port: u16| {
        format!(
            "retries = 2\n[stories]\nurl = \"http://127.0.0.1:{port}\"\n[themes]\nlight = {{}}\n\
             [viewports]\ndesktop = \"200x100\"\n[[story]]\npath = \"/story\"\n"
        )
    };
    let project = Project::new(&suite(hesitant(0)), &[]);
    project.accept_all();
    assert_eq!(project.last().results[0].attempts, []);

    project.write("stories.toml", &suite(hesitant(2)));
    let run = project.run(&[], &[]);
    assert_eq!(run.code, Some(0), "{}", run.stdout);
    let result = project.result("story::light::200x100");
    assert!(result.is_flaky());
    assert_eq!(result.attempt, Some(3));
    let statuses: Vec<_> = result.attempts.iter().map(|a| a.status).collect();
    assert_eq!(statuses, [Status::Failed, Status::Failed, Status::Passed]);
    assert_output(
        "error_status",
        result.attempts[0].message.as_deref().unwrap(),
    );
    assert_output("flaky_summary", &run.stderr);
    let written = |name: &str| {
        let folder = project.runs().pop().unwrap();
        std::fs::read_to_string(folder.join(name)).unwrap()
    };
    assert_eq!(written("junit.xml").matches("<flakyFailure ").count(), 2);
    assert!(written("report.html").contains("status 503"));

    project.write("stories.toml", &suite(hesitant(99)));
    let run = project.run(&[], &[]);
    assert_eq!(run.code, Some(101));
    let result = project.result("story::light::200x100");
    assert!(!result.is_flaky());
    assert_eq!(result.attempts.len(), 3);
    assert_first_failure("failed_attempts", &run.stdout);
    assert_eq!(written("junit.xml").matches("<rerunFailure ").count(), 2);
}

fn tolerance_can_be_set_per_engine_and_platform() {
    let own = std::env::consts::OS;
    let manifest = |more: &str| format!("{MANIFEST}[compare]\nmax-diff-pixels = 10\n{more}");
    let stripe = |height: u32| {
        format!(
            "{}<p style='margin: 0; height: {height}px; background: black'>",
            page("white")
        )
    };
    let project = Project::new(&manifest(""), &[("a.html", &stripe(10))]);
    project.accept_all();
    project.write("stories/a.html", &stripe(11));
    let status = |more: &str| {
        project.write("stories.toml", &manifest(more));
        project.run(&[], &[]);
        project.result("a::light::400x300").status
    };
    assert_eq!(status(""), Status::Failed);
    assert_eq!(
        status("firefox = { max-diff-pixels = 400 }"),
        Status::Failed
    );
    assert_eq!(
        status("chromium = { max-diff-pixels = 400 }"),
        Status::Changed
    );
    assert_eq!(
        status(&format!("{own}.max-diff-pixels = 400")),
        Status::Changed
    );
    let both = format!("{own}.max-diff-pixels = 400\nchromium.max-diff-pixels = 399");
    assert_eq!(status(&both), Status::Failed);
}
