//! Several processes on one run, as several machines would be.

use std::process::{Child, Command};
use std::time::Duration;

use libtest_mimic::Trial;
use tintype::internals::model::VisualTestRun;

use super::project::{Bell, MANIFEST, Project, Run, eventually};
use super::support::server::Server;
use super::trials;

pub(crate) fn tests() -> Vec<Trial> {
    trials![
        two_processes_share_the_work,
        a_different_plan_is_refused,
        failed_jobs_repeat_only_what_has_not_passed,
        a_process_that_is_terminated_leaves_its_work_to_others,
        the_work_of_a_killed_process_is_done_by_another,
        a_group_that_kills_its_workers_fails,
        a_server_that_is_away_is_replaced_by_a_division,
        a_canceled_run_is_interrupted,
        stories_wait_for_those_of_other_machines,
        sharing_needs_a_server_and_a_run_id,
    ]
}

const RUN: &str = "shared-1";
const BOX: &str = "<!doctype html><div style='width:60px;height:60px;background:teal'></div>";

/// A project on a server.
struct Shared {
    project: Project,
    server: Server,
}

impl Shared {
    /// A project with these pages, whose baselines are accepted.
    fn new(stories: &[(&str, &str)]) -> Self {
        let mut manifest = MANIFEST.to_owned();
        for (path, _) in stories {
            manifest.push_str(&format!("\n[[story]]\npath = \"{path}\"\n"));
        }
        Self {
            project: Project::new(&manifest, stories),
            server: Server::start(&["--appendonly", "yes"]),
        }
    }

    /// Eight stories with accepted baselines.
    fn of_boxes() -> Self {
        let paths: Vec<_> = (0..8).map(|n| format!("box-{n}.html")).collect();
        let stories: Vec<_> = paths.iter().map(|path| (path.as_str(), BOX)).collect();
        let shared = Self::new(&stories);
        shared.project.accept_all();
        shared
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = self.project.suite(arguments);
        command
            .env("REDIS_URL", self.server.url())
            .env("TINTYPE_SHARE", "on")
            .env("TINTYPE_RUN_ID", RUN)
            .env("TINTYPE_CACHE", "off")
            .env("TINTYPE_SESSIONS", "1");
        command
    }

    fn start(&self) -> Child {
        self.command(&[]).spawn().unwrap()
    }

    fn run(&self) -> Run {
        self.command(&[]).output().unwrap().into()
    }

    /// The value of a key; empty if the key does not exist.
    fn value(&self, key: &str) -> String {
        self.server.cli(&["GET", key])
    }

    fn document(&self) -> VisualTestRun {
        serde_json::from_str(&self.value(&format!("visualrun:{RUN}"))).unwrap()
    }

    /// The types of all events.
    fn events(&self) -> Vec<String> {
        let stream = format!("tintype:{RUN}:events");
        let text = self.server.cli(&["XRANGE", &stream, "-", "+"]);
        let kinds = text.lines().filter_map(|line| {
            let (_, rest) = line.split_once("{\"type\":\"")?;
            Some(rest.split_once('"')?.0.to_owned())
        });
        kinds.collect()
    }

    /// The stories in the order in which they were finished.
    fn finished_stories(&self) -> Vec<String> {
        let stream = format!("tintype:{RUN}:events");
        let text = self.server.cli(&["XRANGE", &stream, "-", "+"]);
        let finished = text
            .lines()
            .filter(|line| line.contains("\"test:finished\""));
        let story = |line: &str| {
            let (_, rest) = line.split_once("\"storyId\":\"")?;
            Some(rest.split_once('"')?.0.to_owned())
        };
        finished.filter_map(story).collect()
    }

    fn count(&self, kind: &str) -> usize {
        self.events().iter().filter(|event| *event == kind).count()
    }

    fn worker(&self) -> String {
        let workers = self
            .server
            .cli(&["HKEYS", &format!("tintype:{RUN}:workers")]);
        workers.lines().next().unwrap_or_default().to_owned()
    }
}

fn end(child: Child) -> Run {
    child.wait_with_output().unwrap().into()
}

fn lines<'a>(run: &'a Run, part: &str) -> Vec<&'a str> {
    run.stdout
        .lines()
        .filter(|line| line.contains(part))
        .collect()
}

fn two_processes_share_the_work() {
    let shared = Shared::of_boxes();
    let runs = [shared.start(), shared.start()].map(end);
    let mut own = 0;
    for run in &runs {
        assert_eq!(run.code, Some(0), "{}{}", run.stdout, run.stderr);
        let elsewhere = lines(run, "ignored (ran on ").len();
        own += 8 - elsewhere;
        assert!(run.stderr.contains("joined run shared-1"), "{}", run.stderr);
    }
    assert_eq!(own, 8, "{}{}", runs[0].stdout, runs[1].stdout);
    let document = shared.document();
    assert_eq!((document.summary.total, document.summary.passed), (8, 8));
    assert_eq!(
        document.reason.map(|reason| reason.to_string()),
        Some("passed".to_owned())
    );
    assert_eq!(shared.count("test:finished"), 8);
    assert_eq!(
        (shared.count("worker:joined"), shared.count("worker:left")),
        (2, 2)
    );
    assert_eq!(shared.count("run:finished"), 1);
    assert_eq!(shared.worker(), "", "all have left");
}

fn a_different_plan_is_refused() {
    let shared = Shared::of_boxes();
    assert_eq!(shared.run().code, Some(0));
    let refused: Run = shared.command(&["box-1", "box-2"]).output().unwrap().into();
    assert_eq!(refused.code, Some(101));
    let expected = "this machine cannot join the shared run, because its plan differs:\n  \
                    `box-0:light:400x300` is only in the run\n  \
                    `box-3:light:400x300` is only in the run\n  \
                    `box-4:light:400x300` is only in the run\n  and 3 more snapshots\nhelp: ";
    assert!(refused.stdout.contains(expected), "{}", refused.stdout);
    let manifest = String::from_utf8(shared.project.read("stories.toml")).unwrap();
    shared
        .project
        .write("stories.toml", &format!("{manifest}\n# edited\n"));
    let refused = shared.run();
    assert_eq!(refused.code, Some(101));
    assert!(
        refused.stdout.contains("\n  manifest: "),
        "{}",
        refused.stdout
    );
    assert_eq!(shared.document().summary.passed, 8);
}

/// A CI system gives the run the same id when its failed jobs are run again.
fn failed_jobs_repeat_only_what_has_not_passed() {
    let shared = Shared::of_boxes();
    shared
        .project
        .write("stories/box-3.html", &BOX.replace("teal", "red"));
    let first = shared.run();
    assert_eq!(first.code, Some(101), "{}", first.stdout);
    assert_eq!(shared.document().summary.failed, 1);
    shared.project.write("stories/box-3.html", BOX);
    let again = shared.run();
    assert_eq!(again.code, Some(0), "{}{}", again.stdout, again.stderr);
    assert!(again.stderr.contains("; 1 of 8 left"), "{}", again.stderr);
    assert_eq!(
        lines(&again, "ignored (ran on ").len(),
        7,
        "{}",
        again.stdout
    );
    let summary = shared.document().summary;
    assert_eq!((summary.total, summary.passed), (8, 8));
    let nothing = shared.run();
    assert_eq!(nothing.code, Some(0), "{}", nothing.stderr);
    assert_eq!(lines(&nothing, "ignored (ran on ").len(), 8);
    assert_eq!(shared.count("test:finished"), 8);
}

/// A project with a story that never settles, which rings the bell.
fn with_endless_story(bell: &Bell) -> Shared {
    let shared = Shared::of_boxes();
    let manifest = String::from_utf8(shared.project.read("stories.toml")).unwrap();
    let endless = "\n[[story]]\nid = \"endless\"\npath = \"endless.html\"\n\
                   capture = { timeout = \"60s\" }\n";
    let manifest = format!("{manifest}{endless}{}", bell.allowed());
    shared.project.write("stories.toml", &manifest);
    shared.project.write("stories/endless.html", &bell.story());
    // What failed last is captured first.
    let outcome = r#"{"runId":"run-0","at":1,"status":"failed","durationMs":5}"#;
    let history = "tintype:story:endless:light:400x300:history";
    shared.server.cli(&["ZADD", history, "1", outcome]);
    shared
}

/// Makes the endless story settle when it is loaded again.
fn mend(shared: &Shared) {
    shared.project.write("stories/endless.html", BOX);
}

fn a_process_that_is_terminated_leaves_its_work_to_others() {
    let bell = Bell::new();
    let shared = with_endless_story(&bell);
    let leaving = shared.start();
    bell.wait();
    mend(&shared);
    signal(&leaving, "-TERM");
    let left = end(leaving);
    assert_eq!(left.code, Some(101), "{}{}", left.stdout, left.stderr);
    assert!(shared.count("worker:left") >= 1);
    assert_eq!(shared.document().reason, None, "others may go on");
    let other = shared.run();
    assert_eq!(
        lines(&other, "... ok").len(),
        8,
        "{}{}",
        other.stdout,
        other.stderr
    );
    let summary = shared.document().summary;
    assert_eq!((summary.total, summary.passed, summary.new), (9, 8, 1));
}

fn the_work_of_a_killed_process_is_done_by_another() {
    let bell = Bell::new();
    let shared = with_endless_story(&bell);
    let mut killed = shared.start();
    bell.wait();
    mend(&shared);
    killed.kill().unwrap();
    killed.wait().unwrap();
    let other = shared.run();
    let summary = shared.document().summary;
    let told = (summary.total, summary.passed, summary.new);
    assert_eq!(told, (9, 8, 1), "{}{}", other.stdout, other.stderr);
    assert_eq!(shared.count("worker:lost"), 1);
    assert_eq!(shared.count("test:finished"), 9);
}

fn a_group_that_kills_its_workers_fails() {
    let bell = Bell::new();
    let shared = with_endless_story(&bell);
    for _ in 0..3 {
        let mut killed = shared.start();
        bell.wait();
        killed.kill().unwrap();
        killed.wait().unwrap();
        // Its lease has ended.
        let leases = format!("tintype:{RUN}:leases");
        shared
            .server
            .cli(&["ZADD", &leases, "XX", "1", "endless@chromium"]);
    }
    let last = shared.run();
    assert_eq!(last.code, Some(101), "{}", last.stdout);
    let message = "its machine was lost 3 times while it was captured: ";
    assert!(last.stdout.contains(message), "{}", last.stdout);
    let summary = shared.document().summary;
    assert_eq!((summary.passed, summary.failed), (8, 1));
}

fn a_server_that_is_away_is_replaced_by_a_division() {
    let bell = Bell::new();
    let mut shared = with_endless_story(&bell);
    let output = shared.project.path().join("output");
    let file = std::fs::File::create(&output).unwrap();
    let worker = shared.command(&[]).stdout(file).spawn().unwrap();
    bell.wait();
    shared.server.kill();
    mend(&shared);
    // Its browser breaks, and the story settles in the next one.
    for browser in shared.project.programs(&[
        "chromium-headless-shell",
        "headless_shell",
        "chromium",
        "chrome",
    ]) {
        let _ = Command::new("kill").args(["-9", &browser]).status();
    }
    let printed = || std::fs::read_to_string(&output).unwrap();
    eventually("the other stories are captured without a server", || {
        printed().matches("... ok").count() >= 4
    });
    shared.server.restart();
    let ended = end(worker);
    // It may have ended before the server was back: the next process on the machine
    // sends its journal.
    shared.run();
    let summary = shared.document().summary;
    let told = (summary.total, summary.passed, summary.new);
    assert_eq!(told, (9, 8, 1), "{}{}", printed(), ended.stderr);
    assert_eq!(shared.count("test:finished"), 9);
}

fn a_canceled_run_is_interrupted() {
    let bell = Bell::new();
    let shared = with_endless_story(&bell);
    let worker = shared.start();
    bell.wait();
    let commands = format!("tintype:{RUN}:commands:{}", shared.worker());
    shared
        .server
        .cli(&["XADD", &commands, "*", "command", "cancel"]);
    let canceled = end(worker);
    assert_eq!(canceled.code, Some(101));
    let ignored = lines(&canceled, "ignored (the run was canceled)").len();
    assert_eq!(ignored, 9, "{}{}", canceled.stdout, canceled.stderr);
    let reason = shared.document().reason.map(|reason| reason.to_string());
    assert_eq!(reason.as_deref(), Some("interrupted"));
}

/// Every story has the same lock, and two run after others, which another machine
/// may have.
fn stories_wait_for_those_of_other_machines() {
    let mut shared = Shared::of_boxes();
    let manifest = String::from_utf8(shared.project.read("stories.toml")).unwrap();
    let manifest = manifest
        .replace("[stories]", "[stories]\nlock = \"staging\"")
        .replace(
            "path = \"box-0.html\"",
            "path = \"box-0.html\"\nafter = [\"box-5\"]",
        )
        .replace(
            "path = \"box-5.html\"",
            "path = \"box-5.html\"\nafter = [\"box-7\"]",
        );
    shared.project.write("stories.toml", &manifest);
    for run in [shared.start(), shared.start()].map(end) {
        assert_eq!(run.code, Some(0), "{}{}", run.stdout, run.stderr);
    }
    let summary = shared.document().summary;
    assert_eq!((summary.total, summary.passed), (8, 8));
    let order = shared.finished_stories();
    let place = |story: &str| order.iter().position(|finished| finished == story);
    assert!(place("box-7") < place("box-5"), "{order:?}");
    assert!(place("box-5") < place("box-0"), "{order:?}");

    shared.server = Server::start(&[]);
    shared
        .project
        .write("stories/box-7.html", &BOX.replace("teal", "red"));
    let runs = [shared.start(), shared.start()].map(end);
    let summary = shared.document().summary;
    let told = (summary.passed, summary.failed, summary.skipped);
    assert_eq!(told, (5, 1, 2), "{}{}", runs[0].stdout, runs[1].stdout);
    let document = shared.value(&format!("visualtest:{RUN}:box-5:light:400x300"));
    assert!(
        document.contains("after `box-7`, which failed"),
        "{document}"
    );
}

fn sharing_needs_a_server_and_a_run_id() {
    let project = Project::new(MANIFEST, &[]);
    let alone = project.run(&[], &[("TINTYPE_SHARE", "on")]);
    assert_eq!(alone.code, Some(101));
    let expected = "error: TINTYPE_SHARE=on needs the same run id on every machine, and found no \
                    CI system that provides one\nhelp: set TINTYPE_RUN_ID to the same text on every \
                    machine\n";
    assert_eq!(alone.stderr, expected);
}

fn signal(child: &Child, signal: &str) {
    let id = child.id().to_string();
    Command::new("kill").args([signal, &id]).status().unwrap();
    std::thread::sleep(Duration::from_millis(10));
}
