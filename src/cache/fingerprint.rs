//! What two passes must have in common to be the same pass.

use blake3::{Hash, Hasher};
use serde::Serialize;

use super::Context;
use super::contents::Content;
use crate::manifest::{Device, Screen, StorySpec, Theme};
use crate::model::BrowserName;
use crate::plan::Snapshot;

/// Goes up when the meaning of a fingerprint changes.
const FORMAT: u32 = 1;

/// All that decides a snapshot's pixels and verdict but files.
#[derive(Serialize)]
struct Recipe<'a> {
    format: u32,
    story: &'a StorySpec,
    theme: &'a Theme,
    screen: Screen,
    device: &'a Device,
    browser: BrowserName,
    context: &'a Context,
}

/// The hash under which passes of a snapshot are kept.
pub(super) fn recipe(snapshot: &Snapshot, context: &Context) -> Option<Hash> {
    let recipe = Recipe {
        format: FORMAT,
        story: &snapshot.story,
        theme: &snapshot.theme,
        screen: snapshot.screen,
        device: &snapshot.device,
        browser: snapshot.browser,
        context,
    };
    // JSON says where each part ends.
    Some(blake3::hash(&serde_json::to_vec(&recipe).ok()?))
}

/// The fingerprint of a pass: recipe, baseline, and every file with what
/// stands in it. None when the content of one is not known.
pub(super) fn pass(
    recipe: &Hash,
    baseline_sha256: &str,
    files: &[String],
    content: impl Fn(&str) -> Option<Content>,
) -> Option<Hash> {
    let mut hasher = Hasher::new();
    hasher.update(recipe.as_bytes());
    part(&mut hasher, baseline_sha256.as_bytes());
    for file in files {
        part(&mut hasher, file.as_bytes());
        match content(file)? {
            Content::Absent => hasher.update(b"absent"),
            Content::Folder => hasher.update(b"folder"),
            Content::File(hash) => hasher.update(b"file").update(hash.as_bytes()),
        };
    }
    Some(hasher.finalize())
}

/// A part of any length, told from its neighbours by its length.
fn part(hasher: &mut Hasher, bytes: &[u8]) {
    hasher.update(&(bytes.len() as u64).to_le_bytes());
    hasher.update(bytes);
}
