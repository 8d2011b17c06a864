//! `cargo tintype workers` and `wait` on a run of several workers, in a real
//! redis-server.

use std::io::{Read, Write as _};
use std::process::{Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

use serde_json::Value;
use tintype::internals::config::Config;
use tintype::internals::model::{
    Environment, RecordedEvent, RunId, Status, StoryIdentifier, VisualTestResult, VisualTestRun,
};
use tintype::internals::record::{
    ClaimOutcome, ClaimRequest, Lease, QueuedGroup, RecordConfig, Recorder, SharedQueue,
};

use super::project::{Project, Said};
use super::server::Server;

const RUN: &str = "github-12";

/// A project, a server, and a run in which workers have told what they do.
struct SharedFixture {
    project: Project,
    redis: Server,
    runtime: tokio::runtime::Runtime,
}

impl SharedFixture {
    fn new() -> Self {
        Self {
            project: Project::new(),
            redis: Server::start(&[]),
            runtime: tokio::runtime::Runtime::new().unwrap(),
        }
    }

    fn settings(&self) -> RecordConfig {
        let config = Config::from_variables([("REDIS_URL", self.redis.url())]).unwrap();
        RecordConfig::new(&self.project.root().join("target/tintype"), &config).unwrap()
    }

    /// Begins a run of two snapshots.
    fn begin(&self) -> Recorder {
        let run = VisualTestRun::start(RunId(RUN.to_owned()), Environment::default());
        self.runtime.block_on(async {
            let recorder = Recorder::open(self.settings(), run, 2, false).unwrap();
            let limit = Duration::from_secs(60);
            recorder.wait_joined(limit).await.unwrap();
            recorder
        })
    }

    /// The queue of a worker, with two groups.
    fn queue(&self, worker: &str) -> SharedQueue {
        let lanes = vec!["chromium".to_owned()];
        let queue = self
            .settings()
            .shared_queue(&RunId(RUN.to_owned()), worker, &lanes);
        let group = |story: &str| QueuedGroup {
            name: format!("{story}@chromium"),
            lane: lanes[0].clone(),
            keys: vec![format!("{story}:light:375x667")],
            expected_ms: 10,
            ..QueuedGroup::default()
        };
        let (queue, groups) = (queue.unwrap(), ["button", "card"].map(group));
        let planned = self.runtime.block_on(queue.plan("digest", &[], &groups));
        planned.unwrap();
        queue
    }

    /// A worker tells that it works on a test.
    fn works(&self, queue: &SharedQueue, host: &str, test: &str, leases: &[Lease]) {
        let document = format!(
            r#""host":"{host}","pid":7,"state":"working","sessions":2,"running":1,"currentTests":["{test}"],"engines":["chromium"],"version":"0.1.0""#
        );
        let renewed = self.runtime.block_on(queue.renew(&document, leases));
        renewed.unwrap();
    }

    fn end(&self, recorder: &Recorder, status: Status) {
        for (theme, status) in [("light", Status::Passed), ("dark", status)] {
            let story = StoryIdentifier::from_key(&format!("button:{theme}:375x667")).unwrap();
            let mut result = VisualTestResult::new(RunId(RUN.to_owned()), story, status);
            if status == Status::Failed {
                result.current = Some(format!("elsewhere/{RUN}/button-dark-375x667-current.png"));
                result.message = Some("12.0 % of pixels differ".to_owned());
            }
            recorder.record(&RecordedEvent::TestFinished(Box::new(result)));
        }
        let report = self.runtime.block_on(recorder.finish(None));
        assert_eq!(report.pending, 0, "{report:?}");
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = self.project.command(env!("CARGO_BIN_EXE_cargo-tintype"));
        command.env("REDIS_URL", self.redis.url());
        command.arg("tintype").args(arguments);
        command
    }

    fn tintype(&self, arguments: &[&str]) -> Said {
        let output = self.command(arguments).output().unwrap();
        self.project.said(&output)
    }

    /// The commands that a worker finds.
    fn commands(&self, worker: &str) -> Vec<String> {
        let key = format!("tintype:{RUN}:commands:{worker}");
        let entries = self.redis.cli(&["XRANGE", &key, "-", "+"]);
        let mut lines = entries.lines();
        let mut found = Vec::new();
        while lines.any(|line| line == "command") {
            found.extend(lines.next().map(str::to_owned));
        }
        found
    }
}

#[test]
fn workers_are_listed_with_what_they_do() {
    let fixture = SharedFixture::new();
    let _recorder = fixture.begin();
    let none = fixture.tintype(&["workers"]);
    assert!(
        none.out.contains("no machines share this run"),
        "{}",
        none.all()
    );
    let queue = fixture.queue("ci-7:7");
    let request = ClaimRequest {
        id: "a",
        lanes: &["chromium".to_owned()],
        count: 1,
        takes_over: false,
    };
    let claimed = fixture.runtime.block_on(queue.claim(request));
    let ClaimOutcome::Leased { mut groups, .. } = claimed.unwrap() else {
        panic!("no group waits");
    };
    let lease = groups.remove(0).lease;
    fixture.works(&queue, "ci-7", "button::light::375x667", &[lease]);
    let silent = r#"{"host":"ci-8","state":"working","sessions":2,"running":2,"lastSeen":1000}"#;
    let key = format!("tintype:{RUN}:workers");
    fixture.redis.cli(&["HSET", &key, "ci-8:7", silent]);

    let said = fixture.tintype(&["workers", RUN]);
    let lines: Vec<_> = said.out.lines().collect();
    assert!(lines[0].starts_with("github-12  "), "{}", said.all());
    assert!(
        lines[1].starts_with("WORKER  STATE    SESSIONS"),
        "{}",
        said.all()
    );
    assert!(
        lines[2].starts_with("ci-7:7  working  1 of 2    chromium"),
        "{}",
        said.all()
    );
    assert!(
        lines[2].ends_with("button::light::375x667"),
        "{}",
        said.all()
    );
    assert!(
        lines[3].starts_with("ci-8:7  lost     2 of 2"),
        "{}",
        said.all()
    );
    assert_eq!(lines[4], "chromium: 2 groups left (1 waiting, 1 running)");

    let json: Value = serde_json::from_str(&fixture.tintype(&["workers", "--json"]).out).unwrap();
    assert_eq!(json["runId"], RUN);
    assert_eq!(json["groups"], 2);
    let first = &json["workers"][0];
    assert_eq!(
        (&first["worker"], &first["lost"]),
        (&"ci-7:7".into(), &false.into())
    );
    assert_eq!(first["currentTests"][0], "button::light::375x667");
    assert_eq!(json["workers"][1]["lost"], true);
}

#[test]
fn commands_reach_one_worker_or_all() {
    let fixture = SharedFixture::new();
    let recorder = fixture.begin();
    let none = fixture.tintype(&["workers", "--pause"]);
    assert!(
        none.err.contains("has no workers that take commands"),
        "{}",
        none.all()
    );
    for worker in ["ci-7", "ci-8"] {
        let queue = fixture.queue(&format!("{worker}:7"));
        fixture.works(&queue, worker, "button::light::375x667", &[]);
    }
    let all = fixture.tintype(&["workers", "--pause"]);
    assert_eq!(all.out, "sent pause to ci-7:7, ci-8:7\n", "{}", all.err);
    let one = fixture.tintype(&["workers", RUN, "--cancel", "--worker", "ci-8:7"]);
    assert_eq!(one.out, "sent cancel to ci-8:7\n", "{}", one.err);
    assert_eq!(fixture.commands("ci-7:7"), ["pause"]);
    assert_eq!(fixture.commands("ci-8:7"), ["pause", "cancel"]);
    let unknown = fixture.tintype(&["workers", "--resume", "--worker", "ci-9:7"]);
    assert!(
        unknown.err.contains("has no worker `ci-9:7`"),
        "{}",
        unknown.all()
    );
    fixture.end(&recorder, Status::Passed);
    let late = fixture.tintype(&["workers", "--cancel"]);
    assert_eq!(late.err, "error: the run github-12 has ended: passed\n");
}

#[test]
fn a_run_that_has_not_begun_is_waited_for() {
    let fixture = SharedFixture::new();
    let mut command = fixture.command(&["wait", "--json"]);
    command.env("TINTYPE_RUN_ID", RUN);
    let waiting = command
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn();
    let recorder = fixture.begin();
    fixture.end(&recorder, Status::Failed);
    let said = fixture
        .project
        .said(&waiting.unwrap().wait_with_output().unwrap());
    assert_eq!(said.code, Some(1), "{}", said.all());
    let json: Value = serde_json::from_str(&said.out).unwrap();
    assert_eq!(
        (&json["run"]["reason"], &json["timedOut"]),
        (&"failed".into(), &false.into())
    );
    assert!(said.err.contains("1 pictures are missing"), "{}", said.err);
    let folder = format!("target/tintype/runs/{RUN}");
    let junit = fixture.project.read(&format!("{folder}/junit.xml"));
    assert!(junit.contains("12.0 % of pixels differ"), "{junit}");
    let report = fixture.project.read(&format!("{folder}/report.html"));
    assert!(report.contains("button::dark::375x667"));
    let file: Value =
        serde_json::from_str(&fixture.project.read(&format!("{folder}/run.json"))).unwrap();
    assert_eq!(file["results"].as_array().unwrap().len(), 2);
}

#[test]
fn the_exit_code_of_wait_is_the_verdict() {
    let fixture = SharedFixture::new();
    let early = fixture.tintype(&["wait", RUN, "--timeout", "1ms"]);
    assert_eq!(early.code, Some(2), "{}", early.all());
    assert!(
        early.err.contains("no run has begun in time"),
        "{}",
        early.err
    );
    let recorder = fixture.begin();
    let slow = fixture.tintype(&["wait", RUN, "--timeout", "10ms"]);
    assert_eq!(slow.code, Some(2), "{}", slow.all());
    assert!(slow.err.contains("has not ended in time"), "{}", slow.err);
    fixture.end(&recorder, Status::Passed);
    let passed = fixture.tintype(&["wait"]);
    assert_eq!(passed.code, Some(0), "{}", passed.all());
    // Not a prefix of the run that has begun.
    let other = fixture.tintype(&["wait", "github-1", "--timeout", "1ms"]);
    assert_eq!(other.code, Some(2), "{}", other.all());
    assert!(
        other.err.contains("waiting for the run to begin"),
        "{}",
        other.err
    );
    let wrong = fixture.tintype(&["wait", "--timeout", "soon"]);
    assert!(
        wrong.err.contains("expected a time such as"),
        "{}",
        wrong.all()
    );
}

#[test]
fn a_run_whose_workers_have_all_died_ends_for_wait() {
    let fixture = SharedFixture::new();
    let recorder = fixture.begin();
    let waiting = fixture
        .command(&["wait"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn();
    drop(recorder);
    let said = fixture
        .project
        .said(&waiting.unwrap().wait_with_output().unwrap());
    assert_eq!(said.code, Some(2), "{}", said.all());
    assert!(said.out.contains("interrupted: 0 of"), "{}", said.all());
}

/// Types into a pseudo-terminal of util-linux's `script`.
#[test]
fn watch_shows_the_workers_and_commands_them() {
    let fixture = SharedFixture::new();
    let recorder = fixture.begin();
    let queue = fixture.queue("ci-7:7");
    fixture.works(&queue, "ci-7", "button::light::375x667", &[]);
    let line = format!("{} tintype watch", env!("CARGO_BIN_EXE_cargo-tintype"));
    let mut command = fixture.project.command("script");
    command
        .args(["--quiet", "--return", "--echo", "never", "--command", &line])
        .arg("/dev/null")
        .env("REDIS_URL", fixture.redis.url())
        .env("TERM", "xterm")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped());
    let mut watch = command.spawn().expect("util-linux's script is installed");
    let mut keys = watch.stdin.take().unwrap();
    let mut screen = Screen::of(watch.stdout.take().unwrap());
    screen.shows("ci-7:7  working, 1 of 2 sessions: button::light::375x667");
    keys.write_all(b"p\n").unwrap();
    screen.shows("sent pause to ci-7:7");
    keys.write_all(b"c\n").unwrap();
    screen.shows("cancel the run on all workers? enter y to confirm");
    assert_eq!(fixture.commands("ci-7:7"), ["pause"]);
    keys.write_all(b"y\n").unwrap();
    screen.shows("sent cancel to ci-7:7");
    assert_eq!(fixture.commands("ci-7:7"), ["pause", "cancel"]);
    fixture.runtime.block_on(queue.release(&[])).unwrap();
    screen.shows("ci-7:7 left");
    fixture.end(&recorder, Status::Passed);
    assert!(watch.wait().unwrap().success());
}

/// What a command draws in a terminal.
struct Screen {
    parts: Receiver<Vec<u8>>,
    text: String,
}

impl Screen {
    fn of(mut stream: impl Read + Send + 'static) -> Self {
        let (sender, parts) = channel();
        std::thread::spawn(move || {
            let mut part = [0; 4096];
            while let Ok(length @ 1..) = stream.read(&mut part) {
                let _ = sender.send(part[..length].to_vec());
            }
        });
        Self {
            parts,
            text: String::new(),
        }
    }

    /// Waits until this has been drawn.
    fn shows(&mut self, text: &str) {
        while !self.text.contains(text) {
            match self.parts.recv_timeout(Duration::from_secs(120)) {
                Ok(part) => self.text += &String::from_utf8_lossy(&part),
                Err(error) => panic!("no `{text}` ({error}) in {}", self.text),
            }
        }
    }
}
