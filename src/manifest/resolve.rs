//! From the entries of `[[story]]` to stories.

use std::cell::OnceCell;
use std::collections::{HashMap, HashSet};
use std::path::Path;
use std::sync::Arc;

use crate::model::StoryIdentifier;

use super::error::Problem;
use super::files;
use super::reader::{Problems, Value};
use super::story::{StoryEntry, draft, story_defaults, unfit_id};
use super::storybook;
use super::suite::Suite;
use super::types::{Source, StorySpec};

/// How many pages are named when none is like the one that is missing.
const MOST_NAMES: usize = 8;

/// The pages below the source's folder, looked for when somebody asks: a
/// manifest that names each page by its path needs no list.
struct Pages<'a> {
    /// None for a source that is no folder, or whose folder is missing, which
    /// has been told already.
    folder: Option<&'a Path>,
    found: OnceCell<Vec<String>>,
}

impl<'a> Pages<'a> {
    fn of(source: &'a Source) -> Self {
        let folder = match source {
            Source::Dir(folder) => Some(folder.as_path()).filter(|folder| folder.is_dir()),
            _ => None,
        };
        Self {
            folder,
            found: OnceCell::new(),
        }
    }

    fn all(&self, problems: &mut Problems) -> &[String] {
        self.found.get_or_init(|| {
            let found = self.folder.map(files::pages);
            found.unwrap_or(Ok(Vec::new())).unwrap_or_else(|error| {
                let message = format!("failed to list the stories: {error}");
                problems.add(Problem::new(0..0, message));
                Vec::new()
            })
        })
    }
}

/// Every story, in the manifest's order. Without any `[[story]]`, every page
/// below the source's folder.
pub(super) fn read(
    value: Option<&Value<'_>>,
    suite: &Suite,
    problems: &mut Problems,
) -> Vec<Arc<StorySpec>> {
    let drafts: Vec<_> = match value {
        Some(value) => value
            .list(problems)
            .into_iter()
            .flatten()
            .filter_map(|entry| draft(&entry, suite, problems))
            .collect(),
        None => Vec::new(),
    };
    let pages = Pages::of(&suite.source);
    let stories = if let Some(catalogue) = &suite.storybook {
        storybook::resolve(catalogue, &drafts, suite, problems)
    } else if value.is_none() {
        every_page(&pages, suite, problems)
    } else {
        resolve(&drafts, &pages, suite, problems)
    };
    check_ids(&stories, problems);
    stories.into_iter().map(Arc::new).collect()
}

fn every_page(pages: &Pages<'_>, suite: &Suite, problems: &mut Problems) -> Vec<StorySpec> {
    let help = match &suite.source {
        Source::Dir(folder) if !folder.is_dir() => return Vec::new(),
        Source::Dir(folder) => format!("put a page (.html) below {}", folder.display()),
        _ => "name each of them: [[story]] path = \"/button\"".to_owned(),
    };
    let pages = pages.all(problems);
    if pages.is_empty() && !suite.from_code {
        problems.add(Problem::new(0..0, "there are no stories").help(help));
    }
    let story_defaults = story_defaults(suite, 0..0);
    pages
        .iter()
        .map(|page| story(page, &story_defaults))
        .collect()
}

fn story(page: &str, story_defaults: &StorySpec) -> StorySpec {
    StorySpec {
        id: files::id_of(page).unwrap_or(page).to_owned(),
        path: page.to_owned(),
        ..story_defaults.clone()
    }
}

fn resolve(
    drafts: &[StoryEntry<'_>],
    pages: &Pages<'_>,
    suite: &Suite,
    problems: &mut Problems,
) -> Vec<StorySpec> {
    // A page that is named by its path is left to that entry by every pattern.
    let named: HashSet<&str> = drafts
        .iter()
        .filter_map(|draft| draft.path.as_ref())
        .map(|(path, _)| file_of(path))
        .collect();
    let mut stories = Vec::new();
    for draft in drafts {
        match (&draft.path, &draft.glob) {
            (Some((path, place)), None) => {
                let story = by_path(draft, path, place, pages, suite, problems);
                stories.extend(story.into_iter().flat_map(|s| draft.with_named_steps(s)));
            }
            (None, Some((glob, place))) => {
                let pages = matching(glob, place, pages, suite, problems);
                let pages = pages.into_iter().filter(|page| !named.contains(page));
                let found = pages.map(|page| story(page, &draft.story_defaults));
                stories.extend(found.flat_map(|s| draft.with_named_steps(s)));
            }
            _ => {}
        }
    }
    stories
}

/// A path without its query and fragment, and without a leading slash.
fn file_of(path: &str) -> &str {
    let end = path.find(['?', '#']).unwrap_or(path.len());
    path[..end].trim_start_matches('/')
}

fn by_path(
    draft: &StoryEntry<'_>,
    path: &str,
    place: &Value<'_>,
    pages: &Pages<'_>,
    suite: &Suite,
    problems: &mut Problems,
) -> Option<StorySpec> {
    let file = file_of(path);
    if let Source::Dir(folder) = &suite.source
        && folder.is_dir()
    {
        let leaves = file.split('/').any(|segment| segment == "..");
        if leaves {
            problems.add(place.wrong("leaves the folder of the stories"));
            return None;
        }
        if !folder.join(file).is_file() {
            let problem = place.wrong(&format!("does not exist: {}", shown(folder, file)));
            let names = pages.all(problems).iter().map(String::as_str);
            problems.add(problem.suggest(file, names.take(MOST_NAMES)));
            return None;
        }
    }
    let (id, span) = match &draft.id {
        Some((id, place)) => (*id, place.span.clone()),
        None => (files::id_of(file).unwrap_or(file), place.span.clone()),
    };
    if let Some(message) = unfit_id(id) {
        let problem = Problem::new(span, message);
        problems.add(match draft.id {
            Some(_) => problem,
            None => problem.help("give the story an `id`"),
        });
        return None;
    }
    Some(StorySpec {
        id: id.to_owned(),
        path: path.to_owned(),
        ..draft.story_defaults.clone()
    })
}

fn shown(folder: &Path, file: &str) -> String {
    folder.join(file).display().to_string()
}

fn matching<'p>(
    glob: &str,
    place: &Value<'_>,
    pages: &'p Pages<'_>,
    suite: &Suite,
    problems: &mut Problems,
) -> Vec<&'p str> {
    let Source::Dir(folder) = &suite.source else {
        let problem = place.wrong("needs a folder of stories");
        problems.add(problem.help("stories of a `url` are named one by one: path = \"/button\""));
        return Vec::new();
    };
    let matcher = match files::pattern(glob) {
        Ok(matcher) => matcher,
        Err(error) => {
            problems.add(place.wrong(&format!("is not a pattern: {}", error.kind())));
            return Vec::new();
        }
    };
    let found: Vec<_> = pages
        .all(problems)
        .iter()
        .map(String::as_str)
        .filter(|page| matcher.is_match(page))
        .collect();
    if found.is_empty() && folder.is_dir() {
        let problem = place.wrong(&format!("matches no page below {}", folder.display()));
        problems.add(problem.help("`*` stays within a folder, `**` does not: \"**/*.html\""));
    }
    found
}

/// Every id is an id and stands once.
fn check_ids(stories: &[StorySpec], problems: &mut Problems) {
    let mut seen: HashMap<&str, &StorySpec> = HashMap::new();
    for story in stories {
        if let Err(error) = StoryIdentifier::check_story_id(&story.id) {
            problems.add(
                Problem::new(story.declared.clone(), format!("{}: {error}", story.path)).help(
                    match &story.storybook {
                        Some(its) => format!("give it another `id` beside story = \"{}\"", its.id),
                        None => "name the page by its `path` and give it an `id`".to_owned(),
                    },
                ),
            );
        }
        if let Some(first) = seen.insert(&story.id, story) {
            problems.add(
                Problem::new(
                    story.declared.clone(),
                    format!("the story id `{}` stands twice", story.id),
                )
                .label(format!("for {}", story.path))
                .help(format!("the first is for {}", first.path)),
            );
        }
    }
}
