//! Merges two versions of `baselines.lock`.

use std::collections::BTreeSet;

use super::lock_file::{BaselineLock, LockError, Marker};

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
        let names = self.ours.iter().chain(self.theirs.iter());
        let names: BTreeSet<_> = names.map(|(name, _)| name).collect();
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
                        disagreements.push(name.to_owned());
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

#[cfg(test)]
mod tests {
    use super::{MergeSide, MergeSides};
    use crate::baseline::lock_file::samples::{hash, line, lock};
    use crate::baseline::lock_file::{BaselineLock, LockError};

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
