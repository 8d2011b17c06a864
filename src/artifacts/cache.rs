//! Pictures that were read from the store, in `artifacts/objects` below the
//! state folder.

use std::path::{Path, PathBuf};
use std::sync::PoisonError;
use std::time::Duration;

use tintype_compare::MAX_FILE_BYTES;

use super::error::ArtifactError;
use super::store::ArtifactStore;
use crate::files::{self, sha256, sha256_path};

/// For how long reads fail at once after the store could not be reached: a run
/// may need thousands of pictures.
const UNAVAILABLE_FOR: Duration = Duration::from_secs(10);

/// A picture of the store.
pub(super) struct FetchedPicture {
    file: PathBuf,
    bytes: Vec<u8>,
    /// Whether this machine did not have it.
    pub(super) is_new: bool,
}

impl ArtifactStore {
    /// A picture that this machine has.
    pub fn read_cached(state_dir: &Path, sha256: &str) -> Option<Vec<u8>> {
        read_verified(&cached_file(state_dir, sha256)?, sha256)
    }

    /// Whether this machine has a file for a picture; its content is checked when
    /// it is read.
    pub(crate) fn has_cached(state_dir: &Path, sha256: &str) -> bool {
        cached_file(state_dir, sha256).is_some_and(|file| file.is_file())
    }

    /// A picture from the folder of pictures that were read before, otherwise
    /// from the store. Returns its file too.
    ///
    /// # Errors
    /// When it is missing or damaged, the store cannot be reached, or the file
    /// cannot be written.
    pub fn cached_picture(
        &self,
        state_dir: &Path,
        sha256: &str,
    ) -> Result<(PathBuf, Vec<u8>), ArtifactError> {
        let (store, state_dir, sha256) = (self.clone(), state_dir.to_owned(), sha256.to_owned());
        let fetched = self.wait(async move { store.fetch(&state_dir, &sha256).await })?;
        Ok((fetched.file, fetched.bytes))
    }

    /// Fetches a picture that this machine does not have.
    pub(super) async fn fetch(
        &self,
        state_dir: &Path,
        sha256: &str,
    ) -> Result<FetchedPicture, ArtifactError> {
        let file = cached_file(state_dir, sha256).unwrap_or_default();
        let cached = read_verified(&file, sha256);
        let is_new = cached.is_none();
        let bytes = match cached {
            Some(bytes) => bytes,
            None => {
                self.check_available()?;
                let bytes = self.verified(sha256).await?;
                files::replace(&file, &bytes)
                    .map_err(|error| ArtifactError::file("write", &file, error))?;
                bytes
            }
        };
        Ok(FetchedPicture {
            file,
            bytes,
            is_new,
        })
    }

    /// Fails if the store could not be reached a moment ago.
    pub(super) fn check_available(&self) -> Result<(), ArtifactError> {
        let unavailable = self.unavailable.lock();
        let unavailable = unavailable.unwrap_or_else(PoisonError::into_inner);
        match &*unavailable {
            Some((since, reason)) if since.elapsed() < UNAVAILABLE_FOR => {
                Err(ArtifactError::Failed {
                    store: self.name().to_owned(),
                    action: "read pictures".to_owned(),
                    reason: reason.clone(),
                })
            }
            _ => Ok(()),
        }
    }
}

/// The file that keeps a picture which was read from the store.
pub(super) fn cached_file(state_dir: &Path, sha256: &str) -> Option<PathBuf> {
    Some(
        state_dir
            .join("artifacts/objects")
            .join(sha256_path(sha256)?),
    )
}

/// A file, if it has this SHA-256.
pub(super) fn read_verified(path: &Path, hash: &str) -> Option<Vec<u8>> {
    let bytes = files::read(path, MAX_FILE_BYTES).ok()?;
    (sha256(&bytes) == hash).then_some(bytes)
}
