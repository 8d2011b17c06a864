//! `[compare]`, which a suite and each of its stories have.

use serde::Serialize;

use crate::model::Region;
use tintype_compare::{Antialiasing, Perceptual};

use super::reader::{Problems, Table, Value};
use crate::model::BrowserName;

/// The systems that have a word of their own.
pub(super) const PLATFORMS: [&str; 3] = ["linux", "macos", "windows"];

/// How pictures are compared on this system: in each engine.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Tolerances {
    chromium: tintype_compare::Options,
    firefox: tintype_compare::Options,
    webkit: tintype_compare::Options,
}

impl Tolerances {
    /// What applies to an engine's pictures.
    pub fn of(&self, browser: BrowserName) -> &tintype_compare::Options {
        match browser {
            BrowserName::Chromium => &self.chromium,
            BrowserName::Firefox => &self.firefox,
            BrowserName::Webkit => &self.webkit,
        }
    }

    fn of_mut(&mut self, browser: BrowserName) -> &mut tintype_compare::Options {
        match browser {
            BrowserName::Chromium => &mut self.chromium,
            BrowserName::Firefox => &mut self.firefox,
            BrowserName::Webkit => &mut self.webkit,
        }
    }

    /// Changes what applies to every engine.
    pub(super) fn each(&mut self, change: impl Fn(&mut tintype_compare::Options)) {
        for browser in BrowserName::ALL {
            change(self.of_mut(browser));
        }
    }
}

/// Reads `compare`, on top of what applies already. What it says of this system
/// beats what it says of all, and what it says of an engine beats both.
pub(super) fn compare(
    value: Option<Value<'_>>,
    base: &Tolerances,
    problems: &mut Problems,
) -> Tolerances {
    let mut tolerances = base.clone();
    let Some(mut table) = value.and_then(|value| value.table(problems)) else {
        return tolerances;
    };
    let change = Change::read(&mut table, problems);
    tolerances.each(|options| change.apply(options));
    for platform in PLATFORMS {
        // Elsewhere it is read for its mistakes.
        let change = own_change(table.take(platform), problems);
        if platform == std::env::consts::OS {
            tolerances.each(|options| change.apply(options));
        }
    }
    for browser in BrowserName::ALL {
        let change = own_change(table.take(browser.as_str()), problems);
        change.apply(tolerances.of_mut(browser));
    }
    table.finish(problems);
    tolerances
}

/// What a system or an engine has of its own.
fn own_change(value: Option<Value<'_>>, problems: &mut Problems) -> Change {
    let Some(mut table) = value.and_then(|value| value.table(problems)) else {
        return Change::default();
    };
    let change = Change::read(&mut table, problems);
    table.finish(problems);
    change
}

/// What is set of how pictures are compared.
#[derive(Default)]
struct Change {
    threshold: Option<f64>,
    max_diff_pixels: Option<u64>,
    max_diff_ratio: Option<f64>,
    antialiasing: Option<Antialiasing>,
    ignore: Option<Vec<Region>>,
    moved: Option<bool>,
    perceptual: Option<Perceptual>,
}

impl Change {
    fn read(table: &mut Table<'_>, problems: &mut Problems) -> Self {
        let words = [
            ("ignore", Antialiasing::Ignore),
            ("count", Antialiasing::Count),
        ];
        let (threshold, ratio) = (table.take("threshold"), table.take("max-diff-ratio"));
        let (pixels, word) = (table.take("max-diff-pixels"), table.take("antialiasing"));
        let ignore = table.take("ignore").and_then(|v| v.list(problems));
        let (moved, opinion) = (table.take("moved"), table.take("perceptual"));
        Self {
            threshold: threshold.and_then(|v| v.number(0.0, 1.0, problems)),
            max_diff_pixels: pixels.and_then(|v| v.whole(0, u64::MAX, problems)),
            max_diff_ratio: ratio.and_then(|v| v.number(0.0, 1.0, problems)),
            antialiasing: word.and_then(|v| one_of(&v, &words, problems)),
            ignore: ignore.map(|ignore| {
                let regions = ignore.iter().filter_map(|v| region(v, problems));
                regions.collect()
            }),
            moved: moved.and_then(|v| v.flag(problems)),
            perceptual: opinion.and_then(|v| perceptual(&v, problems)),
        }
    }

    fn apply(&self, options: &mut tintype_compare::Options) {
        if let Some(threshold) = self.threshold {
            options.threshold = threshold;
        }
        options.max_diff_pixels = self.max_diff_pixels.or(options.max_diff_pixels);
        options.max_diff_ratio = self.max_diff_ratio.or(options.max_diff_ratio);
        if let Some(antialiasing) = self.antialiasing {
            options.antialiasing = antialiasing;
        }
        if let Some(ignore) = &self.ignore {
            options.ignore.clone_from(ignore);
        }
        if let Some(moved) = self.moved {
            options.detect_moves = moved;
        }
        if let Some(perceptual) = self.perceptual {
            options.perceptual = perceptual;
        }
    }
}

/// A rectangle in image pixels: `{ x = 0, y = 0, width = 100, height = 20 }`.
fn region(value: &Value<'_>, problems: &mut Problems) -> Option<Region> {
    let mut table = value.table(problems)?;
    let mut side = |key, least| {
        let Some(side) = table.take(key) else {
            problems.add(value.wrong(&format!("has a rectangle without `{key}`")));
            return None;
        };
        let pixels = side.whole(least, u32::MAX.into(), problems)?;
        u32::try_from(pixels).ok()
    };
    let (x, y) = (side("x", 0), side("y", 0));
    let (width, height) = (side("width", 1), side("height", 1));
    table.finish(problems);
    Some(Region {
        x: x?,
        y: y?,
        width: width?,
        height: height?,
    })
}

/// `"off"`, `"report"` or `{ max-delta-e = 2.3 }`.
fn perceptual(value: &Value<'_>, problems: &mut Problems) -> Option<Perceptual> {
    if value.is_text() {
        let words = [("off", Perceptual::Off), ("report", Perceptual::Report)];
        return one_of(value, &words, problems);
    }
    if !value.is_table() {
        problems.add(value.wrong("must be \"off\", \"report\" or { max-delta-e = 2.3 }"));
        return None;
    }
    let mut table = value.table(problems)?;
    let limit = table.take("max-delta-e");
    if limit.is_none() {
        problems.add(value.wrong("names no `max-delta-e`"));
    }
    let limit = limit.and_then(|v| v.number(0.0, 100.0, problems));
    table.finish(problems);
    limit.map(|max_delta_e| Perceptual::Limit { max_delta_e })
}

/// One of a few words.
pub(super) fn one_of<T: Clone>(
    value: &Value<'_>,
    words: &[(&str, T)],
    problems: &mut Problems,
) -> Option<T> {
    let text = value.text(problems)?;
    let found = words.iter().find(|(word, _)| *word == text);
    if found.is_none() {
        let problem = value.wrong(&format!("cannot be \"{text}\""));
        problems.add(problem.suggest(text, words.iter().map(|(word, _)| *word)));
    }
    found.map(|(_, meaning)| meaning.clone())
}
