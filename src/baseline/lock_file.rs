//! `baselines.lock`: the SHA-256 of each baseline that is in the artifact store.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::io::{self, ErrorKind};
use std::path::Path;

use crate::artifacts::ObjectKey;
use crate::files;

const HEADER: &str = "# The SHA-256 of each baseline. `cargo tintype accept` edits it, `cargo \
                      tintype pull` fetches the files.\n";

/// The largest lock file that is read, in bytes: several 100,000 baselines.
const MAX_BYTES: u64 = 256 << 20;

/// The baselines of a project: SHA-256 by path below the manifest's folder.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct BaselineLock {
    entries: BTreeMap<String, String>,
}

/// A lock file cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum LockError {
    /// It cannot be read or written.
    #[error("failed to {action} {}: {reason}", BaselineLock::NAME)]
    File {
        /// The verb.
        action: &'static str,
        /// The reason.
        reason: String,
    },
    /// Git has left both sides of a merge.
    #[error(
        "{}:{line} has conflict markers of git\n\
         help: resolve them with `cargo tintype baselines resolve`",
        BaselineLock::NAME
    )]
    Conflict {
        /// The line of the first marker.
        line: usize,
    },
    /// A line is not a baseline.
    #[error(
        "{}:{line} is invalid: expected `\"path.png\" = \"SHA-256\"`\n\
         help: restore the file from version control",
        BaselineLock::NAME
    )]
    Invalid {
        /// The line.
        line: usize,
    },
    /// Both sides of a merge have another picture of the same baselines.
    #[error(
        "both sides of the merge have changed {}\n\
         help: choose a side with `cargo tintype baselines resolve --ours` or `--theirs`, then \
         run the tests",
        .0.join(", ")
    )]
    Disagreement(Vec<String>),
}

impl BaselineLock {
    /// The name of the file, beside the manifest.
    pub const NAME: &str = "baselines.lock";

    /// Reads the lock file of a project. A missing file is an empty one.
    ///
    /// # Errors
    /// When it cannot be read, is invalid, or has conflict markers.
    pub fn read(root: &Path) -> Result<Self, LockError> {
        Self::parse(&Self::text(root)?)
    }

    /// Returns the text of the lock file. A missing file is an empty one.
    ///
    /// # Errors
    /// When it cannot be read.
    pub fn text(root: &Path) -> Result<String, LockError> {
        let read = files::read(&root.join(Self::NAME), MAX_BYTES).and_then(|bytes| {
            String::from_utf8(bytes).map_err(|_| io::Error::other("it is not UTF-8"))
        });
        match read {
            Ok(text) => Ok(text),
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(String::new()),
            Err(error) => Err(LockError::File {
                action: "read",
                reason: error.to_string(),
            }),
        }
    }

    /// Parses a lock file.
    ///
    /// # Errors
    /// When it is invalid or has conflict markers.
    pub fn parse(text: &str) -> Result<Self, LockError> {
        let mut lines = text.lines().zip(1..);
        if let Some((_, line)) = lines.find(|(line, _)| Marker::of(line).is_some()) {
            return Err(LockError::Conflict { line });
        }
        let table: toml::Table = text.parse().map_err(|error: toml::de::Error| {
            let offset = error.span().map_or(0, |span| span.start);
            let before = text.get(..offset).unwrap_or_default();
            LockError::Invalid {
                line: before.matches('\n').count() + 1,
            }
        })?;
        let mut entries = BTreeMap::new();
        for (name, value) in table {
            let hash = value
                .as_str()
                .filter(|hash| ObjectKey::picture(hash).is_some());
            let Some(hash) = hash.filter(|_| is_path(&name)) else {
                return Err(LockError::Invalid {
                    line: line_of(text, &name),
                });
            };
            entries.insert(name, hash.to_owned());
        }
        Ok(Self { entries })
    }

    /// Writes the lock file of a project.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn write(&self, root: &Path) -> Result<(), LockError> {
        let written = files::replace_durably(&root.join(Self::NAME), self.to_text().as_bytes());
        written.map_err(|error| LockError::File {
            action: "write",
            reason: error.to_string(),
        })
    }

    /// The file: sorted, one baseline on each line.
    pub fn to_text(&self) -> String {
        let mut text = HEADER.to_owned();
        for (name, hash) in &self.entries {
            let name = toml::Value::String(name.clone());
            // Writing to a text cannot fail.
            let _ = writeln!(text, "{name} = \"{hash}\"");
        }
        text
    }

    /// The SHA-256 of a baseline.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.entries.get(name).map(String::as_str)
    }

    /// Sets or removes the SHA-256 of a baseline.
    pub fn set(&mut self, name: &str, hash: Option<&str>) {
        match hash {
            Some(hash) => self.entries.insert(name.to_owned(), hash.to_owned()),
            None => self.entries.remove(name),
        };
    }

    /// All baselines: path and SHA-256, sorted.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        let entries = self.entries.iter();
        entries.map(|(name, hash)| (name.as_str(), hash.as_str()))
    }

    /// The number of baselines.
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Whether there is no baseline.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }
}

/// A line that git writes into a file with conflicts, and the part after it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Marker {
    Ours,
    Base,
    Theirs,
    End,
}

impl Marker {
    pub(super) fn of(line: &str) -> Option<Self> {
        let word = line.split(' ').next().unwrap_or_default();
        Some(match word {
            "<<<<<<<" => Self::Ours,
            "|||||||" => Self::Base,
            "=======" => Self::Theirs,
            ">>>>>>>" => Self::End,
            _ => return None,
        })
    }
}

/// Whether a name is a relative path that stays in its folder.
fn is_path(name: &str) -> bool {
    use std::path::Component;
    let mut parts = Path::new(name).components();
    name.ends_with(".png") && parts.all(|part| matches!(part, Component::Normal(_)))
}

/// The line that has a name, from 1.
fn line_of(text: &str, name: &str) -> usize {
    let found = text.lines().position(|line| line.contains(name));
    found.map_or(1, |line| line + 1)
}

/// Lock files for tests.
#[cfg(test)]
pub(super) mod samples {
    use super::BaselineLock;

    pub(in crate::baseline) fn lock(entries: &[(&str, char)]) -> BaselineLock {
        let mut lock = BaselineLock::default();
        for (name, digit) in entries {
            lock.set(name, Some(&hash(*digit)));
        }
        lock
    }

    pub(in crate::baseline) fn hash(digit: char) -> String {
        digit.to_string().repeat(64)
    }

    pub(in crate::baseline) fn line(name: &str, digit: char) -> String {
        format!("\"{name}\" = \"{}\"\n", hash(digit))
    }
}

#[cfg(test)]
mod tests {
    use super::samples::{hash, line, lock};
    use super::{BaselineLock, LockError};

    #[test]
    fn a_lock_file_is_sorted_and_read_back() {
        let lock = lock(&[("b/z.png", '2'), ("a.png", '1')]);
        let text = lock.to_text();
        let lines: Vec<_> = text.lines().skip(1).collect();
        assert_eq!(lines[0], line("a.png", '1').trim_end());
        assert_eq!(lines.len(), 2);
        assert_eq!(BaselineLock::parse(&text).unwrap(), lock);
        assert_eq!(BaselineLock::parse("").unwrap(), BaselineLock::default());
    }

    #[test]
    fn invalid_lines_are_named() {
        for (bad, number) in [
            ("\"a.png\" = \"1\"", 2),
            ("\"../a.png\" = \"{hash}\"", 2),
            ("\"/a.png\" = \"{hash}\"", 2),
            ("\"a.txt\" = \"{hash}\"", 2),
            ("\"a.png\" = 7", 2),
            ("what", 2),
            ("\"0.png\" = \"{hash}\"", 2),
        ] {
            let bad = bad.replace("{hash}", &hash('2'));
            let text = line("0.png", '0') + &bad;
            let error = BaselineLock::parse(&text).unwrap_err();
            assert_eq!(error, LockError::Invalid { line: number }, "{bad}");
        }
    }
}
