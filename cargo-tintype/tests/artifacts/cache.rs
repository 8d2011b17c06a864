//! `cargo tintype cache`.

use libtest_mimic::Trial;
use serde_json::{Value, json};
use tintype::internals::model::CacheMissReason;

use super::project::Project;
use super::server::Server;
use super::trials;

pub(crate) fn tests() -> Vec<Trial> {
    trials![
        why_names_what_has_changed,
        clear_reaches_other_machines,
        a_clear_without_redis_is_told_later,
        entries_that_cannot_be_trusted_are_named,
    ]
}

const CACHED: &[(&str, &str)] = &[("TINTYPE_CACHE", "on")];

/// A project with two stories, whose passes are in the cache.
fn project(redis: &Server) -> Project {
    let project = Project::with_redis(redis.url());
    project.story("a", "teal");
    project.story("forms/b", "navy");
    project.suite(&[("TINTYPE_UPDATE", "all")]).expect(0);
    project.suite(CACHED).expect(0);
    project
}

/// Whether each snapshot of a run came from the cache, and if not, why.
fn run(project: &Project) -> Vec<Option<CacheMissReason>> {
    project.suite(CACHED).expect(0);
    let results = project.last().results.into_iter();
    results
        .map(|result| {
            assert_eq!(result.cached, result.cache_miss.is_none(), "{result:?}");
            result.cache_miss
        })
        .collect()
}

fn why(project: &Project, story: &str) -> Value {
    project
        .tintype(&["cache", "why", story, "--json"])
        .expect(0)
        .json()[0]
        .clone()
}

fn why_names_what_has_changed() {
    let redis = Server::start(&[]);
    let project = project(&redis);
    let hit = "a::light::200x100: passes from the cache";
    project.tintype(&["cache", "why", "a"]).expect(0).says(hit);

    project.story("a", "teal; color: red");
    let row = why(&project, "a");
    assert_eq!(
        (&row["hit"], &row["reason"]),
        (&json!(false), &json!("files"))
    );
    let change = &row["changes"][0];
    assert_eq!(change["name"], "a.html", "{row}");
    let digest = |side: &str| change[side].as_str().unwrap().to_owned();
    assert!(
        digest("from") != digest("to") && digest("to").len() == 16,
        "{row}"
    );
    assert_eq!(why(&project, "forms/b")["hit"], true);

    let manifest = project.read("stories.toml");
    project.write(
        "stories.toml",
        &format!("{manifest}[compare]\nmax-diff-pixels = 3\n"),
    );
    let said = project.tintype(&["cache", "why", "forms/b"]).expect(0);
    let said = said.says("forms/b::light::200x100: will be captured: changed since it passed");
    assert!(
        said.out.contains("manifest entry: compare."),
        "{}",
        said.out
    );
    let both = [
        Some(CacheMissReason::Files),
        Some(CacheMissReason::Manifest),
    ];
    assert_eq!(run(&project), both);
    let stats = project
        .tintype(&["cache", "stats", "--json"])
        .expect(0)
        .json();
    assert_eq!(
        stats["runs"][0]["misses"],
        json!({ "files": 1, "manifest": 1 }),
        "{stats}"
    );
    assert_eq!(stats["disk"]["stories"], 2, "{stats}");
    assert_eq!(stats["redis"]["usage"]["snapshots"], 2, "{stats}");

    let unknown = project.tintype(&["cache", "why", "forms/c"]);
    unknown
        .expect(1)
        .says("no story matches `forms/c` (help: did you mean `forms/b`?)");
}

fn clear_reaches_other_machines() {
    let redis = Server::start(&[]);
    let first = project(&redis);
    let second = first.checkout();
    let warm = second
        .tintype(&["cache", "warm", "--json"])
        .expect(0)
        .json();
    assert_eq!(
        (&warm["hits"], &warm["fetched"]),
        (&json!(2), &json!(2)),
        "{warm}"
    );
    assert_eq!(run(&second), [None, None]);

    first
        .tintype(&["cache", "clear", "forms/"])
        .expect(0)
        .says("captures 1 snapshot (forms/)");
    for machine in [&first, &second] {
        assert_eq!(why(machine, "forms/b")["reason"], "cleared");
        assert_eq!(why(machine, "a")["hit"], true);
    }
    assert_eq!(run(&second), [None, Some(CacheMissReason::Cleared)]);
    // The other machine has captured it meanwhile.
    assert_eq!(run(&first), [None, None]);

    second
        .tintype(&["cache", "clear"])
        .expect(0)
        .says("captures 2 snapshots (*)");
    let cleared = Some(CacheMissReason::Cleared);
    assert_eq!(run(&first), [cleared, cleared]);
    let unknown = first.tintype(&["cache", "clear", "form"]);
    unknown.expect(1).says("no story matches `form`");
}

fn a_clear_without_redis_is_told_later() {
    let redis = Server::start(&[]);
    let first = project(&redis);
    let second = first.checkout();
    assert_eq!(run(&second), [None, None]);
    let said = first.tintype_at("redis://127.0.0.1:1/", &["cache", "clear", "a"]);
    said.expect(1)
        .says("other machines still use their entries");
    assert_eq!(why(&second, "a")["hit"], true);
    assert_eq!(run(&first), [Some(CacheMissReason::Cleared), None]);
    assert_eq!(why(&second, "a")["hit"], true, "it was captured again");
    let generations = redis.cli(&["HGETALL", "tintype:project:shop:cache-generations"]);
    assert!(generations.starts_with("a\n"), "{generations}");
}

fn entries_that_cannot_be_trusted_are_named() {
    let redis = Server::start(&[]);
    let first = project(&redis);
    let keys = redis.cli(&["KEYS", "tintype:cache:*"]);
    let keys: Vec<_> = keys.lines().collect();
    assert_eq!(keys.len(), 2, "{keys:?}");
    redis.cli(&["DEL", keys[0]]);
    redis.cli(&[
        "RPUSH",
        keys[0],
        r#"{"files":[],"fingerprint":"0","baseline_sha256":"0","at":0}"#,
    ]);
    let second = first.checkout();
    let said = second.tintype(&["cache", "warm"]).expect(0);
    let said = said.says("1 of 2 snapshots pass from the cache, 1 of them fetched from Redis");
    let said = said.says("1 will be captured (unrecorded)");
    said.says(&format!(
        "entries of the cache in Redis were skipped, among them `{}`",
        keys[0]
    ));
    let captured = run(&second).into_iter().flatten().count();
    assert_eq!(captured, 1);
}
