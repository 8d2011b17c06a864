//! Commands that read pictures of other machines.

use libtest_mimic::Trial;

use super::project::Project;
use super::s3::S3Server;
use super::trials;

pub(crate) fn tests() -> Vec<Trial> {
    trials![
        another_checkout_accepts_a_run,
        a_damaged_picture_is_not_accepted,
        a_missing_picture_is_named,
        another_checkout_shows_a_run,
        another_checkout_reviews_a_run,
    ]
}

/// A checkout in which the first story has failed, and another one without runs.
fn failed_elsewhere(server: &S3Server) -> (Project, Project) {
    let project = Project::in_bucket(server);
    project.story("a", "red");
    project.story("b", "green");
    project.suite(&[("TINTYPE_UPDATE", "new")]).expect(0);
    project.story("a", "blue");
    project.suite(&[]).expect(101);
    let other = project.checkout();
    (project, other)
}

fn current_key(project: &Project) -> String {
    let run = project.last();
    let mut hashes = run
        .results
        .iter()
        .filter_map(|result| result.sha256.as_ref());
    let hash = hashes.find_map(|hashes| hashes.current.clone()).unwrap();
    format!("shop/sha256/{}/{}.png", &hash[..2], &hash[2..])
}

fn another_checkout_accepts_a_run() {
    let server = S3Server::start();
    let (_here, other) = failed_elsewhere(&server);
    other.suite(&[("TINTYPE_ARTIFACTS", "")]).expect(101);
    std::fs::remove_dir_all(other.path().join("target")).unwrap();
    other
        .tintype(&["accept"])
        .expect(0)
        .says("accepted a::light::200x100");
    other.suite(&[]).expect(0);
}

fn a_damaged_picture_is_not_accepted() {
    let server = S3Server::start();
    let (here, other) = failed_elsewhere(&server);
    let run = here.last().run.run_id;
    server.put(&current_key(&here), b"not the picture");
    let accepted = other.tintype(&["accept", "--run", run.as_str()]).expect(1);
    accepted.says("is damaged: expected SHA-256");
    // The file of the machine that captured it is good.
    here.tintype(&["accept"]).expect(0);
}

fn a_missing_picture_is_named() {
    let server = S3Server::start();
    let (here, other) = failed_elsewhere(&server);
    let key = current_key(&here);
    server.delete(&key);
    let accepted = other.tintype(&["accept"]).expect(1);
    accepted.says(&format!("has no {}", key.strip_prefix("shop/").unwrap()));
}

fn another_checkout_shows_a_run() {
    let server = S3Server::start();
    let (here, other) = failed_elsewhere(&server);
    let run = here.last().run.run_id;
    other
        .tintype(&["show", run.as_str()])
        .expect(0)
        .says("a::light::200x100");
    other.tintype(&["show"]).expect(0).says("a::light::200x100");
    other
        .alone(&["show", "run-0000"])
        .expect(1)
        .says("there is no run");
}

/// Types `a` and reads what the review in a terminal shows.
fn another_checkout_reviews_a_run() {
    let server = S3Server::start();
    let (here, other) = failed_elsewhere(&server);
    let run = here.last().run.run_id;
    let said = other.answer(&["review", "--tty", "--run", run.as_str()], "a\n");
    said.expect(0)
        .says("current ")
        .says("accepted, but the record is not updated yet");
    other.suite(&[]).expect(0);
}
