//! From a Storybook's list and the entries of `[[story]]` to stories.
//!
//! Every story that is wanted is there. An entry with its `id`, or with a
//! `glob`, sets things anew for it; one with `story` is a further story.

use std::collections::HashMap;

use globset::GlobMatcher;

use super::filter::is_named;
use super::{Catalogue, Entry};
use crate::manifest::error::Problem;
use crate::manifest::files;
use crate::manifest::reader::{Problems, Value};
use crate::manifest::story::{StoryEntry, story_defaults};
use crate::manifest::suite::Suite;
use crate::manifest::types::StorySpec;
use crate::model::StoryIdentifier;

/// How many stories are named when none is like the one that is missing.
const MOST_NAMES: usize = 8;

/// Every story by its id, the further ones behind them.
pub(in crate::manifest) fn resolve(
    catalogue: &Catalogue,
    drafts: &[StoryEntry<'_>],
    suite: &Suite,
    problems: &mut Problems,
) -> Vec<StorySpec> {
    if catalogue.is_broken {
        return Vec::new();
    }
    let entries = Entries::of(drafts, catalogue, problems);
    let plain = story_defaults(suite, 0..0);
    let mut stories = Vec::new();
    for entry in &catalogue.index.0 {
        if !catalogue.filter.wants(entry) {
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
            count => format!("`include` and `exclude` leave none of {count} stories"),
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
    StorySpec {
        id: id.to_owned(),
        path,
        storybook: Some(storybook),
        ..story_defaults.clone()
    }
}

/// What would end a parameter, or be read as something else.
const IN_A_QUERY: &percent_encoding::AsciiSet = &percent_encoding::CONTROLS
    .add(b' ')
    .add(b'#')
    .add(b'%')
    .add(b'&')
    .add(b'+')
    .add(b'=');

/// The entries of `[[story]]` by what they are for.
struct Entries<'d, 'a> {
    by_id: HashMap<&'a str, &'d StoryEntry<'a>>,
    globs: Vec<(GlobMatcher, &'d StoryEntry<'a>)>,
    /// Further stories, each with what it shows.
    more: Vec<(&'d StoryEntry<'a>, Entry)>,
}

impl<'d, 'a> Entries<'d, 'a> {
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
                    Some(entry) if !catalogue.filter.wants(entry) => problems.add(
                        place
                            .wrong("names a story that `include` or `exclude` leaves out")
                            .help("leave this entry out as well"),
                    ),
                    Some(_) if entries.by_id.insert(id, draft).is_some() => {
                        problems.add(place.wrong("has an entry already"));
                    }
                    Some(_) => {}
                    None => problems.add(unknown(id, place, catalogue)),
                },
                (None, None, None) => {}
            }
        }
        entries
    }

    /// The entry that is for a story: by its id, or else the first pattern
    /// that it matches.
    fn rule(&self, entry: &Entry) -> Option<&'d StoryEntry<'a>> {
        let pattern = || self.globs.iter().find(|(glob, _)| is_named(glob, entry));
        let by_id = self.by_id.get(entry.id.as_str()).copied();
        by_id.or_else(|| pattern().map(|(_, draft)| *draft))
    }
}

fn unknown(id: &str, place: &Value<'_>, catalogue: &Catalogue) -> Problem {
    let ids = catalogue.index.0.iter().map(|entry| entry.id.as_str());
    let problem = place.wrong(&format!("names `{id}`, which the Storybook does not have"));
    let close = problem.clone().suggest(id, ids.clone());
    match close.label {
        Some(_) => close,
        None => problem.suggest(id, ids.take(MOST_NAMES)),
    }
}

fn matching(
    glob: &str,
    place: &Value<'_>,
    catalogue: &Catalogue,
    problems: &mut Problems,
) -> Option<GlobMatcher> {
    let matcher = match files::pattern(glob) {
        Ok(matcher) => matcher,
        Err(error) => {
            problems.add(place.wrong(&format!("is not a pattern: {}", error.kind())));
            return None;
        }
    };
    let hit = |entry: &Entry| catalogue.filter.wants(entry) && is_named(&matcher, entry);
    if !catalogue.index.0.iter().any(hit) {
        let problem = place.wrong("matches no story of the Storybook, by id or by title");
        problems.add(problem.help("`*` stays between two slashes, `**` does not: \"Controls/**\""));
    }
    Some(matcher)
}
