//! Uploads behind the work, and `flush`.

use libtest_mimic::Trial;
use std::time::Duration;

use super::project::{Project, files};
use super::s3::S3Server;
use super::trials;

pub(crate) fn tests() -> Vec<Trial> {
    trials![
        pictures_and_reports_are_uploaded,
        a_folder_is_a_store,
        a_store_that_is_away_fails_nothing_and_is_flushed_later,
        a_store_that_is_killed_loses_nothing,
        an_unknown_bucket_is_reported_once,
        doctor_checks_the_store,
    ]
}

/// The kinds of the objects of a run with two new stories.
fn check_objects(mut keys: Vec<String>, project: &Project) {
    let run = project.last();
    keys.sort();
    let id = &run.run.run_id;
    let mut expected: Vec<String> = ["junit.xml", "report.html", "run.json"]
        .map(|name| format!("runs/{id}/{name}"))
        .into();
    for result in &run.results {
        let hash = result.sha256.as_ref().unwrap().current.as_ref().unwrap();
        expected.push(format!("sha256/{}/{}.png", &hash[..2], &hash[2..]));
    }
    expected.sort();
    assert_eq!(keys, expected);
    assert_eq!(project.outbox().len(), 0);
}

fn pictures_and_reports_are_uploaded() {
    let server = S3Server::start();
    let project = Project::in_bucket(&server);
    project.story("a", "red");
    project.story("b", "blue");
    let run = project.suite(&[]).expect(101);
    assert!(!run.all().contains("artifacts are not in"), "{}", run.all());
    let keys = server.keys().into_iter();
    let keys = keys.map(|key| key.strip_prefix("shop/").unwrap().to_owned());
    check_objects(keys.collect(), &project);
}

fn a_folder_is_a_store() {
    let store = tempfile::tempdir().unwrap();
    let project = Project::in_folder(store.path());
    project.story("a", "red");
    project.story("b", "blue");
    project.suite(&[]).expect(101);
    let keys = files(store.path()).into_iter();
    check_objects(
        keys.map(|key| key.display().to_string()).collect(),
        &project,
    );
}

fn a_store_that_is_away_fails_nothing_and_is_flushed_later() {
    let mut server = S3Server::start();
    let project = Project::in_bucket(&server);
    project.story("a", "red");
    project.suite(&[("TINTYPE_UPDATE", "new")]).expect(0);
    server.kill();
    let passed = project.suite(&[]).expect(0);
    assert_eq!(passed.all().matches("artifacts are not in").count(), 1);

    project.story("a", "blue");
    let failed = project
        .suite(&[])
        .expect(101)
        .says("s3://artifacts/shop")
        .says("cargo tintype flush");
    assert_eq!(failed.all().matches("artifacts are not in").count(), 1);
    // Two reports of the first run, three of the second, and two pictures.
    let waiting = project.outbox();
    assert_eq!(waiting.len(), 8, "{waiting:?}");
    let flush = project.tintype(&["flush", "--json"]).expect(1);
    let flush = flush.says("8 artifacts still wait").json();
    assert_eq!(flush["artifacts"]["pending"], 8);
    assert!(flush["journals"]["sent"].is_u64(), "{flush}");
    assert_eq!(project.outbox(), waiting);

    server.restart();
    project
        .tintype(&["flush"])
        .says("uploaded 8 artifacts to s3://artifacts/shop");
    assert_eq!(project.outbox().len(), 0);
    assert_eq!(server.keys().len(), 8);
    project.tintype(&["flush"]).says("uploaded 0 artifacts");
}

fn a_store_that_is_killed_loses_nothing() {
    let mut server = S3Server::start();
    let project = Project::in_bucket(&server);
    for number in 0..12 {
        project.story(&format!("s{number:02}"), &format!("rgb({number}, 40, 90)"));
    }
    let mut child = project
        .suite_command()
        .env("TINTYPE_SESSIONS", "1")
        .spawn()
        .unwrap();
    while server.keys().is_empty() {
        assert!(child.try_wait().unwrap().is_none(), "the run has ended");
        std::thread::sleep(Duration::from_millis(5));
    }
    server.kill();
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(101));
    let run = project.last();
    assert_eq!(run.results.len(), 12);
    let uploaded = 15 - project.outbox().len();
    assert!((1..12).contains(&uploaded), "{uploaded}");

    // The server has lost what it had, so it is not asked for that.
    server.restart();
    project.tintype(&["flush"]).says("uploaded");
    assert_eq!(server.keys().len(), 15 - uploaded);
    assert_eq!(project.outbox().len(), 0);
}

fn an_unknown_bucket_is_reported_once() {
    let server = S3Server::start();
    let project = Project::in_bucket(&server);
    project.story("a", "red");
    let run = project
        .suite(&[("TINTYPE_ARTIFACTS", "s3://unknown/shop")])
        .expect(101);
    assert_eq!(
        run.all().matches("artifacts are not in").count(),
        1,
        "{}",
        run.all()
    );
    assert_eq!(project.outbox().len(), 4);
}

fn doctor_checks_the_store() {
    let mut server = S3Server::start();
    let project = Project::in_bucket(&server);
    project.story("a", "red");
    let doctor = || project.tintype(&["doctor"]);
    doctor().says("s3://artifacts/shop can be read and written");
    assert_eq!(server.keys().len(), 0);
    server.kill();
    doctor().says("failed to write doctor/");
}
