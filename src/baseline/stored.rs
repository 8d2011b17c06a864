//! Baselines in the artifact store, named by `baselines.lock`.

use std::collections::{BTreeSet, HashMap};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::SystemTime;

use super::accept::{AcceptedBaseline, encode, lock, reject_changed};
use super::error::{BaselineError, BaselineProblem};
use super::lock_file::BaselineLock;
use super::provenance::Provenance;
use super::read::{Baseline, parse};
use crate::artifacts::{ArtifactError, ArtifactStore};
use crate::config::ArtifactLocation;
use crate::manifest::Manifest;
use crate::plan::Snapshot;

/// The baselines of a project with `keep = "store"`.
#[derive(Clone, Debug)]
pub(super) struct StoredBaselines {
    root: PathBuf,
    state_dir: PathBuf,
    location: ArtifactLocation,
}

/// A lock file as it was read, with its time and length then.
type ReadLock = (Option<(SystemTime, u64)>, Arc<BaselineLock>);

impl StoredBaselines {
    /// `None` if the manifest keeps baselines in files.
    pub(super) fn of(manifest: &Manifest) -> Option<Self> {
        let location = manifest
            .artifacts
            .as_ref()
            .filter(|_| manifest.keeps_in_store)?;
        Some(Self {
            root: manifest.root.clone(),
            state_dir: manifest.state_dir(),
            location: location.clone(),
        })
    }

    pub(super) fn read(&self, path: &Path) -> Result<Option<Baseline>, BaselineError> {
        let Some(hash) = self.file_sha256(path)? else {
            return Ok(None);
        };
        let read = || parse(&self.root, path, &self.fetch(&hash)?, hash.clone());
        read()
            .map(Some)
            .map_err(|problem| self.error(path, problem))
    }

    pub(super) fn file(&self, path: &Path) -> Result<Option<Vec<u8>>, BaselineError> {
        let hash = self.file_sha256(path)?;
        let file = hash.map(|hash| self.fetch(&hash)).transpose();
        file.map_err(|problem| self.error(path, problem))
    }

    pub(super) fn file_sha256(&self, path: &Path) -> Result<Option<String>, BaselineError> {
        let lock = self
            .lock_file()
            .map_err(|problem| self.error(path, problem))?;
        Ok(lock.get(&self.name(path)).map(str::to_owned))
    }

    /// Uploads the picture, and then edits the lock file, so that no lock file
    /// names a picture that others cannot fetch. `expected` is the SHA-256 of
    /// the present baseline, if only that may be replaced.
    pub(super) fn accept(
        &self,
        path: &Path,
        expected: Option<Option<&str>>,
        image: &[u8],
        provenance: &Provenance,
    ) -> Result<AcceptedBaseline, BaselineError> {
        let accept = || {
            let file = encode(image, provenance)?;
            let file_sha256 = self.upload(file)?;
            self.edit(path, expected, Some(&file_sha256))?;
            Ok(AcceptedBaseline { file_sha256 })
        };
        accept().map_err(|problem| self.error(path, problem))
    }

    pub(super) fn restore(
        &self,
        path: &Path,
        expected: &str,
        before: Option<&[u8]>,
    ) -> Result<(), BaselineError> {
        let restore = || {
            let before = before.map(|before| self.upload(before.to_vec()));
            let hash = before.transpose()?;
            self.edit(path, Some(Some(expected)), hash.as_deref())
        };
        restore().map_err(|problem| self.error(path, problem))
    }

    pub(super) fn remove(&self, path: &Path) -> Result<(), BaselineError> {
        self.edit(path, None, None)
            .map_err(|problem| self.error(path, problem))
    }

    /// Sets the line of a baseline. The lock is held from the check of the line to
    /// its replacement.
    fn edit(
        &self,
        path: &Path,
        expected: Option<Option<&str>>,
        hash: Option<&str>,
    ) -> Result<(), BaselineProblem> {
        let _lock = lock(&self.state_dir)?;
        let name = self.name(path);
        let mut file = BaselineLock::read(&self.root).map_err(BaselineProblem::Lock)?;
        if let Some(expected) = expected {
            reject_changed(expected, file.get(&name))?;
        }
        file.set(&name, hash);
        file.write(&self.root).map_err(BaselineProblem::Lock)
    }

    fn fetch(&self, hash: &str) -> Result<Vec<u8>, BaselineProblem> {
        let fetch = || {
            if let Some(bytes) = ArtifactStore::read_cached(&self.state_dir, hash) {
                return Ok(bytes);
            }
            let store = ArtifactStore::open(&self.location)?;
            Ok(store.cached_picture(&self.state_dir, hash)?.1)
        };
        fetch().map_err(|error: ArtifactError| BaselineProblem::Stored {
            help: help(&error),
            error: Box::new(error),
        })
    }

    fn upload(&self, file: Vec<u8>) -> Result<String, BaselineProblem> {
        let upload = || ArtifactStore::open(&self.location)?.put_baseline(&self.state_dir, file);
        upload().map_err(|error| BaselineProblem::NotUploaded {
            error: Box::new(error),
        })
    }

    /// The lock file, read again when it has changed.
    fn lock_file(&self) -> Result<Arc<BaselineLock>, BaselineProblem> {
        static READ: Mutex<Option<HashMap<PathBuf, ReadLock>>> = Mutex::new(None);
        let metadata = std::fs::metadata(self.root.join(BaselineLock::NAME)).ok();
        let stamp = metadata.and_then(|file| Some((file.modified().ok()?, file.len())));
        let mut read = READ.lock().unwrap_or_else(PoisonError::into_inner);
        let read = read.get_or_insert_default();
        if let Some((known, lock)) = read.get(&self.root)
            && *known == stamp
        {
            return Ok(Arc::clone(lock));
        }
        let lock = BaselineLock::read(&self.root).map_err(BaselineProblem::Lock)?;
        let lock = Arc::new(lock);
        read.insert(self.root.clone(), (stamp, Arc::clone(&lock)));
        Ok(lock)
    }

    /// The name of a baseline in the lock file: its path with `/` between folders.
    fn name(&self, path: &Path) -> String {
        let path = path.strip_prefix(&self.root).unwrap_or(path);
        path.to_string_lossy().replace('\\', "/")
    }

    fn error(&self, path: &Path, problem: BaselineProblem) -> BaselineError {
        BaselineError::new(&self.root, path, problem)
    }
}

/// Fetches the baselines of snapshots that this machine does not have, several at
/// a time. One that cannot be fetched fails its snapshot.
pub(crate) fn prefetch(manifest: &Manifest, snapshots: &[Snapshot]) {
    let Some(stored) = StoredBaselines::of(manifest) else {
        return;
    };
    let Ok(lock) = stored.lock_file() else { return };
    let planned = snapshots.iter().filter(|snapshot| snapshot.skip.is_none());
    let hashes = planned.filter_map(|snapshot| lock.get(&stored.name(&snapshot.baseline)));
    let missing = hashes.filter(|hash| !ArtifactStore::has_cached(&stored.state_dir, hash));
    let missing: BTreeSet<String> = missing.map(str::to_owned).collect();
    if missing.is_empty() {
        return;
    }
    if let Ok(store) = ArtifactStore::open(&stored.location) {
        let fetched = store.fetch_pictures(&stored.state_dir, missing.into_iter().collect());
        tracing::info!(fetched.moved, "baselines were fetched");
    }
}

/// The command that heals a baseline.
fn help(error: &ArtifactError) -> &'static str {
    match error {
        ArtifactError::Missing { .. } | ArtifactError::Damaged { .. } => {
            "run `cargo tintype push` where the baseline was accepted, or accept the current image \
             with `cargo tintype accept`"
        }
        _ => "run `cargo tintype pull` while the store can be reached",
    }
}
