//! The files of a folder that are served: regular files below the folder, unless
//! their name or that of a folder begins with a dot.

use std::io;
use std::path::{Path, PathBuf};

use percent_encoding::percent_decode_str;

/// The file that is served for a folder.
const INDEX: &str = "index.html";

/// A folder of files.
#[derive(Clone, Debug)]
pub struct Files {
    folder: PathBuf,
    /// The folder without symbolic links.
    real: PathBuf,
    follow_symlinks: bool,
}

/// Whether a file is served.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum FileAccess {
    Served,
    NotFound,
    /// A symbolic link leads out of the folder.
    Outside,
}

impl Files {
    /// The files of a folder. With `follow_symlinks` they also include those to
    /// which symbolic links lead.
    ///
    /// # Errors
    /// When the folder does not exist.
    pub fn new(folder: &Path, follow_symlinks: bool) -> io::Result<Self> {
        Ok(Self {
            folder: folder.to_owned(),
            real: folder.canonicalize()?,
            follow_symlinks,
        })
    }

    pub(super) fn folder(&self) -> &Path {
        &self.folder
    }

    /// Whether the file at the path of a URL is served.
    pub(super) fn access(&self, path: &str) -> FileAccess {
        let path = percent_decode_str(path).decode_utf8_lossy();
        let path = path.trim_start_matches('/');
        // On Windows a colon names a drive or a stream.
        let is_refused =
            |part: &str| part.starts_with('.') || (cfg!(windows) && part.contains(':'));
        if path.split(['/', '\\']).any(is_refused) {
            return FileAccess::NotFound;
        }
        let path = self.real.join(path);
        let file = if path.is_dir() {
            path.join(INDEX)
        } else {
            path
        };
        // Reading a pipe or a device would never end.
        let Some(real) = file.canonicalize().ok().filter(|real| real.is_file()) else {
            return FileAccess::NotFound;
        };
        if self.follow_symlinks || real.starts_with(&self.real) {
            FileAccess::Served
        } else {
            FileAccess::Outside
        }
    }
}
