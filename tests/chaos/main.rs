//! Injects faults into processes, servers and connections, then checks every
//! result, summary and event.
//!
//! Real worker processes record synthetic results with the real recorder while
//! they are killed and frozen; the server is killed (with AOF, with RDB, without
//! persistence), frozen, filled up, emptied, made to drop its scripts, and
//! replaced by a replica; connections are cut at random bytes. The test is short
//! by default; `TINTYPE_CHAOS_SECONDS=1800 cargo test --test chaos --
//! --nocapture` runs longer and prints the number of faults of each kind.

#![expect(clippy::print_stdout, reason = "prints the number of faults")]

mod histories;
mod machines;
#[path = "../support/sleeper.rs"]
mod sleeper;
#[path = "../support/mod.rs"]
mod support;

use std::collections::{BTreeMap, HashMap, HashSet};
use std::fs::{self, OpenOptions};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use support::proxy::Proxy;
use support::server::Server;
use support::{result, run, story};
use tintype::internals::config::Config;
use tintype::internals::model::{RecordedEvent, RunId, Status, Summary, VisualTestResult};
use tintype::internals::record::{RecordConfig, Recorder, Records};

const WORKERS: usize = 3;
const RUN: &str = "run-chaos";
const PROJECT: &str = "shop";

/// The status of an attempt at a snapshot; it differs between attempts.
fn status(n: usize, attempt: u32) -> Status {
    Status::FINAL[(n + attempt as usize) % Status::FINAL.len()]
}

fn settings(folder: &Path, port: u16) -> RecordConfig {
    let url = format!("redis://127.0.0.1:{port}");
    let config = Config::from_variables([("REDIS_URL", url)]).unwrap();
    RecordConfig::new(folder, &config).unwrap()
}

/// A log that a worker writes in addition to the record: a line `b|e snapshot
/// attempt` for each snapshot begun and ended.
struct Ledger(fs::File);

impl Ledger {
    /// A worker that was killed may have left a part of a line, where a page of the
    /// file ended: the next line is one of its own.
    fn open(path: &Path) -> Self {
        let text = fs::read(path).unwrap_or_default();
        let mut options = OpenOptions::new();
        let mut file = options.create(true).append(true).open(path).unwrap();
        if text.last().is_some_and(|last| *last != b'\n') {
            file.write_all(b"\n").unwrap();
        }
        Self(file)
    }

    fn note(&mut self, what: char, n: usize, attempt: u32) {
        self.0
            .write_all(format!("{what} {n} {attempt}\n").as_bytes())
            .unwrap();
    }

    /// The last attempt begun and the last ended, by snapshot.
    fn read(path: &Path) -> BTreeMap<usize, (u32, u32)> {
        let mut attempts: BTreeMap<usize, (u32, u32)> = BTreeMap::new();
        for line in fs::read_to_string(path).unwrap_or_default().lines() {
            let words: Vec<_> = line.split(' ').collect();
            let [what, n, attempt] = words[..] else {
                continue;
            };
            let (Ok(n), Ok(attempt)) = (n.parse(), attempt.parse()) else {
                continue;
            };
            let entry = attempts.entry(n).or_default();
            match what {
                "b" => entry.0 = attempt,
                _ => entry.1 = attempt,
            }
        }
        attempts
    }
}

/// A worker process; the parent starts this test by name, with environment
/// variables.
#[test]
fn worker() {
    let Ok(port) = std::env::var("TINTYPE_CHAOS_PORT") else {
        return;
    };
    let folder = PathBuf::from(std::env::var_os("TINTYPE_CHAOS_FOLDER").unwrap());
    let number: usize = std::env::var("TINTYPE_CHAOS_WORKER")
        .unwrap()
        .parse()
        .unwrap();
    let runtime = tokio::runtime::Runtime::new().unwrap();
    runtime.block_on(work(&folder, port.parse().unwrap(), number));
}

/// Continues where the last process with this number was killed, until it is
/// stopped.
async fn work(folder: &Path, port: u16, number: usize) {
    let path = folder.join(format!("ledger-{number}"));
    let done = Ledger::read(&path);
    let mut ledger = Ledger::open(&path);
    let mut own = run(RUN);
    own.project = Some(PROJECT.to_owned());
    let recorder = Recorder::open(settings(folder, port), own, 0, true).unwrap();
    let id = RunId(RUN.to_owned());
    // The last snapshot begun is repeated, like a retry.
    let first = done.keys().next_back().map_or(number, |n| *n);
    for n in (first..).step_by(WORKERS) {
        let attempt = done.get(&n).map_or(0, |(begun, _)| *begun) + 1;
        ledger.note('b', n, attempt);
        let document = |status| {
            let mut document = result(&id, story(n), status);
            document.attempt = Some(attempt);
            Box::new(document)
        };
        recorder.record(&RecordedEvent::TestStarted(document(Status::Running)));
        recorder.record(&RecordedEvent::TestFinished(document(status(n, attempt))));
        ledger.note('e', n, attempt);
        if folder.join("stop").exists() {
            break;
        }
        tokio::time::sleep(Duration::from_micros(500)).await;
    }
    recorder.finish(None).await;
}

/// Reproducible pseudo-random numbers.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % sides
    }

    fn pause(&mut self, from: u64, to: u64) {
        std::thread::sleep(Duration::from_millis(from + self.roll(to - from)));
    }
}

/// A server, its workers and the injected faults.
struct Chaos {
    server: Server,
    /// The options of the server, for its replicas.
    options: Vec<String>,
    proxy: Proxy,
    folder: tempfile::TempDir,
    workers: Vec<Child>,
    dice: Dice,
    survived: BTreeMap<&'static str, usize>,
    /// The faults in their order, for the message of a failure.
    faults: Vec<&'static str>,
}

impl Chaos {
    fn start(options: &[&str], seed: u64) -> Self {
        let server = Server::start(options);
        let mut chaos = Self {
            proxy: Proxy::start(server.port),
            server,
            options: options.iter().map(|option| (*option).to_owned()).collect(),
            folder: tempfile::tempdir().unwrap(),
            workers: Vec::new(),
            dice: Dice(seed),
            survived: BTreeMap::new(),
            faults: Vec::new(),
        };
        for number in 0..WORKERS {
            let worker = chaos.spawn(number);
            chaos.workers.push(worker);
        }
        chaos
    }

    fn spawn(&self, number: usize) -> Child {
        Command::new(std::env::current_exe().unwrap())
            .args(["worker", "--exact", "--nocapture", "--test-threads=1"])
            .env("TINTYPE_CHAOS_PORT", self.proxy.port.to_string())
            .env("TINTYPE_CHAOS_FOLDER", self.folder.path())
            .env("TINTYPE_CHAOS_WORKER", number.to_string())
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::inherit())
            .spawn()
            .unwrap()
    }

    fn inject_fault(&mut self) {
        let fault = match self.dice.roll(21) {
            0..=4 => self.kill_worker(),
            5..=9 => self.kill_server(),
            10..=13 => self.cut(),
            14 => self.freeze_server(),
            15 => self.freeze_worker(),
            16 => self.tell_server("scripts forgotten", &["SCRIPT", "FLUSH"]),
            17 => self.tell_server("server emptied", &["FLUSHALL"]),
            18 => self.fail_over(),
            _ => self.fill(),
        };
        self.count(fault);
        self.dice.pause(5, 60);
    }

    fn count(&mut self, fault: &'static str) {
        *self.survived.entry(fault).or_default() += 1;
        self.faults.push(fault);
    }

    fn kill_worker(&mut self) -> &'static str {
        let number = usize::try_from(self.dice.roll(WORKERS as u64)).unwrap();
        self.workers[number].kill().unwrap();
        self.workers[number].wait().unwrap();
        self.workers[number] = self.spawn(number);
        "workers killed"
    }

    fn kill_server(&mut self) -> &'static str {
        self.server.kill();
        self.dice.pause(5, 150);
        self.server.restart();
        "servers killed"
    }

    /// Fails over to a replica: after the primary's death, without data in
    /// transit, or orderly, with the old primary as a read-only replica.
    fn fail_over(&mut self) -> &'static str {
        let options: Vec<&str> = self.options.iter().map(String::as_str).collect();
        let replica = Server::start(&options);
        // Otherwise the primary waits for further replicas.
        let at_once = ["CONFIG", "SET", "repl-diskless-sync-delay", "0"];
        self.server.cli(&at_once);
        replica.cli(&["REPLICAOF", "127.0.0.1", &self.server.port.to_string()]);
        let begun = Instant::now();
        while !replica
            .cli(&["INFO", "replication"])
            .contains("link_status:up")
        {
            let late = begun.elapsed() > Duration::from_secs(60);
            assert!(
                !late,
                "no replica:\n{}",
                replica.cli(&["INFO", "replication"])
            );
            std::thread::sleep(Duration::from_millis(10));
        }
        self.dice.pause(0, 100);
        let in_order = self.dice.roll(2) == 0;
        if in_order {
            replica.cli(&["REPLICAOF", "NO", "ONE"]);
            let new = replica.port.to_string();
            self.server.cli(&["REPLICAOF", "127.0.0.1", &new]);
            self.dice.pause(20, 300);
        } else {
            self.server.kill();
            self.dice.pause(5, 150);
            replica.cli(&["REPLICAOF", "NO", "ONE"]);
        }
        self.proxy.lead_to(replica.port);
        self.server = replica;
        if in_order {
            "orderly failovers"
        } else {
            "failovers after a crash"
        }
    }

    fn cut(&mut self) -> &'static str {
        let bytes = self.dice.roll(9000);
        let before = self.proxy.cuts();
        self.proxy.cut_after(bytes);
        let begun = Instant::now();
        while self.proxy.cuts() == before && begun.elapsed() < Duration::from_secs(1) {
            std::thread::sleep(Duration::from_millis(1));
        }
        "connections cut"
    }

    fn freeze_server(&mut self) -> &'static str {
        self.server.signal("STOP");
        self.dice.pause(100, 2500);
        self.server.signal("CONT");
        "servers frozen"
    }

    fn freeze_worker(&mut self) -> &'static str {
        let number = usize::try_from(self.dice.roll(WORKERS as u64)).unwrap();
        let id = self.workers[number].id().to_string();
        for signal in ["-STOP", "-CONT"] {
            let _ = Command::new("kill").args([signal, &id]).status();
            self.dice.pause(50, 300);
        }
        "workers frozen"
    }

    fn tell_server(&mut self, what: &'static str, command: &[&str]) -> &'static str {
        self.server.cli(command);
        what
    }

    fn fill(&mut self) -> &'static str {
        self.server.cli(&["CONFIG", "SET", "maxmemory", "1"]);
        self.dice.pause(20, 200);
        self.server.cli(&["CONFIG", "SET", "maxmemory", "0"]);
        "servers out of memory"
    }

    /// Waits for the workers, sends the journals of dead ones, ends the run.
    fn settle(&mut self) {
        fs::write(self.folder.path().join("stop"), "").unwrap();
        for worker in &mut self.workers {
            assert!(worker.wait().unwrap().success(), "a worker failed");
        }
        let settings = settings(self.folder.path(), self.proxy.port);
        let runtime = tokio::runtime::Runtime::new().unwrap();
        runtime.block_on(async {
            let records = Records::open(&settings).await.unwrap();
            // The server may still be loading after its last restart, so the
            // flush is repeated.
            let mut adopted = records.flush().await;
            for _ in 0..100 {
                if adopted.warnings.is_empty() {
                    break;
                }
                tokio::time::sleep(Duration::from_millis(100)).await;
                adopted = records.flush().await;
            }
            assert_eq!(adopted.warnings, Vec::<String>::new());
            records
                .end_on_this_host(&RunId(RUN.to_owned()))
                .await
                .unwrap();
            self.check(&records).await;
        });
        self.proxy.close_all();
    }

    /// Compares the record with the logs of the workers.
    async fn check(&self, records: &Records) {
        let id = RunId(RUN.to_owned());
        let mut noted = BTreeMap::new();
        for number in 0..WORKERS {
            noted.extend(Ledger::read(
                &self.folder.path().join(format!("ledger-{number}")),
            ));
        }
        let tests = records.tests(&id).await.unwrap();
        let mut summary = Summary::default();
        let mut by_story: HashMap<_, VisualTestResult> = HashMap::new();
        for test in tests {
            summary.add(test.status);
            by_story.insert(test.story_identifier.clone(), test);
        }
        for (n, (begun, ended)) in &noted {
            let found = by_story.remove(&story(*n));
            let Some(found) = found else {
                assert_eq!(*ended, 0, "the result of snapshot {n} is lost");
                continue;
            };
            let attempt = found.attempt.unwrap();
            assert!(
                (*ended..=*begun).contains(&attempt),
                "snapshot {n}: attempt {attempt} is recorded, {ended} was the last to end"
            );
            if found.status != Status::Running {
                assert_eq!(found.status, status(*n, attempt), "snapshot {n}");
            }
        }
        assert!(
            by_story.is_empty(),
            "results without a worker: {by_story:?}"
        );
        histories::check(records, &noted, &self.server).await;
        let run = records.run(&id).await.unwrap();
        assert_eq!(run.summary, summary, "the summary is wrong");
        assert!(run.reason.is_some(), "the run has not ended");
        self.check_events(records, &summary).await;
        *self.outcomes() += noted.len();
    }

    async fn check_events(&self, records: &Records, summary: &Summary) {
        let (id, mut after) = (RunId(RUN.to_owned()), "0".to_owned());
        let (mut before, mut ended, mut finished) = (None, 0, HashSet::new());
        loop {
            let page = records.events(&id, &after, 1000).await.unwrap();
            let Some(last) = page.last() else { break };
            after.clone_from(&last.id);
            for entry in &page {
                let event: serde_json::Value = serde_json::from_str(&entry.event).unwrap();
                let number = event["n"].as_u64().unwrap();
                if let Some((n, before)) = before {
                    assert_eq!(
                        number,
                        n + 1,
                        "a gap in the stream between\n{before:?}\n{entry:?}\nafter {:?}",
                        self.faults
                    );
                }
                before = Some((number, entry.clone()));
                match event["type"].as_str().unwrap() {
                    "run:finished" => ended += 1,
                    "test:finished" => {
                        let story = event["storyIdentifier"].to_string();
                        assert!(finished.insert(story), "told twice: {}", entry.event);
                    }
                    _ => {}
                }
            }
        }
        assert_eq!(ended, 1, "the run ended {ended} times");
        assert!(finished.len() as u64 <= summary.total);
    }

    fn outcomes(&self) -> std::sync::MutexGuard<'static, usize> {
        static OUTCOMES: std::sync::Mutex<usize> = std::sync::Mutex::new(0);
        OUTCOMES.lock().unwrap()
    }
}

impl Drop for Chaos {
    fn drop(&mut self) {
        for worker in &mut self.workers {
            let _ = worker.kill();
            let _ = worker.wait();
        }
    }
}

fn seconds() -> u64 {
    let asked = std::env::var("TINTYPE_CHAOS_SECONDS").ok();
    asked.map_or(21, |s| {
        s.parse()
            .expect("TINTYPE_CHAOS_SECONDS is a number of seconds")
    })
}

/// Runs rounds of `round` seconds until the time is over.
#[test]
fn no_result_is_lost_or_duplicated() {
    let begun = Instant::now();
    let total = Duration::from_secs(seconds());
    let round = (total / 3).min(Duration::from_secs(20));
    let mut survived: BTreeMap<String, usize> = BTreeMap::new();
    let mut seed = u64::from(std::process::id()) * 7919 + 1;
    while begun.elapsed() < total {
        for (name, options) in [
            ("with AOF", &["--appendonly", "yes"][..]),
            ("with RDB", &["--save", "1 1"][..]),
            ("without persistence", &[][..]),
        ] {
            println!("{name}, seed {seed}");
            let mut chaos = Chaos::start(options, seed);
            let round_begun = Instant::now();
            while round_begun.elapsed() < round {
                chaos.inject_fault();
            }
            // Every round has at least one of these faults.
            let fault = chaos.fail_over();
            chaos.count(fault);
            chaos.settle();
            for (fault, count) in &chaos.survived {
                let fault = match *fault {
                    "servers killed" => format!("servers killed {name}"),
                    other => other.to_owned(),
                };
                *survived.entry(fault).or_default() += count;
            }
            *survived.entry("outcomes checked".to_owned()).or_default() +=
                std::mem::take(&mut *chaos.outcomes());
            seed += 1;
        }
        println!("faults so far: {survived:?}");
    }
    println!("faults: {survived:#?}");
}
