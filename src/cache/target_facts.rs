//! Facts about the test target, which decide whether a pass is in the cache and
//! which commands cannot see. The last run leaves them for `cargo tintype cache`.

use std::path::Path;

use serde::{Deserialize, Serialize};

use crate::files;

/// What only the test target knows.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct TestTargetFacts {
    /// The version of this crate that it was built with, as in
    /// [`CacheContext`](super::CacheContext).
    pub tintype: String,
    /// The cache key of its hooks.
    pub hooks: Option<String>,
    /// Whether it has hooks without such a key, so that nothing is cached.
    pub has_hooks_without_key: bool,
}

/// The largest file that is read, in bytes.
const MAX_BYTES: u64 = 1 << 20;

const NAME: &str = "test-target.state";

impl TestTargetFacts {
    /// Those of the last run; `None` if there was none.
    pub fn read(cache: &Path) -> Option<Self> {
        let bytes = files::read(&cache.join(NAME), MAX_BYTES).ok()?;
        serde_json::from_slice(&bytes).ok()
    }

    /// Leaves them for commands. Without them the commands know less.
    pub(crate) fn write(&self, cache: &Path) {
        if Self::read(cache).as_ref() == Some(self) {
            return;
        }
        if let Ok(bytes) = serde_json::to_vec(self) {
            let _ = files::replace(&cache.join(NAME), &bytes);
        }
    }
}
