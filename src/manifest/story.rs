//! An entry of `[[story]]`: a page or a pattern, with what it sets anew.

use std::ops::Range;
use std::sync::Arc;

use crate::model::StoryIdentifier;

use super::device::Device;
use super::error::Problem;
use super::known_failure::known_failure;
use super::login::choice;
use super::reader::{Problems, Table, Value};
use super::steps::{Steps, steps};
use super::suite::{Suite, engines, parse_screen, scale};
use super::types::{Screen, StorySpec, StorybookDetails, Theme};
use super::{capture_settings, compare_settings, request_settings, storybook};
use crate::model::BrowserName;

/// An entry of `[[story]]` before its pattern has been resolved.
pub(super) struct StoryEntry<'a> {
    pub(super) id: Option<(&'a str, Value<'a>)>,
    pub(super) path: Option<(&'a str, Value<'a>)>,
    pub(super) glob: Option<(&'a str, Value<'a>)>,
    /// The story of a Storybook that a further story shows.
    pub(super) story: Option<(&'a str, Value<'a>)>,
    /// Snapshots of their own on the way through the steps: a name, and how
    /// many steps are done for it.
    pub(super) named: Vec<(String, usize)>,
    /// What each story of this entry is, but for its id and path.
    pub(super) story_defaults: StorySpec,
}

impl StoryEntry<'_> {
    /// A story of this entry, and one more for each step with a name: the page
    /// as it is after that step.
    pub(super) fn with_named_steps(&self, story: StorySpec) -> Vec<StorySpec> {
        let part = |(name, steps): &(String, usize)| StorySpec {
            id: format!("{}-{name}", story.id),
            steps: story.steps[..*steps].to_vec(),
            ..story.clone()
        };
        let parts: Vec<_> = self.named.iter().map(part).collect();
        [story].into_iter().chain(parts).collect()
    }
}

/// A story without id and path that takes everything from its suite.
pub(super) fn story_defaults(suite: &Suite, declared: Range<usize>) -> StorySpec {
    StorySpec {
        id: String::new(),
        path: String::new(),
        themes: suite.themes.clone(),
        screens: suite.viewports.iter().map(|(_, screen)| *screen).collect(),
        browsers: suite.browser.names.clone(),
        compare: suite.compare.clone(),
        capture: suite.capture.clone(),
        steps: Vec::new(),
        device: Device::default(),
        login: suite.login.clone(),
        requests: suite.requests.clone(),
        skip: None,
        storybook: suite.storybook.as_ref().map(|_| StorybookDetails {
            may_compare: true,
            may_pick_screens: true,
            may_skip: true,
            ..StorybookDetails::default()
        }),
        known_failure: None,
        declared,
    }
}

/// Why a text is no id for a story.
pub(super) fn unfit_id(id: &str) -> Option<String> {
    let error = StoryIdentifier::check_story_id(id).err();
    // The suffixes behind an `@` are for browsers and scales.
    let reserved = || {
        let has = id.contains('@');
        has.then(|| "`@` is kept for browsers and scales".to_owned())
    };
    error.map(|error| error.to_string()).or_else(reserved)
}

/// Reads an entry of `[[story]]`.
pub(super) fn draft<'a>(
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
    story_defaults.compare = compare_settings::compare(compare, &suite.compare, problems);
    story_defaults.capture =
        capture_settings::capture(table.take("capture"), &suite.capture, problems);
    storybook_keys(&mut table, sets, &mut story_defaults, problems);
    let Steps { all, named } = steps(table.take("steps"), &suite.context.variables, problems);
    story_defaults.steps = all;
    story_defaults.device = Device::read(table.take("device"), problems);
    let login = table.take("login");
    story_defaults.login = choice(
        login.as_ref(),
        &suite.logins,
        suite.login.as_ref(),
        problems,
    );
    let own = request_settings::requests(table.take("request"), &suite.context.root, problems);
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
    match suite.storybook {
        Some(_) => check_name(&draft, span, problems),
        None => check_page(&draft, span, problems),
    }
    Some(draft)
}

/// What a story says of itself in a Storybook. `sets` says whether it sets its
/// screens and its tolerance.
fn storybook_keys(
    table: &mut Table<'_>,
    sets: (bool, bool),
    story_defaults: &mut StorySpec,
    problems: &mut Problems,
) {
    let (args, parameters) = (table.take("args"), table.take("parameters"));
    let Some(storybook) = &mut story_defaults.storybook else {
        for key in [args, parameters].into_iter().flatten() {
            problems.add(key.wrong("is for the stories of a `storybook`"));
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

/// A story of a Storybook is named by its id, or by a pattern.
fn check_name(draft: &StoryEntry<'_>, span: Range<usize>, problems: &mut Problems) {
    let StoryEntry {
        id,
        path,
        glob,
        story,
        ..
    } = draft;
    if let Some((_, path)) = path {
        let problem = path.wrong("is not how a story of a Storybook is named");
        problems.add(problem.help("name it by its id: id = \"controls-button--primary\""));
    }
    match (id, glob, story) {
        (None, None, None) if path.is_none() => problems.add(
            Problem::new(
                span,
                "a [[story]] of a Storybook has neither `id` nor `glob`",
            )
            .help("name it by its id: id = \"controls-button--primary\""),
        ),
        (None, None, Some((_, story))) => problems.add(
            story
                .wrong("needs an `id` beside it")
                .help("a story that is there already is named by its `id` alone"),
        ),
        (Some((_, other)), Some(_), _) | (_, Some(_), Some((_, other))) => {
            problems.add(other.wrong("stands beside a `glob`: leave one of them out"));
        }
        _ => {}
    }
}

/// Any other story is named by its page, or by a pattern.
fn check_page(draft: &StoryEntry<'_>, span: Range<usize>, problems: &mut Problems) {
    if let Some((_, story)) = &draft.story {
        problems.add(story.wrong("is for the stories of a `storybook`"));
    }
    match (&draft.path, &draft.glob, &draft.id) {
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
