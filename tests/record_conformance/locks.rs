//! The conformance suite of locks and barriers, and what only Redis does.

use std::collections::BTreeSet;
use std::io::{BufRead as _, BufReader};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tintype::internals::model::RunId;
use tintype::internals::record::{Coordination, LockReply, LockRequest, RecordConfig};

use super::config_at;
use super::support::server::Server;

/// Locks and barriers, as one process has them.
type Locks = Arc<dyn Coordination>;

fn run() -> RunId {
    RunId("{run-1}".to_owned())
}

fn request(owner: &str, slots: u32) -> LockRequest {
    LockRequest {
        name: "staging".to_owned(),
        slots,
        owner: owner.to_owned(),
        lease_ms: 60_000,
    }
}

/// A request of a process that dies at once.
fn dying(owner: &str) -> LockRequest {
    LockRequest {
        lease_ms: 1,
        ..request(owner, 1)
    }
}

async fn held(locks: &Locks, request: &LockRequest) -> u64 {
    match locks.acquire(request).await.unwrap() {
        LockReply::Held { token } => token,
        waiting => panic!("{}: {waiting:?}", request.owner),
    }
}

async fn before(locks: &Locks, request: &LockRequest) -> u64 {
    match locks.acquire(request).await.unwrap() {
        LockReply::Waiting { before } => before,
        held => panic!("{}: {held:?}", request.owner),
    }
}

/// Repeats a request until the lock is held.
async fn eventually_held(locks: &Locks, request: &LockRequest) -> u64 {
    loop {
        // The first request may use a connection to a killed server.
        if let Ok(LockReply::Held { token }) = locks.acquire(request).await {
            return token;
        }
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
}

pub(super) async fn the_first_to_ask_is_the_first_to_get_it(locks: Locks) {
    let [a, b, c] = ["a", "b", "c"].map(|owner| request(owner, 1));
    let first = held(&locks, &a).await;
    assert_eq!(held(&locks, &a).await, first, "a repeated request");
    assert_eq!(before(&locks, &b).await, 1);
    assert_eq!(before(&locks, &c).await, 2);
    locks.release(&a).await.unwrap();
    assert_eq!(before(&locks, &c).await, 1);
    let second = held(&locks, &b).await;
    assert!(second > first);
    // Who asks again is the last.
    assert_eq!(before(&locks, &a).await, 2);
    locks.release(&b).await.unwrap();
    locks.release(&b).await.unwrap();
    assert!(held(&locks, &c).await > second);
    // Others have their own lock.
    let other = LockRequest {
        name: "till".to_owned(),
        ..request("a", 1)
    };
    held(&locks, &other).await;
}

pub(super) async fn a_lock_has_slots(locks: Locks) {
    let [a, b, c, d] = ["a", "b", "c", "d"].map(|owner| request(owner, 2));
    let (one, two) = (held(&locks, &a).await, held(&locks, &b).await);
    assert!(two > one);
    assert_eq!(before(&locks, &c).await, 2);
    assert_eq!(before(&locks, &d).await, 3);
    locks.release(&a).await.unwrap();
    locks.release(&b).await.unwrap();
    // There is room for both, in any order.
    let later = held(&locks, &d).await;
    assert!(later > two && held(&locks, &c).await > later);
}

pub(super) async fn the_smallest_number_of_slots_counts(locks: Locks) {
    let [many, more, last] = ["many", "more", "last"].map(|owner| request(owner, 4));
    let alone = request("alone", 1);
    held(&locks, &many).await;
    assert_eq!(before(&locks, &alone).await, 1);
    // No request overtakes one for the whole lock.
    assert_eq!(before(&locks, &more).await, 2);
    locks.release(&many).await.unwrap();
    assert_eq!(before(&locks, &more).await, 1);
    held(&locks, &alone).await;
    assert_eq!(before(&locks, &more).await, 1);
    locks.release(&alone).await.unwrap();
    held(&locks, &more).await;
    held(&locks, &last).await;
}

pub(super) async fn a_holder_that_dies_frees_the_lock(locks: Locks) {
    let (dead, next) = (dying("dead"), request("next", 1));
    let first = held(&locks, &dead).await;
    let second = eventually_held(&locks, &next).await;
    assert!(second > first);
    assert!(!locks.renew(&dead, first).await.unwrap());
    assert!(locks.renew(&next, second).await.unwrap());
    assert!(!locks.renew(&next, first).await.unwrap());
    // What the dead process does later changes nothing.
    locks.release(&dead).await.unwrap();
    assert_eq!(before(&locks, &request("late", 1)).await, 1);
}

pub(super) async fn a_waiter_that_dies_leaves_the_queue(locks: Locks) {
    let (holder, next) = (request("holder", 1), request("next", 1));
    held(&locks, &holder).await;
    before(&locks, &dying("dead")).await;
    while before(&locks, &next).await > 1 {
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    // One that leaves by itself is gone at once.
    let leaving = request("leaving", 1);
    assert_eq!(before(&locks, &leaving).await, 2);
    locks.release(&leaving).await.unwrap();
    assert_eq!(before(&locks, &request("last", 1)).await, 2);
}

pub(super) async fn a_barrier_knows_who_has_arrived(locks: Locks) {
    assert_eq!(locks.arrived("a/b:dark:1x1:paid").await.unwrap(), [""; 0]);
    for _ in 0..2 {
        let arrived = locks.arrive("a/b:dark:1x1:paid", "firefox").await;
        assert_eq!(arrived.unwrap(), ["firefox"]);
    }
    let both = locks.arrive("a/b:dark:1x1:paid", "chromium").await;
    assert_eq!(both.unwrap(), ["chromium", "firefox"]);
    assert_eq!(
        locks.arrived("a/b:dark:1x1:paid").await.unwrap(),
        ["chromium", "firefox"]
    );
    assert_eq!(locks.arrived("a/b:light:1x1:paid").await.unwrap(), [""; 0]);
}

/// Many workers, some of which die while they hold the lock or wait for it.
pub(super) async fn there_are_never_more_holders_than_slots(locks: Locks) {
    const SLOTS: usize = 2;
    let holders = Arc::new(AtomicUsize::new(0));
    let tokens = Arc::new(Mutex::new(BTreeSet::new()));
    let worker = |worker: usize| {
        let (locks, holders) = (Arc::clone(&locks), Arc::clone(&holders));
        let tokens = Arc::clone(&tokens);
        tokio::spawn(async move {
            for turn in 0..20 {
                let request = request(&format!("{worker}.{turn}"), SLOTS as u32);
                if turn % 5 == 4 {
                    let _ = locks.acquire(&dying(&request.owner)).await.unwrap();
                    continue;
                }
                let token = eventually_held(&locks, &request).await;
                assert!(tokens.lock().unwrap().insert(token), "two have {token}");
                let now = holders.fetch_add(1, Ordering::SeqCst) + 1;
                assert!(now <= SLOTS, "{now} holders");
                tokio::task::yield_now().await;
                holders.fetch_sub(1, Ordering::SeqCst);
                locks.release(&request).await.unwrap();
            }
        })
    };
    let workers: Vec<_> = (0..6).map(worker).collect();
    for worker in workers {
        worker.await.unwrap();
    }
    assert_eq!(tokens.lock().unwrap().len(), 6 * 16);
}

macro_rules! conformance_of_locks {
    ($($name:ident),* $(,)?) => {
        mod memory {
            $(#[tokio::test(flavor = "multi_thread")]
            async fn $name() {
                super::$name(super::RecordConfig::memory().coordination(&super::run())).await;
            })*
        }

        mod redis {
            $(#[tokio::test(flavor = "multi_thread")]
            async fn $name() {
                let server = super::Server::start(&[]);
                super::$name(super::locks_at(&server)).await;
            })*
        }

        /// All of them behind one address.
        #[cfg(feature = "cluster")]
        #[tokio::test(flavor = "multi_thread")]
        async fn locks_in_a_cluster() {
            let cluster = super::support::server::Cluster::start();
            $({
                let config = config_at(&cluster.url(), concat!("team:", stringify!($name), ":"));
                $name(config.coordination(&run())).await;
            })*
        }
    };
}

conformance_of_locks!(
    the_first_to_ask_is_the_first_to_get_it,
    a_lock_has_slots,
    the_smallest_number_of_slots_counts,
    a_holder_that_dies_frees_the_lock,
    a_waiter_that_dies_leaves_the_queue,
    a_barrier_knows_who_has_arrived,
    there_are_never_more_holders_than_slots,
);

fn locks_at(server: &Server) -> Locks {
    config_at(&server.url(), "team:").coordination(&run())
}

#[tokio::test]
async fn a_holder_keeps_its_lock_when_the_server_comes_back_empty() {
    let mut server = Server::start(&[]);
    let (locks, others) = (locks_at(&server), locks_at(&server));
    let (holder, next) = (request("holder", 1), request("next", 1));
    let token = held(&locks, &holder).await;
    assert_eq!(before(&others, &next).await, 1);
    server.kill();
    assert!(locks.renew(&holder, token).await.is_err());
    server.restart();
    assert!(locks.renew(&holder, token).await.unwrap());
    assert!(locks.renew(&holder, token).await.unwrap());
    let waits = others.acquire(&next).await.unwrap();
    assert_eq!(waits, LockReply::Waiting { before: 1 });
    locks.release(&holder).await.unwrap();
    assert!(held(&others, &next).await > token);
    // Had it not come first, the lock would be lost.
    assert!(!locks.renew(&holder, token).await.unwrap());
}

#[tokio::test]
async fn unused_locks_and_barriers_expire() {
    let server = Server::start(&[]);
    let locks = locks_at(&server);
    held(&locks, &request("a", 1)).await;
    before(&locks, &request("b", 1)).await;
    locks.arrive("paid", "chromium").await.unwrap();
    let keys = server.cli(&["KEYS", "*"]);
    let mut keys: Vec<_> = keys.lines().collect();
    keys.sort_unstable();
    assert_eq!(
        keys,
        [
            "team:tintype:lock:staging",
            "team:tintype:lock:staging:alive",
            "team:tintype:lock:staging:queue",
            "team:tintype:{run-1}:sync:paid",
        ]
    );
    for key in keys {
        let left: i64 = server.cli(&["PTTL", key]).parse().unwrap();
        assert!(left > 60_000, "{key}: {left}");
    }
}

/// In the child process: holds a lock, or waits for it, until it is killed.
const CHILD: &str = "TINTYPE_TEST_LOCK_CHILD";

struct LockProcess(Child);

impl LockProcess {
    /// Starts a process that asks for the lock, and waits until it has asked.
    fn start(server: &Server, test: &str, owner: &str) -> (Self, String) {
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args([test, "--exact", "--nocapture"])
            .env(CHILD, format!("{owner} {}", server.url()))
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let said = lines.find_map(|line| line.unwrap().strip_prefix("said ").map(str::to_owned));
        (Self(child), said.unwrap())
    }

    fn kill(mut self) {
        self.0.kill().unwrap();
        self.0.wait().unwrap();
    }
}

/// Repeats a request as a worker does. Never returns.
#[expect(clippy::print_stdout, reason = "the parent process reads it")]
async fn ask_until_killed(child: &str) {
    let (owner, url) = child.split_once(' ').unwrap();
    let locks = config_at(url, "team:").coordination(&run());
    let request = LockRequest {
        lease_ms: 1_000,
        ..request(owner, 1)
    };
    let mut has_said = false;
    loop {
        let reply = locks.acquire(&request).await.unwrap();
        if !std::mem::replace(&mut has_said, true) {
            println!("\nsaid {reply:?}");
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

#[tokio::test]
async fn killed_processes_free_the_lock_and_leave_the_queue() {
    if let Ok(child) = std::env::var(CHILD) {
        return ask_until_killed(&child).await;
    }
    let test = "locks::killed_processes_free_the_lock_and_leave_the_queue";
    let server = Server::start(&[]);
    let locks = locks_at(&server);
    let (holder, said) = LockProcess::start(&server, test, "holder");
    assert!(said.starts_with("Held"), "{said}");
    let (waiter, said) = LockProcess::start(&server, test, "waiter");
    assert_eq!(said, "Waiting { before: 1 }");
    let next = request("next", 1);
    assert_eq!(before(&locks, &next).await, 2);
    waiter.kill();
    while before(&locks, &next).await == 2 {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    // The holder lives longer than its lease.
    assert_eq!(before(&locks, &next).await, 1);
    holder.kill();
    eventually_held(&locks, &next).await;
}
