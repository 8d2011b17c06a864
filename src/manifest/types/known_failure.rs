//! Known failures.

use serde::Serialize;

use crate::model::BrowserName;

/// A story whose snapshots are expected to fail.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(crate) struct KnownFailure {
    /// The reason, for people.
    pub reason: String,
    /// The engines that fail; empty means all.
    pub browsers: Vec<BrowserName>,
    /// The platforms that fail; empty means all.
    pub platforms: Vec<String>,
}

impl KnownFailure {
    /// Whether an engine on a platform is expected to fail.
    pub(crate) fn applies(&self, browser: BrowserName, platform: &str) -> bool {
        let here = self.platforms.is_empty() || self.platforms.iter().any(|p| p == platform);
        here && (self.browsers.is_empty() || self.browsers.contains(&browser))
    }
}
