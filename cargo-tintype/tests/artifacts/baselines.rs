//! Baselines in the artifact store.

use std::fs;
use std::path::PathBuf;

use libtest_mimic::Trial;

use super::project::Project;
use super::s3::S3Server;
use super::trials;

pub(crate) fn tests() -> Vec<Trial> {
    trials![
        another_checkout_compares_with_fetched_baselines,
        a_run_works_offline_from_the_cache,
        accepting_uploads_before_it_edits_the_lock_file,
        update_accepts_into_the_store,
        a_damaged_or_missing_baseline_names_the_command_that_heals_it,
        baselines_move_to_the_store_and_back,
        conflicts_are_resolved_line_by_line,
        prune_keeps_baselines,
        an_acceptance_is_undone,
        orphans_are_lines_of_the_lock_file,
    ]
}

/// A project with two accepted stories in the store.
fn accepted(server: &S3Server) -> Project {
    let project = Project::in_bucket(server);
    project.keep_in_store();
    project.story("a", "red");
    project.story("b", "green");
    project.suite(&[]).expect(101);
    project
        .tintype(&["accept"])
        .expect(0)
        .says("accepted 2 of 2");
    project
}

fn hashes(project: &Project) -> Vec<String> {
    let lock = project.read("baselines.lock");
    let lines = lock.lines().filter(|line| !line.starts_with('#'));
    let hashes = lines.map(|line| line.rsplit('"').nth(1).unwrap().to_owned());
    hashes.collect()
}

fn key(hash: &str) -> String {
    format!("shop/sha256/{}/{}.png", &hash[..2], &hash[2..])
}

fn cached(project: &Project, hash: &str) -> PathBuf {
    let folder = project
        .path()
        .join("target/tintype/artifacts/objects/sha256");
    folder.join(&hash[..2]).join(format!("{}.png", &hash[2..]))
}

fn another_checkout_compares_with_fetched_baselines() {
    let server = S3Server::start();
    let project = accepted(&server);
    assert!(!project.path().join("baselines").exists());
    let lock = project.read("baselines.lock");
    let lines: Vec<_> = lock.lines().skip(1).collect();
    assert_eq!(lines.len(), 2, "{lock}");
    assert!(
        lines[0].starts_with("\"baselines/a-light-200x100.png\" = \""),
        "{lock}"
    );
    project.suite(&[]).expect(0);

    let other = project.checkout();
    other.suite(&[]).expect(0);
    for hash in hashes(&other) {
        assert!(cached(&other, &hash).is_file());
    }
    other.story("a", "blue");
    other.suite(&[]).expect(101);
    let run = other.last();
    assert_eq!(run.run.summary.failed, 1);
    let report = other.read(&format!(
        "target/tintype/runs/{}/report.html",
        run.run.run_id
    ));
    assert!(
        report.contains("\"baseline\":\"data:image/png"),
        "the report shows the baseline"
    );
}

fn a_run_works_offline_from_the_cache() {
    let mut server = S3Server::start();
    let project = accepted(&server);
    let other = project.checkout();
    other
        .tintype(&["pull"])
        .expect(0)
        .says("fetched 2 of 2 baselines");
    let json = other.tintype(&["pull", "--json"]).expect(0).json();
    assert_eq!(json["fetched"], 0);
    assert_eq!(
        (&json["baselines"], &json["failed"]),
        (&2.into(), &serde_json::json!([]))
    );
    server.kill();
    other.suite(&[]).expect(0);
    other.tintype(&["pull"]).expect(0);

    let empty = project.checkout();
    empty
        .suite(&[])
        .expect(101)
        .says("run `cargo tintype pull` while the store can be reached");
    empty
        .tintype(&["pull"])
        .expect(1)
        .says("failed to read sha256/");
}

fn accepting_uploads_before_it_edits_the_lock_file() {
    let mut server = S3Server::start();
    let project = accepted(&server);
    let before = project.read("baselines.lock");
    project.story("a", "blue");
    project.suite(&[]).expect(101);
    server.kill();
    project
        .tintype(&["accept"])
        .expect(1)
        .says("cannot be uploaded");
    assert_eq!(project.read("baselines.lock"), before);
    server.restart();
    project.tintype(&["push"]).expect(0).says("uploaded 2");
    project.tintype(&["accept"]).expect(0);
    assert_ne!(project.read("baselines.lock"), before);
    project.checkout().suite(&[]).expect(0);
}

fn update_accepts_into_the_store() {
    let server = S3Server::start();
    let project = Project::in_bucket(&server);
    project.keep_in_store();
    project.story("a", "red");
    project.suite(&[("TINTYPE_UPDATE", "new")]).expect(0);
    assert!(server.keys().contains(&key(&hashes(&project)[0])));
    project.checkout().suite(&[]).expect(0);
}

fn a_damaged_or_missing_baseline_names_the_command_that_heals_it() {
    let server = S3Server::start();
    let project = accepted(&server);
    let hashes = hashes(&project);
    server.delete(&key(&hashes[0]));
    server.put(&key(&hashes[1]), b"damaged");
    let other = project.checkout();
    let run = other.suite(&[]).expect(101);
    let run = run
        .says("has no sha256/")
        .says("is damaged: expected SHA-256");
    run.says("run `cargo tintype push` where the baseline was accepted");
    other.tintype(&["pull"]).expect(1).says("2 baselines");
    other.tintype(&["push"]).expect(1).says("has no copy");
    let json = other.tintype(&["push", "--json"]).expect(1).json();
    assert_eq!(json["failed"].as_array().unwrap().len(), 1);
    assert!(
        json["failed"][0]["baseline"]
            .as_str()
            .unwrap()
            .ends_with(".png")
    );

    // A damaged copy in the cache is not pushed, but replaced.
    project.tintype(&["push"]).expect(0).says("uploaded 2");
    fs::write(cached(&project, &hashes[0]), "damaged").unwrap();
    project.suite(&[]).expect(0);
    other.suite(&[]).expect(0);
}

fn baselines_move_to_the_store_and_back() {
    let server = S3Server::start();
    let project = Project::in_bucket(&server);
    project.story("a", "red");
    project.story("b", "green");
    project.suite(&[("TINTYPE_UPDATE", "new")]).expect(0);
    let file = project.path().join("baselines/a-light-200x100.png");
    let picture = fs::read(&file).unwrap();

    let moved = project
        .tintype(&["baselines", "move", "--to", "store"])
        .expect(0);
    moved.says("moved 2 baselines to s3://artifacts/shop");
    assert!(!file.exists());
    assert_eq!(hashes(&project).len(), 2);
    assert!(project.read("stories.toml").contains("keep = \"store\""));
    project.suite(&[]).expect(0);
    project.checkout().suite(&[]).expect(0);

    let other = project.checkout();
    let moved = other
        .tintype(&["baselines", "move", "--to", "git"])
        .expect(0);
    moved.says("moved 2 baselines to files");
    let copy = other.path().join("baselines/a-light-200x100.png");
    assert_eq!(fs::read(copy).unwrap(), picture);
    assert!(!other.path().join("baselines.lock").exists());
    other.suite(&[("TINTYPE_ARTIFACTS", "")]).expect(0);
    other
        .tintype(&["baselines", "move", "--to", "git"])
        .expect(1)
        .says("already");
}

fn conflicts_are_resolved_line_by_line() {
    let server = S3Server::start();
    let project = accepted(&server);
    let git = |arguments: &[&str]| project.git(arguments);
    project.write(".gitignore", "target\n");
    git(&["init", "-q", "-b", "main"]).expect(0);
    git(&["add", "."]).expect(0);
    git(&["commit", "-qm", "both"]).expect(0);
    git(&["checkout", "-qb", "other"]).expect(0);
    let accept = |id: &str, colour: &str| {
        project.story(id, colour);
        project.suite(&[]).expect(101);
        project.tintype(&["accept"]).expect(0);
        git(&["add", "."]).expect(0);
        git(&["commit", "-qm", id]).expect(0);
    };
    accept("b", "navy");
    git(&["checkout", "-q", "main"]).expect(0);
    accept("a", "maroon");
    git(&["merge", "other"]).expect(1);
    project
        .suite(&[])
        .expect(101)
        .says("has conflict markers of git");
    project.tintype(&["accept"]).expect(1);
    let resolved = project.tintype(&["baselines", "resolve"]).expect(0);
    resolved.says("resolved baselines.lock: 2 baselines");
    project.suite(&[]).expect(0);
    git(&["add", "."]).expect(0);
    git(&["commit", "-qm", "merged"]).expect(0);

    // Both sides change the same line.
    git(&["checkout", "-qb", "third"]).expect(0);
    accept("a", "teal");
    git(&["checkout", "-q", "main"]).expect(0);
    accept("a", "olive");
    git(&["merge", "third"]).expect(1);
    let refused = project.tintype(&["baselines", "resolve"]).expect(1);
    refused.says("both sides of the merge have changed baselines/a-light-200x100.png");
    project
        .tintype(&["baselines", "resolve", "--theirs"])
        .expect(0);
    project.story("a", "teal");
    project.suite(&[]).expect(0);
}

fn prune_keeps_baselines() {
    let server = S3Server::start();
    let project = accepted(&server);
    let old = hashes(&project);
    project.story("a", "blue");
    project.suite(&[]).expect(101);
    project.tintype(&["accept"]).expect(0);
    let prune = ["prune", "--runs", "0", "--grace", "0", "--delete"];
    project.alone(&prune).expect(0).says("deleted 2 runs");
    let keys = server.keys();
    for hash in old.iter().chain(&hashes(&project)) {
        assert!(keys.contains(&key(hash)), "{hash}");
    }
    assert_eq!(
        keys.iter().filter(|key| key.contains("/sha256/")).count(),
        3
    );
    project.checkout().suite(&[]).expect(0);
}

fn an_acceptance_is_undone() {
    let server = S3Server::start();
    let project = accepted(&server);
    let before = project.read("baselines.lock");
    project.story("a", "blue");
    project.suite(&[]).expect(101);
    project.tintype(&["accept"]).expect(0);
    assert_ne!(project.read("baselines.lock"), before);
    project.tintype(&["undo", "a"]).expect(0);
    assert_eq!(project.read("baselines.lock"), before);
}

fn orphans_are_lines_of_the_lock_file() {
    let server = S3Server::start();
    let project = accepted(&server);
    fs::remove_file(project.path().join("stories/b.html")).unwrap();
    project
        .tintype(&["orphans"])
        .expect(0)
        .says("baselines/b-light-200x100.png");
    project
        .tintype(&["orphans", "--delete"])
        .expect(0)
        .says("deleted 1");
    assert_eq!(hashes(&project).len(), 1);
}
