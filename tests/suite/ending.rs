//! No matter how a run ends, no process is left and the record is correct.

use libtest_mimic::Trial;
use tintype::internals::model::{Reason, Status};

use super::output::assert_output;
use super::project::{Bell, MANIFEST, Project, eventually};
use super::trials;

pub(crate) fn tests() -> Vec<Trial> {
    trials![
        a_finished_run_leaves_no_process,
        sigterm_leaves_a_complete_record,
        sigterm_before_the_first_story_ends_the_run,
        kill_9_leaves_no_process,
        a_crashed_browser_is_replaced,
        a_missing_browser_is_reported_once,
    ]
}

fn a_finished_run_leaves_no_process() {
    let project = Project::new(MANIFEST, &[("a.html", "<p>a")]);
    project.accept_all();
    assert_eq!(project.processes(), 0);
    let left = std::fs::read_dir(project.path().join("target/tintype/browsers")).unwrap();
    assert_eq!(left.count(), 0, "profiles were left behind");
}

fn signalled(signal: &str) -> (Project, std::process::Output) {
    let bell = Bell::new();
    let stories = [("a.html", "<p>a"), ("b.html", &*bell.story())];
    let project = Project::new(&format!("{MANIFEST}{}", bell.allowed()), &stories);
    let child = project.start(&[]);
    bell.wait();
    let id = child.id().to_string();
    let sent = std::process::Command::new("kill")
        .args([signal, &id])
        .status();
    assert!(sent.unwrap().success());
    let output = child.wait_with_output().unwrap();
    eventually("all its processes are gone", || project.processes() == 0);
    (project, output)
}

fn sigterm_leaves_a_complete_record() {
    let (project, output) = signalled("-TERM");
    assert_eq!(output.status.code(), Some(101));
    let last = project.last();
    assert_eq!(last.run.reason, Some(Reason::Interrupted));
    let endless = project.result("b::light::400x300");
    assert_eq!(endless.status, Status::Skipped);
    assert_eq!(endless.message.as_deref(), Some("interrupted"));
    assert_eq!(last.run.summary.total, 2);
}

/// The command starts, but its server never responds.
fn sigterm_before_the_first_story_ends_the_run() {
    let project = Project::new("", &[]);
    let port = super::support::port::free_port();
    let here = project.path().display();
    let text = format!(
        "[stories]\nurl = \"http://127.0.0.1:{port}\"\n\
         command = \"echo > {here}/started; exec sleep 1000\"\n[[story]]\npath = \"/a\"\n"
    );
    project.write("stories.toml", &text);
    let child = project.start(&[]);
    eventually("the command has started", || {
        project.path().join("started").exists()
    });
    let id = child.id().to_string();
    let sent = std::process::Command::new("kill")
        .args(["-TERM", &id])
        .status();
    assert!(sent.unwrap().success());
    let output = child.wait_with_output().unwrap();
    let text = String::from_utf8_lossy(&output.stdout);
    assert_eq!(output.status.code(), Some(101), "{text}");
    assert!(text.contains("interrupted before"), "{text}");
    eventually("all its processes are gone", || project.processes() == 0);
}

fn kill_9_leaves_no_process() {
    let (project, output) = signalled("-KILL");
    assert_eq!(output.status.code(), None);
    let browsers = project.path().join("target/tintype/browsers");
    eventually("its profiles are gone", || {
        std::fs::read_dir(&browsers).unwrap().count() == 0
    });
}

fn a_crashed_browser_is_replaced() {
    let bell = Bell::new();
    let project = Project::new(
        &format!("{MANIFEST}{}", bell.allowed()),
        &[
            ("a.html", "<p>a"),
            ("b.html", &bell.story()),
            ("c.html", "<p>c"),
        ],
    );
    let mut command = project.suite(&["--test-threads=1"]);
    command.env("TINTYPE_UPDATE", "new");
    let child = command.spawn().unwrap();
    for _ in 0..2 {
        bell.wait();
        kill_browsers(&project);
    }
    let output = child.wait_with_output().unwrap();
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    assert_eq!(
        project.result("a::light::400x300").status,
        Status::New,
        "{text}"
    );
    assert_eq!(
        project.result("c::light::400x300").status,
        Status::New,
        "{text}"
    );
    let broken = project.result("b::light::400x300");
    assert_eq!(
        (broken.status, broken.attempt),
        (Status::Failed, Some(2)),
        "{text}"
    );
    assert_eq!(broken.attempts.len(), 2, "{text}");
    // The same error has the same message in every attempt.
    assert!(!broken.message.unwrap().contains("(attempt"), "{text}");
}

fn kill_browsers(project: &Project) {
    let mark = format!("--user-data-dir={}", project.path().display());
    let mut found = Vec::new();
    for entry in std::fs::read_dir("/proc").unwrap().flatten() {
        let line = std::fs::read(entry.path().join("cmdline")).unwrap_or_default();
        let line = String::from_utf8_lossy(&line).into_owned();
        // The main process: neither the guard before it nor its helpers.
        if line.contains(&mark) && !line.contains("--type=") && !line.starts_with("sh") {
            found.push(entry.file_name().to_string_lossy().into_owned());
        }
    }
    assert!(!found.is_empty());
    std::process::Command::new("kill")
        .arg("-9")
        .args(&found)
        .status()
        .unwrap();
}

fn a_missing_browser_is_reported_once() {
    let manifest = format!("{MANIFEST}[browser]\nbinary = \"no-such-browser\"\n");
    let project = Project::new(&manifest, &[("a.html", "<p>a")]);
    let run = project.run(&[], &[]);
    assert_eq!(run.code, Some(101));
    let result = project.result("a::light::400x300");
    assert_output("missing_browser", &result.message.unwrap());
}
