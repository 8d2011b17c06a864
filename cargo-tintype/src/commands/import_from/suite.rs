//! The suite of another tool in the form of a manifest.

use std::path::PathBuf;

use serde_json::{Map, Value, json};

/// The side of a viewport that the other tool leaves open.
pub(super) const DEFAULT_HEIGHT: u64 = 720;

/// A converted suite. Sections are JSON with the keys of the manifest.
pub(super) struct ImportedSuite {
    /// The folder of the other tool's project.
    pub(super) folder: PathBuf,
    /// The folder of the new manifest.
    pub(super) here: PathBuf,
    /// The sections, without stories.
    pub(super) sections: Map<String, Value>,
    /// The entries of `[[story]]`.
    pub(super) stories: Vec<Map<String, Value>>,
    pub(super) pictures: Vec<Picture>,
    /// What was not converted, a sentence each.
    pub(super) notes: Vec<String>,
}

/// A picture of the other tool.
pub(super) struct Picture {
    pub(super) file: PathBuf,
    /// The name of the snapshot's test.
    pub(super) snapshot: String,
}

impl ImportedSuite {
    pub(super) fn new(folder: PathBuf, here: PathBuf) -> Self {
        Self {
            folder,
            here,
            sections: Map::new(),
            stories: Vec::new(),
            pictures: Vec::new(),
            notes: Vec::new(),
        }
    }

    /// Notes what was not converted, once.
    pub(super) fn note(&mut self, text: impl Into<String>) {
        let text = text.into();
        if !self.notes.contains(&text) {
            self.notes.push(text);
        }
    }

    /// Sets a key of a section.
    pub(super) fn set(&mut self, section: &str, key: &str, value: impl Into<Value>) {
        let section = self.sections.entry(section).or_insert_with(|| json!({}));
        section[key] = value.into();
    }

    /// A path of the project, relative to the new manifest where possible.
    pub(super) fn relative(&self, path: &str) -> String {
        let absolute = self.folder.join(path.trim_start_matches("./"));
        let relative = absolute.strip_prefix(&self.here).unwrap_or(&absolute);
        relative.display().to_string()
    }

    /// Adds a story under an id that no other has, and returns it.
    pub(super) fn add(&mut self, id: &str, mut story: Map<String, Value>) -> String {
        let is_used = |id: &str, stories: &[Map<String, Value>]| {
            stories.iter().any(|story| story["id"] == id)
        };
        let mut unique = id.to_owned();
        let mut number = 2;
        while is_used(&unique, &self.stories) {
            unique = format!("{id}-{number}");
            number += 1;
        }
        story.insert("id".to_owned(), json!(unique));
        self.stories.push(story);
        unique
    }

    /// Whether anything is masked.
    pub(super) fn has_masks(&self) -> bool {
        let stories = self.stories.iter().filter_map(|story| story.get("capture"));
        let mut captures = self.sections.get("capture").into_iter().chain(stories);
        captures.any(|capture| !capture["mask"].is_null())
    }

    /// Adds a picture of a story in a theme and at a viewport, if it exists.
    pub(super) fn picture(&mut self, file: PathBuf, story: &str, theme: &str, viewport: &str) {
        if file.is_file() {
            let snapshot = format!("{story}::{theme}::{viewport}");
            self.pictures.push(Picture { file, snapshot });
        }
    }
}

/// An id of a story: letters, digits, `.`, `_`, `-` and `/`.
pub(super) fn slug(text: &str) -> String {
    let mut slug = String::new();
    for c in text.chars() {
        if c.is_ascii_alphanumeric() || "._/".contains(c) {
            slug.push(c.to_ascii_lowercase());
        } else if !slug.ends_with('-') && !slug.is_empty() {
            slug.push('-');
        }
    }
    let slug = slug.trim_matches(['-', '/', '.']).to_owned();
    if slug.is_empty() {
        "story".to_owned()
    } else {
        slug
    }
}

/// The name of a theme, browser or viewport, without slashes and dots.
pub(super) fn name_of(text: &str) -> String {
    slug(text).replace(['/', '.'], "-")
}

/// A duration in milliseconds, if it is more than nothing.
pub(super) fn delay(value: &Value) -> Option<Value> {
    let ms = value.as_f64().filter(|ms| *ms >= 1.0)?;
    Some(json!({ "delay": format!("{ms:.0}ms") }))
}

/// The address without its path, and the path with query and fragment.
pub(super) fn split_address(url: &str) -> Option<(&str, &str)> {
    let (scheme, rest) = url.split_once("://")?;
    let length = rest.find(['/', '?', '#']).unwrap_or(rest.len());
    let (origin, path) = url.split_at(scheme.len() + 3 + length);
    let is_server = scheme == "http" || scheme == "https";
    is_server.then_some((origin, if path.is_empty() { "/" } else { path }))
}

#[cfg(test)]
mod tests {
    use super::{slug, split_address};

    #[test]
    fn ids_have_only_their_characters() {
        assert_eq!(slug("Forms/Sign up (new)"), "forms/sign-up-new");
        assert_eq!(slug("/"), "story");
    }

    #[test]
    fn addresses_are_split() {
        let split = |url| split_address(url);
        assert_eq!(split("http://a:1/b?c"), Some(("http://a:1", "/b?c")));
        assert_eq!(split("https://a"), Some(("https://a", "/")));
        assert_eq!(split("file:///a"), None);
        assert_eq!(split("a/b.html"), None);
    }
}
