//! `prune` in the artifact store.

use libtest_mimic::Trial;

use super::project::Project;
use super::s3::S3Server;
use super::trials;

pub(crate) fn tests() -> Vec<Trial> {
    trials![
        pictures_of_a_run_that_stays_are_kept,
        young_pictures_are_kept,
        a_lock_of_another_process_is_respected,
        an_unreadable_run_removes_nothing,
    ]
}

/// A project with two runs: both have the picture of `a`, only the first one has
/// that of `b`.
fn two_runs(server: &S3Server) -> Project {
    let project = Project::in_bucket(server);
    project.story("a", "red");
    project.story("b", "green");
    project.suite(&[]).expect(101);
    project.story("b", "blue");
    project.suite(&[]).expect(101);
    project
}

fn pictures(server: &S3Server) -> usize {
    let keys = server.keys().into_iter();
    keys.filter(|key| key.contains("/sha256/")).count()
}

fn runs(server: &S3Server) -> usize {
    let keys = server.keys().into_iter();
    keys.filter(|key| key.ends_with("/run.json")).count()
}

const PRUNE: [&str; 5] = ["prune", "--runs", "1", "--grace", "0"];

fn pictures_of_a_run_that_stays_are_kept() {
    let server = S3Server::start();
    let project = two_runs(&server);
    let newest = project.last().run.run_id;
    assert_eq!((pictures(&server), runs(&server)), (3, 2));
    project
        .alone(&PRUNE)
        .expect(0)
        .says("1 runs and 1 pictures (0 MB) in s3://artifacts/shop would be deleted");
    assert_eq!((pictures(&server), runs(&server)), (3, 2));

    let delete = [&PRUNE[..], &["--delete"]].concat();
    project
        .alone(&delete)
        .expect(0)
        .says("deleted 1 runs and 1 pictures");
    assert_eq!((pictures(&server), runs(&server)), (2, 1));
    assert!(!server.keys().iter().any(|key| key.contains("locks/")));
    // A repetition has nothing left to do.
    project
        .alone(&delete)
        .expect(0)
        .says("deleted 0 runs and 0 pictures");
    // What stays is complete.
    let other = project.checkout();
    let accepted = other.tintype(&["accept", "--run", newest.as_str()]);
    accepted.expect(0).says("accepted 2 of 2");
}

fn young_pictures_are_kept() {
    let server = S3Server::start();
    let project = two_runs(&server);
    let prune = ["prune", "--runs", "1", "--delete"];
    project
        .alone(&prune)
        .expect(0)
        .says("kept 1 young pictures without a reference");
    assert_eq!((pictures(&server), runs(&server)), (3, 1));
    // An interrupted removal is continued: the run has gone, its picture has not.
    let delete = [&PRUNE[..], &["--delete"]].concat();
    project
        .alone(&delete)
        .expect(0)
        .says("deleted 0 runs and 1 pictures");
    assert_eq!(pictures(&server), 2);
}

fn a_lock_of_another_process_is_respected() {
    let server = S3Server::start();
    let project = two_runs(&server);
    server.put("shop/locks/prune", b"process 4711");
    let delete = [&PRUNE[..], &["--delete"]].concat();
    project
        .alone(&delete)
        .expect(1)
        .says("is locked by process 4711");
    assert_eq!((pictures(&server), runs(&server)), (3, 2));
    project.alone(&PRUNE).expect(0).says("would be deleted");
}

fn an_unreadable_run_removes_nothing() {
    let server = S3Server::start();
    let project = two_runs(&server);
    server.put("shop/runs/run-of-another-version/run.json", b"{");
    let delete = [&PRUNE[..], &["--delete"]].concat();
    project
        .alone(&delete)
        .expect(1)
        .says("run-of-another-version");
    assert_eq!((pictures(&server), runs(&server)), (3, 3));
}
