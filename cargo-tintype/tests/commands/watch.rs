//! `cargo tintype watch`, with a redis-server that may stop.

use std::io::{BufRead, BufReader, Read};
use std::process::{Child, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::time::Duration;

use tintype::internals::config::Config;
use tintype::internals::model::{
    Environment, RecordedEvent, RunId, Status, StoryIdentifier, VisualTestResult, VisualTestRun,
};
use tintype::internals::record::{RecordConfig, Recorder};

use super::project::Project;
use super::server::Server;

/// The longest time that a test may take.
const LONG: Duration = Duration::from_secs(120);

/// A project, its record, and a recorder.
struct Bench {
    project: Project,
    redis: Server,
    runtime: tokio::runtime::Runtime,
}

/// A running command, with the lines of both of its streams.
struct Watch {
    child: Child,
    lines: Receiver<String>,
    heard: Vec<String>,
}

impl Bench {
    fn start() -> Self {
        Self {
            project: Project::new(),
            redis: Server::start(&[]),
            runtime: tokio::runtime::Runtime::new().unwrap(),
        }
    }

    /// Begins a run of two snapshots, of which one has passed.
    fn begin(&self, id: &str) -> Recorder {
        let url = self.redis.url();
        let state = self.project.root().join("target/tintype");
        let config = Config::from_variables([("REDIS_URL", url)]).unwrap();
        let settings = RecordConfig::new(&state, &config).unwrap();
        let run = VisualTestRun::start(RunId(id.to_owned()), Environment::default());
        self.runtime.block_on(async {
            let recorder = Recorder::open(settings, run, 2, false).unwrap();
            recorder.record(&passed(id, "light"));
            assert_eq!(recorder.sync().await.pending, 0);
            recorder
        })
    }

    /// The second snapshot passes, and the run ends.
    fn end(&self, id: &str, recorder: &Recorder) {
        recorder.record(&passed(id, "dark"));
        let report = self.runtime.block_on(recorder.finish(None));
        assert_eq!(report.pending, 0, "{report:?}");
    }

    /// Simulates the death of the recorder.
    fn kill(&self, recorder: Recorder) {
        drop(recorder);
        let folder = self.project.root().join("target/tintype/journal");
        for path in std::fs::read_dir(folder).unwrap() {
            let file = std::fs::File::open(path.unwrap().path()).unwrap();
            while file.try_lock().is_err() {
                std::thread::sleep(Duration::from_millis(2));
            }
        }
    }

    fn watch(&self, arguments: &[&str]) -> Watch {
        let mut command = self.project.command(env!("CARGO_BIN_EXE_cargo-tintype"));
        command.env("REDIS_URL", self.redis.url());
        command.args(["tintype", "watch"]).args(arguments);
        command.stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().unwrap();
        let (sender, lines) = channel();
        pass_on(child.stdout.take().unwrap(), sender.clone());
        pass_on(child.stderr.take().unwrap(), sender);
        Watch {
            child,
            lines,
            heard: Vec::new(),
        }
    }
}

fn passed(run: &str, theme: &str) -> RecordedEvent {
    let story = StoryIdentifier::from_key(&format!("button:{theme}:375x667")).unwrap();
    let result = VisualTestResult::new(RunId(run.to_owned()), story, Status::Passed);
    RecordedEvent::TestFinished(Box::new(result))
}

fn pass_on(stream: impl Read + Send + 'static, lines: Sender<String>) {
    std::thread::spawn(move || {
        for line in BufReader::new(stream).lines().map_while(Result::ok) {
            let _ = lines.send(line);
        }
    });
}

impl Watch {
    /// Waits until the command prints this.
    fn says(&mut self, text: &str) {
        while !self.heard.last().is_some_and(|line| line.contains(text)) {
            match self.lines.recv_timeout(LONG) {
                Ok(line) => self.heard.push(line),
                Err(error) => panic!("no `{text}` ({error}) in {:#?}", self.heard),
            }
        }
    }

    /// Waits for the command to exit, and returns its exit code and output.
    fn ends(&mut self) -> (Option<i32>, String) {
        loop {
            match self.lines.recv_timeout(LONG) {
                Ok(line) => self.heard.push(line),
                Err(RecvTimeoutError::Disconnected) => break,
                Err(error) => panic!("no end ({error}) in {:#?}", self.heard),
            }
        }
        let ended = self.child.wait().unwrap();
        (ended.code(), self.heard.join("\n"))
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[test]
fn a_server_that_starts_again_is_waited_for() {
    let mut bench = Bench::start();
    let recorder = bench.begin("run-1");
    let mut watch = bench.watch(&["--json"]);
    watch.says("test:finished");
    bench.redis.kill();
    watch.says("retrying until the record is available");
    bench.redis.restart();
    watch.says("the record is available again");
    bench.end("run-1", &recorder);
    let (code, said) = watch.ends();
    assert_eq!(code, Some(0), "{said}");
    assert_eq!(said.matches("retrying until").count(), 1, "{said}");
}

#[test]
fn a_server_that_starts_again_is_waited_for_before_a_run_is() {
    let mut bench = Bench::start();
    let mut watch = bench.watch(&[]);
    watch.says("no run is in progress");
    bench.redis.kill();
    watch.says("retrying until the record is available");
    bench.redis.restart();
    watch.says("the record is available again");
    let recorder = bench.begin("run-1");
    bench.end("run-1", &recorder);
    let (code, said) = watch.ends();
    assert_eq!(code, Some(0), "{said}");
    assert_eq!(said.matches("no run is in progress").count(), 1, "{said}");
}

#[test]
fn a_run_whose_processes_died_is_ended() {
    let bench = Bench::start();
    bench.kill(bench.begin("run-1"));
    let mut watch = bench.watch(&[]);
    watch.says("no run is in progress");
    let recorder = bench.begin("run-2");
    bench.end("run-2", &recorder);
    let (code, said) = watch.ends();
    assert_eq!(code, Some(0), "{said}");
    assert!(said.contains("run-2  "), "{said}");
}

#[test]
fn a_run_whose_processes_die_comes_to_an_end() {
    let bench = Bench::start();
    let recorder = bench.begin("run-1");
    let mut watch = bench.watch(&["--json"]);
    watch.says("test:finished");
    bench.kill(recorder);
    let (code, said) = watch.ends();
    assert_eq!(code, Some(1), "{said}");
    assert!(said.contains("the run interrupted"), "{said}");
}

#[test]
fn a_server_that_was_never_there_is_an_error() {
    let mut bench = Bench::start();
    bench.redis.kill();
    let (code, said) = bench.watch(&[]).ends();
    assert_eq!(code, Some(1), "{said}");
    assert!(said.contains("error: the record store"), "{said}");
}
