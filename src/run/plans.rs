//! The plan of a run for the record, and for the queue of a shared run.

use std::collections::HashMap;

use crate::config::UpdateMode;
use crate::manifest::{Manifest, Quarantine};
use crate::model::BrowserName;
use crate::plan::Snapshot;
use crate::record::{QueuedGroup, RecordedPlan};
use crate::share::{PlanDigest, SharedPlan};

/// The plan for the record, named after its snapshots.
pub(super) fn recorded_plan(snapshots: &[Snapshot]) -> RecordedPlan {
    let names = snapshots.iter().map(|snapshot| snapshot.identifier.key());
    let mut names: Vec<_> = names.collect();
    names.sort_unstable();
    let mut hasher = blake3::Hasher::new();
    for name in &names {
        hasher.update(name.as_bytes()).update(b"\n");
    }
    RecordedPlan {
        name: hasher.finalize().to_hex()[..16].to_owned(),
        snapshots: snapshots.len() as u64,
    }
}

/// The plan of a shared run. `builds` has the builds of the local engines.
pub(super) fn shared_plan(
    manifest: &Manifest,
    snapshots: &[Snapshot],
    update: UpdateMode,
    commit: Option<String>,
    builds: &[(BrowserName, String)],
) -> SharedPlan {
    let mut groups: Vec<QueuedGroup> = Vec::new();
    let mut position: HashMap<String, usize> = HashMap::new();
    let mut first_engine: HashMap<&str, BrowserName> = HashMap::new();
    let mut depths = HashMap::new();
    let after: HashMap<&str, Vec<&str>> = snapshots
        .iter()
        .map(|snapshot| {
            let after = snapshot
                .story
                .after
                .iter()
                .map(|after| after.story.as_str());
            (snapshot.story.id.as_str(), after.collect())
        })
        .collect();
    for snapshot in snapshots {
        let key = snapshot.identifier.key();
        let story = &snapshot.story;
        // The engines of a story with `sync` steps meet on one machine.
        let lane = match story.has_sync() {
            true => first_engine.entry(&story.id).or_insert(snapshot.browser),
            false => &snapshot.browser,
        };
        let lane = lane.as_str();
        let name = format!("{}@{lane}", story.id);
        let at = *position.entry(name.clone()).or_insert_with(|| {
            groups.push(QueuedGroup {
                name,
                lane: lane.to_owned(),
                keys: Vec::new(),
                after: story
                    .after
                    .iter()
                    .map(|after| after.story.clone())
                    .collect(),
                depth: depth(&story.id, &after, &mut depths),
                ..QueuedGroup::default()
            });
            groups.len() - 1
        });
        groups[at].keys.push(key);
    }
    let mut text = std::fs::read(manifest.file()).unwrap_or_default();
    text.extend(std::fs::read(Quarantine::file(&manifest.file())).unwrap_or_default());
    SharedPlan {
        digest: PlanDigest {
            commit: commit.unwrap_or_default(),
            manifest: blake3::hash(&text).to_hex().to_string(),
            snapshots: recorded_plan(snapshots).name,
            update: update.as_str().to_owned(),
            version: env!("CARGO_PKG_VERSION").to_owned(),
        },
        builds: builds
            .iter()
            .map(|(engine, build)| (engine.as_str().to_owned(), build.clone()))
            .collect(),
        groups,
    }
}

/// How many stories must run one after the other before a story; cycles are errors
/// of the manifest.
fn depth<'a>(
    story: &'a str,
    after: &HashMap<&'a str, Vec<&'a str>>,
    known: &mut HashMap<&'a str, u32>,
) -> u32 {
    if let Some(depth) = known.get(story) {
        return *depth;
    }
    let mut deepest = 0;
    for before in after.get(story).into_iter().flatten() {
        if after.contains_key(before) {
            deepest = deepest.max(1 + depth(before, after, known));
        }
    }
    known.insert(story, deepest);
    deepest
}
