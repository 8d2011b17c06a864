//! `index.json`, the list of a Storybook's stories.

use std::collections::HashMap;
use std::io::ErrorKind;
use std::path::Path;

use serde::Deserialize;

/// The file's name, since Storybook 7.
pub(in crate::manifest) const FILE: &str = "index.json";

/// The file's name up to Storybook 6.
const OLD_FILE: &str = "stories.json";

/// The supported versions of the file.
const VERSIONS: [u64; 2] = [4, 5];

/// Every story of a Storybook, sorted by id.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(in crate::manifest) struct Index(pub(in crate::manifest) Vec<Entry>);

/// A story as its Storybook lists it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::manifest) struct Entry {
    /// `controls-button--primary`
    pub(in crate::manifest) id: String,
    /// `Controls/Button`
    pub(in crate::manifest) title: String,
    /// `Primary`
    pub(in crate::manifest) name: String,
    pub(in crate::manifest) tags: Vec<String>,
}

/// The index could not be read. The message follows "`storybook` in [stories]".
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::manifest) struct IndexError {
    pub(in crate::manifest) message: String,
    pub(in crate::manifest) help: String,
}

impl IndexError {
    pub(in crate::manifest) fn new(message: impl Into<String>, help: impl Into<String>) -> Self {
        Self {
            message: message.into(),
            help: help.into(),
        }
    }
}

#[derive(Deserialize)]
struct File {
    v: u64,
    #[serde(default)]
    entries: serde_json::Map<String, serde_json::Value>,
}

#[derive(Deserialize)]
struct Listed {
    #[serde(rename = "type")]
    kind: String,
    /// `story` or, for a test below a story, `test`; absent before version 10.
    #[serde(default)]
    subtype: Option<String>,
    id: String,
    title: String,
    name: String,
    #[serde(default)]
    tags: Vec<String>,
}

impl Index {
    /// Reads the index of a built Storybook.
    pub(in crate::manifest) fn read(folder: &Path) -> Result<Self, IndexError> {
        match std::fs::read_to_string(folder.join(FILE)) {
            Ok(text) => Self::parse(&text),
            Err(error) if error.kind() != ErrorKind::NotFound => Err(IndexError::new(
                format!("contains an {FILE} that cannot be read: {error}"),
                "check the permissions of the file",
            )),
            Err(_) if folder.join(OLD_FILE).is_file() => Err(too_old(OLD_FILE)),
            Err(_) => Err(IndexError::new(
                format!("is not a built Storybook: {FILE} is missing"),
                format!(
                    "build the Storybook (`npx storybook build`) to {}",
                    folder.display()
                ),
            )),
        }
    }

    /// Reads an index from its text.
    pub(in crate::manifest) fn parse(text: &str) -> Result<Self, IndexError> {
        let broken = |error: serde_json::Error| {
            IndexError::new(
                format!("has an invalid {FILE}: {error}"),
                "build the Storybook again",
            )
        };
        let file: File = serde_json::from_str(text).map_err(broken)?;
        if file.v < VERSIONS[0] {
            return Err(too_old(&format!("version {} of {FILE}", file.v)));
        }
        if !VERSIONS.contains(&file.v) {
            return Err(IndexError::new(
                format!(
                    "has version {} of {FILE}, but only versions 4 and 5 are supported",
                    file.v
                ),
                "update tintype, or use an older Storybook",
            ));
        }
        let mut entries = Vec::with_capacity(file.entries.len());
        for value in file.entries.into_values() {
            let listed: Listed = serde_json::from_value(value).map_err(broken)?;
            // Documentation pages are left out, and tests, which look like their
            // story.
            let is_story = listed.kind == "story"
                && listed.subtype.as_deref().is_none_or(|kind| kind == "story");
            if is_story {
                entries.push(Entry {
                    id: listed.id,
                    title: listed.title,
                    name: listed.name,
                    tags: listed.tags,
                });
            }
        }
        entries.sort_by(|one, other| one.id.cmp(&other.id));
        Ok(Self(entries))
    }

    /// The entries by id.
    pub(in crate::manifest) fn by_id(&self) -> HashMap<&str, &Entry> {
        self.0
            .iter()
            .map(|entry| (entry.id.as_str(), entry))
            .collect()
    }
}

fn too_old(sign: &str) -> IndexError {
    IndexError::new(
        format!("was built with a Storybook older than version 7: it has {sign}"),
        "upgrade it (`npx storybook@latest upgrade`), or use `url` and `path`",
    )
}

#[cfg(test)]
mod tests {
    use super::{Entry, Index};

    const FIVE: &str = r#"{"v":5,"entries":{
        "b--two":{"type":"story","subtype":"story","id":"b--two","name":"Two","title":"B",
                  "importPath":"./b.js","tags":["dev","test"]},
        "b--two:works":{"type":"story","subtype":"test","id":"b--two:works","name":"works","title":"B"},
        "b--docs":{"type":"docs","id":"b--docs","name":"Docs","title":"B","tags":["autodocs"]},
        "a--one":{"type":"story","id":"a--one","name":"One","title":"A"}}}"#;

    fn error(text: &str) -> String {
        let error = Index::parse(text).unwrap_err();
        format!("{} ({})", error.message, error.help)
    }

    #[test]
    fn lists_only_stories_sorted_by_id() {
        let entry = |id: &str, title: &str, name: &str, tags: &[&str]| Entry {
            id: id.to_owned(),
            title: title.to_owned(),
            name: name.to_owned(),
            tags: tags.iter().map(|&tag| tag.to_owned()).collect(),
        };
        let wanted = vec![
            entry("a--one", "A", "One", &[]),
            entry("b--two", "B", "Two", &["dev", "test"]),
        ];
        assert_eq!(Index::parse(FIVE).unwrap().0, wanted);
        let four = FIVE.replace(r#""v":5"#, r#""v":4"#);
        assert_eq!(Index::parse(&four).unwrap().0.len(), 2);
    }

    #[test]
    fn unsupported_versions_are_named() {
        let three = error(r#"{"v":3,"stories":{}}"#);
        assert!(
            three.contains("older than version 7") && three.contains("upgrade"),
            "{three}"
        );
        let six = error(r#"{"v":6,"entries":{}}"#);
        assert!(
            six.contains("version 6") && six.contains("supported"),
            "{six}"
        );
        let none = error("[]");
        assert!(none.contains("invalid index.json"), "{none}");
    }
}
