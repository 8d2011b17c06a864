//! Finds the recorded passes that still hold, and writes new ones.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use super::changes::{RunStart, UnchangedFiles};
use super::context::CacheContext;
use super::disk::DiskCache;
use super::entry::{CacheEntry, CachedPass, KeyedEntry};
use super::file_contents::FileContents;
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
}

/// A pass of this run.
pub(super) struct RecordedPass {
    pub(super) story: String,
    pub(super) recipe: blake3::Hash,
    pub(super) files: Vec<String>,
    pub(super) pass: CachedPass,
}

/// A snapshot to look up.
pub(super) struct Query {
    pub(super) story: String,
    pub(super) recipe: blake3::Hash,
    baseline: PathBuf,
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
            context,
            start: start.flatten(),
            disk: DiskCache::new(folder),
            redis: redis.and_then(RedisCache::new),
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
        })
    }

    /// Adds a pass of this run.
    pub(super) fn add_pass(&self, pass: RecordedPass) {
        lock(&self.passes).push(pass);
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
            let hits = parts.flat_map(|part| index.matching(part, index.on_disk(part)));
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
        let work = tokio::task::spawn_blocking(move || owned.matching(&asked, entries));
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
        entries: Vec<Vec<CacheEntry>>,
    ) -> Vec<Option<CacheEntry>> {
        let files = entries.iter().flatten().flat_map(|entry| &entry.files);
        self.contents
            .read(files.filter_map(|f| paths::resolve(&self.stories, f)));
        let pairs: Vec<_> = queries.iter().zip(&entries).collect();
        let found = parallel::map(&pairs, |(query, entries)| {
            let query = query.as_ref().filter(|_| !entries.is_empty())?;
            let baseline = self.baselines.file_sha256(&query.baseline).ok()??;
            entries.iter().position(|entry| {
                let current = self.fingerprint(&query.recipe, &baseline, &entry.files);
                current.is_some_and(|current| current.to_hex().as_str() == entry.fingerprint)
            })
        });
        let found = entries.into_iter().zip(found);
        found
            .map(|(entries, at)| entries.into_iter().nth(at?))
            .collect()
    }

    fn fingerprint(
        &self,
        recipe: &blake3::Hash,
        baseline_sha256: &str,
        files: &[String],
    ) -> Option<blake3::Hash> {
        fingerprint::pass(recipe, baseline_sha256, files, |file| {
            self.contents.get(&paths::resolve(&self.stories, file)?)
        })
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
            let changed = pass.files.iter().find(|file| !unchanged.contains(file));
            if let Some(changed) = changed {
                let story = &pass.story;
                let warning = format!("{story} is not cached: {changed} changed during the run");
                if !warnings.contains(&warning) {
                    warnings.push(warning);
                }
                continue;
            }
            let current = self.fingerprint(&pass.recipe, &pass.pass.baseline_sha256, &pass.files);
            if let Some(current) = current {
                let entry = CacheEntry::new(pass.files, current, pass.pass);
                new.push(KeyedEntry::new(&pass.story, pass.recipe, entry));
            }
        }
        entries.extend(new.iter().cloned());
        if let Err(error) = self.disk.merge(entries) {
            let folder = self.disk.folder().display();
            warnings.push(format!("failed to write the cache in {folder}: {error}"));
        }
        (new, warnings)
    }
}
