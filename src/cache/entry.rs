//! What is written down of a pass.

use serde::{Deserialize, Serialize};

use crate::model::now_ms;

/// How long a pass counts: 14 days, in milliseconds. After that the browser
/// has to prove it again.
pub(super) const TTL_MS: i64 = 14 * 24 * 60 * 60 * 1000;

/// A pass of some recipe.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Entry {
    /// The files that the page loaded, below the stories' folder.
    pub(super) files: Vec<String>,
    /// See [`fingerprint::pass`](super::fingerprint::pass), in hexadecimal.
    pub(super) fingerprint: String,
    /// When it was written, in milliseconds since 1970.
    pub(super) at: i64,
}

impl Entry {
    pub(super) fn new(files: Vec<String>, fingerprint: blake3::Hash) -> Self {
        Self {
            files,
            fingerprint: fingerprint.to_hex().to_string(),
            at: now_ms(),
        }
    }

    /// Whether it still counts. A clock that is off is no reason to keep an
    /// entry for ever.
    pub(super) fn is_young(&self) -> bool {
        now_ms().abs_diff(self.at) < TTL_MS.unsigned_abs()
    }
}

/// An entry and where it belongs.
#[derive(Clone, Debug)]
pub(super) struct Named {
    pub(super) story: String,
    pub(super) recipe: blake3::Hash,
    pub(super) entry: Entry,
}

impl Named {
    pub(super) fn new(story: &str, recipe: blake3::Hash, entry: Entry) -> Self {
        Self {
            story: story.to_owned(),
            recipe,
            entry,
        }
    }
}
