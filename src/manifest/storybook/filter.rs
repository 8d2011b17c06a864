//! `include` and `exclude`: which stories of a Storybook to show.

use globset::GlobMatcher;

use super::{Entry, Index};
use crate::manifest::pages;
use crate::manifest::reader::{Problems, Value};

/// The patterns of `include` and `exclude`.
#[derive(Default)]
pub(in crate::manifest) struct Filter {
    /// `None` includes all stories.
    include: Option<Vec<Pattern>>,
    exclude: Vec<Pattern>,
}

/// A pattern and what it matches.
enum Pattern {
    Id(GlobMatcher),
    Title(GlobMatcher),
    Tag(GlobMatcher),
    /// An id or a title.
    Any(GlobMatcher),
}

impl Filter {
    /// Whether a story is shown.
    pub(in crate::manifest) fn includes(&self, entry: &Entry) -> bool {
        let any = |patterns: &[Pattern]| patterns.iter().any(|pattern| pattern.matches(entry));
        self.include.as_deref().is_none_or(any) && !any(&self.exclude)
    }
}

impl Pattern {
    fn matches(&self, entry: &Entry) -> bool {
        let title = |glob: &GlobMatcher| {
            // `Controls/**` matches `Controls/Button` and each of its stories,
            // such as `Controls/Button/Primary`.
            let whole = || format!("{}/{}", entry.title, entry.name);
            glob.is_match(&entry.title) || glob.is_match(whole())
        };
        match self {
            Self::Id(glob) => glob.is_match(&entry.id),
            Self::Title(glob) => title(glob),
            Self::Tag(glob) => entry.tags.iter().any(|tag| glob.is_match(tag)),
            Self::Any(glob) => glob.is_match(&entry.id) || title(glob),
        }
    }
}

/// Whether an id or a title of this entry matches a glob.
pub(super) fn is_named(glob: &GlobMatcher, entry: &Entry) -> bool {
    Pattern::Any(glob.clone()).matches(entry)
}

/// Reads `include` and `exclude`. A pattern of `include` must match a story.
pub(in crate::manifest) fn filter(
    include: Option<&Value<'_>>,
    exclude: Option<&Value<'_>>,
    index: &Index,
    problems: &mut Problems,
) -> Filter {
    let mut read = |value: &Value<'_>, must_match: bool| -> Vec<Pattern> {
        let items = value.list(problems).unwrap_or_default();
        let mut patterns = Vec::with_capacity(items.len());
        for item in items {
            let Some(pattern) = pattern(&item, problems) else {
                continue;
            };
            let idle = !index.0.iter().any(|entry| pattern.matches(entry));
            if must_match && idle {
                let problem =
                    item.wrong("contains a pattern that matches no story of the Storybook");
                problems.add(problem.help(
                    "`*` does not match `/`, `**` does: \"Controls/**\", \
                     { id = \"button--*\" }, { tag = \"visual\" }",
                ));
            }
            patterns.push(pattern);
        }
        patterns
    };
    Filter {
        include: include.map(|value| read(value, true)),
        exclude: exclude.map_or_else(Vec::new, |value| read(value, false)),
    }
}

/// A text, or a table with one of `id`, `title` and `tag`.
fn pattern(value: &Value<'_>, problems: &mut Problems) -> Option<Pattern> {
    if value.is_text() {
        return glob(value, problems).map(Pattern::Any);
    }
    if !value.is_table() {
        problems.add(value.expected("a pattern such as \"Controls/**\" or { tag = \"visual\" }"));
        return None;
    }
    let mut table = value.table(problems)?;
    let (id, title, tag) = (table.take("id"), table.take("title"), table.take("tag"));
    table.finish(problems);
    let mut read = |value: &Value<'_>| glob(value, problems);
    match (&id, &title, &tag) {
        (Some(id), None, None) => read(id).map(Pattern::Id),
        (None, Some(title), None) => read(title).map(Pattern::Title),
        (None, None, Some(tag)) => read(tag).map(Pattern::Tag),
        _ => {
            problems.add(
                value.wrong("contains a pattern that must set one of `id`, `title` and `tag`"),
            );
            None
        }
    }
}

fn glob(value: &Value<'_>, problems: &mut Problems) -> Option<GlobMatcher> {
    let text = value.text(problems)?;
    pages::pattern(text)
        .map_err(|error| {
            problems.add(value.wrong(&format!("is not a valid pattern: {}", error.kind())));
        })
        .ok()
}
