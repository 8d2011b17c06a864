//! `[compare]`, which a suite and each of its stories have.

use crate::compare::{self, Antialiasing, Perceptual};
use crate::model::Region;

use super::reader::{Problems, Value};

/// Reads `compare`, on top of what applies already.
pub(super) fn compare(
    value: Option<Value<'_>>,
    base: &compare::Options,
    problems: &mut Problems,
) -> compare::Options {
    let mut options = base.clone();
    let Some(mut table) = value.and_then(|value| value.table(problems)) else {
        return options;
    };
    let threshold = table.take("threshold");
    if let Some(number) = threshold.and_then(|v| v.number(0.0, 1.0, problems)) {
        options.threshold = number;
    }
    let pixels = table.take("max-diff-pixels");
    if let Some(count) = pixels.and_then(|v| v.whole(0, u64::MAX, problems)) {
        options.max_diff_pixels = Some(count);
    }
    let ratio = table.take("max-diff-ratio");
    if let Some(ratio) = ratio.and_then(|v| v.number(0.0, 1.0, problems)) {
        options.max_diff_ratio = Some(ratio);
    }
    let words = [
        ("ignore", Antialiasing::Ignore),
        ("count", Antialiasing::Count),
    ];
    let word = table.take("antialiasing");
    if let Some(counts) = word.and_then(|v| one_of(&v, &words, problems)) {
        options.antialiasing = counts;
    }
    if let Some(ignore) = table.take("ignore").and_then(|v| v.list(problems)) {
        let regions = ignore.iter().filter_map(|v| region(v, problems));
        options.ignore = regions.collect();
    }
    if let Some(moved) = table.take("moved").and_then(|v| v.flag(problems)) {
        options.moved = moved;
    }
    let opinion = table.take("perceptual");
    if let Some(opinion) = opinion.and_then(|v| perceptual(&v, problems)) {
        options.perceptual = opinion;
    }
    table.finish(problems);
    options
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
    limit.map(|max_delta_e| Perceptual::Decide { max_delta_e })
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
