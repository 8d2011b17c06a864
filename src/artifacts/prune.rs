//! Removes objects of old runs: first the runs, then the pictures to which
//! nothing refers.

use std::collections::HashSet;
use std::time::{Duration, Instant};

use futures_util::StreamExt as _;
use futures_util::stream;

use super::error::ArtifactError;
use super::key::ObjectKey;
use super::lock::StoreLock;
use super::store::{ArtifactStore, age};
use crate::model::{RunFile, RunId};

/// How many objects are read or deleted at a time.
const CONCURRENT: usize = 16;

/// How often the lock is renewed.
const RENEWAL: Duration = Duration::from_secs(60);

/// What is removed, or would be.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct StorePruning {
    /// The runs.
    pub runs: Vec<RunId>,
    /// The number of pictures to which no other run and no baseline refers.
    pub pictures: usize,
    /// Their size.
    pub bytes: u64,
    /// The number of pictures without a reference that are too young: they may
    /// be of a run in progress.
    pub young: usize,
}

impl ArtifactStore {
    /// Removes runs, and then every picture to which no run that stays and no
    /// baseline refers, unless it was written within `grace`. Without `delete`,
    /// only says what would be removed.
    ///
    /// An interrupted removal continues when it is repeated: what is removed
    /// follows from the runs and pictures that are there.
    ///
    /// # Errors
    /// When another process prunes, a `run.json` cannot be read, or the store
    /// cannot be reached.
    pub fn prune(
        &self,
        surplus: &[RunId],
        grace: Duration,
        delete: bool,
    ) -> Result<StorePruning, ArtifactError> {
        let (store, surplus) = (self.clone(), surplus.to_vec());
        self.wait(async move {
            if !delete {
                return prune(&store, &surplus, grace, None).await;
            }
            let lock = StoreLock::take(&store).await?;
            let pruned = prune(&store, &surplus, grace, Some(&lock)).await;
            lock.release().await?;
            pruned
        })
    }
}

/// Removes if there is a lock.
async fn prune(
    store: &ArtifactStore,
    surplus: &[RunId],
    grace: Duration,
    lock: Option<&StoreLock>,
) -> Result<StorePruning, ArtifactError> {
    // The pictures come first: one that is uploaded meanwhile is no candidate.
    let pictures = store.list("sha256").await?;
    let files = store.list("runs").await?;
    let surplus: HashSet<&str> = surplus.iter().map(RunId::as_str).collect();
    let (removed, kept): (Vec<_>, Vec<_>) = files
        .into_iter()
        .map(|(key, _)| key)
        .partition(|key| run_of(key).is_some_and(|run| surplus.contains(run)));
    let mut pruning = StorePruning::default();
    let is_row = |key: &&String| key.ends_with(&format!("/{}", RunFile::NAME));
    let runs = removed.iter().filter(is_row);
    pruning.runs = runs.filter_map(|key| RunId::parse(run_of(key)?)).collect();

    // If a row cannot be read, its pictures are unknown, so nothing is removed.
    let mut referenced = references(store, kept.iter().filter(is_row)).await?;
    let baselines = store.list("baselines").await?.into_iter();
    referenced.extend(baselines.filter_map(|(key, _)| {
        let hash = key.strip_prefix("baselines/")?;
        Some(ObjectKey::picture(hash)?.to_string())
    }));
    let mut unreferenced = Vec::new();
    for (key, meta) in pictures {
        let is_own = ObjectKey::parse(&key).is_some();
        if !is_own || referenced.contains(&key) {
            continue;
        }
        if age(&meta) < grace {
            pruning.young += 1;
            continue;
        }
        pruning.pictures += 1;
        pruning.bytes += meta.size;
        unreferenced.push(key);
    }
    if let Some(lock) = lock {
        // Reports first: a run is one as long as it has its row.
        let (rows, reports): (Vec<_>, Vec<_>) = removed.into_iter().partition(|key| is_row(&key));
        delete_all(store, lock, reports, None).await?;
        delete_all(store, lock, rows, None).await?;
        delete_all(store, lock, unreferenced, Some(grace)).await?;
    }
    Ok(pruning)
}

/// Deletes objects, those with a `grace` only if they have not been written
/// again since.
async fn delete_all(
    store: &ArtifactStore,
    lock: &StoreLock,
    keys: Vec<String>,
    grace: Option<Duration>,
) -> Result<(), ArtifactError> {
    let mut renewed = Instant::now();
    let deletions = stream::iter(keys).map(|key| async move {
        if let Some(grace) = grace {
            let found = store.head(&key).await?;
            if found.is_none_or(|meta| age(&meta) < grace) {
                return Ok(());
            }
        }
        store.delete(&key).await
    });
    let mut deletions = std::pin::pin!(deletions.buffer_unordered(CONCURRENT));
    while let Some(deleted) = deletions.next().await {
        deleted?;
        if renewed.elapsed() > RENEWAL {
            lock.renew().await?;
            renewed = Instant::now();
        }
    }
    Ok(())
}

/// The keys of the pictures to which the rows of runs refer.
async fn references<'k>(
    store: &ArtifactStore,
    rows: impl Iterator<Item = &'k String>,
) -> Result<HashSet<String>, ArtifactError> {
    let rows: Vec<String> = rows.cloned().collect();
    let reads = rows.into_iter().map(|row| async move {
        let bytes = store.read(&row).await?.unwrap_or_default();
        let file: RunFile =
            serde_json::from_slice(&bytes).map_err(|error| ArtifactError::Failed {
                store: store.name().to_owned(),
                action: format!("parse {row}"),
                reason: error.to_string(),
            })?;
        let hashes = file.results.into_iter().filter_map(|result| result.sha256);
        let hashes = hashes.flat_map(|hashes| [hashes.baseline, hashes.current, hashes.diff]);
        let keys = hashes
            .flatten()
            .filter_map(|hash| ObjectKey::picture(&hash));
        Ok(keys.map(|key| key.to_string()).collect::<Vec<_>>())
    });
    let mut reads = std::pin::pin!(stream::iter(reads).buffer_unordered(CONCURRENT));
    let mut referenced = HashSet::new();
    while let Some(keys) = reads.next().await {
        referenced.extend(keys?);
    }
    Ok(referenced)
}

/// The run of a key, as text.
fn run_of(key: &str) -> Option<&str> {
    Some(key.strip_prefix("runs/")?.split_once('/')?.0)
}
