//! Tests of the queue of a shared run.

use tintype::internals::model::{RunId, Status};
use tintype::internals::record::{
    ApplyOutcome, ClaimOutcome, ClaimRequest, JoinRequest, Lease, Operation, PlanConflict,
    PlanOutcome, QueuedGroup, RecordConfig, SharedQueue,
};

use std::sync::atomic::{AtomicU64, Ordering};

use super::support::server::Server;
use super::support::{finished, run, started, story};
use super::torn::append_only_file;
use super::{StoreFixture, at, config_at, leave};

const PREFIX: &str = "team:";

/// A run on a server with a queue of three groups.
pub(crate) struct QueueFixture {
    pub(crate) server: Server,
    pub(crate) config: RecordConfig,
    pub(crate) fixture: StoreFixture,
    pub(crate) joins: Vec<JoinRequest>,
    mark: AtomicU64,
}

fn lanes() -> Vec<String> {
    vec!["firefox".to_owned(), "chromium".to_owned()]
}

fn group(name: &str, lane: &str, stories: &[usize], expected_ms: u32) -> QueuedGroup {
    QueuedGroup {
        name: format!("{name}@{lane}"),
        lane: lane.to_owned(),
        keys: stories.iter().map(|n| story(*n).key()).collect(),
        has_failed: name == "failed",
        expected_ms,
        ..QueuedGroup::default()
    }
}

pub(crate) fn builds() -> Vec<(String, String)> {
    vec![("chromium".to_owned(), "156".to_owned())]
}

pub(crate) fn groups() -> Vec<QueuedGroup> {
    vec![
        group("short", "chromium", &[1], 100),
        group("long", "chromium", &[2, 3], 900),
        group("failed", "firefox", &[4], 10),
    ]
}

impl QueueFixture {
    pub(crate) async fn new() -> Self {
        Self::on(&[]).await
    }

    /// On a server with these options.
    pub(crate) async fn on(options: &[&str]) -> Self {
        let server = Server::start(options);
        let config = config_at(&server.url(), PREFIX);
        let fixture = StoreFixture {
            store: config.store(),
            run: run("run-1"),
        };
        let joins = ["w1", "w2"].map(|writer| JoinRequest {
            shared: true,
            plan: "plan".to_owned(),
            ..fixture.join(writer, 4)
        });
        for join in &joins {
            fixture.store.join(join, true).await.unwrap();
        }
        Self {
            server,
            config,
            fixture,
            joins: joins.to_vec(),
            mark: AtomicU64::new(0),
        }
    }

    /// Marks the end of the server's file.
    pub(crate) fn mark(&self) {
        let file = append_only_file(&self.server);
        let length = std::fs::metadata(file).unwrap().len();
        self.mark.store(length, Ordering::Relaxed);
    }

    pub(crate) fn marked(&self) -> u64 {
        self.mark.load(Ordering::Relaxed)
    }

    pub(crate) fn queue(&self, worker: &str) -> SharedQueue {
        let queue = self.config.shared_queue(self.run(), worker, &lanes());
        queue.unwrap()
    }

    pub(crate) fn run(&self) -> &RunId {
        self.fixture.id()
    }

    /// The queue of a worker, with the plan in it.
    pub(crate) async fn planned(&self) -> SharedQueue {
        let queue = self.queue("ci-1:7");
        let planned = queue.plan("digest", &builds(), &groups()).await.unwrap();
        assert_eq!(planned, PlanOutcome::Queued(3));
        queue
    }

    pub(crate) async fn ends(
        &self,
        worker: usize,
        number: u64,
        n: usize,
        status: Status,
        lease: &Lease,
    ) -> ApplyOutcome {
        let operation = Operation::from_event(&finished(self.run(), n, status)).under(lease);
        self.fixture
            .one(&self.joins[worker], number, operation)
            .await
    }

    /// As if the worker with the lease had not renewed it in time.
    /// As if the worker that queued the groups had died long ago.
    pub(crate) fn forget_planner(&self) {
        let control = format!("{PREFIX}tintype:run-1:control");
        self.server.cli(&["HDEL", &control, "planner"]);
    }

    /// As if all workers had died long ago.
    pub(crate) fn expire_all(&self) {
        let leases = format!("{PREFIX}tintype:run-1:leases");
        for group in self.server.cli(&["ZRANGE", &leases, "0", "-1"]).lines() {
            self.server.cli(&["ZADD", &leases, "XX", "1000", group]);
        }
    }

    pub(crate) fn expire(&self, lease: &Lease) {
        let leases = format!("{PREFIX}tintype:run-1:leases");
        self.server
            .cli(&["ZADD", &leases, "XX", "1000", &lease.group]);
    }
}

/// Claims one group of any lane.
pub(crate) async fn one_group(queue: &SharedQueue, request: &str) -> ClaimOutcome {
    let request = ClaimRequest {
        id: request,
        lanes: &lanes(),
        count: 1,
        takes_over: false,
    };
    queue.claim(request).await.unwrap()
}

pub(crate) async fn claim(queue: &SharedQueue, request: &str) -> Lease {
    claim_in(queue, &lanes(), request).await.unwrap()
}

async fn claim_in(queue: &SharedQueue, lanes: &[String], request: &str) -> Result<Lease, u64> {
    let request = ClaimRequest {
        id: request,
        lanes,
        count: 1,
        takes_over: false,
    };
    match queue.claim(request).await.unwrap() {
        ClaimOutcome::Leased { mut groups, .. } => Ok(groups.remove(0).lease),
        ClaimOutcome::Empty { open, .. } => Err(open),
        ClaimOutcome::NoRun => panic!("the run is missing"),
    }
}

#[tokio::test]
async fn lanes_are_claimed_in_their_order_and_long_groups_first() {
    let fixture = QueueFixture::new().await;
    let queue = fixture.planned().await;
    let again = queue.plan("digest", &builds(), &groups()).await.unwrap();
    assert_eq!(again, PlanOutcome::Queued(0));
    // A worker without an engine never gets its groups.
    let chromium = &lanes()[1..];
    let first = claim_in(&fixture.queue("ci-2:7"), chromium, "a")
        .await
        .unwrap();
    assert_eq!((&*first.group, &*first.lane), ("long@chromium", "chromium"));
    let second = claim(&queue, "b").await;
    assert_eq!(second.group, "failed@firefox");
    assert!(second.token > first.token);
    assert_eq!(claim(&queue, "b").await, second, "the reply was lost");
    assert_eq!(claim(&queue, "c").await.group, "short@chromium");
    assert_eq!(claim_in(&queue, &lanes(), "d").await, Err(3));
}

#[tokio::test]
async fn failed_groups_are_claimed_first_and_several_at_once() {
    let fixture = QueueFixture::new().await;
    let queue = fixture.queue("ci-1:7");
    let mut groups = groups();
    groups.push(group("failed", "chromium", &[5], 10));
    let queued = queue.plan("digest", &builds(), &groups).await.unwrap();
    assert_eq!(queued, PlanOutcome::Queued(4));
    let request = ClaimRequest {
        id: "a",
        lanes: &lanes()[1..],
        count: 2,
        takes_over: false,
    };
    let claimed = queue.claim(request).await.unwrap();
    let ClaimOutcome::Leased {
        groups, waiting, ..
    } = &claimed
    else {
        panic!("{claimed:?}");
    };
    let names: Vec<_> = groups.iter().map(|group| &*group.lease.group).collect();
    assert_eq!(names, ["failed@chromium", "long@chromium"]);
    assert_eq!(groups[1].keys, [story(2).key(), story(3).key()]);
    assert_eq!(*waiting, 1);
    assert_eq!(queue.claim(request).await.unwrap(), claimed);
}

/// A worker that hangs, but renews its leases.
#[tokio::test]
async fn a_group_beyond_its_limit_is_taken_over() {
    let fixture = QueueFixture::new().await;
    let slow = fixture.queue("ci-1:7");
    let mut one = group("slow", "chromium", &[1], 100);
    one.limit_ms = 60_000;
    let queued = slow.plan("digest", &builds(), &[one]).await.unwrap();
    assert_eq!(queued, PlanOutcome::Queued(1));
    let lease = claim(&slow, "a").await;
    let idle = fixture.queue("ci-2:7");
    let takes_over = |id| ClaimRequest {
        id,
        lanes: &[],
        count: 1,
        takes_over: true,
    };
    let early = idle.claim(takes_over("b")).await.unwrap();
    assert!(
        matches!(early, ClaimOutcome::Empty { open: 1, .. }),
        "{early:?}"
    );
    let control = format!("{PREFIX}tintype:run-1:control");
    fixture
        .server
        .cli(&["HSET", &control, "b:slow@chromium", "1000"]);
    let own = slow.claim(takes_over("c")).await.unwrap();
    assert!(
        matches!(own, ClaimOutcome::Empty { open: 1, .. }),
        "{own:?}"
    );
    let taken = idle.claim(takes_over("d")).await.unwrap();
    let ClaimOutcome::Leased { groups, .. } = taken else {
        panic!("{taken:?}");
    };
    assert!(groups[0].lease.token > lease.token);
    let lost = slow.renew(r#""host":"ci-1""#, &[lease]).await.unwrap();
    assert_eq!(lost, ["slow@chromium"]);
}

#[tokio::test]
async fn another_plan_is_refused() {
    let fixture = QueueFixture::new().await;
    fixture.planned().await;
    let queue = fixture.queue("ci-2:7");
    let refused = |conflict| Ok(PlanOutcome::Refused(conflict));
    let digest = PlanConflict::Digest("digest".to_owned());
    assert_eq!(queue.plan("other", &builds(), &[]).await, refused(digest));
    let newer = [("chromium".to_owned(), "157".to_owned())];
    let engine = PlanConflict::Engine {
        engine: "chromium".to_owned(),
        build: "156".to_owned(),
    };
    assert_eq!(queue.plan("digest", &newer, &[]).await, refused(engine));
    // A worker may lack engines, or have one that no other worker has.
    let more = [("firefox".to_owned(), "140".to_owned())];
    let planned = queue.plan("digest", &more, &[]).await;
    assert_eq!(planned, Ok(PlanOutcome::Queued(0)));
}

/// Many workers that start at once must not all queue the groups.
#[tokio::test]
async fn one_worker_queues_the_groups_and_another_goes_on_if_it_dies() {
    let fixture = QueueFixture::new().await;
    let (one, two) = (fixture.queue("ci-1:7"), fixture.queue("ci-2:7"));
    let compared = one.plan("digest", &builds(), &[]).await;
    assert_eq!(compared, Ok(PlanOutcome::Incomplete));
    let busy = two.plan("digest", &builds(), &[]).await;
    assert_eq!(busy, Ok(PlanOutcome::Busy));
    let control = format!("{PREFIX}tintype:run-1:control");
    fixture
        .server
        .cli(&["HSET", &control, "planner", "ci-1:7|1000"]);
    let compared = two.plan("digest", &builds(), &[]).await;
    assert_eq!(compared, Ok(PlanOutcome::Incomplete));
    let queued = two.plan("digest", &builds(), &groups()).await;
    assert_eq!(queued, Ok(PlanOutcome::Queued(3)));
    let compared = one.plan("digest", &builds(), &[]).await;
    assert_eq!(compared, Ok(PlanOutcome::Queued(0)));
}

#[tokio::test]
async fn a_missing_run_has_no_queue() {
    let fixture = QueueFixture::new().await;
    fixture.server.cli(&["FLUSHALL"]);
    let queue = fixture.queue("ci-1:7");
    let planned = queue.plan("digest", &builds(), &groups()).await.unwrap();
    assert_eq!(planned, PlanOutcome::NoRun);
    let request = ClaimRequest {
        id: "a",
        lanes: &lanes(),
        count: 1,
        takes_over: false,
    };
    assert_eq!(queue.claim(request).await, Ok(ClaimOutcome::NoRun));
}

#[tokio::test]
async fn the_last_outcome_releases_a_group() {
    let fixture = QueueFixture::new().await;
    let queue = fixture.planned().await;
    let chromium = &lanes()[1..];
    let long = claim_in(&queue, chromium, "a").await.unwrap();
    let begun = Operation::from_event(&started(fixture.run(), 2)).under(&long);
    let begun = fixture.fixture.one(&fixture.joins[0], 1, begun).await;
    assert_eq!(begun, ApplyOutcome::Done);
    fixture.ends(0, 2, 2, Status::Passed, &long).await;
    let short = claim_in(&queue, chromium, "b").await.unwrap();
    assert_eq!(claim_in(&queue, chromium, "c").await, Err(2));
    fixture.ends(0, 3, 3, Status::Failed, &long).await;
    assert_eq!(claim_in(&queue, chromium, "d").await, Err(1));
    fixture.ends(0, 4, 1, Status::Passed, &short).await;
    assert_eq!(claim_in(&queue, chromium, "e").await, Err(0));
    let lost = queue.renew(r#""host":"ci-1""#, &[short]).await.unwrap();
    assert_eq!(lost, ["short@chromium"]);
}

/// A worker that was frozen beyond its lease goes on.
#[tokio::test]
async fn outcomes_under_an_outdated_lease_change_nothing() {
    let fixture = QueueFixture::new().await;
    let (one, two) = (fixture.planned().await, fixture.queue("ci-2:7"));
    let outdated = claim(&one, "a").await;
    let kept = one
        .renew(r#""host":"ci-1""#, std::slice::from_ref(&outdated))
        .await;
    assert_eq!(kept.unwrap(), Vec::<String>::new());
    fixture.expire(&outdated);
    assert_eq!(two.reap().await.unwrap(), []);
    let lost = one
        .renew(r#""host":"ci-1""#, std::slice::from_ref(&outdated))
        .await;
    assert_eq!(lost.unwrap(), ["failed@firefox"]);
    let current = claim(&two, "b").await;
    assert_eq!(current.group, outdated.group);
    let refused = fixture.ends(0, 1, 4, Status::Failed, &outdated).await;
    assert_eq!(refused, ApplyOutcome::Stale);
    // Not the clock of the machine decides, but the lease.
    let passed = Operation::from_event(&finished(fixture.run(), 4, Status::Passed));
    let passed = at(passed, 1000).under(&current);
    let applied = fixture.fixture.one(&fixture.joins[1], 1, passed).await;
    assert_eq!(applied, ApplyOutcome::Done);
    let refused = fixture.ends(0, 2, 4, Status::Failed, &outdated).await;
    assert_eq!(refused, ApplyOutcome::Stale);
    assert_eq!(fixture.fixture.record(4).await.status, Status::Passed);
    let told = fixture.fixture.event_types().await;
    let of = |kind| told.iter().filter(|told| *told == kind).count();
    assert_eq!((of("test:finished"), of("worker:lost")), (1, 1), "{told:?}");
}

#[tokio::test]
async fn a_group_that_is_lost_three_times_is_leased_to_fail_it() {
    let fixture = QueueFixture::new().await;
    let reaper = fixture.planned().await;
    for (number, worker) in ["ci-2:7", "ci-3:7", "ci-4:7"].into_iter().enumerate() {
        let lease = claim(&fixture.queue(worker), "a").await;
        assert_eq!(lease.group, "failed@firefox");
        fixture.expire(&lease);
        let lost = reaper.reap().await.unwrap();
        if number < 2 {
            assert_eq!(lost, []);
            continue;
        }
        assert_eq!(lost[0].workers, ["ci-2:7", "ci-3:7", "ci-4:7"]);
        assert_eq!(lost[0].lease.lane, "firefox");
        let failed = fixture.ends(0, 1, 4, Status::Failed, &lost[0].lease).await;
        assert_eq!(failed, ApplyOutcome::Done);
        let late = fixture.ends(1, 1, 4, Status::Passed, &lease).await;
        assert_eq!(late, ApplyOutcome::Stale);
    }
    assert_eq!(claim(&reaper, "b").await.group, "long@chromium");
}

#[tokio::test]
async fn a_worker_that_leaves_returns_its_groups_at_once() {
    let fixture = QueueFixture::new().await;
    let queue = fixture.planned().await;
    let lease = claim(&queue, "a").await;
    let leases = std::slice::from_ref(&lease);
    queue.renew(r#""host":"ci-1""#, leases).await.unwrap();
    queue.release(leases).await.unwrap();
    let other = fixture.queue("ci-2:7");
    let next = claim(&other, "b").await;
    assert_eq!(next.group, lease.group);
    assert!(next.token > lease.token);
    let events = fixture.fixture.event_types().await;
    assert_eq!(events.last().unwrap(), "worker:left");
}

/// "Re-run failed jobs" of a CI system.
#[tokio::test]
async fn a_run_that_is_reopened_queues_only_what_has_not_passed() {
    let fixture = QueueFixture::new().await;
    let queue = fixture.planned().await;
    let outcomes = [
        ("a", vec![(4, Status::Passed)]),
        ("b", vec![(2, Status::Passed), (3, Status::Failed)]),
        ("c", vec![(1, Status::Changed)]),
    ];
    let mut number = 0;
    for (request, outcomes) in outcomes {
        let lease = claim(&queue, request).await;
        for (n, status) in outcomes {
            number += 1;
            fixture.ends(0, number, n, status, &lease).await;
        }
    }
    let now = fixture.fixture.run.timestamp + 5;
    for (join, number) in fixture.joins.iter().zip([number + 1, 1]) {
        fixture.fixture.one(join, number, leave(None, now)).await;
    }
    let ended = fixture.fixture.store.end(fixture.run(), Some("here")).await;
    ended.unwrap();
    let again = JoinRequest {
        writer: "w3".to_owned(),
        ..fixture.joins[0].clone()
    };
    fixture.fixture.store.join(&again, true).await.unwrap();
    let queued = queue.plan("digest", &builds(), &groups()).await.unwrap();
    assert_eq!(queued, PlanOutcome::Queued(1));
    let lease = claim(&queue, "d").await;
    assert_eq!(lease.group, "long@chromium");
    let passed = Operation::from_event(&finished(fixture.run(), 3, Status::Passed)).under(&lease);
    fixture.fixture.one(&again, 1, passed).await;
    assert_eq!(claim_in(&queue, &lanes(), "e").await, Err(0));
    assert_eq!(fixture.fixture.document().await.summary.failed, 0);
}

#[tokio::test]
async fn only_a_server_that_the_environment_names_is_shared() {
    let memory = RecordConfig::memory();
    let queue = memory.shared_queue(&run("run-1").run_id, "ci-1:7", &lanes());
    assert!(queue.is_none());
}

#[tokio::test]
async fn pruning_removes_the_queue() {
    let fixture = QueueFixture::new().await;
    let queue = fixture.planned().await;
    let lease = claim(&queue, "a").await;
    queue.renew(r#""host":"ci-1""#, &[lease]).await.unwrap();
    fixture.fixture.store.remove(fixture.run()).await.unwrap();
    let left = fixture.server.cli(&["KEYS", "*run-1*"]);
    assert_eq!(left, format!("{PREFIX}tintype:tomb:run-1"));
}
