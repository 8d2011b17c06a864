//! `[[story]]`: an entry, read on top of the settings of the suite.

use std::ops::Range;
use std::sync::Arc;

use crate::manifest::error::Problem;
use crate::manifest::reader::{Problems, Table, Value};
use crate::manifest::storybook;
use crate::manifest::types::{Device, Screen, StorySpec, StorybookDetails, Theme};
use crate::manifest::values::{any_of, engines, parse_screen, scale};
use crate::model::{BrowserName, StoryIdentifier};

use super::known_failure::known_failure;
use super::steps::{Steps, steps};
use super::suite::Suite;
use super::{budget, capture, compare, coordination, device, login, requests};

/// An entry of `[[story]]` before its pattern is resolved.
pub(in crate::manifest) struct StoryEntry<'a> {
    pub(in crate::manifest) id: Option<(&'a str, Value<'a>)>,
    pub(in crate::manifest) path: Option<(&'a str, Value<'a>)>,
    pub(in crate::manifest) glob: Option<(&'a str, Value<'a>)>,
    /// The story of a Storybook that an additional story shows.
    pub(in crate::manifest) story: Option<(&'a str, Value<'a>)>,
    /// The name of each captured step, and the number of steps up to it.
    pub(in crate::manifest) named: Vec<(String, usize)>,
    /// The settings of each story of this entry, without id and path.
    pub(in crate::manifest) story_defaults: StorySpec,
}

impl StoryEntry<'_> {
    /// A story of this entry, and one for each captured step, which shows the
    /// page after that step.
    pub(in crate::manifest) fn with_named_steps(&self, story: StorySpec) -> Vec<StorySpec> {
        let part = |(name, steps): &(String, usize)| StorySpec {
            id: format!("{}-{name}", story.id),
            steps: story.steps[..*steps].to_vec(),
            ..story.clone()
        };
        let parts: Vec<_> = self.named.iter().map(part).collect();
        [story].into_iter().chain(parts).collect()
    }
}

/// A story without id and path, with the settings of its suite.
pub(in crate::manifest) fn story_defaults(suite: &Suite, declared: Range<usize>) -> StorySpec {
    StorySpec {
        id: String::new(),
        path: String::new(),
        themes: suite.themes.clone(),
        screens: suite
            .viewports
            .screens
            .iter()
            .map(|(_, screen)| *screen)
            .collect(),
        browsers: suite.browser.names.clone(),
        compare: suite.compare.clone(),
        capture: budget::measured(suite.capture.clone(), &suite.budget),
        budget: suite.budget.clone(),
        steps: Vec::new(),
        device: Device::default(),
        login: suite.stories.login.clone(),
        after: Vec::new(),
        lock: suite.stories.lock.clone(),
        requests: suite.requests.clone(),
        skip: None,
        storybook: suite.stories.storybook.as_ref().map(|_| StorybookDetails {
            may_compare: true,
            may_pick_screens: true,
            may_skip: true,
            ..StorybookDetails::default()
        }),
        known_failure: None,
        declared,
    }
}

/// The reason why a text is not a valid story id.
pub(in crate::manifest) fn unfit_id(id: &str) -> Option<String> {
    let error = StoryIdentifier::check_story_id(id).err();
    let reserved = || {
        let has = id.contains('@');
        has.then(|| "`@` in a story id is reserved for browsers and scales".to_owned())
    };
    error.map(|error| error.to_string()).or_else(reserved)
}

/// Reads an entry of `[[story]]`.
pub(in crate::manifest) fn read_entry<'a>(
    value: &Value<'a>,
    suite: &Suite,
    problems: &mut Problems,
) -> Option<StoryEntry<'a>> {
    let mut table = value.table(problems)?;
    let mut text = |key| {
        let value = table.take(key)?;
        Some((value.text(problems)?, value))
    };
    let (id, path, glob, story) = (text("id"), text("path"), text("glob"), text("story"));
    let mut story_defaults = story_defaults(suite, value.span.clone());
    story_defaults.skip = skip(table.take("skip"), problems);
    story_defaults.known_failure = known_failure(table.take("known-failure"), problems);
    if let Some(themes) = table.take("themes") {
        story_defaults.themes =
            pick_themes(&themes, suite, problems).unwrap_or(story_defaults.themes);
    }
    let screens = screens(&mut table, suite, problems);
    let compare = table.take("compare");
    let sets = (screens.is_some(), compare.is_some());
    story_defaults.screens = screens.unwrap_or(story_defaults.screens);
    if let Some(browsers) = table.take("browsers") {
        story_defaults.browsers =
            pick_browsers(&browsers, suite, problems).unwrap_or(story_defaults.browsers);
    }
    story_defaults.compare = compare::compare(compare, &suite.compare, problems);
    story_defaults.capture = capture::capture(table.take("capture"), &suite.capture, problems);
    story_defaults.budget = budget::budget(table.take("budget"), &suite.budget, problems);
    story_defaults.capture = budget::measured(story_defaults.capture, &story_defaults.budget);
    storybook_keys(&mut table, sets, &mut story_defaults, problems);
    let Steps { all, named } = steps(table.take("steps"), &suite.context.variables, problems);
    story_defaults.steps = all;
    story_defaults.device = device::read(table.take("device"), problems);
    let login = table.take("login");
    story_defaults.login = login::selection(
        login.as_ref(),
        &suite.logins,
        suite.stories.login.as_ref(),
        problems,
    );
    story_defaults.after = coordination::after(table.take("after"), problems);
    let (lock, default) = (table.take("lock"), suite.stories.lock.as_ref());
    story_defaults.lock = coordination::lock(lock.as_ref(), default, problems);
    let own = requests::requests(table.take("request"), &suite.context.root, problems);
    story_defaults.requests.splice(0..0, own);
    let span = table.span.clone();
    table.finish(problems);
    let draft = StoryEntry {
        id,
        path,
        glob,
        story,
        named,
        story_defaults,
    };
    match suite.stories.storybook {
        Some(_) => check_storybook_keys(&draft, span, problems),
        None => check_page(&draft, span, problems),
    }
    Some(draft)
}

/// Reads the keys for stories of a Storybook. `sets` says whether the entry sets
/// screens and tolerances.
fn storybook_keys(
    table: &mut Table<'_>,
    sets: (bool, bool),
    story_defaults: &mut StorySpec,
    problems: &mut Problems,
) {
    let (args, parameters) = (table.take("args"), table.take("parameters"));
    let Some(storybook) = &mut story_defaults.storybook else {
        for key in [args, parameters].into_iter().flatten() {
            problems.add(key.wrong("requires `storybook` in [stories]"));
        }
        return;
    };
    let honoured = parameters.and_then(|v| v.flag(problems)).unwrap_or(true);
    storybook.may_pick_screens = honoured && !sets.0;
    storybook.may_compare = honoured && !sets.1;
    storybook.may_skip = honoured;
    let args = args.and_then(|value| storybook::args(&value, problems));
    storybook.args = args.unwrap_or_default();
}

/// A story of a Storybook is selected by its id or by a pattern.
fn check_storybook_keys(draft: &StoryEntry<'_>, span: Range<usize>, problems: &mut Problems) {
    let StoryEntry {
        id,
        path,
        glob,
        story,
        ..
    } = draft;
    if let Some((_, path)) = path {
        let problem = path.wrong("cannot be combined with `storybook` in [stories]");
        problems.add(problem.help("select a story by its id: id = \"controls-button--primary\""));
    }
    match (id, glob, story) {
        (None, None, None) if path.is_none() => problems.add(
            Problem::new(
                span,
                "[[story]] of a Storybook must set one of `id` and `glob`",
            )
            .help("select a story by its id: id = \"controls-button--primary\""),
        ),
        (None, None, Some((_, story))) => problems.add(
            story
                .wrong("requires an `id` for the additional story")
                .help("to change the story itself, write its id as `id` and remove `story`"),
        ),
        (Some((_, other)), Some(_), _) | (_, Some(_), Some((_, other))) => {
            problems.add(other.wrong("cannot be combined with `glob`"));
        }
        _ => {}
    }
}

/// Any other story is selected by its page or by a pattern.
fn check_page(draft: &StoryEntry<'_>, span: Range<usize>, problems: &mut Problems) {
    if let Some((_, story)) = &draft.story {
        problems.add(story.wrong("requires `storybook` in [stories]"));
    }
    match (&draft.path, &draft.glob, &draft.id) {
        (None, None, _) => problems.add(
            Problem::new(span, "[[story]] must set one of `path` and `glob`")
                .help("name its page below the source: path = \"button.html\""),
        ),
        (Some(_), Some((_, glob)), _) => {
            problems.add(glob.wrong("cannot be combined with `path`"));
        }
        (None, Some(_), Some((_, id))) => problems.add(
            id.wrong("cannot be combined with `glob`")
                .help("remove `id`: the ids of these stories follow from their paths"),
        ),
        _ => {}
    }
}

fn skip(value: Option<Value<'_>>, problems: &mut Problems) -> Option<String> {
    let value = value?;
    if !value.is_text() {
        let problem = value.expected("the reason for skipping the story");
        problems.add(problem.help("write skip = \"the reason\""));
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
                problems.add(place.wrong(&format!("lists `{name}` twice")));
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
            let words = suite
                .browser
                .names
                .iter()
                .map(|name| format!("\"{}\"", name.as_str()));
            let words: Vec<_> = words.collect();
            let problem = value.wrong(&format!(
                "lists \"{}\", but `names` in [browser] has only {}",
                name.as_str(),
                any_of(&words).replace(" or ", " and ")
            ));
            problems.add(problem.help("add it to `names` in [browser]"));
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
        problems.add(one.wrong("cannot be combined with `scales`"));
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
    let all = || {
        suite
            .viewports
            .screens
            .iter()
            .map(|(_, screen)| *screen)
            .collect()
    };
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
        let screens = &suite.viewports.screens;
        let named = screens.iter().find(|(known, _)| known == name);
        match named
            .map(|(_, screen)| *screen)
            .or_else(|| parse_screen(name))
        {
            Some(screen) => picked.push(screen),
            // The name may be that of an invalid viewport.
            None if suite.viewports.has_invalid => {}
            None => {
                let names = screens.iter().map(|(name, _)| name.as_str());
                let problem = place.wrong(&format!("names the unknown viewport `{name}`"));
                problems.add(problem.suggest(name, names));
            }
        }
    }
    not_empty(picked, value, problems)
}

fn not_empty<T>(items: Vec<T>, value: &Value<'_>, problems: &mut Problems) -> Option<Vec<T>> {
    // A list that is empty because of an error needs no second error.
    if items.is_empty()
        && value
            .list(&mut Problems::default())
            .is_some_and(|l| l.is_empty())
    {
        problems.add(value.wrong("is empty").help("remove it to use all of them"));
    }
    (!items.is_empty()).then_some(items)
}
