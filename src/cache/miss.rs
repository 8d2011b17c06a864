//! Explains why a snapshot is not a cache hit.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use serde::Serialize;

use super::disk::DiskCache;
use super::entry::CacheEntry;
use super::fingerprint;
use super::index::{CacheIndex, Query};
use super::input_change::InputChange;
use super::inputs::StoryInputs;
use super::parallel;
use super::paths;
use crate::config::TextTemplate;
use crate::manifest::{Step, StorySpec};
use crate::model::CacheMissReason;
use crate::plan::Snapshot;

/// Why a snapshot is not a cache hit.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct CacheMiss {
    /// The first reason that applies.
    pub reason: CacheMissReason,
    /// What differs from its last pass, as far as it is known.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub changes: Vec<InputChange>,
    /// More about the reason, if it is no change of an input.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub detail: Option<String>,
}

impl CacheMiss {
    fn new(reason: CacheMissReason) -> Self {
        Self {
            reason,
            changes: Vec::new(),
            detail: None,
        }
    }

    fn detailed(reason: CacheMissReason, detail: String) -> Self {
        Self {
            detail: Some(detail),
            ..Self::new(reason)
        }
    }
}

/// Why a story can change although none of its files has.
pub(crate) fn unknown_input(story: &StorySpec) -> Option<String> {
    if let Some(login) = &story.login {
        return Some(format!("the login `{}` decides what it shows", login.name));
    }
    if let Some(first) = story.after.first() {
        return Some(format!("it runs after `{}`", first.story));
    }
    if story.has_sync() {
        return Some("its engines meet at a `sync` step".to_owned());
    }
    let mut texts = story.steps.iter().filter_map(Step::text);
    let variable = texts.find_map(TextTemplate::first_variable)?;
    Some(format!("its steps use the variable {variable}"))
}

/// The files of a story.
struct StoryState {
    entries: BTreeMap<String, Vec<CacheEntry>>,
    inputs: StoryInputs,
}

impl StoryState {
    fn read(disk: &DiskCache, story: &str) -> Self {
        Self {
            entries: disk.story(story),
            inputs: disk.inputs(story),
        }
    }
}

/// A snapshot that is not a hit, with what the cache knows about it.
struct MissedSnapshot<'a> {
    snapshot: &'a Snapshot,
    query: Query,
    /// The entries of its recipe on this machine and in Redis.
    entries: Vec<CacheEntry>,
    state: &'a StoryState,
}

impl CacheIndex {
    /// Why each of these snapshots is not a hit, once they were looked up; `None` for
    /// skipped ones.
    pub(super) async fn explain(
        index: &Arc<Self>,
        snapshots: Vec<Snapshot>,
    ) -> Vec<Option<CacheMiss>> {
        let queries: Vec<_> = snapshots.iter().map(|it| index.query(it)).collect();
        let mut shared = index.take_missed();
        let (index, count) = (Arc::clone(index), snapshots.len());
        let work = tokio::task::spawn_blocking(move || {
            index.explain_missed(&snapshots, queries, &mut shared)
        });
        work.await.unwrap_or_else(|_| vec![None; count])
    }

    fn explain_missed(
        &self,
        snapshots: &[Snapshot],
        queries: Vec<Option<Query>>,
        shared: &mut HashMap<blake3::Hash, Vec<CacheEntry>>,
    ) -> Vec<Option<CacheMiss>> {
        let mut stories: Vec<&str> = snapshots.iter().map(|it| it.story.id.as_str()).collect();
        stories.dedup();
        let states = parallel::map(&stories, |story| StoryState::read(self.disk(), story));
        let states: HashMap<_, _> = stories.into_iter().zip(states).collect();
        let missed: Vec<Option<MissedSnapshot<'_>>> = snapshots
            .iter()
            .zip(queries)
            .map(|(snapshot, query)| {
                let (query, state) = (query?, &states[snapshot.story.id.as_str()]);
                let local = state.entries.get(query.recipe.to_hex().as_str());
                let mut entries = local.cloned().unwrap_or_default();
                entries.extend(shared.remove(&query.recipe).unwrap_or_default());
                entries.sort_by_key(|entry| std::cmp::Reverse(entry.at));
                Some(MissedSnapshot {
                    snapshot,
                    query,
                    entries,
                    state,
                })
            })
            .collect();
        let files = missed.iter().flatten().flat_map(MissedSnapshot::files);
        self.read_files(files.filter_map(|file| paths::resolve(self.stories(), file)));
        parallel::map(&missed, |missed| Some(self.explain_one(missed.as_ref()?)))
    }

    fn explain_one(&self, missed: &MissedSnapshot<'_>) -> CacheMiss {
        use CacheMissReason::{
            Baseline, Cleared, Expired, Files, Quarantine, Uncacheable, Unrecorded,
        };
        let snapshot = missed.snapshot;
        if let Some(quarantine) = snapshot.quarantines.first() {
            return CacheMiss::detailed(Quarantine, quarantine.reason.clone());
        }
        if let Some(reason) = unknown_input(&snapshot.story) {
            return CacheMiss::detailed(Uncacheable, reason);
        }
        let baseline = self.baseline(&missed.query.baseline);
        let Some(baseline) = baseline else {
            return CacheMiss::detailed(Baseline, "it has no valid baseline".to_owned());
        };
        let is_current = |entry: &&CacheEntry| {
            let current = self.fingerprint(&missed.query.recipe, &baseline, &entry.files);
            current.is_some_and(|current| current.to_hex().as_str() == entry.fingerprint)
        };
        if let Some(entry) = missed.entries.iter().find(is_current) {
            return CacheMiss::new(if entry.is_valid() { Cleared } else { Expired });
        }
        let key = snapshot.identifier.key();
        let inputs = &missed.state.inputs;
        if let Some(reason) = inputs.uncacheable(&key) {
            return CacheMiss::detailed(Uncacheable, reason.to_owned());
        }
        let mut changes = Vec::new();
        if missed.entries.is_empty()
            && let Some(values) = fingerprint::recipe_values(snapshot, self.context())
        {
            changes = inputs.changes(&key, &values);
        }
        if let Some(entry) = missed.newest() {
            changes.extend(self.changed_contents(entry, &baseline));
        } else if changes.is_empty() {
            return CacheMiss::new(Unrecorded);
        }
        // A file whose digest was not recorded.
        let reason = changes.iter().map(|it| it.input).min().unwrap_or(Files);
        CacheMiss {
            changes,
            ..CacheMiss::new(reason)
        }
    }

    /// The files, and the baseline, that differ from those of an entry.
    fn changed_contents(&self, entry: &CacheEntry, baseline: &str) -> Vec<InputChange> {
        let mut changes = Vec::new();
        let before = &entry.pass.baseline_sha256;
        if before != baseline {
            let short = |hash: &str| hash.get(..fingerprint::SHORT_DIGEST).map(str::to_owned);
            let [before, now] =
                [before.as_str(), baseline].map(|hash| short(hash).unwrap_or_default());
            changes.push(InputChange::new(
                CacheMissReason::Baseline,
                "",
                &before,
                &now,
            ));
        }
        for (file, before) in entry.files.iter().zip(&entry.digests) {
            let now = self.content(file).map(fingerprint::short_digest);
            let now = now.unwrap_or_else(|| "unreadable".to_owned());
            if now != *before {
                changes.push(InputChange::new(CacheMissReason::Files, file, before, &now));
            }
        }
        changes
    }
}

impl MissedSnapshot<'_> {
    /// The newest entry of its recipe, otherwise of the recipe of its last pass.
    fn newest(&self) -> Option<&CacheEntry> {
        let last = self.state.inputs.recipe(&self.snapshot.identifier.key());
        let of_last = last.and_then(|recipe| self.state.entries.get(recipe)?.first());
        self.entries.first().or(of_last)
    }

    /// The files of the entries that are compared.
    fn files(&self) -> impl Iterator<Item = &String> {
        let entries = self.entries.iter().chain(self.newest());
        entries.flat_map(|entry| &entry.files)
    }
}
