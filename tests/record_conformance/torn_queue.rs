//! A server that is killed while it writes a step of the queue to its append-only
//! file, and later once more.

use std::fs::{self, File};
use std::future::Future;
use std::pin::Pin;

use tintype::internals::model::Status;
use tintype::internals::record::{ClaimOutcome, Operation};

use super::queue::{QueueFixture, builds, claim, groups, one_group};
use super::support::finished;
use super::torn::append_only_file;

/// Bytes between two places at which the file is cut.
const STEP: usize = 97;

type Step = for<'a> fn(&'a QueueFixture) -> Pin<Box<dyn Future<Output = ()> + 'a>>;

#[tokio::test]
async fn a_cut_plan_is_queued_once() {
    cut_everywhere(|fixture| {
        Box::pin(async move {
            let queue = fixture.queue("ci-1:7");
            let _ = queue.plan("digest", &builds(), &groups()).await;
        })
    })
    .await;
}

#[tokio::test]
async fn a_cut_claim_gives_a_group_to_one_worker() {
    cut_everywhere(|fixture| {
        Box::pin(async move {
            fixture.planned().await;
            fixture.mark();
            claim(&fixture.queue("ci-2:7"), "a").await;
        })
    })
    .await;
}

#[tokio::test]
async fn a_cut_reap_and_release_lose_no_group() {
    cut_everywhere(|fixture| {
        Box::pin(async move {
            let queue = fixture.planned().await;
            let lease = claim(&queue, "a").await;
            fixture.expire(&lease);
            fixture.mark();
            queue.reap().await.unwrap();
        })
    })
    .await;
    cut_everywhere(|fixture| {
        Box::pin(async move {
            let queue = fixture.planned().await;
            let lease = claim(&queue, "a").await;
            queue.renew(r#""state":"idle""#, &[]).await.unwrap();
            fixture.mark();
            queue.release(&[lease]).await.unwrap();
        })
    })
    .await;
}

#[tokio::test]
async fn a_cut_outcome_releases_its_group() {
    cut_everywhere(|fixture| {
        Box::pin(async move {
            let queue = fixture.planned().await;
            let lease = claim(&queue, "a").await;
            fixture.mark();
            fixture.ends(0, 1, 4, Status::Passed, &lease).await;
        })
    })
    .await;
}

async fn cut_everywhere(step: Step) {
    let mut cut = 1;
    while killed_twice(step, cut).await {
        cut += STEP;
    }
    assert!(cut > 3 * STEP, "{cut}");
}

/// Kills a server that has written only the first `cut` bytes after the mark, twice,
/// and checks that the run still comes to its end. Returns false if there are no
/// more bytes.
async fn killed_twice(step: Step, cut: usize) -> bool {
    let mut fixture = QueueFixture::on(&["--appendonly", "yes", "--appendfsync", "always"]).await;
    fixture.mark();
    step(&fixture).await;
    let file = append_only_file(&fixture.server);
    let (before, after) = (fixture.marked(), fs::metadata(&file).unwrap().len());
    fixture.server.kill();
    let length = before + cut as u64;
    if length >= after {
        return false;
    }
    let opened = File::options().write(true).open(&file).unwrap();
    opened.set_len(length).unwrap();
    fixture.server.restart();
    // Any transaction executes what is left of the cut one at the next start.
    let queue = fixture.queue("ci-3:7");
    let mut renewed = queue.renew(r#""state":"idle""#, &[]).await;
    if renewed.is_err() {
        renewed = queue.renew(r#""state":"idle""#, &[]).await;
    }
    renewed.unwrap();
    fixture.server.kill();
    fixture.server.restart();
    finish(&fixture, cut).await;
    true
}

/// Does the rest of the run: its worker died with the server.
async fn finish(fixture: &QueueFixture, cut: usize) {
    let queue = fixture.queue("ci-3:7");
    fixture.forget_planner();
    let mut planned = queue.plan("digest", &builds(), &groups()).await;
    if planned.is_err() {
        planned = queue.plan("digest", &builds(), &groups()).await;
    }
    planned.unwrap();
    // Its connection was that to the killed server.
    let applied = fixture.fixture.store.applied(&fixture.joins[1]).await;
    let mut number = applied.unwrap();
    for request in 0..100 {
        let claimed = one_group(&queue, &format!("rest-{request}")).await;
        match claimed {
            ClaimOutcome::Leased { groups, .. } => {
                for group in groups {
                    for key in group.keys {
                        number += 1;
                        let n = (1..=4).find(|n| super::support::story(*n).key() == key);
                        let passed = finished(fixture.run(), n.unwrap(), Status::Passed);
                        let operation = Operation::from_event(&passed).under(&group.lease);
                        let one = fixture.fixture.one(&fixture.joins[1], number, operation);
                        one.await;
                    }
                }
            }
            ClaimOutcome::Empty { open: 0, is_queued } => {
                assert!(is_queued, "cut after {cut}");
                let summary = fixture.fixture.document().await.summary;
                assert_eq!((summary.total, summary.passed), (4, 4), "cut after {cut}");
                return;
            }
            ClaimOutcome::Empty { .. } => {
                fixture.expire_all();
                queue.reap().await.unwrap();
            }
            ClaimOutcome::NoRun => panic!("the run is lost, cut after {cut}"),
        }
    }
    panic!("the queue never came to its end, cut after {cut}");
}
