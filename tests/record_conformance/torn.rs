//! A server that is killed while it writes its append-only file, and later once
//! more.
//!
//! Redis leaves the first commands of the cut transaction in its file, and
//! executes them with the next one when it starts for the second time.

use std::fs::{self, File};
use std::path::PathBuf;

use tintype::internals::model::Status;
use tintype::internals::record::{ApplyOutcome, JoinRequest, LockReply, LockRequest, Operation};

use super::support::server::Server;
use super::support::{finished, run};
use super::{StoreFixture, config_at, store_at};

/// The bytes of `EXEC` in the file.
const END_OF_TRANSACTION: usize = "*1\r\n$4\r\nEXEC\r\n".len();

/// Bytes between two places at which the file is cut.
const STEP: usize = 61;

#[tokio::test]
async fn a_cut_operation_counts_once() {
    let mut cut = 1;
    while killed_twice(cut).await {
        cut += STEP;
    }
    assert!(cut > 10 * STEP, "{cut}");
}

/// Kills a server that has written only the first `cut` bytes of an operation.
/// Returns false if the operation has no more bytes than these.
async fn killed_twice(cut: usize) -> bool {
    let mut server = Server::start(&["--appendonly", "yes", "--appendfsync", "always"]);
    let store = store_at(&server.url(), "team:");
    let fixture = StoreFixture {
        store,
        run: run("run-1"),
    };
    let [one, other] = ["one", "other"].map(|writer| fixture.join(writer, 1));
    for join in [&one, &other] {
        fixture.store.join(join, true).await.unwrap();
    }
    let file = append_only_file(&server);
    let before = fs::read(&file).unwrap().len();
    let done = fixture.finishes(&one, 1, 0, Status::Failed).await;
    assert_eq!(done, ApplyOutcome::Done);
    let after = fs::read(&file).unwrap().len();

    server.kill();
    // A transaction that lacks only its end is brought back whole. Then its mark
    // is stored, but not its part of the counts: no script can tell.
    if before + cut >= after - END_OF_TRANSACTION {
        return false;
    }
    let length = u64::try_from(before + cut).unwrap();
    File::options()
        .write(true)
        .open(&file)
        .unwrap()
        .set_len(length)
        .unwrap();
    server.restart();
    let done = apply(&fixture, &other, 1).await;
    assert_eq!(done, ApplyOutcome::Done);
    server.kill();
    server.restart();
    // Its worker has no answer, so it sends the operation again.
    apply(&fixture, &one, 0).await;

    let summary = fixture.document().await.summary;
    assert_eq!((summary.total, summary.failed), (2, 2), "cut after {cut}");
    let events = fixture.store.events(fixture.id(), "0", 1000).await.unwrap();
    let events: Vec<serde_json::Value> = events
        .iter()
        .map(|entry| serde_json::from_str(&entry.event).unwrap())
        .collect();
    let mut numbers: Vec<_> = events.iter().map(|e| e["n"].as_u64().unwrap()).collect();
    // An operation whose mark alone is cut has its event twice.
    numbers.dedup();
    assert_eq!(numbers, [1, 2, 3], "cut after {cut}: {events:?}");
    true
}

/// Finishes a snapshot; the first connection is that to the killed server.
async fn apply(fixture: &StoreFixture, join: &JoinRequest, n: usize) -> ApplyOutcome {
    let operation = [Operation::from_event(&finished(
        fixture.id(),
        n,
        Status::Failed,
    ))];
    let mut applied = fixture.store.apply(join, 1, &operation).await;
    if applied.is_err() {
        applied = fixture.store.apply(join, 1, &operation).await;
    }
    applied.unwrap().remove(0)
}

/// The file to which the server appends commands.
pub(crate) fn append_only_file(server: &Server) -> PathBuf {
    let folder = fs::read_dir(server.folder.path().join("appendonlydir")).unwrap();
    let mut files = folder.map(|entry| entry.unwrap().path());
    files
        .find(|path| path.to_string_lossy().ends_with(".incr.aof"))
        .unwrap()
}

#[tokio::test]
async fn a_lock_that_was_granted_in_part_is_granted_once() {
    let mut cut = 1;
    while lock_cut_at(cut).await {
        cut += STEP;
    }
    assert!(cut > 4 * STEP, "{cut}");
}

/// Kills a server that has written only the first `cut` bytes of the grant of a
/// lock. Returns false if the grant has no more bytes than these.
async fn lock_cut_at(cut: usize) -> bool {
    let mut server = Server::start(&["--appendonly", "yes", "--appendfsync", "always"]);
    let locks = config_at(&server.url(), "team:").coordination(&run("run-1").run_id);
    let request = |name: &str, owner: &str| LockRequest {
        name: name.to_owned(),
        slots: 1,
        owner: owner.to_owned(),
        lease_ms: 60_000,
    };
    let [first, next, last] = ["first", "next", "last"].map(|owner| request("staging", owner));
    for request in [&first, &next, &last] {
        locks.acquire(request).await.unwrap();
    }
    locks.release(&first).await.unwrap();
    let file = append_only_file(&server);
    let before = fs::read(&file).unwrap().len();
    let granted = locks.acquire(&next).await.unwrap();
    let LockReply::Held { token } = granted else {
        panic!("{granted:?}");
    };
    let after = fs::read(&file).unwrap().len();
    server.kill();
    // A transaction that lacks only its end is brought back whole. Then its mark
    // is stored, but not its part of the counts: no script can tell.
    if before + cut >= after - END_OF_TRANSACTION {
        return false;
    }
    let length = u64::try_from(before + cut).unwrap();
    let opened = File::options().write(true).open(&file).unwrap();
    opened.set_len(length).unwrap();
    server.restart();
    // Executed together with the commands of the cut script, at the next start.
    let other = request("other", "other");
    while locks.acquire(&other).await.is_err() {}
    server.kill();
    server.restart();
    while locks.acquire(&other).await.is_err() {}
    // The holder has its token, and the next request still waits.
    let again = match locks.renew(&next, token).await.unwrap() {
        true => locks.acquire(&next).await.unwrap(),
        false => panic!("cut after {cut}: the lock is lost"),
    };
    assert_eq!(again, granted, "cut after {cut}");
    let waits = locks.acquire(&last).await.unwrap();
    assert_eq!(waits, LockReply::Waiting { before: 1 }, "cut after {cut}");
    locks.release(&next).await.unwrap();
    let LockReply::Held { token: later } = locks.acquire(&last).await.unwrap() else {
        panic!("cut after {cut}: the lock is not free");
    };
    assert!(later > token, "cut after {cut}");
    true
}
