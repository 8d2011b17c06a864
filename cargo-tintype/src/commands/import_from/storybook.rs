//! The stories of a built Storybook.

use std::path::Path;

use serde_json::Value;

/// A story of a Storybook.
pub(super) struct BuiltStory {
    pub(super) id: String,
    pub(super) title: String,
    pub(super) name: String,
}

/// The stories of the build in `folder`; empty without one.
pub(super) fn stories(folder: &Path) -> Vec<BuiltStory> {
    let index = std::fs::read(folder.join("index.json")).unwrap_or_default();
    let index: Value = serde_json::from_slice(&index).unwrap_or_default();
    let entries = index["entries"].as_object().into_iter().flatten();
    let stories = entries.filter(|(_, entry)| entry["type"] == "story");
    stories
        .filter_map(|(id, entry)| {
            Some(BuiltStory {
                id: id.clone(),
                title: entry["title"].as_str()?.to_owned(),
                name: entry["name"].as_str()?.to_owned(),
            })
        })
        .collect()
}
