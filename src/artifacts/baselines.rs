//! Moves pictures of baselines between the store and this machine.

use std::path::{Path, PathBuf};

use futures_util::stream;
use futures_util::{StreamExt as _, TryStreamExt as _};

use super::cache::cached_file;
use super::error::ArtifactError;
use super::key::ObjectKey;
use super::store::ArtifactStore;
use crate::files::{self, sha256};

/// How many pictures are moved at a time.
const CONCURRENT: usize = 16;

/// The outcome of moving pictures.
#[derive(Debug, Default)]
pub struct Transfer {
    /// The number of pictures that were moved.
    pub moved: usize,
    /// The pictures that were not moved: SHA-256 and reason.
    pub failed: Vec<(String, ArtifactError)>,
}

impl ArtifactStore {
    /// Uploads the picture of a baseline, marks it so that it is never pruned,
    /// and keeps a copy on this machine. Returns its SHA-256.
    ///
    /// # Errors
    /// When the store cannot be reached, or the copy cannot be written.
    pub fn put_baseline(&self, state_dir: &Path, file: Vec<u8>) -> Result<String, ArtifactError> {
        let (store, state_dir) = (self.clone(), state_dir.to_owned());
        self.wait(async move { store.keep_baseline(&state_dir, file).await })
    }

    /// Does the same with several pictures at a time. Returns their SHA-256 in the
    /// same order.
    ///
    /// # Errors
    /// At the first picture that was not uploaded.
    pub fn put_baselines(
        &self,
        state_dir: &Path,
        files: Vec<Vec<u8>>,
    ) -> Result<Vec<String>, ArtifactError> {
        let (store, state_dir) = (self.clone(), state_dir.to_owned());
        self.wait(async move {
            let uploads = stream::iter(files).map(|file| store.keep_baseline(&state_dir, file));
            uploads.buffered(CONCURRENT).try_collect().await
        })
    }

    async fn keep_baseline(
        &self,
        state_dir: &Path,
        file: Vec<u8>,
    ) -> Result<String, ArtifactError> {
        let hash = sha256(&file);
        if let Some(path) = cached_file(state_dir, &hash) {
            files::replace(&path, &file)
                .map_err(|error| ArtifactError::file("write", &path, error))?;
        }
        self.write_baseline(&hash, file).await?;
        Ok(hash)
    }

    async fn write_baseline(&self, hash: &str, file: Vec<u8>) -> Result<(), ArtifactError> {
        // The mark comes first: `prune` never sees the picture without it.
        self.write(&mark(hash), Vec::new()).await?;
        match ObjectKey::picture(hash) {
            Some(key) => self.upload(&key, file).await,
            None => Ok(()),
        }
    }

    /// Fetches the pictures that this machine does not have.
    pub fn fetch_pictures(&self, state_dir: &Path, hashes: Vec<String>) -> Transfer {
        self.transfer(state_dir, hashes, fetch)
    }

    /// Uploads the pictures that the store does not have, or has only in part.
    pub fn push_baselines(&self, state_dir: &Path, hashes: Vec<String>) -> Transfer {
        self.transfer(state_dir, hashes, push)
    }

    /// Moves several pictures at a time. `transfer_one` returns whether it has moved
    /// a picture.
    fn transfer<F>(
        &self,
        state_dir: &Path,
        hashes: Vec<String>,
        transfer_one: fn(ArtifactStore, PathBuf, String) -> F,
    ) -> Transfer
    where
        F: Future<Output = Result<bool, ArtifactError>> + Send + 'static,
    {
        let (store, state_dir) = (self.clone(), state_dir.to_owned());
        self.wait(async move {
            let moves = stream::iter(hashes).map(|hash| {
                let moved = transfer_one(store.clone(), state_dir.clone(), hash.clone());
                async { (hash, moved.await) }
            });
            let mut moves = moves.buffer_unordered(CONCURRENT);
            let mut transfer = Transfer::default();
            while let Some((hash, moved)) = moves.next().await {
                match moved {
                    Ok(moved) => transfer.moved += usize::from(moved),
                    Err(error) => transfer.failed.push((hash, error)),
                }
            }
            transfer.failed.sort_by(|a, b| a.0.cmp(&b.0));
            transfer
        })
    }
}

/// Fetches a picture. Returns whether this machine did not have it.
async fn fetch(
    store: ArtifactStore,
    state_dir: PathBuf,
    hash: String,
) -> Result<bool, ArtifactError> {
    Ok(store.fetch(&state_dir, &hash).await?.is_new)
}

/// Uploads a picture. Returns whether the store did not have it.
async fn push(
    store: ArtifactStore,
    state_dir: PathBuf,
    hash: String,
) -> Result<bool, ArtifactError> {
    let Some(key) = ObjectKey::picture(&hash) else {
        return Ok(false);
    };
    let found = store.head(key.as_str()).await?;
    let Some(bytes) = ArtifactStore::read_cached(&state_dir, &hash) else {
        return match found {
            Some(_) => Ok(false),
            None => Err(ArtifactError::NoCopy {
                store: store.name().to_owned(),
                object: key.to_string(),
            }),
        };
    };
    let is_complete = found.is_some_and(|found| found.size == bytes.len() as u64);
    if is_complete && store.head(&mark(&hash)).await?.is_some() {
        return Ok(false);
    }
    store.write_baseline(&hash, bytes).await?;
    Ok(true)
}

/// The key of the object that marks a picture as that of a baseline.
fn mark(hash: &str) -> String {
    format!("baselines/{hash}")
}
