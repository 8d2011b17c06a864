//! Turns the index of a Storybook and the entries of `[[story]]` into stories.
//!
//! Every included story is shown. An entry with its `id`, or with a `glob`,
//! changes its settings; one with `story` adds another story.

use std::collections::HashMap;

use globset::GlobMatcher;

use super::filter::is_named;
use super::{Catalogue, Entry};
use crate::manifest::error::Problem;
use crate::manifest::pages;
use crate::manifest::reader::{Problems, Value};
use crate::manifest::sections::story::{StoryEntry, story_defaults};
use crate::manifest::sections::suite::Suite;
use crate::manifest::types::StorySpec;
use crate::model::StoryIdentifier;

/// The most stories in a message about a missing one.
const MAX_NAMES: usize = 8;

/// Every story sorted by id, followed by the additional ones.
pub(in crate::manifest) fn resolve(
    catalogue: &Catalogue,
    drafts: &[StoryEntry<'_>],
    suite: &Suite,
    problems: &mut Problems,
) -> Vec<StorySpec> {
    if catalogue.is_broken {
        return Vec::new();
    }
    let entries = StoryEntries::of(drafts, catalogue, problems);
    let plain = story_defaults(suite, 0..0);
    let mut stories = Vec::new();
    for entry in &catalogue.index.0 {
        if !catalogue.filter.includes(entry) {
            continue;
        }
        let unfit = StoryIdentifier::check_story_id(&entry.id).is_err();
        if unfit && entries.more.iter().any(|(_, shown)| shown.id == entry.id) {
            continue;
        }
        let story = match entries.rule(entry) {
            Some(draft) => story(&entry.id, entry, &draft.story_defaults),
            None => story(&entry.id, entry, &plain),
        };
        stories.push(story);
    }
    if stories.is_empty() && problems.0.is_empty() {
        let message = match catalogue.index.0.len() {
            0 => "the Storybook has no stories".to_owned(),
            count => format!("`include` and `exclude` leave out all {count} stories"),
        };
        problems.add(Problem::new(0..0, message));
    }
    let further = entries.more.iter();
    stories.extend(further.map(|(draft, entry)| {
        let id = draft.id.as_ref().map_or(entry.id.as_str(), |(id, _)| *id);
        story(id, entry, &draft.story_defaults)
    }));
    stories
}

fn story(id: &str, entry: &Entry, story_defaults: &StorySpec) -> StorySpec {
    let shown = percent_encoding::utf8_percent_encode(&entry.id, IN_A_QUERY);
    let mut path = format!("iframe.html?id={shown}&viewMode=story");
    let mut storybook = story_defaults.storybook.clone().unwrap_or_default();
    if !storybook.args.is_empty() {
        path.push_str("&args=");
        path.push_str(&storybook.args);
    }
    storybook.id.clone_from(&entry.id);
    storybook.tags.clone_from(&entry.tags);
    StorySpec {
        id: id.to_owned(),
        path,
        storybook: Some(storybook),
        ..story_defaults.clone()
    }
}

/// Characters that mean something else in the value of a parameter.
const IN_A_QUERY: &percent_encoding::AsciiSet = &percent_encoding::CONTROLS
    .add(b' ')
    .add(b'#')
    .add(b'%')
    .add(b'&')
    .add(b'+')
    .add(b'=');

/// The entries of `[[story]]` by the stories that they select.
struct StoryEntries<'d, 'a> {
    by_id: HashMap<&'a str, &'d StoryEntry<'a>>,
    globs: Vec<(GlobMatcher, &'d StoryEntry<'a>)>,
    /// Additional stories, each with the one that it shows.
    more: Vec<(&'d StoryEntry<'a>, Entry)>,
}

impl<'d, 'a> StoryEntries<'d, 'a> {
    fn of(drafts: &'d [StoryEntry<'a>], catalogue: &Catalogue, problems: &mut Problems) -> Self {
        let known = catalogue.index.by_id();
        let mut entries = Self {
            by_id: HashMap::new(),
            globs: Vec::new(),
            more: Vec::new(),
        };
        for draft in drafts {
            match (&draft.story, &draft.glob, &draft.id) {
                (Some((id, place)), _, _) => match known.get(id) {
                    Some(&entry) => entries.more.push((draft, entry.clone())),
                    None => problems.add(unknown(id, place, catalogue)),
                },
                (None, Some((glob, place)), _) => {
                    let globs = matching(glob, place, catalogue, problems);
                    entries.globs.extend(globs.map(|glob| (glob, draft)));
                }
                (None, None, Some((id, place))) => match known.get(id) {
                    Some(entry) if !catalogue.filter.includes(entry) => problems.add(
                        place
                            .wrong("names a story that `include` or `exclude` leaves out")
                            .help("remove this entry, or include the story"),
                    ),
                    Some(_) if entries.by_id.insert(id, draft).is_some() => {
                        problems.add(place.wrong("already has an entry"));
                    }
                    Some(_) => {}
                    None => problems.add(unknown(id, place, catalogue)),
                },
                (None, None, None) => {}
            }
        }
        entries
    }

    /// The entry of a story: by its id, otherwise by the first matching pattern.
    fn rule(&self, entry: &Entry) -> Option<&'d StoryEntry<'a>> {
        let pattern = || self.globs.iter().find(|(glob, _)| is_named(glob, entry));
        let by_id = self.by_id.get(entry.id.as_str()).copied();
        by_id.or_else(|| pattern().map(|(_, draft)| *draft))
    }
}

fn unknown(id: &str, place: &Value<'_>, catalogue: &Catalogue) -> Problem {
    let ids = catalogue.index.0.iter().map(|entry| entry.id.as_str());
    let problem = place.wrong(&format!("names `{id}`, which is not in the Storybook"));
    let close = problem.clone().suggest(id, ids.clone());
    match close.label {
        Some(_) => close,
        None => problem.suggest(id, ids.take(MAX_NAMES)),
    }
}

fn matching(
    glob: &str,
    place: &Value<'_>,
    catalogue: &Catalogue,
    problems: &mut Problems,
) -> Option<GlobMatcher> {
    let matcher = match pages::pattern(glob) {
        Ok(matcher) => matcher,
        Err(error) => {
            problems.add(place.wrong(&format!("is not a valid pattern: {}", error.kind())));
            return None;
        }
    };
    let hit = |entry: &Entry| catalogue.filter.includes(entry) && is_named(&matcher, entry);
    if !catalogue.index.0.iter().any(hit) {
        let problem = place.wrong("matches no id and no title of a story");
        problems.add(problem.help("`*` does not match `/`, `**` does: \"Controls/**\""));
    }
    Some(matcher)
}
