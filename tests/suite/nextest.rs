//! One process per test under a common runner, as with cargo-nextest.

use std::io::Write as _;
use std::process::{Child, ChildStdin, Command, Stdio};

use libtest_mimic::Trial;
use redis::Commands;
use tintype::internals::model::{Reason, Status};

use super::project::{Bell, MANIFEST, Project, eventually};
use super::support::port::free_port;
use super::support::server::Server;
use super::trials;

pub(crate) fn tests() -> Vec<Trial> {
    trials![
        the_run_ends_with_its_runner,
        new_snapshots_are_accepted_only_when_updating,
        one_coordinator_serves_all_processes,
        a_killed_coordinator_is_replaced,
        a_repeated_test_is_captured_again,
        a_killed_test_is_abandoned,
        a_story_server_command_serves_all_tests,
        stories_before_a_requested_one_are_captured_first,
    ]
}

/// A shell instead of nextest: it runs commands and is the parent process of
/// every test.
struct Runner {
    shell: Child,
    orders: Option<ChildStdin>,
}

impl Runner {
    fn start(project: &Project, environment: &[(&str, &str)]) -> Self {
        let suite = project.suite(&[]);
        let inherited = suite
            .get_envs()
            .filter_map(|(name, value)| Some((name.to_owned(), value?.to_owned())));
        let mut shell = Command::new("sh");
        shell
            .env_clear()
            .envs(inherited)
            .env("SUITE", suite.get_program())
            .env("NEXTEST", "1")
            .env("NEXTEST_RUN_ID", "0198-runner")
            .env("TINTYPE_CACHE", "off")
            .envs(environment.iter().copied())
            .current_dir(project.path())
            .stdin(Stdio::piped());
        let mut shell = shell.spawn().unwrap();
        Self {
            orders: shell.stdin.take(),
            shell,
        }
    }

    /// Runs a command in the shell, without waiting for it.
    fn order(&mut self, order: &str) {
        let orders = self.orders.as_mut().unwrap();
        writeln!(orders, "{order}").unwrap();
    }

    /// Runs a test of the manifest's only theme and screen; whether it passed.
    fn passes(&mut self, project: &Project, story: &str) -> bool {
        let answer = project.path().join("answer");
        let _ = std::fs::remove_file(&answer);
        let run = run(story);
        self.order(&format!(
            "{run} > output 2>&1; echo $? > draft; mv draft answer"
        ));
        eventually("the test has ended", || answer.exists());
        std::fs::read_to_string(answer).unwrap().trim() == "0"
    }

    fn end(mut self) {
        drop(self.orders.take());
        self.shell.wait().unwrap();
    }
}

fn run(story: &str) -> String {
    format!("$SUITE --exact {story}::light::400x300 --nocapture")
}

fn suite() -> Project {
    let project = Project::new(MANIFEST, &[("a.html", "<p>a"), ("b.html", "<p>b")]);
    project.accept_all();
    project
}

fn ended(project: &Project) {
    eventually("no process is left", || project.processes() == 0);
    let notes = std::fs::read_dir(project.path().join("target/tintype/nextest")).unwrap();
    // A log that is not empty is kept.
    for note in notes.map(|note| note.unwrap().path()) {
        let text = std::fs::read_to_string(&note).unwrap();
        assert!(note.ends_with("lock"), "{}: {text}", note.display());
    }
}

fn the_run_ends_with_its_runner() {
    let server = Server::start(&[]);
    let project = suite();
    let mut runner = Runner::start(&project, &[("REDIS_URL", &server.url())]);
    assert!(runner.passes(&project, "a"));
    assert!(runner.passes(&project, "b"));
    let mut client = redis::Client::open(server.url())
        .unwrap()
        .get_connection()
        .unwrap();
    let mut document = || -> serde_json::Value {
        let text: String = client.get("visualrun:0198-runner").unwrap();
        serde_json::from_str(&text).unwrap()
    };
    // The test's outcome is written, and the run continues.
    let before = document();
    assert_eq!(before["summary"]["passed"], 2);
    assert_eq!(before.get("reason"), None);
    runner.end();
    eventually("the run has ended", || document()["reason"] == "passed");
    ended(&project);
    assert_eq!(project.last().run.reason, Some(Reason::Passed));
}

fn new_snapshots_are_accepted_only_when_updating() {
    let server = Server::start(&[]);
    for (update, reason) in [("new", Reason::Passed), ("no", Reason::Failed)] {
        let project = Project::new(MANIFEST, &[("a.html", "<p>a"), ("b.html", "<p>b")]);
        let environment = [
            ("REDIS_URL", &*server.url()),
            ("REDIS_PREFIX", update),
            ("TINTYPE_UPDATE", update),
        ];
        let mut runner = Runner::start(&project, &environment);
        for story in ["a", "b"] {
            assert_eq!(runner.passes(&project, story), update == "new");
        }
        runner.end();
        ended(&project);
        let last = project.last().run;
        assert_eq!((last.reason, last.summary.new), (Some(reason), 2));
        let mut client = redis::Client::open(server.url())
            .unwrap()
            .get_connection()
            .unwrap();
        let text: String = client
            .get(format!("{update}visualrun:0198-runner"))
            .unwrap();
        let document: serde_json::Value = serde_json::from_str(&text).unwrap();
        assert_eq!(document["reason"], reason.as_str());
    }
}

fn one_coordinator_serves_all_processes() {
    let project = suite();
    let mut runner = Runner::start(&project, &[]);
    assert!(runner.passes(&project, "a"));
    let drivers = project.programs(&["chromedriver"]);
    assert!(!drivers.is_empty());
    assert!(runner.passes(&project, "b"));
    assert_eq!(
        project.programs(&["chromedriver"]),
        drivers,
        "another browser was started"
    );
    let last = project.last();
    assert_eq!(last.results[0].worker, last.results[1].worker);
    assert!(
        project
            .path()
            .join("target/tintype/runs/0198-runner/junit.xml")
            .exists()
    );
    runner.end();
    ended(&project);
}

fn a_killed_coordinator_is_replaced() {
    let project = suite();
    let mut runner = Runner::start(&project, &[]);
    assert!(runner.passes(&project, "a"));
    let worker = project.result("a::light::400x300").worker.unwrap();
    let (_, id) = worker.rsplit_once(':').unwrap();
    let killed = Command::new("kill").args(["-9", id]).status().unwrap();
    assert!(killed.success());
    assert!(runner.passes(&project, "b"));
    assert_eq!(project.statuses(), [Status::Passed, Status::Passed]);
    runner.end();
    ended(&project);
}

fn a_repeated_test_is_captured_again() {
    let project = suite();
    let mut runner = Runner::start(&project, &[]);
    project.write("stories/a.html", "<p>changed");
    assert!(!runner.passes(&project, "a"));
    let output = project.read("output");
    let output = String::from_utf8_lossy(&output);
    // The block below the test's name has all that its reader needs.
    let (_, block) = output.split_once("---- a::light::400x300 ----\n").unwrap();
    for text in [
        "pixels differ",
        "accept:   cargo tintype accept a::light",
        "report:   ",
    ] {
        assert!(block.contains(text), "{output}");
    }
    assert!(output.contains("Error: "), "{output}");
    assert_eq!(project.statuses(), [Status::Failed]);
    project.write("stories/a.html", "<p>a");
    assert!(runner.passes(&project, "a"));
    assert_eq!(project.statuses(), [Status::Passed]);
    runner.end();
    ended(&project);
}

fn stories_before_a_requested_one_are_captured_first() {
    let manifest = format!(
        "{MANIFEST}[[story]]\npath = \"a.html\"\nafter = [\"b\"]\nlock = \"staging\"\n\
         [[story]]\npath = \"b.html\"\n[[story]]\npath = \"c.html\"\nafter = [\"a\"]\n"
    );
    let server = Server::start(&[]);
    let redis = server.url();
    let pages = [("a.html", "<p>a"), ("b.html", "<p>b"), ("c.html", "<p>c")];
    let project = Project::new(&manifest, &pages);
    let accept = [("REDIS_URL", redis.as_str()), ("TINTYPE_UPDATE", "new")];
    assert_eq!(project.run(&[], &accept).code, Some(0));
    project.write("stories/b.html", "<p>changed");
    let mut runner = Runner::start(&project, &[("REDIS_URL", &redis)]);
    // nextest cannot tell at run time that a test is skipped.
    assert!(!runner.passes(&project, "c"));
    let output = String::from_utf8(project.read("output")).unwrap();
    assert!(output.contains("after `a`, which was skipped"), "{output}");
    let skipped = project.result("a::light::400x300");
    assert_eq!(skipped.status, Status::Skipped);
    let reason = "after `b`, which failed";
    assert_eq!(skipped.message.as_deref(), Some(reason));
    let statuses = [Status::Skipped, Status::Failed, Status::Skipped];
    assert_eq!(project.statuses(), statuses);
    // The tests of the other stories get the same result, their retries another one.
    project.write("stories/b.html", "<p>b");
    for story in ["b", "a"] {
        assert!(!runner.passes(&project, story));
        assert!(runner.passes(&project, story));
    }
    assert!(runner.passes(&project, "c"));
    assert_eq!(project.statuses(), [Status::Passed; 3]);
    runner.end();
    ended(&project);
}

fn a_killed_test_is_abandoned() {
    let project = suite();
    let bell = Bell::new();
    project.write("stories/a.html", &bell.story());
    let manifest = String::from_utf8(project.read("stories.toml")).unwrap();
    project.write("stories.toml", &(manifest + &bell.allowed()));
    let mut runner = Runner::start(&project, &[]);
    runner.order(&format!(
        "{} & echo $! > id.draft; mv id.draft id",
        run("a")
    ));
    let note = project.path().join("id");
    bell.wait();
    eventually("the test has said its number", || note.exists());
    let id = std::fs::read_to_string(note).unwrap();
    let ended = Command::new("kill").args(["-9", id.trim()]).status();
    assert!(ended.unwrap().success());
    // The other processes continue, and the log of the first is kept.
    assert!(runner.passes(&project, "b"));
    let given_up = project.result("a::light::400x300");
    assert_eq!(given_up.status, Status::Skipped);
    assert_eq!(given_up.message.as_deref(), Some("interrupted"));
    runner.end();
    self::ended(&project);
    assert_eq!(project.last().run.reason, Some(Reason::Interrupted));
}

fn a_story_server_command_serves_all_tests() {
    let port = free_port();
    let manifest = MANIFEST.replace(
        "dir = \"stories\"",
        &format!(
            "url = \"http://127.0.0.1:{port}\"\ncommand = \"cd stories && exec python3 -m http.server {port} --bind 127.0.0.1\""
        ),
    );
    let manifest = format!(
        "{manifest}\n[[story]]\nid = \"a\"\npath = \"/a.html\"\n[[story]]\nid = \"b\"\npath = \"/b.html\"\n"
    );
    let project = Project::new(&manifest, &[("a.html", "<p>a"), ("b.html", "<p>b")]);
    project.accept_all();
    let mut runner = Runner::start(&project, &[]);
    assert!(runner.passes(&project, "a"));
    assert!(runner.passes(&project, "b"));
    runner.end();
    ended(&project);
}
