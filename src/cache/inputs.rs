//! Keeps what the recipes of passes were computed from, so that a miss can name
//! the setting that changed. Lookups do not read it.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::input_change::InputChange;
use crate::files;
use crate::model::now_ms;

/// The file of a story, next to its entries.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(super) struct StoryInputs {
    /// By digest: manifest entry, theme, context and so on. Snapshots share most.
    parts: BTreeMap<String, Value>,
    /// By key of the snapshot: its newest pass.
    snapshots: BTreeMap<String, SnapshotInputs>,
}

/// What the recipe of a snapshot was computed from.
#[derive(Debug, Default, Serialize, Deserialize)]
struct SnapshotInputs {
    /// In hexadecimal; empty if it never passed.
    recipe: String,
    /// By name: the digest of the part.
    parts: BTreeMap<String, String>,
    /// Why its last pass was not recorded: it depends on more than files.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    uncacheable: Option<String>,
    /// When it was written, in milliseconds since the Unix epoch.
    at: i64,
}

/// The extension of the files.
pub(super) const EXTENSION: &str = "inputs";

/// The largest file that is read, in bytes.
const MAX_BYTES: u64 = 64 << 20;

impl StoryInputs {
    /// Reads a file; one that is missing or damaged is empty.
    pub(super) fn read(path: &Path) -> Self {
        let bytes = files::read(path, MAX_BYTES).ok();
        let read = bytes.and_then(|bytes| serde_json::from_slice(&bytes).ok());
        read.unwrap_or_default()
    }

    /// Notes the recipe with which a snapshot passed, and its values.
    pub(super) fn note_pass(&mut self, key: &str, recipe: &blake3::Hash, values: Value) {
        let Value::Object(values) = values else {
            return;
        };
        let mut noted = SnapshotInputs {
            recipe: recipe.to_hex().to_string(),
            at: now_ms(),
            ..SnapshotInputs::default()
        };
        for (name, value) in values {
            let hash = blake3::hash(value.to_string().as_bytes()).to_hex();
            let digest = hash[..super::fingerprint::SHORT_DIGEST].to_owned();
            self.parts.entry(digest.clone()).or_insert(value);
            noted.parts.insert(name, digest);
        }
        self.snapshots.insert(key.to_owned(), noted);
        let snapshots = self.snapshots.values();
        let used: BTreeSet<_> = snapshots
            .flat_map(|it| it.parts.values().cloned())
            .collect();
        self.parts.retain(|digest, _| used.contains(digest));
    }

    /// Notes that the passes of a snapshot cannot be recorded.
    pub(super) fn note_uncacheable(&mut self, key: &str, reason: &str) {
        let noted = self.snapshots.entry(key.to_owned()).or_default();
        noted.uncacheable = Some(reason.to_owned());
        noted.at = now_ms();
    }

    /// Why the last pass of a snapshot was not recorded, if it was not.
    pub(super) fn uncacheable(&self, key: &str) -> Option<&str> {
        self.snapshots.get(key)?.uncacheable.as_deref()
    }

    /// The recipe with which a snapshot passed last, in hexadecimal.
    pub(super) fn recipe(&self, key: &str) -> Option<&str> {
        let recipe = &self.snapshots.get(key)?.recipe;
        (!recipe.is_empty()).then_some(recipe)
    }

    /// What differs between the last pass of a snapshot and these values.
    pub(super) fn changes(&self, key: &str, values: &Value) -> Vec<InputChange> {
        let mut changes = Vec::new();
        let (Some(noted), Value::Object(values)) = (self.snapshots.get(key), values) else {
            return changes;
        };
        for (name, value) in values {
            let before = noted.parts.get(name).and_then(|part| self.parts.get(part));
            let before = before.unwrap_or(&Value::Null);
            InputChange::collect(name, before, value, &mut changes);
        }
        changes
    }
}
