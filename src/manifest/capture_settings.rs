//! `[capture]`, which a suite and each of its stories have.

use std::time::Duration;

use super::compare_settings::one_of;
use super::reader::{Problems, Table, Value};
use super::types::{CaptureSettings, Isolation, Network, PageErrors, Target, WaitFor};

impl Default for CaptureSettings {
    fn default() -> Self {
        Self {
            timeout: Duration::from_secs(15),
            target: Target::Viewport,
            padding: 0,
            mask: Vec::new(),
            isolation: Isolation::Story,
            wait_for: Vec::new(),
            wait_for_busy: true,
            wait_for_network: true,
            network: Network::On,
            virtual_time: true,
            page_time: Duration::from_secs(10),
            clock: None,
            seeded: true,
            seed: None,
            page_errors: PageErrors::Report,
            scroll_through: None,
        }
    }
}

/// Reads `capture`, on top of what applies already.
pub(super) fn capture(
    value: Option<Value<'_>>,
    base: &CaptureSettings,
    problems: &mut Problems,
) -> CaptureSettings {
    let mut settings = base.clone();
    let Some(mut table) = value.and_then(|value| value.table(problems)) else {
        return settings;
    };
    if let Some(timeout) = table.take("timeout").and_then(|v| duration(&v, problems)) {
        settings.timeout = timeout;
    }
    if let Some(target) = table.take("target").and_then(|v| target(&v, problems)) {
        settings.target = target;
    }
    let padding = table.take("padding");
    if let Some(pixels) = padding.and_then(|v| v.whole(0, 10_000, problems)) {
        settings.padding = u32::try_from(pixels).unwrap_or(u32::MAX);
    }
    if let Some(mask) = table.take("mask").and_then(|v| v.texts(problems)) {
        settings.mask = mask
            .iter()
            .map(|(selector, _)| (*selector).to_owned())
            .collect();
    }
    let words = [
        ("story", Isolation::Story),
        ("theme", Isolation::Theme),
        ("snapshot", Isolation::Snapshot),
    ];
    let isolation = table.take("isolation");
    if let Some(isolation) = isolation.and_then(|v| one_of(&v, &words, problems)) {
        settings.isolation = isolation;
    }
    if let Some(conditions) = table.take("wait-for").and_then(|v| wait_for(&v, problems)) {
        settings.wait_for = conditions;
    }
    if let Some(busy) = table.take("wait-for-busy").and_then(|v| v.flag(problems)) {
        settings.wait_for_busy = busy;
    }
    let waits = table.take("wait-for-network");
    if let Some(waits) = waits.and_then(|v| v.flag(problems)) {
        settings.wait_for_network = waits;
    }
    let words = [("on", Network::On), ("off", Network::Off)];
    let network = table.take("network");
    if let Some(network) = network.and_then(|v| one_of(&v, &words, problems)) {
        settings.network = network;
    }
    if let Some(clock) = table.take("clock").and_then(|v| instant(&v, problems)) {
        settings.clock = Some(clock);
    }
    let virtual_time = table.take("virtual-time");
    if let Some(is_virtual) = virtual_time.and_then(|v| v.flag(problems)) {
        settings.virtual_time = is_virtual;
    }
    if let Some(limit) = table.take("page-time").and_then(|v| duration(&v, problems)) {
        settings.page_time = limit;
    }
    if let Some(value) = table.take("seed") {
        seed(&value, &mut settings, problems);
    }
    let words = [("report", PageErrors::Report), ("fail", PageErrors::Fail)];
    let errors = table.take("page-errors");
    if let Some(errors) = errors.and_then(|v| one_of(&v, &words, problems)) {
        settings.page_errors = errors;
    }
    if let Some(value) = table.take("scroll-through") {
        settings.scroll_through = value.flag(problems).or(settings.scroll_through);
    }
    table.finish(problems);
    settings
}

/// A number, or `false` for no seed at all.
fn seed(value: &Value<'_>, settings: &mut CaptureSettings, problems: &mut Problems) {
    if let Some(is_seeded) = value.inner().as_bool() {
        settings.seeded = is_seeded;
        return;
    }
    if let Some(seed) = value.whole(0, u32::MAX.into(), problems) {
        (settings.seeded, settings.seed) = (true, u32::try_from(seed).ok());
    }
}

fn target(value: &Value<'_>, problems: &mut Problems) -> Option<Target> {
    if value.is_text() {
        let words = [("viewport", Target::Viewport), ("page", Target::Page)];
        return one_of(value, &words, problems);
    }
    if !value.is_table() {
        problems
            .add(value.wrong("must be \"viewport\", \"page\" or { element = \"a CSS selector\" }"));
        return None;
    }
    let mut table: Table<'_> = value.table(problems)?;
    let element = table.take("element");
    if element.is_none() {
        problems.add(value.wrong("names no `element`"));
    }
    let selector = element.and_then(|v| v.text(problems));
    table.finish(problems);
    selector.map(|selector| Target::Element(selector.to_owned()))
}

/// A time with its unit: `"15s"`, `"500ms"`, `"1.5m"`. Above zero and at most
/// an hour.
pub(super) fn duration(value: &Value<'_>, problems: &mut Problems) -> Option<Duration> {
    time(value, 3600.0, "1 h", problems)
}

/// A time from 1 ms to `most` seconds, which are called `limit`.
pub(super) fn time(
    value: &Value<'_>,
    most: f64,
    limit: &str,
    problems: &mut Problems,
) -> Option<Duration> {
    let text = value.text(problems)?;
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
    let seconds = seconds.filter(|s| (0.001..=most).contains(s));
    if seconds.is_none() {
        problems.add(
            value
                .wrong(&format!("must be a time from 1 ms to {limit}"))
                .help("write it with its unit: \"500ms\", \"15s\", \"2m\""),
        );
    }
    seconds.map(Duration::from_secs_f64)
}

/// A selector, or one or several of `{ selector = "…" }`,
/// `{ expression = "…" }` and `{ delay = "…" }`.
fn wait_for(value: &Value<'_>, problems: &mut Problems) -> Option<Vec<WaitFor>> {
    if value.is_text() || value.is_table() {
        return condition(value, problems).map(|condition| vec![condition]);
    }
    let conditions = value.list(problems)?;
    let read = conditions
        .iter()
        .filter_map(|each| condition(each, problems));
    Some(read.collect())
}

pub(super) fn condition(value: &Value<'_>, problems: &mut Problems) -> Option<WaitFor> {
    if value.is_text() {
        let selector = value.text(problems)?;
        return Some(WaitFor::Selector(selector.to_owned()));
    }
    let mut table = value.table(problems)?;
    let selector = table.take("selector").and_then(|v| v.text(problems));
    let expression = table.take("expression").and_then(|v| v.text(problems));
    let delay = table.take("delay").and_then(|v| duration(&v, problems));
    table.finish(problems);
    match (selector, expression, delay) {
        (Some(selector), None, None) => Some(WaitFor::Selector(selector.to_owned())),
        (None, Some(script), None) => Some(WaitFor::Expression(script.to_owned())),
        (None, None, Some(delay)) => Some(WaitFor::Delay(delay)),
        _ => {
            let one = "must have one of `selector`, `expression` and `delay`";
            problems.add(value.wrong(one));
            None
        }
    }
}

/// A moment, RFC 3339: `"2026-01-01T12:00:00Z"`. In milliseconds since the
/// Unix epoch.
fn instant(value: &Value<'_>, problems: &mut Problems) -> Option<i64> {
    let text = value.text(problems)?;
    let moment = text.parse::<jiff::Timestamp>().ok();
    if moment.is_none() {
        problems.add(
            value
                .wrong("must be a moment in time")
                .help("write it with its time zone: \"2026-01-01T12:00:00Z\""),
        );
    }
    moment.map(jiff::Timestamp::as_millisecond)
}
