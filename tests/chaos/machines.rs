//! Machines that share a run while they are killed, frozen and cut off, and their
//! server is killed.
//!
//! Every machine has a folder of its own; whoever starts on it again sends what a
//! dead process has left in its journal.

use std::collections::{BTreeMap, HashSet};
use std::net::TcpListener;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use tintype::internals::model::{RunId, Status};
use tintype::internals::record::{RecordConfig, Recorder, Records};
use tintype::internals::share::ShareTiming;

use super::sleeper::{LANE, Work, plan, take_part};
use super::support::proxy::Proxy;
use super::support::run;
use super::support::server::Server;
use super::{Dice, RUN, settings};

const MACHINES: usize = 4;
const GROUP_SIZE: usize = 3;
const LEASE: Duration = Duration::from_millis(1500);

/// A worker process; the parent starts this test by name, with environment
/// variables.
#[test]
fn machine() {
    let Ok(port) = std::env::var("TINTYPE_CHAOS_MACHINE_PORT") else {
        return;
    };
    let folder = PathBuf::from(std::env::var_os("TINTYPE_CHAOS_FOLDER").unwrap());
    let groups = std::env::var("TINTYPE_CHAOS_GROUPS")
        .unwrap()
        .parse()
        .unwrap();
    let runtime = tokio::runtime::Runtime::new().unwrap();
    runtime.block_on(work(&settings(&folder, port.parse().unwrap()), groups));
}

async fn work(config: &RecordConfig, groups: usize) {
    let id = RunId(RUN.to_owned());
    let worker = format!("host:{}", std::process::id());
    let queue = config.shared_queue(&id, &worker, &[LANE.to_owned()]);
    let planned = u64::try_from(groups * GROUP_SIZE).unwrap();
    let recorder = Recorder::open_shared(config.clone(), run(RUN), planned).unwrap();
    let work = Work {
        sessions: 2,
        time: Duration::from_millis(4),
        timing: ShareTiming {
            lease: LEASE,
            renew: LEASE / 3,
            reap: LEASE / 5,
            follow: LEASE / 5,
            poll: Duration::from_millis(30),
            divide_after: Duration::from_millis(700),
            give_up_after: Duration::from_secs(60),
            engine_timeout: Duration::from_secs(60),
        },
    };
    let ended = take_part(queue.unwrap(), recorder, id, plan(groups, GROUP_SIZE), work).await;
    ended.unwrap_or_else(|error| panic!("{error}"));
}

/// A server, its machines, and the faults so far.
struct Machines {
    server: Server,
    /// The connection of each machine to the server.
    proxies: Vec<Proxy>,
    /// Accepts connections and never answers.
    silent: TcpListener,
    folder: tempfile::TempDir,
    groups: usize,
    processes: Vec<Option<Child>>,
    dice: Dice,
    keeps_data: bool,
}

impl Machines {
    fn start(keeps_data: bool, groups: usize, seed: u64) -> Self {
        let options: &[&str] = if keeps_data {
            &["--appendonly", "yes"]
        } else {
            &[]
        };
        let server = Server::start(options);
        let mut machines = Self {
            proxies: (0..MACHINES).map(|_| Proxy::start(server.port)).collect(),
            silent: TcpListener::bind("127.0.0.1:0").unwrap(),
            server,
            folder: tempfile::tempdir().unwrap(),
            groups,
            processes: Vec::new(),
            dice: Dice(seed),
            keeps_data,
        };
        for number in 0..MACHINES {
            let process = machines.spawn(number);
            machines.processes.push(Some(process));
        }
        machines
    }

    fn folder(&self, number: usize) -> PathBuf {
        self.folder.path().join(format!("machine-{number}"))
    }

    fn spawn(&self, number: usize) -> Child {
        Command::new(std::env::current_exe().unwrap())
            .args([
                "machines::machine",
                "--exact",
                "--nocapture",
                "--test-threads=1",
            ])
            .env(
                "TINTYPE_CHAOS_MACHINE_PORT",
                self.proxies[number].port.to_string(),
            )
            .env("TINTYPE_CHAOS_FOLDER", self.folder(number))
            .env("TINTYPE_CHAOS_GROUPS", self.groups.to_string())
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::inherit())
            .spawn()
            .unwrap()
    }

    /// Injects a fault, and returns its name. `None` once a machine has ended by
    /// itself.
    fn inject_fault(&mut self) -> Option<&'static str> {
        let number = usize::try_from(self.dice.roll(MACHINES as u64)).unwrap();
        let process = self.processes[number].as_mut()?;
        if process.try_wait().unwrap().is_some() {
            return None;
        }
        let id = process.id().to_string();
        let fault = match self.dice.roll(14) {
            0..=3 => {
                process.kill().unwrap();
                process.wait().unwrap();
                self.processes[number] = Some(self.spawn(number));
                "machines killed"
            }
            4..=5 => {
                signal(&id, "-STOP");
                // Also beyond the lease.
                self.dice.pause(100, 2500);
                signal(&id, "-CONT");
                "machines frozen"
            }
            6..=7 => {
                self.server.kill();
                self.dice.pause(5, 1200);
                self.server.restart();
                if self.keeps_data {
                    "servers killed with AOF"
                } else {
                    "servers killed and empty"
                }
            }
            8..=10 => {
                // A firewall that refuses, or one that drops silently.
                let (fault, port) = match self.dice.roll(2) {
                    0 => ("machines partitioned", 1),
                    _ => (
                        "machines partitioned silently",
                        self.silent.local_addr().unwrap().port(),
                    ),
                };
                self.proxies[number].lead_to(port);
                // Also beyond the lease and the time after which it divides the rest.
                self.dice.pause(100, 4000);
                self.proxies[number].lead_to(self.server.port);
                fault
            }
            _ => {
                self.proxies[number].cut_after(self.dice.roll(9000));
                "connections cut"
            }
        };
        self.dice.pause(20, 250);
        Some(fault)
    }

    /// Waits for all machines.
    fn settle(&mut self) {
        for number in 0..MACHINES {
            let mut process = self.processes[number].take().unwrap();
            assert!(process.wait().unwrap().success(), "machine {number} failed");
        }
    }

    /// Compares the record with the plan.
    async fn check(&self) -> usize {
        let config = settings(&self.folder(0), self.server.port);
        let id = RunId(RUN.to_owned());
        let records = Records::open(&config).await.unwrap();
        // Killed processes have not left.
        records.end_on_this_host(&id).await.unwrap();
        let planned: HashSet<String> = plan(self.groups, GROUP_SIZE).keys().cloned().collect();
        let tests = records.tests(&id).await.unwrap();
        for test in &tests {
            assert_ne!(test.status, Status::Running, "{:?}", test.story_identifier);
        }
        let found: HashSet<String> = tests.iter().map(|t| t.story_identifier.key()).collect();
        let lost: Vec<_> = planned.difference(&found).collect();
        assert!(
            lost.is_empty() && found.len() == planned.len(),
            "lost: {lost:?}"
        );
        let document = records.run(&id).await.unwrap();
        let failed = tests
            .iter()
            .filter(|test| test.status == Status::Failed)
            .count();
        let summary = document.summary;
        assert_eq!(summary.total, planned.len() as u64);
        assert_eq!(summary.failed, failed as u64);
        assert_eq!(summary.passed + summary.failed, summary.total);
        assert!(document.reason.is_some(), "the run has not ended");
        self.check_events(&records, &id).await;
        planned.len()
    }

    /// Every snapshot is told to have finished once, and numbers have no gap.
    async fn check_events(&self, records: &Records, id: &RunId) {
        let (mut after, mut finished) = ("0".to_owned(), HashSet::new());
        let mut last: Option<(u64, String)> = None;
        loop {
            let page = records.events(id, &after, 1000).await.unwrap();
            let Some(end) = page.last() else { break };
            after.clone_from(&end.id);
            for entry in &page {
                let event: serde_json::Value = serde_json::from_str(&entry.event).unwrap();
                let number = event["n"].as_u64().unwrap();
                if let Some((before, text)) = last {
                    // A server that is killed twice while it writes can keep the event
                    // of an operation that it then applies again.
                    let is_repeated = self.keeps_data && number == before;
                    assert!(
                        number == before + 1 || is_repeated,
                        "between\n{text}\n{entry:?}"
                    );
                }
                last = Some((number, format!("{entry:?}")));
                if event["type"] == "test:finished" {
                    let story = event["storyIdentifier"].to_string();
                    assert!(finished.insert(story), "told twice: {}", entry.event);
                }
            }
        }
    }
}

impl Drop for Machines {
    fn drop(&mut self) {
        for process in self.processes.iter_mut().flatten() {
            let _ = process.kill();
            let _ = process.wait();
        }
    }
}

fn signal(id: &str, signal: &str) {
    let _ = Command::new("kill").args([signal, id]).status();
}

/// Runs rounds with this many groups until the time is over.
#[test]
fn every_snapshot_has_one_outcome() {
    let begun = Instant::now();
    let total = super::seconds();
    let groups = if total > 60 { 2000 } else { 500 };
    let mut survived = BTreeMap::<&str, usize>::new();
    let mut seed = u64::from(std::process::id()) * 104_729 + 1;
    while begun.elapsed() < Duration::from_secs(total) {
        for keeps_data in [true, false] {
            println!("machines, data kept: {keeps_data}, seed {seed}");
            let mut machines = Machines::start(keeps_data, groups, seed);
            while let Some(fault) = machines.inject_fault() {
                *survived.entry(fault).or_default() += 1;
            }
            machines.settle();
            let runtime = tokio::runtime::Runtime::new().unwrap();
            *survived.entry("outcomes checked").or_default() += runtime.block_on(machines.check());
            seed += 1;
        }
        println!("faults so far: {survived:?}");
    }
    println!("faults: {survived:#?}");
}
