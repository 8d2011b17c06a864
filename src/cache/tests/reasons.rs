//! Tests that a miss names its reason.

use super::CHANGES;
use super::project::CachedProject;
use crate::cache::{CacheMiss, CacheScope};
use crate::model::CacheMissReason::{
    self, Baseline, Browser, Cleared, Environment, Expired, Files, Fonts, Hooks, Manifest,
    Unrecorded, Version,
};

async fn explain(project: &CachedProject) -> Vec<Option<CacheMiss>> {
    let (cache, plan) = (project.open(), project.plan());
    let hits = cache.lookup(&plan).await;
    cache.explain(&plan, &hits).await
}

/// The reason for each change of `CHANGES`.
fn reason(change: &str) -> CacheMissReason {
    match change {
        "the baselines" | "baselines that go" | "baselines that are no pictures" => Baseline,
        "themes' attributes" | "colour schemes" | "the threshold" | "the limits" | "the query"
        | "the timeout" => Manifest,
        // Their names are other ones.
        "the viewports" => Unrecorded,
        "the browser's build" | "a switch" => Browser,
        "the fonts" => Fonts,
        "this crate" => Version,
        "the system" | "the processor" | "the time zone" | "the language" => Environment,
        _ => Files,
    }
}

#[tokio::test]
async fn every_changed_input_is_named() {
    for (what, change) in CHANGES {
        let mut project = CachedProject::new();
        project.record().await;
        assert!(
            explain(&project).await.iter().all(Option::is_none),
            "{what}"
        );
        change(&mut project);
        for miss in explain(&project).await {
            let miss = miss.unwrap();
            assert_eq!(miss.reason, reason(what), "{what}: {miss:?}");
            let is_named = miss.detail.is_some() || !miss.changes.is_empty();
            assert_eq!(is_named, miss.reason != Unrecorded, "{what}: {miss:?}");
            assert!(
                miss.changes.iter().all(|it| it.from != it.to),
                "{what}: {miss:?}"
            );
        }
    }
}

#[tokio::test]
async fn several_changes_are_all_named() {
    let mut project = CachedProject::new();
    project.record().await;
    project.write("stories/a/b.css", "p { color: blue }");
    project.context.hooks = Some("2".to_owned());
    let miss = explain(&project).await.remove(0).unwrap();
    let inputs: Vec<_> = miss
        .changes
        .iter()
        .map(|it| (it.input, &*it.name))
        .collect();
    assert_eq!(inputs, [(Hooks, "key"), (Files, "a/b.css")]);
}

#[tokio::test]
async fn cleared_stories_are_misses_until_they_pass_again() {
    let project = CachedProject::new();
    project.record().await;
    // An entry of a run that started before the cache was cleared.
    let earlier = project.open();
    for snapshot in project.plan() {
        let pass = CachedProject::pass(&snapshot);
        let loads = super::project::loads();
        earlier.record_pass(&snapshot, pass, &loads).unwrap();
    }
    let scope = |text: &str| CacheScope::Folder(text.to_owned());
    assert!(project.open().clear(&scope("other")).await.unwrap());
    assert_eq!(project.hits().await, 4);
    let scope = CacheScope::Story("button".to_owned());
    assert!(project.open().clear(&scope).await.unwrap());
    earlier.flush().await;
    assert_eq!(project.hits().await, 0);
    let misses = explain(&project).await;
    assert!(
        misses
            .iter()
            .all(|miss| miss.as_ref().unwrap().reason == Cleared)
    );
    project.record().await;
    assert_eq!(project.hits().await, 4);
}

#[tokio::test]
async fn expired_entries_are_named() {
    let project = CachedProject::new();
    project.record().await;
    let path = project.entry_file();
    let text = std::fs::read_to_string(&path).unwrap();
    let old = crate::model::now_ms() - 15 * 24 * 60 * 60 * 1000;
    let mut file: serde_json::Value = serde_json::from_str(&text).unwrap();
    for passes in file["passes"].as_object_mut().unwrap().values_mut() {
        passes[0]["at"] = old.into();
    }
    std::fs::write(&path, file.to_string()).unwrap();
    let misses = explain(&project).await;
    assert!(
        misses
            .iter()
            .all(|miss| miss.as_ref().unwrap().reason == Expired)
    );
}
