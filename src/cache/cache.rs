//! Looks up passes of earlier runs and records those of this run.

use std::collections::HashSet;
use std::io;
use std::path::PathBuf;
use std::sync::Arc;

use super::context::CacheContext;
use super::disk::DiskUsage;
use super::entry::CachedPass;
use super::generation::CacheScope;
use super::index::{CacheIndex, RecordedPass};
use super::loads::Loads;
use super::miss::{self, CacheMiss};
use super::paths;
use super::redis::SharedUsage;
use crate::baseline::Baselines;
use crate::config::{CacheMode, Config, UpdateMode};
use crate::manifest::{Manifest, Source};
use crate::plan::Snapshot;
use crate::redis::RedisTarget;

/// The passes of earlier runs and of this one.
#[derive(Clone)]
pub struct Cache {
    /// `None` if nothing is looked up.
    index: Option<Arc<CacheIndex>>,
    /// Why no passes are recorded.
    read_only: Option<&'static str>,
}

impl Cache {
    /// Opens the cache in `folder`, and in Redis if other machines share it, as
    /// far as `TINTYPE_CACHE` allows. Nothing is connected or read yet. Open one
    /// per run: files are read once.
    pub fn open(
        folder: PathBuf,
        manifest: &Manifest,
        config: &Config,
        context: &CacheContext,
        redis: Option<&RedisTarget>,
    ) -> Self {
        let Source::Dir(stories) = &manifest.source else {
            return Self::disabled(
                "its server is external, so changes of its responses cannot be detected",
            );
        };
        if manifest.browser.webdriver.is_some() {
            return Self::disabled(
                "its browser runs behind `webdriver`, so changes of its build cannot be detected",
            );
        }
        if config.run.cache == CacheMode::Off {
            return Self::disabled("TINTYPE_CACHE is `off`");
        }
        if config.run.update == UpdateMode::All {
            return Self::disabled("TINTYPE_UPDATE is `all`");
        }
        let is_writable = config.run.cache == CacheMode::On;
        let index = CacheIndex::new(
            folder,
            Baselines::of(manifest),
            stories,
            context.clone(),
            redis,
            is_writable,
        );
        Self {
            index: Some(Arc::new(index)),
            read_only: (!is_writable).then_some("TINTYPE_CACHE is `read`"),
        }
    }

    fn disabled(reason: &'static str) -> Self {
        Self {
            index: None,
            read_only: Some(reason),
        }
    }

    /// Looks up each snapshot: a hit if a recorded pass has the same
    /// fingerprint. Every file is read once, on all cores. Redis is queried only
    /// for snapshots that the disk does not have.
    pub async fn lookup(&self, snapshots: &[Snapshot]) -> Vec<Option<CachedPass>> {
        let Some(index) = &self.index else {
            return vec![None; snapshots.len()];
        };
        index.exchange_generations().await;
        let queries: Vec<_> = snapshots.iter().map(|s| index.query(s)).collect();
        let queries = Arc::new(queries);
        let mut hits = CacheIndex::find(index, Arc::clone(&queries)).await;
        hits.resize(snapshots.len(), None);
        let fetched: HashSet<_> = index.fetched_recipes().into_iter().collect();
        if !fetched.is_empty() {
            for (query, snapshot) in queries.iter().zip(snapshots) {
                let recipe = query.as_ref().map(|query| query.recipe);
                if let Some(recipe) = recipe.filter(|recipe| fetched.contains(recipe)) {
                    index.note_fetched(snapshot, recipe);
                }
            }
        }
        for (hit, snapshot) in hits.iter_mut().zip(snapshots) {
            // One in quarantine runs every time.
            hit.take_if(|_| !snapshot.quarantines.is_empty());
        }
        hits
    }

    /// Why the cache is not used at all, or nothing if it is.
    pub fn disabled_reason(&self) -> Option<&'static str> {
        self.read_only.filter(|_| self.index.is_none())
    }

    /// Why each snapshot that is not a hit will be captured. `None` for hits, for
    /// skipped snapshots, and if the cache is not used.
    pub async fn explain(
        &self,
        snapshots: &[Snapshot],
        hits: &[Option<CachedPass>],
    ) -> Vec<Option<CacheMiss>> {
        let mut misses = vec![None; snapshots.len()];
        let Some(index) = &self.index else {
            return misses;
        };
        let missed: Vec<usize> = (0..snapshots.len())
            .filter(|&at| hits[at].is_none())
            .collect();
        let wanted = missed.iter().map(|&at| snapshots[at].clone()).collect();
        let explained = CacheIndex::explain(index, wanted).await;
        for (at, miss) in missed.into_iter().zip(explained) {
            misses[at] = miss;
        }
        misses
    }

    /// Makes every entry of a scope a miss, here and on the machines that share the
    /// cache. Returns false if Redis does not answer: they will see it once this
    /// machine has run the tests with Redis.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub async fn clear(&self, scope: &CacheScope) -> io::Result<bool> {
        match &self.index {
            Some(index) => index.clear(scope).await,
            None => Ok(true),
        }
    }

    /// What the entries take on this machine.
    pub fn disk_usage(&self) -> DiskUsage {
        let index = self.index.as_ref();
        index.map(|index| index.disk().usage()).unwrap_or_default()
    }

    /// The name of the Redis that machines share the cache through, and what the
    /// entries of these snapshots take there. `None` for the latter if it does not
    /// answer.
    pub async fn shared_usage(
        &self,
        snapshots: &[Snapshot],
    ) -> Option<(String, Option<SharedUsage>)> {
        let index = self.index.as_ref()?;
        let redis = index.shared()?;
        let recipes = snapshots
            .iter()
            .filter_map(|it| Some(index.query(it)?.recipe));
        let recipes: Vec<_> = recipes.collect();
        Some((redis.name().to_owned(), redis.usage(&recipes).await))
    }

    /// How many of the hits so far came from Redis, and are not on this machine yet.
    pub fn fetched(&self) -> usize {
        let index = self.index.as_ref();
        index.map_or(0, |index| index.fetched_recipes().len())
    }

    /// Records a pass: a snapshot with the status `passed`. Nothing is written
    /// before [`flush`](Self::flush).
    ///
    /// # Errors
    /// When the snapshot depends on more than files; the text is the reason.
    pub fn record_pass(
        &self,
        snapshot: &Snapshot,
        pass: CachedPass,
        loads: &Loads,
    ) -> Result<(), String> {
        if let Some(reason) = self.read_only {
            return Err(reason.to_owned());
        }
        let Some(index) = &self.index else {
            return Err("the cache is disabled".to_owned());
        };
        let files = cacheable_files(index, snapshot, loads).inspect_err(|reason| {
            index.note_uncacheable(snapshot, reason);
        })?;
        let Some(query) = index.query(snapshot) else {
            return Err("it is skipped".to_owned());
        };
        index.add_pass(RecordedPass {
            snapshot: snapshot.clone(),
            recipe: query.recipe,
            files,
            pass,
        });
        Ok(())
    }

    /// Writes the recorded passes: to disk, merged with those of other
    /// processes, and to Redis with a short timeout. Returns warnings.
    pub async fn flush(&self) -> Vec<String> {
        match &self.index {
            Some(index) if self.read_only.is_none() => CacheIndex::flush(index).await,
            _ => Vec::new(),
        }
    }
}

/// The files that a page loaded, if it depends on nothing else.
fn cacheable_files(
    index: &CacheIndex,
    snapshot: &Snapshot,
    loads: &Loads,
) -> Result<Vec<String>, String> {
    if let Some(reason) = miss::unknown_input(&snapshot.story) {
        return Err(reason);
    }
    if !loads.untracked.is_empty() {
        return Err(loads.untracked.join(", "));
    }
    let files = paths::normalize(index.stories(), loads)?;
    paths::check_page(&files, &snapshot.story.path)?;
    Ok(files)
}
