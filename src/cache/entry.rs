//! The stored form of a pass.

use serde::{Deserialize, Serialize};

use crate::model::{EnvironmentChange, Measurements, PageError, now_ms};

/// A snapshot that passed, with what its result reports although it passed.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct CachedPass {
    /// SHA-256 of the baseline's file, in lowercase hexadecimal.
    pub baseline_sha256: String,
    /// What differs from the environment of the baseline.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub environment_changed: Vec<EnvironmentChange>,
    /// Errors of the page.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub page_errors: Vec<PageError>,
    /// The measurements of the page.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub measurements: Option<Measurements>,
}

impl CachedPass {
    /// A pass without anything to report.
    pub fn new(baseline_sha256: String) -> Self {
        Self {
            baseline_sha256,
            ..Self::default()
        }
    }
}

/// How long an entry is valid: 14 days, in milliseconds.
pub(super) const TTL_MS: i64 = 14 * 24 * 60 * 60 * 1000;

/// A pass of a recipe.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct CacheEntry {
    /// The files that the page loaded, relative to the stories folder.
    pub(super) files: Vec<String>,
    /// The short digest of each file, to tell which one has changed.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(super) digests: Vec<String>,
    /// The fingerprint of the pass in hexadecimal.
    pub(super) fingerprint: String,
    /// What was recorded of the pass.
    #[serde(flatten)]
    pub(super) pass: CachedPass,
    /// When it was written, in milliseconds since the Unix epoch.
    pub(super) at: i64,
    /// The generation of the cache in which it was recorded.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub(super) generation: i64,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes references")]
fn is_zero(number: &i64) -> bool {
    *number == 0
}

impl CacheEntry {
    pub(super) fn new(
        files: Vec<String>,
        digests: Vec<String>,
        fingerprint: blake3::Hash,
        pass: CachedPass,
    ) -> Self {
        Self {
            files,
            digests,
            fingerprint: fingerprint.to_hex().to_string(),
            pass,
            at: now_ms(),
            generation: 0,
        }
    }

    /// The same entry of a generation.
    pub(super) fn of_generation(self, generation: i64) -> Self {
        Self { generation, ..self }
    }

    /// Whether its fields have the form that this version writes.
    pub(super) fn is_well_formed(&self) -> bool {
        let is_hash = |text: &str| text.len() == 64 && text.bytes().all(|b| b.is_ascii_hexdigit());
        is_hash(&self.fingerprint)
            && is_hash(&self.pass.baseline_sha256)
            && [0, self.files.len()].contains(&self.digests.len())
    }

    /// Whether it has not expired. An entry from the future expires as well, in
    /// case the clock was wrong.
    pub(super) fn is_valid(&self) -> bool {
        now_ms().abs_diff(self.at) < TTL_MS.unsigned_abs()
    }
}

/// An entry with its story and recipe.
#[derive(Clone, Debug)]
pub(super) struct KeyedEntry {
    pub(super) story: String,
    pub(super) recipe: blake3::Hash,
    pub(super) entry: CacheEntry,
}

impl KeyedEntry {
    pub(super) fn new(story: &str, recipe: blake3::Hash, entry: CacheEntry) -> Self {
        Self {
            story: story.to_owned(),
            recipe,
            entry,
        }
    }
}
