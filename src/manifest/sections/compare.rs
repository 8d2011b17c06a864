//! `[compare]`, and `compare` of a story.

use crate::manifest::reader::{Problems, Table, Value};
use crate::manifest::types::{CompareLimits, CompareSettings, Tolerances};
use crate::manifest::values::{PLATFORMS, one_of};
use crate::model::{BrowserName, Region};
use tintype_compare::{Antialiasing, DiffWindow, Metric, Perceptual};

/// Reads `compare` on top of what already applies. Settings of a platform beat
/// general ones, and settings of an engine beat both.
pub(super) fn compare(
    value: Option<Value<'_>>,
    base: &Tolerances,
    problems: &mut Problems,
) -> Tolerances {
    let mut tolerances = base.clone();
    let Some(mut table) = value.and_then(|value| value.table(problems)) else {
        return tolerances;
    };
    tolerances.apply(&settings(&mut table, problems));
    for platform in PLATFORMS {
        // The settings of other platforms are only checked for errors.
        let settings = subtable(table.take(platform), problems);
        if base.are_on(platform) {
            tolerances.apply(&settings);
        }
    }
    for browser in BrowserName::ALL {
        let settings = subtable(table.take(browser.as_str()), problems);
        tolerances.apply_to(browser, &settings);
    }
    let other_environment = subtable(table.take("other-environment"), problems);
    tolerances.apply_to_other_environment(&other_environment);
    table.finish(problems);
    tolerances
}

fn subtable(value: Option<Value<'_>>, problems: &mut Problems) -> CompareSettings {
    let Some(mut table) = value.and_then(|value| value.table(problems)) else {
        return CompareSettings::default();
    };
    let settings = settings(&mut table, problems);
    table.finish(problems);
    settings
}

fn settings(table: &mut Table<'_>, problems: &mut Problems) -> CompareSettings {
    let metrics = [("oklab", Metric::Oklab), ("yiq", Metric::Yiq)];
    let antialiasing = [
        ("ignore", Antialiasing::Ignore),
        ("count", Antialiasing::Count),
    ];
    let metric = table.take("metric");
    let (threshold, word) = (table.take("threshold"), table.take("antialiasing"));
    let limits = limits(table, problems);
    let ignore = table.take("ignore").and_then(|v| v.list(problems));
    let (moved, perceptual) = (table.take("moved"), table.take("perceptual"));
    CompareSettings {
        metric: metric.and_then(|v| one_of(&v, &metrics, problems)),
        threshold: threshold.and_then(|v| v.number(0.0, 1.0, problems)),
        antialiasing: word.and_then(|v| one_of(&v, &antialiasing, problems)),
        limits,
        ignore: ignore.map(|ignore| {
            let regions = ignore.iter().filter_map(|v| region(v, problems));
            regions.collect()
        }),
        moved: moved.and_then(|v| v.flag(problems)),
        perceptual: perceptual.and_then(|v| self::perceptual(&v, problems)),
    }
}

fn limits(table: &mut Table<'_>, problems: &mut Problems) -> CompareLimits {
    let (pixels, ratio) = (table.take("max-diff-pixels"), table.take("max-diff-ratio"));
    let window = table.take("max-diff-window");
    CompareLimits {
        pixels: pixels.and_then(|v| v.whole(0, u64::MAX, problems)),
        ratio: ratio.and_then(|v| v.number(0.0, 1.0, problems)),
        window: window.and_then(|v| self::window(&v, problems)),
    }
}

/// `{ size = 16, pixels = 28 }`
fn window(value: &Value<'_>, problems: &mut Problems) -> Option<DiffWindow> {
    let mut table = value.table(problems)?;
    let (size, pixels) = (table.take("size"), table.take("pixels"));
    table.finish(problems);
    if size.is_none() || pixels.is_none() {
        problems.add(
            value
                .wrong("needs both `size` and `pixels`")
                .help("write { size = 16, pixels = 28 }"),
        );
    }
    let size = size.and_then(|v| v.whole(1, 4096, problems));
    let pixels = pixels.and_then(|v| v.whole(0, u64::MAX, problems));
    Some(DiffWindow::new(u32::try_from(size?).ok()?, pixels?))
}

/// A rectangle in image pixels: `{ x = 0, y = 0, width = 100, height = 20 }`.
fn region(value: &Value<'_>, problems: &mut Problems) -> Option<Region> {
    let mut table = value.table(problems)?;
    let mut side = |key, min| {
        let Some(side) = table.take(key) else {
            problems.add(value.wrong(&format!("has a rectangle without `{key}`")));
            return None;
        };
        let pixels = side.whole(min, u32::MAX.into(), problems)?;
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
    const FORMS: &str = "\"off\", \"report\" or { max-delta-e = 2.3 }";
    if value.is_text() {
        return match value.text(problems)? {
            "off" => Some(Perceptual::Off),
            "report" => Some(Perceptual::Report),
            _ => {
                problems.add(value.expected(FORMS));
                None
            }
        };
    }
    if !value.is_table() {
        problems.add(value.expected(FORMS));
        return None;
    }
    let mut table = value.table(problems)?;
    let limit = table.take("max-delta-e");
    if limit.is_none() {
        problems.add(value.wrong("is missing the key `max-delta-e`"));
    }
    let limit = limit.and_then(|v| v.number(0.0, 100.0, problems));
    table.finish(problems);
    limit.map(|max_delta_e| Perceptual::Limit { max_delta_e })
}
