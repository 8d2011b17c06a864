//! Finds the recorded passes that still hold, and writes new ones.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use super::changes::{RunStart, UnchangedFiles};
use super::context::CacheContext;
use super::disk::{DiskCache, InputNote, NotedInputs};
use super::entry::{CacheEntry, CachedPass, KeyedEntry};
use super::file_contents::{FileContent, FileContents};
use super::generation::{CacheScope, Generations};
use super::parallel::{self, lock};
use super::redis::RedisCache;
use super::{fingerprint, paths};
use crate::baseline::Baselines;
use crate::plan::Snapshot;
use crate::redis::RedisTarget;

/// The entries on disk and in Redis, and the files that they depend on.
pub(super) struct CacheIndex {
    baselines: Baselines,
    /// The folder that is served.
    stories: PathBuf,
    context: CacheContext,
    disk: DiskCache,
    redis: Option<RedisCache>,
    contents: FileContents,
    /// When this was opened, by the clock of the file system. A pass is
    /// recorded only if its files have not changed since.
    start: Option<RunStart>,
    /// Passes of this run whose files have not been read yet.
    passes: Mutex<Vec<RecordedPass>>,
    /// Entries found in Redis, to be written to disk.
    fetched: Mutex<Vec<KeyedEntry>>,
    /// Entries found in Redis that are no hits, by recipe, until they are explained.
    missed: Mutex<HashMap<blake3::Hash, Vec<CacheEntry>>>,
    /// What is known about the inputs of snapshots, to be written to disk.
    notes: Mutex<Vec<InputNote>>,
    /// The generations of this machine and of Redis when the run started.
    generations: Mutex<Generations>,
}

/// A pass of this run.
pub(super) struct RecordedPass {
    pub(super) snapshot: Snapshot,
    pub(super) recipe: blake3::Hash,
    pub(super) files: Vec<String>,
    pub(super) pass: CachedPass,
}

/// A snapshot to look up.
pub(super) struct Query {
    pub(super) story: String,
    pub(super) recipe: blake3::Hash,
    pub(super) baseline: PathBuf,
    /// The generation that an entry has at least.
    generation: i64,
}

/// The number of snapshots whose entries on disk are in memory at the same time:
/// they take more memory than the results.
const QUERIES_AT_ONCE: usize = 4096;

/// A query for each snapshot; `None` for skipped ones.
type Queries = Arc<Vec<Option<Query>>>;

impl CacheIndex {
    pub(super) fn new(
        folder: PathBuf,
        baselines: Baselines,
        stories: &Path,
        context: CacheContext,
        redis: Option<&RedisTarget>,
        is_writable: bool,
    ) -> Self {
        let start = is_writable.then(|| RunStart::now(&folder, stories));
        Self {
            baselines,
            stories: stories.to_owned(),
            start: start.flatten(),
            redis: redis.and_then(|redis| RedisCache::new(redis, &context.project)),
            generations: Mutex::new(Generations::read(&folder)),
            disk: DiskCache::new(folder),
            missed: Mutex::default(),
            notes: Mutex::default(),
            context,
            contents: FileContents::default(),
            passes: Mutex::default(),
            fetched: Mutex::default(),
        }
    }

    /// The folder that is served.
    pub(super) fn stories(&self) -> &Path {
        &self.stories
    }

    /// The query for a snapshot; `None` if it is skipped.
    pub(super) fn query(&self, snapshot: &Snapshot) -> Option<Query> {
        if snapshot.skip.is_some() {
            return None;
        }
        Some(Query {
            story: snapshot.story.id.clone(),
            recipe: fingerprint::recipe(snapshot, &self.context)?,
            baseline: snapshot.baseline.clone(),
            generation: lock(&self.generations).required(&snapshot.story),
        })
    }

    pub(super) fn context(&self) -> &CacheContext {
        &self.context
    }

    pub(super) fn disk(&self) -> &DiskCache {
        &self.disk
    }

    /// The cache in Redis, if other machines can use it.
    pub(super) fn shared(&self) -> Option<&RedisCache> {
        self.redis.as_ref()
    }

    /// Reads files that were not read yet.
    pub(super) fn read_files(&self, paths: impl Iterator<Item = PathBuf>) {
        self.contents.read(paths);
    }

    /// The SHA-256 of a baseline's file, if it is valid.
    pub(super) fn baseline(&self, path: &Path) -> Option<String> {
        self.baselines.file_sha256(path).ok()?
    }

    /// Adds a pass of this run.
    pub(super) fn add_pass(&self, pass: RecordedPass) {
        lock(&self.passes).push(pass);
    }

    /// Takes the entries in Redis that were no hits.
    pub(super) fn take_missed(&self) -> HashMap<blake3::Hash, Vec<CacheEntry>> {
        std::mem::take(&mut *lock(&self.missed))
    }

    /// Notes why a pass of a snapshot is not recorded.
    pub(super) fn note_uncacheable(&self, snapshot: &Snapshot, reason: &str) {
        lock(&self.notes).push(InputNote {
            snapshot: snapshot.clone(),
            noted: NotedInputs::Uncacheable(reason.to_owned()),
        });
    }

    /// Notes the inputs of a pass that comes from Redis.
    pub(super) fn note_fetched(&self, snapshot: &Snapshot, recipe: blake3::Hash) {
        lock(&self.notes).push(InputNote {
            snapshot: snapshot.clone(),
            noted: NotedInputs::Recipe(recipe),
        });
    }

    /// The entries that will be written to disk although they are in Redis.
    pub(super) fn fetched_recipes(&self) -> Vec<blake3::Hash> {
        lock(&self.fetched)
            .iter()
            .map(|entry| entry.recipe)
            .collect()
    }

    /// Learns from Redis, and tells it, which parts of the cache were cleared.
    pub(super) async fn exchange_generations(&self) {
        let Some(redis) = &self.redis else { return };
        let Some(shared) = redis.generations().await else {
            return;
        };
        let known = lock(&self.generations).clone();
        let mut merged = shared.clone();
        merged.merge(&known);
        if merged != shared {
            redis.merge_generations(&known, None).await;
        }
        self.set_generations(&merged);
    }

    /// Clears a scope. False if Redis, which other machines use, does not answer.
    pub(super) async fn clear(&self, scope: &CacheScope) -> std::io::Result<bool> {
        let known = lock(&self.generations).clone();
        let shared = match &self.redis {
            Some(redis) => redis.merge_generations(&known, Some(scope)).await,
            None => None,
        };
        let is_told = self.redis.is_none() || shared.is_some();
        let mut merged = known.clone();
        match &shared {
            Some(shared) => merged.merge(shared),
            None => merged.raise(scope),
        }
        *lock(&self.generations) = merged;
        self.write_generations()?;
        Ok(is_told)
    }

    fn set_generations(&self, merged: &Generations) {
        let before = std::mem::replace(&mut *lock(&self.generations), merged.clone());
        if before == *merged {
            return;
        }
        if let Err(error) = self.write_generations() {
            tracing::warn!("failed to write the generations of the cache: {error}");
        }
    }

    /// Writes the generations, merged with those that another process has written.
    fn write_generations(&self) -> std::io::Result<()> {
        self.disk.locked(|| {
            let mut all = Generations::read(self.disk.folder());
            all.merge(&lock(&self.generations));
            all.write(self.disk.folder())
        })
    }

    /// The recorded passes of the queries that are cache hits.
    pub(super) async fn find(index: &Arc<Self>, queries: Queries) -> Vec<Option<CachedPass>> {
        let mut hits = Self::find_on_disk(index, &queries).await;
        hits.resize(queries.len(), None);
        if let Some(redis) = &index.redis {
            Self::find_in_redis(index, redis, &queries, &mut hits).await;
        }
        hits
    }

    async fn find_on_disk(index: &Arc<Self>, queries: &Queries) -> Vec<Option<CachedPass>> {
        let (index, queries) = (Arc::clone(index), Arc::clone(queries));
        let work = tokio::task::spawn_blocking(move || {
            let parts = queries.chunks(QUERIES_AT_ONCE);
            let hits = parts.flat_map(|part| index.matching(part, &index.on_disk(part)));
            hits.map(|hit| Some(hit?.pass)).collect()
        });
        work.await.unwrap_or_default()
    }

    /// The entries on disk for each query.
    fn on_disk(&self, queries: &[Option<Query>]) -> Vec<Vec<CacheEntry>> {
        let wanted = queries.iter().flatten();
        let mut entries = self.disk.read(wanted.map(|q| (&*q.story, &q.recipe)));
        // A recipe contains its story, so each belongs to one query.
        let found = queries
            .iter()
            .map(|query| entries.remove(&query.as_ref()?.recipe));
        found.map(Option::unwrap_or_default).collect()
    }

    /// Adds the hits from Redis for the queries without one.
    async fn find_in_redis(
        index: &Arc<Self>,
        redis: &RedisCache,
        queries: &Queries,
        hits: &mut [Option<CachedPass>],
    ) {
        let misses: Vec<usize> = (0..queries.len())
            .filter(|&at| hits[at].is_none() && queries[at].is_some())
            .collect();
        let recipes = misses.iter().filter_map(|&at| queries[at].as_ref());
        let fetched = redis.fetch(recipes.map(|q| q.recipe).collect()).await;
        let mut entries = vec![Vec::new(); queries.len()];
        for (at, found) in misses.into_iter().zip(fetched) {
            entries[at] = found;
        }
        if entries.iter().all(Vec::is_empty) {
            return;
        }
        let (owned, asked) = (Arc::clone(index), Arc::clone(queries));
        let work = tokio::task::spawn_blocking(move || {
            let found = owned.matching(&asked, &entries);
            let misses = (asked.iter().zip(&found)).zip(entries);
            let misses = misses.filter(|((_, found), _)| found.is_none());
            let misses =
                misses.filter_map(|((query, _), them)| Some((query.as_ref()?.recipe, them)));
            lock(&owned.missed).extend(misses);
            found
        });
        let found = work.await.unwrap_or_default();
        let mut fetched = lock(&index.fetched);
        for (at, found) in found.into_iter().enumerate() {
            if let (Some(entry), Some(query)) = (found, &queries[at]) {
                hits[at] = Some(entry.pass.clone());
                fetched.push(KeyedEntry::new(&query.story, query.recipe, entry));
            }
        }
    }

    /// For each query the entry whose fingerprint equals that of the current
    /// files.
    fn matching(
        &self,
        queries: &[Option<Query>],
        entries: &[Vec<CacheEntry>],
    ) -> Vec<Option<CacheEntry>> {
        let files = entries.iter().flatten().flat_map(|entry| &entry.files);
        self.contents
            .read(files.filter_map(|f| paths::resolve(&self.stories, f)));
        let pairs: Vec<_> = queries.iter().zip(entries).collect();
        parallel::map(&pairs, |(query, entries)| {
            let query = query.as_ref().filter(|_| !entries.is_empty())?;
            let baseline = self.baseline(&query.baseline)?;
            let mut holding = entries.iter().filter(|entry| {
                let current = self.fingerprint(&query.recipe, &baseline, &entry.files);
                current.is_some_and(|current| current.to_hex().as_str() == entry.fingerprint)
            });
            holding
                .find(|entry| entry.generation >= query.generation)
                .cloned()
        })
    }

    /// The content of a file of a page; `None` if it cannot be read.
    pub(super) fn content(&self, file: &str) -> Option<FileContent> {
        self.contents.get(&paths::resolve(&self.stories, file)?)
    }

    fn short_digests(&self, files: &[String]) -> Vec<String> {
        let digest = |file: &String| self.content(file).map(fingerprint::short_digest);
        files
            .iter()
            .map(|file| digest(file).unwrap_or_default())
            .collect()
    }

    pub(super) fn fingerprint(
        &self,
        recipe: &blake3::Hash,
        baseline_sha256: &str,
        files: &[String],
    ) -> Option<blake3::Hash> {
        fingerprint::pass(recipe, baseline_sha256, files, |file| self.content(file))
    }

    /// Writes the passes of this run to disk and to Redis; returns warnings.
    pub(super) async fn flush(index: &Arc<Self>) -> Vec<String> {
        let owned = Arc::clone(index);
        let written = tokio::task::spawn_blocking(move || owned.write()).await;
        let (new, mut warnings) =
            written.unwrap_or_else(|panic| (Vec::new(), vec![panic.to_string()]));
        if let Some(redis) = &index.redis {
            redis.push(new).await;
            warnings.extend(redis.take_problem());
        }
        warnings
    }

    /// Writes to disk; returns the entries that Redis does not have, and
    /// warnings.
    fn write(&self) -> (Vec<KeyedEntry>, Vec<String>) {
        let passes = std::mem::take(&mut *lock(&self.passes));
        let mut entries = std::mem::take(&mut *lock(&self.fetched));
        let mut notes = std::mem::take(&mut *lock(&self.notes));
        let generation = lock(&self.generations).current();
        let paths = passes
            .iter()
            .flat_map(|pass| &pass.files)
            .filter_map(|file| paths::resolve(&self.stories, file));
        // Read first, then check for changes since the start: if there is none,
        // the pages have seen what is read here.
        self.contents.read(paths);
        let mut unchanged = UnchangedFiles::new(&self.stories, self.start.as_ref());
        let mut warnings = Vec::new();
        let mut new = Vec::new();
        for pass in passes {
            let story = &pass.snapshot.story.id;
            let changed = pass.files.iter().find(|file| !unchanged.contains(file));
            if let Some(changed) = changed {
                let warning = format!("{story} is not cached: {changed} changed during the run");
                if !warnings.contains(&warning) {
                    warnings.push(warning);
                }
                continue;
            }
            let current = self.fingerprint(&pass.recipe, &pass.pass.baseline_sha256, &pass.files);
            if let Some(current) = current {
                let digests = self.short_digests(&pass.files);
                let entry = CacheEntry::new(pass.files, digests, current, pass.pass);
                let entry = entry.of_generation(generation);
                new.push(KeyedEntry::new(story, pass.recipe, entry));
                notes.push(InputNote {
                    snapshot: pass.snapshot,
                    noted: NotedInputs::Recipe(pass.recipe),
                });
            }
        }
        entries.extend(new.iter().cloned());
        let values = |snapshot: &_| fingerprint::recipe_values(snapshot, &self.context);
        let written = self.disk.merge(entries);
        if let Err(error) = written.and_then(|()| self.disk.note(notes, values)) {
            let folder = self.disk.folder().display();
            warnings.push(format!("failed to write the cache in {folder}: {error}"));
        }
        (new, warnings)
    }
}
