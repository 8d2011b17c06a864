//! `known-failure`: what must keep failing, until somebody mends it.

use serde::Serialize;

use super::compare_settings::{PLATFORMS, one_of};
use super::reader::{Problems, Value};
use super::suite::engines;
use crate::model::BrowserName;

/// Why a story's snapshots are expected to fail, and where.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct KnownFailure {
    /// What a person is told.
    pub reason: String,
    /// In which engines; everywhere where none is named.
    pub browsers: Vec<BrowserName>,
    /// On which systems; everywhere where none is named.
    pub platforms: Vec<String>,
}

impl KnownFailure {
    /// Whether this is where the failure is known.
    pub fn applies(&self, browser: BrowserName, platform: &str) -> bool {
        let here = self.platforms.is_empty() || self.platforms.iter().any(|p| p == platform);
        here && (self.browsers.is_empty() || self.browsers.contains(&browser))
    }
}

/// Reads a reason, or `{ reason = "…", browsers = […], platforms = […] }`.
pub(super) fn known_failure(
    value: Option<Value<'_>>,
    problems: &mut Problems,
) -> Option<KnownFailure> {
    let value = value?;
    let everywhere = |reason: &str| KnownFailure {
        reason: reason.to_owned(),
        browsers: Vec::new(),
        platforms: Vec::new(),
    };
    if value.is_text() {
        return value.text(problems).map(everywhere);
    }
    if !value.is_table() {
        problems.add(value.wrong("must say why the story fails: known-failure = \"the reason\""));
        return None;
    }
    let mut table = value.table(problems)?;
    let reason = table.take("reason");
    let (browsers, platforms) = (table.take("browsers"), table.take("platforms"));
    table.finish(problems);
    if reason.is_none() {
        problems.add(value.wrong("gives no `reason`"));
    }
    let browsers = browsers.and_then(|browsers| engines(&browsers, problems));
    let words = PLATFORMS.map(|platform| (platform, platform.to_owned()));
    let platforms = platforms.and_then(|value| value.list(problems));
    let platforms = platforms.unwrap_or_default();
    let platforms = platforms
        .iter()
        .filter_map(|platform| one_of(platform, &words, problems))
        .collect();
    let reason = reason.and_then(|reason| reason.text(problems))?;
    Some(KnownFailure {
        browsers: browsers.unwrap_or_default(),
        platforms,
        ..everywhere(reason)
    })
}
