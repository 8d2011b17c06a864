//! `[budget]`, and `budget` of a story.

use crate::manifest::reader::{Problems, Value};
use crate::manifest::types::{Budget, CaptureSettings};

/// The units of sizes, with their number of bytes.
const UNITS: [(&str, u64); 8] = [
    ("B", 1),
    ("bytes", 1),
    ("KiB", 1 << 10),
    ("MiB", 1 << 20),
    ("GiB", 1 << 30),
    ("kB", 1_000),
    ("MB", 1_000_000),
    ("GB", 1_000_000_000),
];

/// The largest size, in bytes.
const MAX_SIZE: f64 = 1e12;

/// The largest number of anything that is counted.
const MAX_COUNT: u64 = 1_000_000_000;

/// The largest factor for times.
const MAX_FACTOR: f64 = 100.0;

/// The largest layout shift.
const MAX_SHIFT: f64 = 1_000.0;

/// Reads `budget` on top of what already applies. `false` removes a limit.
pub(super) fn budget(value: Option<Value<'_>>, base: &Budget, problems: &mut Problems) -> Budget {
    let mut budget = base.clone();
    let Some(mut table) = value.and_then(|value| value.table(problems)) else {
        return budget;
    };
    let mut keys = [
        ("requests", &mut budget.requests),
        ("nodes", &mut budget.nodes),
        ("console-errors", &mut budget.console_errors),
    ];
    for (key, limit) in &mut keys {
        if let Some(value) = table.take(key) {
            **limit = limit_of(&value, |value| value.whole(0, MAX_COUNT, problems));
        }
    }
    if let Some(value) = table.take("bytes") {
        budget.bytes = limit_of(&value, |value| size(value, problems));
    }
    if let Some(value) = table.take("cls") {
        budget.cls = limit_of(&value, |value| value.number(0.0, MAX_SHIFT, problems));
    }
    if let Some(value) = table.take("slower-than-usual") {
        let read = |value: &Value<'_>| value.number(1.0, MAX_FACTOR, problems);
        budget.slower_than_usual = limit_of(&value, read);
    }
    table.finish(problems);
    budget
}

/// The settings of a capture whose page is measured if it has a budget.
pub(super) fn measured(capture: CaptureSettings, budget: &Budget) -> CaptureSettings {
    CaptureSettings {
        measure: capture.measure || !budget.is_empty(),
        ..capture
    }
}

/// A limit, or `None` for `false`.
fn limit_of<T>(value: &Value<'_>, mut read: impl FnMut(&Value<'_>) -> Option<T>) -> Option<T> {
    match value.inner().as_bool() {
        Some(false) => None,
        _ => read(value),
    }
}

/// A size with its unit: `"300 KiB"`, `"1.5MB"`. A number without a unit could
/// mean bytes or kilobytes, and `KB` could mean 1,000 or 1,024 bytes.
fn size(value: &Value<'_>, problems: &mut Problems) -> Option<u64> {
    let text = value.inner().as_str().unwrap_or_default().trim();
    let number = text.trim_end_matches(|c: char| c.is_ascii_alphabetic());
    let unit = &text[number.len()..];
    let factor = UNITS.iter().find(|(name, _)| *name == unit);
    let number = number.trim_end();
    let is_plain = number.chars().all(|c| c.is_ascii_digit() || c == '.');
    let number = number.parse::<f64>().ok().filter(|_| is_plain);
    #[expect(clippy::cast_precision_loss, reason = "units are exact")]
    let bytes = number
        .zip(factor)
        .map(|(number, (_, factor))| (number * *factor as f64).round());
    let bytes = bytes.filter(|bytes| (0.0..=MAX_SIZE).contains(bytes));
    if bytes.is_none() {
        let problem = value.expected("a size up to 1000 GB with its unit");
        problems.add(match unit {
            "KB" | "kb" | "Kb" | "K" | "k" => problem
                .help("write it as \"300 KiB\" (1 KiB is 1,024 bytes) or \"300 kB\" (1,000 bytes)"),
            _ => problem.help("write it as \"300 KiB\", \"1.5 MB\" or \"800 bytes\""),
        });
    }
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "it is within bounds"
    )]
    bytes.map(|bytes| bytes as u64)
}
