//! Reads values that several sections share.

use std::time::Duration;

use crate::model::{BrowserName, Viewport};

use super::reader::{Problems, Value};
use super::types::Screen;

/// The platforms with a section in `[compare]`.
pub(super) const PLATFORMS: [&str; 3] = ["linux", "macos", "windows"];

/// The longest side of a viewport, in CSS pixels. Beyond it browsers repeat or
/// omit parts of a screenshot.
pub(super) const MAX_SIDE: u32 = 16_384;

/// One of a few words.
pub(super) fn one_of<T: Clone>(
    value: &Value<'_>,
    words: &[(&str, T)],
    problems: &mut Problems,
) -> Option<T> {
    let text = value.text(problems)?;
    let found = words.iter().find(|(word, _)| *word == text);
    if found.is_none() {
        let names = words.iter().map(|(word, _)| *word);
        let listed: Vec<_> = names.clone().map(|word| format!("\"{word}\"")).collect();
        let problem = value.expected(&any_of(&listed));
        problems.add(problem.did_you_mean(text, names));
    }
    found.map(|(_, meaning)| meaning.clone())
}

/// `a`, `a or b`, `a, b or c`.
pub(super) fn any_of(words: &[String]) -> String {
    match words {
        [rest @ .., last] if !rest.is_empty() => format!("{} or {last}", rest.join(", ")),
        _ => words.concat(),
    }
}

/// A duration of up to an hour with its unit: `"15s"`, `"500ms"`, `"1.5m"`.
pub(super) fn duration(value: &Value<'_>, problems: &mut Problems) -> Option<Duration> {
    duration_up_to(value, 3600.0, "1h", problems)
}

/// A duration from 1 ms to `max` seconds, which `limit` names.
pub(super) fn duration_up_to(
    value: &Value<'_>,
    max: f64,
    limit: &str,
    problems: &mut Problems,
) -> Option<Duration> {
    let text = value.inner().as_str().unwrap_or_default();
    let digits = text.trim_end_matches(|c: char| c.is_ascii_alphabetic());
    let unit = match &text[digits.len()..] {
        "ms" => Some(0.001),
        "s" => Some(1.0),
        "m" | "min" => Some(60.0),
        "h" => Some(3600.0),
        _ => None,
    };
    let seconds = digits.trim_end().parse::<f64>().ok().zip(unit);
    let seconds = seconds.map(|(number, unit)| number * unit);
    let seconds = seconds.filter(|s| (0.001..=max).contains(s));
    if seconds.is_none() {
        let problem = value.expected(&format!("a duration from 1ms to {limit}"));
        problems.add(problem.help("write it with its unit: \"500ms\", \"15s\", \"2m\""));
    }
    seconds.map(Duration::from_secs_f64)
}

/// A list of engines, not empty and without duplicates.
pub(super) fn engines(value: &Value<'_>, problems: &mut Problems) -> Option<Vec<BrowserName>> {
    let words = BrowserName::ALL.map(|name| (name.as_str(), name));
    let mut names = Vec::new();
    let items = value.list(problems)?;
    for item in &items {
        if matches!(item.inner().as_str(), Some("chrome" | "edge" | "safari")) {
            let engine = match item.inner().as_str() {
                Some("safari") => "webkit",
                _ => "chromium",
            };
            let problem = item.expected("\"chromium\", \"firefox\" or \"webkit\"");
            problems.add(problem.label(format!("did you mean \"{engine}\"?")));
            continue;
        }
        match one_of(item, &words, problems) {
            Some(name) if names.contains(&name) => {
                problems.add(item.wrong(&format!("lists \"{}\" twice", name.as_str())));
            }
            Some(name) => names.push(name),
            None => {}
        }
    }
    if items.is_empty() {
        problems.add(value.expected("at least one of \"chromium\", \"firefox\" and \"webkit\""));
    }
    (!names.is_empty()).then_some(names)
}

/// Device pixels per CSS pixel: from 0.25 to 8.
pub(super) fn scale(value: &Value<'_>, problems: &mut Problems) -> Option<f64> {
    value.number(0.25, 8.0, problems)
}

/// Parses `375x667` or `375x667@2x`.
pub(super) fn parse_screen(text: &str) -> Option<Screen> {
    let (viewport, scale) = match text.split_once('@') {
        Some((viewport, scale)) => (viewport, scale.strip_suffix('x')?.parse().ok()?),
        None => (text, 1.0),
    };
    let viewport: Viewport = viewport.parse().ok()?;
    let fits = viewport.width.max(viewport.height) <= MAX_SIDE && (0.25..=8.0).contains(&scale);
    fits.then_some(Screen {
        viewport,
        scale,
        mobile: false,
        touch: false,
    })
}

/// Whether a text is the address of a server.
pub(super) fn is_address(text: &str) -> bool {
    text.starts_with("http://") || text.starts_with("https://")
}

/// An address without its trailing slash.
pub(super) fn address(value: &Value<'_>, problems: &mut Problems) -> Option<String> {
    let text = value.text(problems)?;
    if !is_address(text) {
        problems.add(value.expected("an address that begins with http:// or https://"));
        return None;
    }
    let has_user = url::Url::parse(text)
        .is_ok_and(|url| !url.username().is_empty() || url.password().is_some());
    if has_user {
        let mut problem = value.wrong("contains a user or a password, which reports would show");
        // The line is not shown either.
        problem.span = 0..0;
        problems.add(problem.help(
            "remove it from the address and write \
             basic-auth = { user = \"ada\", password = \"${PASSWORD}\" }",
        ));
        return None;
    }
    Some(text.trim_end_matches('/').to_owned())
}
