//! `baselines.lock`: the SHA-256 of each baseline that is in the artifact store.

use std::collections::{BTreeMap, BTreeSet};
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

/// The sides of a merge, by the words of git.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct MergeSides {
    /// The common ancestor, if it is known.
    pub base: Option<BaselineLock>,
    /// The branch that was checked out.
    pub ours: BaselineLock,
    /// The branch that is merged.
    pub theirs: BaselineLock,
}

/// The side that decides where both sides have changed a baseline.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MergeSide {
    /// The branch that was checked out.
    Ours,
    /// The branch that is merged.
    Theirs,
}

impl BaselineLock {
    /// The name of the file, beside the manifest.
    pub const NAME: &str = "baselines.lock";

    /// Reads the lock file of a project; it is empty if there is none.
    ///
    /// # Errors
    /// When it cannot be read, is invalid, or has conflict markers.
    pub fn read(root: &Path) -> Result<Self, LockError> {
        Self::parse(&Self::text(root)?)
    }

    /// The text of the lock file; empty if there is none.
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

impl MergeSides {
    /// The sides of a file in which git has left conflict markers. The ancestor
    /// is known with `merge.conflictStyle = diff3` or `zdiff3`.
    ///
    /// # Errors
    /// When a side is invalid.
    pub fn parse(text: &str) -> Result<Self, LockError> {
        let (mut ours, mut theirs, mut base) = (String::new(), String::new(), String::new());
        let (mut part, mut has_base) = (None, false);
        for line in text.lines() {
            match Marker::of(line) {
                Some(Marker::End) => part = None,
                Some(marker) => {
                    has_base |= marker == Marker::Base;
                    part = Some(marker);
                }
                None => {
                    let sides: &mut [&mut String] = match part {
                        None | Some(Marker::End) => &mut [&mut ours, &mut theirs, &mut base],
                        Some(Marker::Ours) => &mut [&mut ours],
                        Some(Marker::Theirs) => &mut [&mut theirs],
                        Some(Marker::Base) => &mut [&mut base],
                    };
                    for side in sides {
                        side.push_str(line);
                        side.push('\n');
                    }
                }
            }
        }
        let base = has_base.then(|| BaselineLock::parse(&base)).transpose()?;
        Ok(Self {
            base,
            ours: BaselineLock::parse(&ours)?,
            theirs: BaselineLock::parse(&theirs)?,
        })
    }

    /// Merges the sides baseline by baseline. Without an ancestor, a baseline
    /// that only one side has counts as added.
    ///
    /// # Errors
    /// When both sides have changed a baseline in different ways, and no side is
    /// preferred.
    pub fn merge(&self, preferred: Option<MergeSide>) -> Result<BaselineLock, LockError> {
        let (ours, theirs) = (&self.ours.entries, &self.theirs.entries);
        let names: BTreeSet<_> = ours.keys().chain(theirs.keys()).collect();
        let (mut merged, mut disagreements) = (BaselineLock::default(), Vec::new());
        for name in names {
            let (our, their) = (self.ours.get(name), self.theirs.get(name));
            let base = self.base.as_ref().map(|base| base.get(name));
            let chosen = match base {
                _ if our == their => our,
                Some(base) if base == our => their,
                Some(base) if base == their => our,
                None if our.is_none() || their.is_none() => our.or(their),
                _ => match preferred {
                    Some(MergeSide::Ours) => our,
                    Some(MergeSide::Theirs) => their,
                    None => {
                        disagreements.push(name.clone());
                        continue;
                    }
                },
            };
            merged.set(name, chosen);
        }
        match disagreements.is_empty() {
            true => Ok(merged),
            false => Err(LockError::Disagreement(disagreements)),
        }
    }
}

/// A line that git writes into a file with conflicts, and the part after it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Marker {
    Ours,
    Base,
    Theirs,
    End,
}

impl Marker {
    fn of(line: &str) -> Option<Self> {
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

#[cfg(test)]
mod tests {
    use super::{BaselineLock, LockError, MergeSide, MergeSides};

    fn lock(entries: &[(&str, char)]) -> BaselineLock {
        let mut lock = BaselineLock::default();
        for (name, digit) in entries {
            lock.set(name, Some(&hash(*digit)));
        }
        lock
    }

    fn hash(digit: char) -> String {
        digit.to_string().repeat(64)
    }

    fn line(name: &str, digit: char) -> String {
        format!("\"{name}\" = \"{}\"\n", hash(digit))
    }

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

    /// A file in which git has left a conflict.
    fn conflict(base: Option<&str>, ours: &str, theirs: &str) -> String {
        let base = base.map_or(String::new(), |base| format!("||||||| 0a1b2c3\n{base}"));
        format!(
            "{}<<<<<<< HEAD\n{ours}{base}=======\n{theirs}>>>>>>> other\n{}",
            line("a.png", 'a'),
            line("z.png", 'f')
        )
    }

    #[test]
    fn a_lock_file_with_conflicts_is_not_used() {
        let text = conflict(None, &line("b.png", '1'), &line("c.png", '2'));
        let error = BaselineLock::parse(&text).unwrap_err();
        assert_eq!(error, LockError::Conflict { line: 2 });
        assert!(
            error
                .to_string()
                .contains("cargo tintype baselines resolve")
        );
    }

    #[test]
    fn baselines_that_each_side_has_added_are_both_kept() {
        let text = conflict(None, &line("b.png", '1'), &line("c.png", '2'));
        let merged = MergeSides::parse(&text).unwrap().merge(None).unwrap();
        let expected = [
            ("a.png", 'a'),
            ("b.png", '1'),
            ("c.png", '2'),
            ("z.png", 'f'),
        ];
        assert_eq!(merged, lock(&expected));
    }

    #[test]
    fn with_an_ancestor_only_what_a_side_has_changed_counts() {
        let base = line("b.png", '1') + &line("c.png", '2') + &line("d.png", '3');
        // Ours changes b and removes d; theirs changes c.
        let ours = line("b.png", '4') + &line("c.png", '2');
        let theirs = line("b.png", '1') + &line("c.png", '5') + &line("d.png", '3');
        let sides = MergeSides::parse(&conflict(Some(&base), &ours, &theirs)).unwrap();
        let expected = [
            ("a.png", 'a'),
            ("b.png", '4'),
            ("c.png", '5'),
            ("z.png", 'f'),
        ];
        assert_eq!(sides.merge(None).unwrap(), lock(&expected));
    }

    #[test]
    fn a_baseline_that_both_sides_have_changed_needs_a_choice() {
        let text = conflict(None, &line("b.png", '1'), &line("b.png", '2'));
        let sides = MergeSides::parse(&text).unwrap();
        let error = sides.merge(None).unwrap_err();
        assert_eq!(error, LockError::Disagreement(vec!["b.png".to_owned()]));
        for (side, digit) in [(MergeSide::Ours, '1'), (MergeSide::Theirs, '2')] {
            let merged = sides.merge(Some(side)).unwrap();
            assert_eq!(merged.get("b.png"), Some(&*hash(digit)));
        }
        // One side removes what the other changes.
        let text = conflict(Some(&line("b.png", '0')), "", &line("b.png", '2'));
        let sides = MergeSides::parse(&text).unwrap();
        assert!(sides.merge(None).is_err());
        let merged = sides.merge(Some(MergeSide::Ours)).unwrap();
        assert_eq!(merged.get("b.png"), None);
    }
}
