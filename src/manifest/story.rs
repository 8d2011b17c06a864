//! An entry of `[[story]]`: a page or a pattern, with what it sets anew.

use std::ops::Range;
use std::sync::Arc;

use super::error::Problem;
use super::reader::{Problems, Table, Value};
use super::suite::{Suite, engines, parse_screen, scale};
use super::types::{BrowserName, Screen, Story, Theme};
use super::{capture_settings, compare_settings};

/// An entry of `[[story]]` before its pattern has been resolved.
pub(super) struct Draft<'a> {
    pub(super) id: Option<(&'a str, Value<'a>)>,
    pub(super) path: Option<(&'a str, Value<'a>)>,
    pub(super) glob: Option<(&'a str, Value<'a>)>,
    /// What each story of this entry is, but for its id and path.
    pub(super) mould: Story,
}

/// A story without id and path that takes everything from its suite.
pub(super) fn mould(suite: &Suite, declared: Range<usize>) -> Story {
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

/// Reads an entry of `[[story]]`.
pub(super) fn draft<'a>(
    value: &Value<'a>,
    suite: &Suite,
    problems: &mut Problems,
) -> Option<Draft<'a>> {
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
    mould.compare = compare_settings::compare(table.take("compare"), &suite.compare, problems);
    mould.capture = capture_settings::capture(table.take("capture"), &suite.capture, problems);
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
