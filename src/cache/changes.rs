//! Detects files that change during a run.

use std::collections::HashMap;
use std::ffi::OsString;
use std::fs::{self, Metadata};
use std::io;
use std::path::{Path, PathBuf};

use super::file_contents::is_absent;
use super::paths;
use crate::files::{ChangeTime, change_time};

/// A time stamp of a file system, with the device whose clock it is.
#[derive(Clone, Copy, Debug)]
pub(super) struct FileTime(ChangeTime);

/// The tolerance for file systems with a resolution of seconds or another
/// clock.
const TOLERANCE_NS: i128 = 2_000_000_000;

impl FileTime {
    /// The current time, as the time stamp of a new file in this folder. `None`
    /// if no file can be created there.
    pub(super) fn now(folder: &Path) -> Option<Self> {
        fs::create_dir_all(folder).ok()?;
        let probe = tempfile::NamedTempFile::new_in(folder).ok()?;
        Some(Self::of(&probe.as_file().metadata().ok()?))
    }

    fn of(found: &Metadata) -> Self {
        Self(change_time(found))
    }

    /// Whether `change` was certainly earlier. Two times within one tick of the
    /// clock are not ordered.
    pub(super) fn is_after(self, change: Self) -> bool {
        let (Self(now), Self(change)) = (self, change);
        let whole_seconds = change.ns % 1_000_000_000 == 0;
        let tolerance = if whole_seconds || change.device != now.device {
            TOLERANCE_NS
        } else {
            0
        };
        change.ns + tolerance < now.ns
    }
}

/// The stories folder at the start of a run.
pub(super) struct RunStart {
    at: FileTime,
    /// The folder, with symbolic links resolved.
    stories: PathBuf,
}

impl RunStart {
    /// The current time, by the clock of the file system of `folder`.
    pub(super) fn now(folder: &Path, stories: &Path) -> Option<Self> {
        Some(Self {
            at: FileTime::now(folder)?,
            stories: stories.canonicalize().ok()?,
        })
    }

    /// Follows the path from the stories folder to the file, through every
    /// symbolic link, and checks each part: a folder changes when an entry is
    /// created, renamed or removed. Folders above the stories folder are not
    /// checked, as moving the project during a run is not supported.
    fn is_unchanged(&self, path: &Path) -> io::Result<bool> {
        let mut current = PathBuf::new();
        let mut remaining: Vec<OsString> = reversed_parts(path);
        let mut links = 0;
        while let Some(step) = remaining.pop() {
            current = match step.to_str() {
                Some(".") => current,
                Some("..") => current.parent().map(Path::to_owned).unwrap_or(current),
                _ => current.join(step),
            };
            let meta = match fs::symlink_metadata(&current) {
                Err(error) if is_absent(&error) => return Ok(true),
                meta => meta?,
            };
            let is_above = current != self.stories && self.stories.starts_with(&current);
            if !is_above && !self.at.is_after(FileTime::of(&meta)) {
                return Ok(false);
            }
            if meta.is_symlink() {
                links += 1;
                if links > MAX_LINKS {
                    return Ok(false);
                }
                remaining.extend(reversed_parts(&fs::read_link(&current)?));
                current.pop();
            }
        }
        Ok(true)
    }
}

/// Determines which files have not changed since the start of the run.
pub(super) struct UnchangedFiles<'a> {
    start: Option<&'a RunStart>,
    known: HashMap<String, bool>,
}

/// A path with more symbolic links is a loop.
const MAX_LINKS: usize = 40;

impl<'a> UnchangedFiles<'a> {
    pub(super) fn new(stories: &Path, start: Option<&'a RunStart>) -> Self {
        let now = stories.canonicalize().ok();
        Self {
            start: start.filter(|start| Some(&start.stories) == now.as_ref()),
            known: HashMap::new(),
        }
    }

    /// Whether the file, or its absence, is unchanged.
    pub(super) fn contains(&mut self, file: &str) -> bool {
        if let Some(&known) = self.known.get(file) {
            return known;
        }
        let unchanged = self.start.is_some_and(|start| {
            paths::resolve(&start.stories, file)
                .is_some_and(|path| start.is_unchanged(&path).unwrap_or(false))
        });
        self.known.insert(file.to_owned(), unchanged);
        unchanged
    }
}

/// The parts of a path, the last one first.
fn reversed_parts(path: &Path) -> Vec<OsString> {
    let parts = path.components().map(|part| part.as_os_str().to_owned());
    parts.rev().collect()
}
