//! Reads `quarantine.toml`, which stands beside the manifest.

use std::path::{Path, PathBuf};

use jiff::civil::Date;
use toml::de::{DeTable, DeValue};

use crate::model::{StoryIdentifier, Viewport};

use super::error::{ManifestError, Problem};
use super::load::syntax;
use super::reader::{Problems, Table, Value};
use super::types::{Quarantine, SnapshotSelector};

/// The name of the file.
const QUARANTINE_FILE: &str = "quarantine.toml";

impl Quarantine {
    /// Where the quarantines of a manifest are: beside it.
    pub fn file(manifest: &Path) -> PathBuf {
        manifest.with_file_name(QUARANTINE_FILE)
    }

    /// Reads every entry of the file beside a manifest. None if there is no file.
    ///
    /// # Errors
    /// When the file cannot be read or has errors.
    pub fn load(manifest: &Path) -> Result<Vec<Self>, ManifestError> {
        let path = Self::file(manifest);
        match std::fs::read_to_string(&path) {
            Ok(source) => Self::parse(&path, &source),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(Vec::new()),
            Err(error) => Err(ManifestError::Read {
                path,
                reason: error.to_string(),
                hint: "",
            }),
        }
    }

    /// Reads every entry of the text of a file. Errors name `path`.
    ///
    /// # Errors
    /// When the text has errors.
    pub fn parse(path: &Path, source: &str) -> Result<Vec<Self>, ManifestError> {
        let (document, broken) = DeTable::parse_recoverable(source);
        if !broken.is_empty() {
            return Err(ManifestError::invalid(path, source, syntax(&broken)));
        }
        let mut problems = Problems::default();
        let mut table = Table::document(document.get_ref());
        let entries = table.take("quarantine");
        table.finish(&mut problems);
        let entries = entries.and_then(|entries| entries.list(&mut problems));
        let entries: Vec<Self> = entries
            .into_iter()
            .flatten()
            .filter_map(|value| entry(&value, source, &mut problems))
            .collect();
        if !problems.0.is_empty() {
            return Err(ManifestError::invalid(path, source, problems.0));
        }
        Ok(entries)
    }
}

fn entry(value: &Value<'_>, source: &str, problems: &mut Problems) -> Option<Quarantine> {
    let mut table = value.table(problems)?;
    let mut take = |key| table.take(key);
    let (story, theme, viewport) = (take("story"), take("theme"), take("viewport"));
    let (until, reason, since) = (take("until"), take("reason"), take("since"));
    let (commit, difference) = (take("commit"), take("difference"));
    table.finish(problems);
    for (key, given) in [("story", &story), ("until", &until), ("reason", &reason)] {
        if given.is_none() {
            problems.add(value.wrong(&format!("is missing the key `{key}`")));
        }
    }
    let mut text = |value: Option<Value<'_>>| {
        let text = value.and_then(|value| value.text(problems));
        text.map(str::to_owned)
    };
    let (theme, reason) = (text(theme), text(reason));
    let (commit, difference) = (text(commit), text(difference));
    let story = story.and_then(|story| story_id(&story, problems));
    let viewport = viewport.and_then(|viewport| viewport_of(&viewport, problems));
    let until = until.and_then(|until| date(&until, problems));
    Some(Quarantine {
        snapshots: SnapshotSelector {
            story: story?,
            theme,
            viewport,
        },
        until: until?,
        reason: reason?,
        since: since.and_then(|since| date(&since, problems)),
        commit,
        difference,
        line: 1 + source[..value.span.start].matches('\n').count(),
    })
}

fn story_id(value: &Value<'_>, problems: &mut Problems) -> Option<String> {
    let text = value.text(problems)?;
    // Suffixes of a browser and a scale are part of an id here.
    let id = text.split('@').next().unwrap_or_default();
    if let Err(error) = StoryIdentifier::check_story_id(id) {
        problems.add(value.wrong(&format!("is not the id of a story: {error}")));
    }
    Some(text.to_owned())
}

fn viewport_of(value: &Value<'_>, problems: &mut Problems) -> Option<Viewport> {
    let viewport = value.text(problems)?.parse().ok();
    if viewport.is_none() {
        problems.add(value.expected("a width and a height, as in \"1280x720\""));
    }
    viewport
}

/// Reads `2026-12-31`, with quotes or without.
fn date(value: &Value<'_>, problems: &mut Problems) -> Option<Date> {
    let text = match value.inner() {
        DeValue::Datetime(moment) => Some(moment.to_string()),
        DeValue::String(text) => Some(text.to_string()),
        _ => None,
    };
    let date = text.and_then(|text| text.parse().ok());
    if date.is_none() {
        let problem: Problem = value.expected("a date, as in 2026-12-31");
        problems.add(problem);
    }
    date
}

#[cfg(test)]
mod tests {
    use super::*;

    const ENTRY: &str = "[[quarantine]]\nstory = \"menu@firefox\"\nuntil = 2026-12-31\n\
        reason = \"issue 12\"\n";

    fn parsed(source: &str) -> Result<Vec<Quarantine>, String> {
        let parsed = Quarantine::parse("quarantine.toml".as_ref(), source);
        parsed.map_err(|error| error.to_string())
    }

    #[test]
    fn entries_are_read_with_their_lines() {
        let source = format!(
            "# Reviewed like code.\n\n{ENTRY}\n[[quarantine]]\nstory = \"a\"\ntheme = \"dark\"\n\
             viewport = \"10x20\"\nuntil = \"2027-01-01\"\nreason = \"r\"\nsince = 2026-11-01\n\
             commit = \"abc\"\ndifference = \"f00\"\n"
        );
        let entries = parsed(&source).unwrap();
        assert_eq!((entries[0].line, entries[1].line), (3, 8));
        assert_eq!(entries[0].until, Date::constant(2026, 12, 31));
        assert_eq!(entries[0].snapshots.to_string(), "menu@firefox");
        assert_eq!(entries[1].snapshots.to_string(), "a::dark::10x20");
        assert_eq!(entries[1].until, Date::constant(2027, 1, 1));
        assert_eq!(entries[1].since, Some(Date::constant(2026, 11, 1)));
        assert_eq!(entries[1].difference.as_deref(), Some("f00"));
    }

    #[test]
    fn errors_name_line_and_key() {
        let unknown = format!("{ENTRY}untill = 2027-01-01\n");
        for (source, line, message) in [
            (
                "[[quarantine]]\nstory = \"a\"\nreason = \"r\"\n",
                1,
                "is missing the key `until`",
            ),
            (&ENTRY.replace("2026-12-31", "2026-13-31"), 3, "date"),
            (
                &ENTRY.replace("2026-12-31", "\"soon\""),
                3,
                "expected a date",
            ),
            (
                &ENTRY.replace("menu@firefox", "a b"),
                2,
                "is not the id of a story",
            ),
            (
                &format!("{ENTRY}viewport = \"wide\"\n"),
                5,
                "expected a width and a height",
            ),
            (&unknown, 5, "unknown key `untill`"),
            ("quarantined = []\n", 1, "unknown key `quarantined`"),
        ] {
            let error = parsed(source).unwrap_err();
            assert!(error.contains(message), "{error}");
            assert!(
                error.contains(&format!("quarantine.toml:{line}:")),
                "{error}"
            );
        }
    }
}
