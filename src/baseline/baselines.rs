//! The baselines of a project, in files or in the artifact store.

use std::path::{Path, PathBuf};

use super::accept::{self, AcceptedBaseline};
use super::error::{BaselineError, BaselineProblem};
use super::provenance::Provenance;
use super::read::{self, Baseline};
#[cfg(feature = "artifacts")]
use super::stored::StoredBaselines;
use crate::manifest::Manifest;

/// The baselines of a project: files below the manifest's folder, or, with
/// `keep = "store"`, pictures of the artifact store that `baselines.lock` names.
#[derive(Clone, Debug)]
pub struct Baselines {
    root: PathBuf,
    state_dir: PathBuf,
    #[cfg(feature = "artifacts")]
    stored: Option<StoredBaselines>,
}

/// Passes on to the stored baselines, if the manifest keeps them in the store.
macro_rules! if_stored {
    ($self:ident, $stored:ident => $($body:tt)*) => {
        #[cfg(feature = "artifacts")]
        if let Some($stored) = &$self.stored {
            return $($body)*;
        }
    };
}

impl Baselines {
    /// The baselines of a manifest.
    pub fn of(manifest: &Manifest) -> Self {
        Self {
            root: manifest.root.clone(),
            state_dir: manifest.state_dir(),
            #[cfg(feature = "artifacts")]
            stored: StoredBaselines::of(manifest),
        }
    }

    /// Reads a baseline. Returns `None` if it does not exist.
    ///
    /// # Errors
    /// When it cannot be read, or is no complete PNG.
    pub fn read(&self, path: &Path) -> Result<Option<Baseline>, BaselineError> {
        if_stored!(self, stored => stored.read(path));
        read::read(&self.root, path)
    }

    /// SHA-256 of a baseline's file, however damaged it is; `None` if there is
    /// none.
    ///
    /// # Errors
    /// When the file or `baselines.lock` cannot be read.
    pub fn file_sha256(&self, path: &Path) -> Result<Option<String>, BaselineError> {
        if_stored!(self, stored => stored.file_sha256(path));
        read::file_sha256(&self.root, path)
    }

    /// Returns the bytes of a baseline's file, or `None` if it does not exist.
    ///
    /// # Errors
    /// When it cannot be read.
    pub fn file(&self, path: &Path) -> Result<Option<Vec<u8>>, BaselineError> {
        if_stored!(self, stored => stored.file(path));
        let file = read::read_file(&self.root, path);
        file.map_err(|problem| BaselineError::new(&self.root, path, problem))
    }

    /// Makes a PNG the baseline, see [`accept`](super::accept()).
    ///
    /// # Errors
    /// When it is not a complete PNG, or cannot be written.
    pub fn accept(
        &self,
        path: &Path,
        image: &[u8],
        provenance: &Provenance,
    ) -> Result<AcceptedBaseline, BaselineError> {
        if_stored!(self, stored => stored.accept(path, None, image, provenance));
        accept::accept(&self.root, path, image, provenance)
    }

    /// Makes a PNG the baseline if the present one has the SHA-256 `expected`, see
    /// [`accept_if`](super::accept_if()).
    ///
    /// # Errors
    /// As for [`accept`](Self::accept), and when there is another baseline.
    pub fn accept_if(
        &self,
        path: &Path,
        expected: Option<&str>,
        image: &[u8],
        provenance: &Provenance,
    ) -> Result<AcceptedBaseline, BaselineError> {
        if_stored!(self, stored => stored.accept(path, Some(expected), image, provenance));
        accept::accept_if(
            &self.root,
            &self.state_dir,
            path,
            expected,
            image,
            provenance,
        )
    }

    /// Undoes an acceptance, see [`restore_if`](super::restore_if()).
    ///
    /// # Errors
    /// When there is another baseline, or it cannot be written.
    pub fn restore_if(
        &self,
        path: &Path,
        expected: &str,
        before: Option<&[u8]>,
    ) -> Result<(), BaselineError> {
        if_stored!(self, stored => stored.restore(path, expected, before));
        accept::restore_if(&self.root, &self.state_dir, path, expected, before)
    }

    /// Removes a baseline.
    ///
    /// # Errors
    /// When it cannot be removed.
    pub fn remove(&self, path: &Path) -> Result<(), BaselineError> {
        if_stored!(self, stored => stored.remove(path));
        let removed = std::fs::remove_file(path).map_err(BaselineProblem::Unwritable);
        removed.map_err(|problem| BaselineError::new(&self.root, path, problem))
    }
}
