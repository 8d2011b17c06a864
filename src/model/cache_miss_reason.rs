//! Why the cache does not pass a snapshot.

use serde::{Deserialize, Serialize};

/// Why the cache did not pass a snapshot, so that it was captured.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum CacheMissReason {
    /// No pass of it is recorded.
    Unrecorded,
    /// Its last pass is too old.
    Expired,
    /// Its passes were recorded before the cache was cleared.
    Cleared,
    /// It has no baseline, or the baseline is another one.
    Baseline,
    /// A file of its page has changed.
    Files,
    /// Its manifest entry, theme, viewport or device has changed.
    Manifest,
    /// The build or the arguments of the browser have changed.
    Browser,
    /// The fonts of the system have changed.
    Fonts,
    /// Another version of Tintype recorded its passes.
    Version,
    /// The platform, the time zone or a variable has changed.
    Environment,
    /// The cache key of the hooks has changed.
    Hooks,
    /// It is in quarantine.
    Quarantine,
    /// It depends on more than files.
    Uncacheable,
}

impl CacheMissReason {
    /// Its name in documents.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Unrecorded => "unrecorded",
            Self::Expired => "expired",
            Self::Cleared => "cleared",
            Self::Baseline => "baseline",
            Self::Files => "files",
            Self::Manifest => "manifest",
            Self::Browser => "browser",
            Self::Fonts => "fonts",
            Self::Version => "version",
            Self::Environment => "environment",
            Self::Hooks => "hooks",
            Self::Quarantine => "quarantine",
            Self::Uncacheable => "uncacheable",
        }
    }
}

impl std::fmt::Display for CacheMissReason {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.as_str())
    }
}
