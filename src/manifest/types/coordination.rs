//! What a story waits for: other stories and locks.

use std::ops::Range;

use serde::Serialize;

/// A story that must have passed before another one runs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(crate) struct Dependency {
    /// The id of the story that must have passed.
    pub story: String,
    /// The bytes of the manifest that name it; empty for a story of the test
    /// target.
    #[serde(skip)]
    pub declared: Range<usize>,
}

/// A lock that a story holds while it is captured.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct StoryLock {
    /// Its name, which other runs may use too.
    pub name: String,
    /// How many stories may hold it at once, at least 1.
    pub slots: u32,
}

impl StoryLock {
    /// The most slots.
    pub(in crate::manifest) const MAX_SLOTS: u32 = 1_000;

    /// Whether a text is a valid name of a lock or of a sync point.
    pub(in crate::manifest) fn is_name(text: &str) -> bool {
        let is_allowed = |c: char| c.is_ascii_alphanumeric() || "._-".contains(c);
        (1..=100).contains(&text.len()) && text.chars().all(is_allowed)
    }
}
