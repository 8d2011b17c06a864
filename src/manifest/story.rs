//! `[[story]]`: stories by their path or by a pattern, with what each of them
//! sets anew.

use std::collections::{HashMap, HashSet};
use std::ops::Range;
use std::path::Path;
use std::sync::Arc;

use crate::model::StoryIdentifier;

use super::error::Problem;
use super::files;
use super::reader::{Problems, Table, Value};
use super::settings;
use super::suite::{Suite, engines, parse_screen, scale};
use super::types::{BrowserName, Screen, Source, Story, Theme};

/// An entry of `[[story]]` before its pattern has been resolved.
struct Draft<'a> {
    id: Option<(&'a str, Value<'a>)>,
    path: Option<(&'a str, Value<'a>)>,
    glob: Option<(&'a str, Value<'a>)>,
    /// What each story of this entry is, but for its id and path.
    mould: Story,
}

/// Every story, in the manifest's order. Without any `[[story]]`, every page
/// below the source's folder.
pub(super) fn read(
    value: Option<&Value<'_>>,
    suite: &Suite,
    problems: &mut Problems,
) -> Vec<Arc<Story>> {
    let drafts: Vec<_> = match value {
        Some(value) => value
            .list(problems)
            .into_iter()
            .flatten()
            .filter_map(|entry| draft(&entry, suite, problems))
            .collect(),
        None => Vec::new(),
    };
    // A folder with errors of its own has been told of.
    let pages = match &suite.source {
        Source::Dir(folder) if folder.is_dir() => files::pages(folder).unwrap_or_else(|error| {
            problems.add(Problem::new(
                0..0,
                format!("failed to list the stories: {error}"),
            ));
            Vec::new()
        }),
        _ => Vec::new(),
    };
    let stories = if value.is_none() {
        every_page(&pages, suite, problems)
    } else {
        resolve(&drafts, &pages, suite, problems)
    };
    check_ids(&stories, problems);
    stories.into_iter().map(Arc::new).collect()
}

fn every_page(pages: &[String], suite: &Suite, problems: &mut Problems) -> Vec<Story> {
    let help = match &suite.source {
        Source::Dir(folder) if !folder.is_dir() => return Vec::new(),
        Source::Dir(folder) => format!("put a page (.html) below {}", folder.display()),
        _ => "name each of them: [[story]] path = \"/button\"".to_owned(),
    };
    if pages.is_empty() {
        problems.add(Problem::new(0..0, "there are no stories").help(help));
    }
    let mould = mould(suite, 0..0);
    pages.iter().map(|page| story(page, &mould)).collect()
}

/// A story without id and path that takes everything from its suite.
fn mould(suite: &Suite, declared: Range<usize>) -> Story {
    Story {
        id: String::new(),
        path: String::new(),
        themes: suite.themes.clone(),
        screens: suite.viewports.iter().map(|(_, screen)| *screen).collect(),
        browsers: suite.browser.names.clone(),
        compare: suite.compare.clone(),
        capture: suite.capture.clone(),
        skip: None,
        declared,
    }
}

fn story(page: &str, mould: &Story) -> Story {
    Story {
        id: files::id_of(page).unwrap_or(page).to_owned(),
        path: page.to_owned(),
        ..mould.clone()
    }
}

fn draft<'a>(value: &Value<'a>, suite: &Suite, problems: &mut Problems) -> Option<Draft<'a>> {
    let mut table = value.table(problems)?;
    let mut text = |key| {
        let value = table.take(key)?;
        Some((value.text(problems)?, value))
    };
    let (id, path, glob) = (text("id"), text("path"), text("glob"));
    let mut mould = mould(suite, value.span.clone());
    mould.skip = skip(table.take("skip"), problems);
    if let Some(themes) = table.take("themes") {
        mould.themes = pick_themes(&themes, suite, problems).unwrap_or(mould.themes);
    }
    mould.screens = screens(&mut table, suite, problems).unwrap_or(mould.screens);
    if let Some(browsers) = table.take("browsers") {
        mould.browsers = pick_browsers(&browsers, suite, problems).unwrap_or(mould.browsers);
    }
    mould.compare = settings::compare(table.take("compare"), &suite.compare, problems);
    mould.capture = settings::capture(table.take("capture"), &suite.capture, problems);
    let span = table.span.clone();
    table.finish(problems);
    match (&path, &glob, &id) {
        (None, None, _) => problems.add(
            Problem::new(span, "a [[story]] has neither `path` nor `glob`")
                .help("name its page below the source: path = \"button.html\""),
        ),
        (Some(_), Some((_, glob)), _) => {
            problems.add(glob.wrong("stands beside a `path`: give one of them"));
        }
        (None, Some(_), Some((_, id))) => problems.add(
            id.wrong("stands beside a `glob`")
                .help("the ids of a pattern's stories follow from their paths: leave `id` out"),
        ),
        _ => {}
    }
    Some(Draft {
        id,
        path,
        glob,
        mould,
    })
}

fn skip(value: Option<Value<'_>>, problems: &mut Problems) -> Option<String> {
    let value = value?;
    if !value.is_text() {
        problems.add(value.wrong("must say why the story is left out: skip = \"the reason\""));
        return None;
    }
    value.text(problems).map(str::to_owned)
}

fn pick_themes(
    value: &Value<'_>,
    suite: &Suite,
    problems: &mut Problems,
) -> Option<Vec<Arc<Theme>>> {
    let mut picked: Vec<Arc<Theme>> = Vec::new();
    for (name, place) in value.texts(problems)? {
        let found = suite.themes.iter().find(|theme| theme.name == name);
        match found {
            Some(theme) if picked.contains(theme) => {
                problems.add(place.wrong(&format!("has `{name}` twice")));
            }
            Some(theme) => picked.push(Arc::clone(theme)),
            None => {
                let names = suite.themes.iter().map(|theme| theme.name.as_str());
                let problem = place.wrong(&format!("names the unknown theme `{name}`"));
                problems.add(problem.suggest(name, names));
            }
        }
    }
    not_empty(picked, value, problems)
}

fn pick_browsers(
    value: &Value<'_>,
    suite: &Suite,
    problems: &mut Problems,
) -> Option<Vec<BrowserName>> {
    let picked = engines(value, problems)?;
    for name in &picked {
        if !suite.browser.names.contains(name) {
            problems.add(
                value
                    .wrong(&format!("has \"{}\"", name.as_str()))
                    .help("add it to `names` in [browser] as well"),
            );
        }
    }
    Some(picked)
}

/// `viewports`, by name or as `800x600`, times `scales`.
fn screens(table: &mut Table<'_>, suite: &Suite, problems: &mut Problems) -> Option<Vec<Screen>> {
    let (viewports, one, many) = (
        table.take("viewports"),
        table.take("scale"),
        table.take("scales"),
    );
    let picked = match &viewports {
        Some(value) => Some(pick_viewports(value, suite, problems)?),
        None => None,
    };
    if let (Some(one), Some(_)) = (&one, &many) {
        problems.add(one.wrong("stands beside `scales`: give one of them"));
        return None;
    }
    let scales: Option<Vec<f64>> = match (&one, &many) {
        (Some(one), _) => Some(scale(one, problems).into_iter().collect()),
        (None, Some(many)) => {
            let scales: Vec<_> = many.list(problems)?;
            let scales = scales.iter().filter_map(|v| scale(v, problems)).collect();
            not_empty(scales, many, problems)
        }
        (None, None) => return picked,
    };
    let all = || suite.viewports.iter().map(|(_, screen)| *screen).collect();
    let picked: Vec<Screen> = picked.unwrap_or_else(all);
    let scaled = picked.iter().flat_map(|screen| {
        let at = |scale: &f64| Screen {
            scale: *scale,
            ..*screen
        };
        scales.iter().flatten().map(at).collect::<Vec<_>>()
    });
    Some(scaled.collect())
}

fn pick_viewports(
    value: &Value<'_>,
    suite: &Suite,
    problems: &mut Problems,
) -> Option<Vec<Screen>> {
    let mut picked = Vec::new();
    for (name, place) in value.texts(problems)? {
        let named = suite.viewports.iter().find(|(known, _)| known == name);
        match named
            .map(|(_, screen)| *screen)
            .or_else(|| parse_screen(name))
        {
            Some(screen) => picked.push(screen),
            None => {
                let names = suite.viewports.iter().map(|(name, _)| name.as_str());
                let problem = place.wrong(&format!("names the unknown viewport `{name}`"));
                problems.add(problem.suggest(name, names));
            }
        }
    }
    not_empty(picked, value, problems)
}

fn not_empty<T>(items: Vec<T>, value: &Value<'_>, problems: &mut Problems) -> Option<Vec<T>> {
    // An empty list after an error in it needs no second error.
    if items.is_empty()
        && value
            .list(&mut Problems::default())
            .is_some_and(|l| l.is_empty())
    {
        problems.add(
            value
                .wrong("is empty")
                .help("leave it out to have all of them"),
        );
    }
    (!items.is_empty()).then_some(items)
}

fn resolve(
    drafts: &[Draft<'_>],
    pages: &[String],
    suite: &Suite,
    problems: &mut Problems,
) -> Vec<Story> {
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
                stories.extend(by_path(draft, path, place, pages, suite, problems));
            }
            (None, Some((glob, place))) => {
                let pages = matching(glob, place, pages, suite, problems);
                let pages = pages.into_iter().filter(|page| !named.contains(page));
                stories.extend(pages.map(|page| story(page, &draft.mould)));
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
    draft: &Draft<'_>,
    path: &str,
    place: &Value<'_>,
    pages: &[String],
    suite: &Suite,
    problems: &mut Problems,
) -> Option<Story> {
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
            problems.add(problem.suggest(file, pages.iter().map(String::as_str).take(8)));
            return None;
        }
    }
    let (id, span) = match &draft.id {
        Some((id, place)) => (*id, place.span.clone()),
        None => (files::id_of(file).unwrap_or(file), place.span.clone()),
    };
    // The suffixes behind an `@` are for browsers and scales.
    let error = StoryIdentifier::check_story_id(id).err();
    let reserved = id
        .contains('@')
        .then(|| "`@` is kept for browsers and scales".to_owned());
    if let Some(message) = error.map(|e| e.to_string()).or(reserved) {
        let problem = Problem::new(span, message);
        problems.add(match draft.id {
            Some(_) => problem,
            None => problem.help("give the story an `id`"),
        });
        return None;
    }
    Some(Story {
        id: id.to_owned(),
        path: path.to_owned(),
        ..draft.mould.clone()
    })
}

fn shown(folder: &Path, file: &str) -> String {
    folder.join(file).display().to_string()
}

fn matching<'p>(
    glob: &str,
    place: &Value<'_>,
    pages: &'p [String],
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
fn check_ids(stories: &[Story], problems: &mut Problems) {
    let mut seen: HashMap<&str, &Story> = HashMap::new();
    for story in stories {
        if let Err(error) = StoryIdentifier::check_story_id(&story.id) {
            problems.add(
                Problem::new(story.declared.clone(), format!("{}: {error}", story.path))
                    .help("name the page by its `path` and give it an `id`"),
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
