//! Computes the recipe of a snapshot and the fingerprint of a pass.

use blake3::{Hash, Hasher};
use serde::Serialize;
use serde_json::Value;

use super::context::CacheContext;
use super::file_contents::FileContent;
use crate::manifest::{Device, Screen, StorySpec, Theme};
use crate::model::BrowserName;
use crate::plan::Snapshot;

/// Increased when the meaning of a fingerprint changes.
const FORMAT: u32 = 1;

/// The input of a snapshot and its verdict, except files.
#[derive(Serialize)]
struct Recipe<'a> {
    format: u32,
    story: &'a StorySpec,
    theme: &'a Theme,
    screen: Screen,
    device: &'a Device,
    browser: BrowserName,
    context: &'a CacheContext,
}

impl<'a> Recipe<'a> {
    fn of(snapshot: &'a Snapshot, context: &'a CacheContext) -> Self {
        Self {
            format: FORMAT,
            story: &snapshot.story,
            theme: &snapshot.theme,
            screen: snapshot.screen,
            device: &snapshot.device,
            browser: snapshot.browser,
            context,
        }
    }
}

/// The hash under which the passes of a snapshot are stored.
pub(super) fn recipe(snapshot: &Snapshot, context: &CacheContext) -> Option<Hash> {
    let recipe = Recipe::of(snapshot, context);
    // JSON delimits the parts.
    Some(blake3::hash(&serde_json::to_vec(&recipe).ok()?))
}

/// What the recipe of a snapshot is computed from.
pub(super) fn recipe_values(snapshot: &Snapshot, context: &CacheContext) -> Option<Value> {
    serde_json::to_value(Recipe::of(snapshot, context)).ok()
}

/// A short digest of the content of a file, for people.
pub(super) fn short_digest(content: FileContent) -> String {
    match content {
        FileContent::Absent => "absent".to_owned(),
        FileContent::Folder => "folder".to_owned(),
        FileContent::File(hash) => hash.to_hex()[..SHORT_DIGEST].to_owned(),
    }
}

/// The length of a short digest in characters.
pub(super) const SHORT_DIGEST: usize = 16;

/// The fingerprint of a pass: the hash of recipe, baseline, and every file with
/// its content. `None` if the content of a file is unknown.
pub(super) fn pass(
    recipe: &Hash,
    baseline_sha256: &str,
    files: &[String],
    content: impl Fn(&str) -> Option<FileContent>,
) -> Option<Hash> {
    let mut hasher = Hasher::new();
    hasher.update(recipe.as_bytes());
    part(&mut hasher, baseline_sha256.as_bytes());
    for file in files {
        part(&mut hasher, file.as_bytes());
        match content(file)? {
            FileContent::Absent => hasher.update(b"absent"),
            FileContent::Folder => hasher.update(b"folder"),
            FileContent::File(hash) => hasher.update(b"file").update(hash.as_bytes()),
        };
    }
    Some(hasher.finalize())
}

/// Hashes a part of any length, delimited by its length.
fn part(hasher: &mut Hasher, bytes: &[u8]) {
    hasher.update(&(bytes.len() as u64).to_le_bytes());
    hasher.update(bytes);
}
