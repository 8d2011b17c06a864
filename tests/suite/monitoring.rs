//! Alerts that runs raise, and runs that are removed at the end of others.

use libtest_mimic::Trial;
use serde_json::Value;
use tintype::internals::record::{CleanupStatus, ExportedRun};

#[cfg(feature = "webhook")]
use super::http_sink::HttpSink;
use super::project::{Bell, MANIFEST, Project, Run};
use super::support::server::Server;
use super::trials;

#[cfg(feature = "webhook")]
pub(crate) fn tests() -> Vec<Trial> {
    let mut tests = retention_tests();
    tests.extend(trials![
        a_failing_run_raises_an_alert_and_a_clean_one_resolves_it
    ]);
    tests
}

#[cfg(not(feature = "webhook"))]
pub(crate) fn tests() -> Vec<Trial> {
    retention_tests()
}

fn retention_tests() -> Vec<Trial> {
    trials![
        runs_beyond_the_limit_are_archived_and_removed,
        a_run_that_cannot_be_archived_is_kept,
    ]
}

const PAGE: &str = "<!doctype html><style>body { margin: 0; background: lime }</style>";

fn run_as(project: &Project, server: &Server, id: &str, more: &[(&str, &str)]) -> Run {
    let url = server.url();
    let own = [("REDIS_URL", url.as_str()), ("TINTYPE_RUN_ID", id)];
    project.run(&["a::"], &[&own, more].concat())
}

fn assert_code(run: &Run, code: i32) {
    assert_eq!(run.code, Some(code), "{}{}", run.stdout, run.stderr);
}

/// The types of the run's events that are about alerts.
#[cfg(feature = "webhook")]
fn alerts_of(server: &Server, run: &str) -> Vec<String> {
    let events = server.cli(&["XRANGE", &format!("tintype:{run}:events"), "-", "+"]);
    let events = events.lines().filter(|line| line.starts_with('{'));
    let types = events.map(|event| {
        let event: Value = serde_json::from_str(event).unwrap();
        event["type"].as_str().unwrap().to_owned()
    });
    types.filter(|kind| kind.starts_with("alert:")).collect()
}

#[cfg(feature = "webhook")]
fn a_failing_run_raises_an_alert_and_a_clean_one_resolves_it() {
    let (server, sink) = (Server::start(&[]), HttpSink::start("200 OK"));
    // The window has the outcomes of all these runs: 1 of 2, then 1 of 4, fail.
    let settings = "[project]\nname = \"shop\"\n[alerts]\nwebhook = \"${HOOK}\"\n\
                    built-in = false\n[[alert]]\nwhen = \"failure-rate > 40 %\"\n\
                    min-snapshots = 1\nwindow = \"30m\"\n";
    let pages = [("a.html", PAGE), ("a2.html", PAGE)];
    let project = Project::new(&format!("{MANIFEST}{settings}"), &pages);
    let hook = format!("{}/services/a-password-of-the-hook", sink.url());
    let variables = [("HOOK", hook.as_str()), ("TINTYPE_CACHE", "off")];
    let update = project.run(&[], &[variables[0], ("TINTYPE_UPDATE", "new")]);
    assert_code(&update, 0);
    project.write("stories/a.html", &PAGE.replace("lime", "red"));
    let url = server.url();
    let record = |id| {
        let own = [("REDIS_URL", url.as_str()), ("TINTYPE_RUN_ID", id)];
        project.run(&[], &[&own[..], &variables].concat())
    };
    assert_code(&record("run-1"), 101);
    assert_eq!(alerts_of(&server, "run-1"), ["alert:raised"]);
    project.write("stories/a.html", PAGE);
    for id in ["run-2", "run-3"] {
        assert_code(&record(id), 0);
    }
    assert_eq!(alerts_of(&server, "run-2"), ["alert:resolved"]);
    assert_eq!(alerts_of(&server, "run-3"), Vec::<String>::new());
    assert_eq!(server.cli(&["XLEN", "tintype:alerts"]), "2");

    let received = sink.received();
    let bodies: Vec<Value> = received
        .iter()
        .map(|request| serde_json::from_slice(&request.body).unwrap())
        .collect();
    let field = |name: &str| -> Vec<_> { bodies.iter().map(|body| body[name].clone()).collect() };
    assert_eq!(field("type"), ["alert:raised", "alert:resolved"]);
    assert_eq!(field("project"), ["shop", "shop"]);
    let value = bodies[0]["value"].as_str().unwrap();
    assert!(
        value.contains("1 of ") && value.ends_with(" failed"),
        "{value}"
    );
}

/// A project whose baseline is that of `run-base`, with an older open run.
fn retained_project(settings: &str, server: &Server) -> (Project, std::process::Child) {
    let bell = Bell::new();
    let settings = format!("[project]\nname = \"shop\"\n[retention]\nruns = 2\n{settings}");
    let manifest = format!("{MANIFEST}{settings}{}", bell.allowed());
    let pages = [("a.html", PAGE), ("endless.html", &bell.story())];
    let project = Project::new(&manifest, &pages);
    let mut open = project.suite(&["endless::"]);
    open.env("REDIS_URL", server.url())
        .env("TINTYPE_RUN_ID", "run-open");
    let open = open.spawn().unwrap();
    bell.wait();
    let base = run_as(&project, server, "run-base", &[("TINTYPE_UPDATE", "new")]);
    assert_code(&base, 0);
    (project, open)
}

fn recorded_runs(server: &Server) -> Vec<String> {
    let runs = server.cli(&["SMEMBERS", "visualruns:index"]);
    let mut runs: Vec<_> = runs.lines().map(str::to_owned).collect();
    runs.sort();
    runs
}

fn cleanup_status(server: &Server) -> CleanupStatus {
    let status = server.cli(&["HGET", "tintype:cleanup", "shop"]);
    serde_json::from_str(&status).unwrap_or_else(|error| panic!("{error}: {status}"))
}

fn runs_beyond_the_limit_are_archived_and_removed() {
    let server = Server::start(&[]);
    let (project, mut open) = retained_project("archive = \"archive\"\n", &server);
    let mut last = 0;
    // A cleanup is bounded in time, and that of the next run continues.
    while last < 3 || !cleanup_status(&server).finished {
        last += 1;
        assert!(last < 30, "{:?}", recorded_runs(&server));
        let run = run_as(&project, &server, &format!("run-{last:02}"), &[]);
        assert_code(&run, 0);
        assert!(!run.stderr.contains("[retention]"), "{}", run.stderr);
    }
    let newest = [last - 1, last].map(|n| format!("run-{n:02}"));
    let mut expected = newest.to_vec();
    expected.extend(["run-base".to_owned(), "run-open".to_owned()]);
    assert_eq!(recorded_runs(&server), expected);
    for n in 1..last - 1 {
        let archived = project.read(&format!("archive/run-{n:02}.ndjson"));
        let archived = String::from_utf8(archived).unwrap();
        let archived = ExportedRun::from_ndjson(&archived).unwrap();
        assert_eq!(archived[0].tests.len(), 1);
        let key = format!("visualrun:run-{n:02}");
        assert_eq!(server.cli(&["EXISTS", &key]), "0");
    }
    let status = cleanup_status(&server);
    assert!(status.error.is_none() && status.removed >= 1, "{status:?}");
    assert!(
        server
            .cli(&["GET", "visualrun:run-open"])
            .contains("run-open")
    );
    open.kill().unwrap();
    open.wait().unwrap();
}

fn a_run_that_cannot_be_archived_is_kept() {
    let server = Server::start(&[]);
    let (project, mut open) = retained_project("archive = \"archive\"\n", &server);
    project.write("archive", "a file");
    let mut warned = None;
    // A cleanup may end before it comes to the run.
    for n in 1..30 {
        let run = run_as(&project, &server, &format!("run-{n:02}"), &[]);
        assert_code(&run, 0);
        warned = run
            .stderr
            .contains("[retention] was not applied: failed to archive a run in")
            .then_some(n);
        if warned.is_some() {
            break;
        }
    }
    let last = warned.expect("a run is archived");
    assert_eq!(recorded_runs(&server).len(), last + 2);
    assert!(cleanup_status(&server).error.is_some());
    open.kill().unwrap();
    open.wait().unwrap();
}
