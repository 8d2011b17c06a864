//! Turns the entries of `[[story]]` into stories.

use std::cell::OnceCell;
use std::collections::{HashMap, HashSet};
use std::path::Path;
use std::sync::Arc;

use crate::model::StoryIdentifier;

use super::dependencies;
use super::error::Problem;
use super::pages;
use super::reader::{Problems, Value};
use super::sections::story::{StoryEntry, read_entry, story_defaults, unfit_id};
use super::sections::suite::Suite;
use super::storybook;
use super::types::{Source, StorySpec};

/// The most pages in a message about a missing one.
const MAX_NAMES: usize = 8;

/// The pages below the source's folder, listed on demand: a manifest that names
/// each page by its path does not need the list.
struct Pages<'a> {
    /// `None` if the source is not a folder, or the folder is missing.
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
            let found = self.folder.map(pages::pages);
            found.unwrap_or(Ok(Vec::new())).unwrap_or_else(|error| {
                let message = format!("failed to list the stories: {error}");
                problems.add(Problem::new(0..0, message));
                Vec::new()
            })
        })
    }
}

/// Every story, in the manifest's order. Without any `[[story]]` it is every
/// page below the source's folder.
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
            .filter_map(|entry| read_entry(&entry, suite, problems))
            .collect(),
        None => Vec::new(),
    };
    let pages = Pages::of(&suite.stories.source);
    let stories = if let Some(catalogue) = &suite.stories.storybook {
        storybook::resolve(catalogue, &drafts, suite, problems)
    } else if value.is_none() {
        every_page(&pages, suite, problems)
    } else {
        resolve(&drafts, &pages, suite, problems)
    };
    check_ids(&stories, problems);
    // The test target, or a Storybook that is not running, may have more stories.
    let is_known = !suite.stories.from_code && !suite.stories.is_stale;
    // With other errors some stories may be missing.
    let is_complete = is_known && problems.0.is_empty();
    let found = dependencies::problems(stories.iter(), is_complete);
    problems
        .0
        .extend(found.into_iter().map(|found| found.problem));
    stories.into_iter().map(Arc::new).collect()
}

fn every_page(pages: &Pages<'_>, suite: &Suite, problems: &mut Problems) -> Vec<StorySpec> {
    let help = match &suite.stories.source {
        Source::Dir(folder) if !folder.is_dir() => return Vec::new(),
        Source::Dir(folder) => format!("add an .html page below {}", folder.display()),
        _ => "add a story: [[story]] path = \"/button\"".to_owned(),
    };
    let pages = pages.all(problems);
    if pages.is_empty() && !suite.stories.from_code {
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
        id: pages::id_of(page).unwrap_or(page).to_owned(),
        path: pages::url_of(page),
        ..story_defaults.clone()
    }
}

fn resolve(
    drafts: &[StoryEntry<'_>],
    pages: &Pages<'_>,
    suite: &Suite,
    problems: &mut Problems,
) -> Vec<StorySpec> {
    // Patterns leave out pages that another entry names.
    let named: HashSet<String> = drafts
        .iter()
        .filter_map(|draft| draft.path.as_ref())
        .map(|(path, _)| file_of(path, &suite.stories.source))
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
                let pages = pages.into_iter().filter(|page| !named.contains(*page));
                let found = pages.map(|page| story(page, &draft.story_defaults));
                stories.extend(found.flat_map(|s| draft.with_named_steps(s)));
            }
            _ => {}
        }
    }
    stories
}

/// The file that a path names, relative to the source.
fn file_of(path: &str, source: &Source) -> String {
    let page = match source {
        Source::Dir(folder) => pages::find_page(folder, path).ok(),
        _ => None,
    };
    let file = || pages::split_url(path).0.trim_start_matches('/').to_owned();
    page.map_or_else(file, |page| page.file)
}

fn by_path(
    draft: &StoryEntry<'_>,
    path: &str,
    place: &Value<'_>,
    pages: &Pages<'_>,
    suite: &Suite,
    problems: &mut Problems,
) -> Option<StorySpec> {
    let mut file = file_of(path, &suite.stories.source);
    let mut url = path.to_owned();
    if let Source::Dir(folder) = &suite.stories.source
        && folder.is_dir()
    {
        if file.split('/').any(|segment| segment == "..") {
            problems.add(place.wrong("leads out of the folder of the stories"));
            return None;
        }
        match pages::find_page(folder, path) {
            Ok(page) => (file, url) = (page.file, page.url),
            Err(missing) => {
                let shown = folder.join(&missing);
                let problem = place.wrong(&format!("does not exist: {}", shown.display()));
                let names = pages.all(problems).iter().map(String::as_str);
                problems.add(problem.suggest(&missing, names.take(MAX_NAMES)));
                return None;
            }
        }
    }
    let (id, span) = match &draft.id {
        Some((id, place)) => (*id, place.span.clone()),
        None => (pages::id_of(&file).unwrap_or(&file), place.span.clone()),
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
        path: url,
        ..draft.story_defaults.clone()
    })
}

fn matching<'p>(
    glob: &str,
    place: &Value<'_>,
    pages: &'p Pages<'_>,
    suite: &Suite,
    problems: &mut Problems,
) -> Vec<&'p str> {
    let Source::Dir(folder) = &suite.stories.source else {
        let problem = place.wrong("requires `dir` in [stories]");
        problems.add(problem.help("name each story of a `url`: path = \"/button\""));
        return Vec::new();
    };
    let matcher = match pages::pattern(glob) {
        Ok(matcher) => matcher,
        Err(error) => {
            problems.add(place.wrong(&format!("is not a valid pattern: {}", error.kind())));
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
        problems.add(problem.help("`*` does not match `/`, `**` does: \"**/*.html\""));
    }
    found
}

/// Refuses invalid and duplicate ids.
fn check_ids(stories: &[StorySpec], problems: &mut Problems) {
    let mut seen: HashMap<&str, &StorySpec> = HashMap::new();
    for story in stories {
        if let Err(error) = StoryIdentifier::check_story_id(&story.id) {
            problems.add(
                Problem::new(story.declared.clone(), format!("{}: {error}", story.path)).help(
                    match &story.storybook {
                        Some(its) => format!(
                            "write an entry with story = \"{}\" and another `id`",
                            its.id
                        ),
                        None => "write an entry with its `path` and another `id`".to_owned(),
                    },
                ),
            );
        }
        if let Some(first) = seen.insert(&story.id, story) {
            problems.add(
                Problem::new(
                    story.declared.clone(),
                    format!("the story id `{}` is used twice", story.id),
                )
                .label(format!("for {}", story.path))
                .help(format!("it is first used for {}", first.path)),
            );
        }
    }
}
