//! The objects that are not uploaded yet, as files with the names of the
//! objects.

use std::fs::{self, Metadata};
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};

use tempfile::NamedTempFile;
use walkdir::WalkDir;

use super::error::ArtifactError;
use super::key::ObjectKey;

/// The largest file that is uploaded, in bytes.
const MAX_FILE: u64 = 1 << 30;

/// The objects of a project that are not uploaded yet. A file stays here until
/// the store has it, whatever becomes of the process and of the run's folder.
#[derive(Clone, Debug)]
pub struct Outbox {
    folder: PathBuf,
}

/// A file of the outbox when it was read.
pub(super) struct PendingFile {
    path: PathBuf,
    pub(super) bytes: Vec<u8>,
    metadata: Metadata,
}

impl Outbox {
    /// The outbox of a project.
    pub fn new(state_dir: &Path) -> Self {
        Self {
            folder: state_dir.join("artifacts/outbox"),
        }
    }

    /// Adds a file under the name of its object. Later changes of the file do
    /// not change what is uploaded, if it is replaced atomically.
    pub(crate) fn add(&self, key: &ObjectKey, file: &Path) -> Result<(), ArtifactError> {
        let path = self.path(key);
        let add = || -> io::Result<()> {
            let parent = path.parent().unwrap_or(&self.folder);
            fs::create_dir_all(parent)?;
            if key.sha256().is_some() && path.exists() {
                return Ok(());
            }
            let link = NamedTempFile::new_in(parent)?.into_temp_path();
            fs::remove_file(&link)?;
            if fs::hard_link(file, &link).is_err() {
                fs::copy(file, &link)?;
            }
            link.persist(&path).map_err(|error| error.error)
        };
        add().map_err(|error| ArtifactError::file("add to the outbox", file, error))
    }

    /// All objects that wait, the pictures before the runs that refer to them.
    pub fn pending(&self) -> Vec<ObjectKey> {
        let files = WalkDir::new(&self.folder).into_iter().flatten();
        let files = files.filter(|entry| entry.file_type().is_file());
        let mut keys: Vec<_> = files
            .filter_map(|entry| {
                let path = entry.path().strip_prefix(&self.folder).ok()?;
                let parts: Option<Vec<_>> = path.iter().map(|part| part.to_str()).collect();
                ObjectKey::parse(&parts?.join("/"))
            })
            .collect();
        keys.sort_by_key(|key| (key.sha256().is_none(), key.clone()));
        keys
    }

    /// The content of an object that waits; `None` if it has been uploaded.
    pub(super) fn read(&self, key: &ObjectKey) -> Result<Option<PendingFile>, ArtifactError> {
        let path = self.path(key);
        let read = || -> io::Result<PendingFile> {
            let metadata = fs::metadata(&path)?;
            let bytes = crate::files::read(&path, MAX_FILE)?;
            Ok(PendingFile {
                path: path.clone(),
                bytes,
                metadata,
            })
        };
        match read() {
            Ok(file) => Ok(Some(file)),
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
            Err(error) => Err(ArtifactError::file("read", &path, error)),
        }
    }

    fn path(&self, key: &ObjectKey) -> PathBuf {
        self.folder.join(key.as_str())
    }
}

impl PendingFile {
    /// Removes the file, unless it has been replaced since it was read.
    pub(super) fn remove(self) {
        let is_same = fs::metadata(&self.path).is_ok_and(|now| {
            now.len() == self.metadata.len() && now.modified().ok() == self.metadata.modified().ok()
        });
        if is_same {
            // Otherwise it is uploaded again, which changes nothing.
            let _ = fs::remove_file(&self.path);
        }
    }
}
