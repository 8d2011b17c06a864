//! Generations of entries. Clearing the cache deletes nothing: it raises the
//! generation of what is cleared, and entries of an older one are misses. So
//! running tests are not disturbed, and every machine that shares the cache
//! through Redis sees it.

use std::collections::BTreeMap;
use std::fmt;
use std::io;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::entry::TTL_MS;
use crate::files;
use crate::manifest::StorySpec;
use crate::model::now_ms;

/// How long a generation is kept, in milliseconds: a day longer than entries, so
/// that a run in progress when the cache was cleared has ended.
pub(super) const GENERATION_TTL_MS: i64 = TTL_MS + DAY_MS;

const DAY_MS: i64 = 24 * 60 * 60 * 1000;

/// What to clear.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CacheScope {
    /// Every story.
    All,
    /// The story with this id.
    Story(String),
    /// The stories whose id or page is below this folder, without a trailing `/`.
    Folder(String),
    /// The stories with this tag in a Storybook.
    Tag(String),
}

impl CacheScope {
    /// Whether it covers a story.
    pub fn covers(&self, story: &StorySpec) -> bool {
        match self {
            Self::All => true,
            Self::Story(id) => story.id == *id,
            Self::Folder(folder) => [&story.id, &story.path].into_iter().any(|name| {
                let rest = name.trim_start_matches('/').strip_prefix(folder.as_str());
                rest.is_some_and(|rest| rest.starts_with('/'))
            }),
            Self::Tag(tag) => story.tags().contains(tag),
        }
    }

    /// Reads the text of [`Display`](fmt::Display).
    fn parse(text: &str) -> Self {
        if let Some(tag) = text.strip_prefix('#') {
            return Self::Tag(tag.to_owned());
        }
        match text.strip_suffix('/') {
            _ if text == "*" => Self::All,
            Some(folder) => Self::Folder(folder.to_owned()),
            None => Self::Story(text.to_owned()),
        }
    }
}

impl fmt::Display for CacheScope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::All => f.write_str("*"),
            Self::Story(id) => f.write_str(id),
            Self::Folder(folder) => write!(f, "{folder}/"),
            // No id of a story has this character.
            Self::Tag(tag) => write!(f, "#{tag}"),
        }
    }
}

/// The generation that entries of each scope have at least. A generation is a
/// time in milliseconds, but always higher than the ones before.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Generations(pub(super) BTreeMap<String, i64>);

impl Generations {
    /// Those that were read or written on this machine; none if there are none.
    pub(super) fn read(folder: &Path) -> Self {
        let bytes = files::read(&path(folder), MAX_BYTES);
        let read = bytes
            .ok()
            .and_then(|bytes| serde_json::from_slice(&bytes).ok());
        read.map(Self::cleaned).unwrap_or_default()
    }

    pub(super) fn write(&self, folder: &Path) -> io::Result<()> {
        files::replace(&path(folder), &serde_json::to_vec(self)?)
    }

    /// The generation of entries that are recorded now.
    pub(super) fn current(&self) -> i64 {
        self.0.values().copied().max().unwrap_or(0)
    }

    /// The generation that valid entries of a story have at least.
    pub(super) fn required(&self, story: &StorySpec) -> i64 {
        let scopes = self.0.iter();
        let covering = scopes.filter(|(scope, _)| CacheScope::parse(scope).covers(story));
        covering
            .map(|(_, &generation)| generation)
            .max()
            .unwrap_or(0)
    }

    /// The higher generation of each scope. Order and repetition do not matter.
    pub(super) fn merge(&mut self, other: &Self) {
        for (scope, &generation) in &other.0 {
            let known = self.0.entry(scope.clone()).or_default();
            *known = generation.max(*known);
        }
        *self = std::mem::take(self).cleaned();
    }

    /// Raises the generation of a scope.
    pub(super) fn raise(&mut self, scope: &CacheScope) {
        let next = now_ms().max(self.current() + 1);
        let raised = Self([(scope.to_string(), next)].into());
        self.merge(&raised);
    }

    /// Without generations that matter no more, or from the future, which others
    /// may have written.
    fn cleaned(mut self) -> Self {
        let valid = now_ms() - GENERATION_TTL_MS..=now_ms() + DAY_MS;
        self.0.retain(|_, generation| valid.contains(generation));
        let all = self.0.get("*").copied().unwrap_or(0);
        self.0
            .retain(|scope, generation| scope == "*" || *generation > all);
        self
    }
}

/// The largest file that is read, in bytes.
const MAX_BYTES: u64 = 64 << 20;

fn path(folder: &Path) -> PathBuf {
    folder.join("generations.state")
}

#[cfg(test)]
mod tests {
    use super::{CacheScope, DAY_MS, GENERATION_TTL_MS, Generations};
    use crate::model::now_ms;

    fn of(scopes: &[(&str, i64)]) -> Generations {
        let now = now_ms();
        let scopes = scopes.iter();
        Generations(
            scopes
                .map(|(scope, ms)| ((*scope).to_owned(), now + ms))
                .collect(),
        )
    }

    #[test]
    fn merging_is_commutative_and_idempotent() {
        let (a, b) = (
            of(&[("*", -900), ("x", -1_000), ("y", -500)]),
            of(&[("y", -400)]),
        );
        let (mut left, mut right) = (a.clone(), b.clone());
        left.merge(&b);
        right.merge(&a);
        assert_eq!(left, right);
        left.merge(&a);
        assert_eq!(left, right);
        // The story was cleared before everything was.
        assert!(!left.0.contains_key("x"), "{left:?}");
    }

    #[test]
    fn a_raised_generation_is_the_highest_even_if_the_clock_is_set_back() {
        let mut generations = of(&[("x", 60_000)]);
        let before = generations.current();
        generations.raise(&CacheScope::Story("y".to_owned()));
        assert_eq!(generations.current(), before + 1);
    }

    #[test]
    fn scopes_are_read_as_they_are_written() {
        for scope in [
            CacheScope::All,
            CacheScope::Story("a/b".to_owned()),
            CacheScope::Folder("a/b".to_owned()),
            CacheScope::Tag("beta".to_owned()),
        ] {
            assert_eq!(CacheScope::parse(&scope.to_string()), scope);
        }
    }

    #[test]
    fn old_and_forged_generations_are_ignored() {
        let mut generations = Generations::default();
        generations.merge(&of(&[("x", -GENERATION_TTL_MS - 1), ("*", 2 * DAY_MS)]));
        assert_eq!(generations, Generations::default());
    }
}
