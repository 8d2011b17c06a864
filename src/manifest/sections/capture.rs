//! `[capture]`, and `capture` of a story.

use crate::manifest::reader::{Problems, Table, Value};
use crate::manifest::types::{
    CaptureSettings, HostPort, Isolation, Network, PageErrors, Target, WaitFor,
};
use crate::manifest::values::{duration, one_of};

/// The forms of `target`.
const TARGETS: &str = "\"viewport\", \"page\" or { element = \"…\" } with a CSS selector";

/// Reads `capture` on top of what already applies.
pub(super) fn capture(
    value: Option<Value<'_>>,
    base: &CaptureSettings,
    problems: &mut Problems,
) -> CaptureSettings {
    let mut settings = base.clone();
    let Some(mut table) = value.and_then(|value| value.table(problems)) else {
        return settings;
    };
    picture(&mut table, &mut settings, problems);
    waiting(&mut table, &mut settings, problems);
    time(&mut table, &mut settings, problems);
    network(&mut table, &mut settings, problems);
    table.finish(problems);
    settings
}

/// The keys that decide what is captured.
fn picture(table: &mut Table<'_>, settings: &mut CaptureSettings, problems: &mut Problems) {
    if let Some(target) = table.take("target").and_then(|v| target(&v, problems)) {
        settings.target = target;
    }
    let padding = table.take("padding");
    if let Some(pixels) = padding.and_then(|v| v.whole(0, 10_000, problems)) {
        settings.padding = u32::try_from(pixels).unwrap_or(u32::MAX);
    }
    if let Some(mask) = table.take("mask").and_then(|v| v.texts(problems)) {
        let selectors = mask.iter().map(|(selector, _)| (*selector).to_owned());
        settings.mask = selectors.collect();
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
    if let Some(measure) = table.take("measure").and_then(|v| v.flag(problems)) {
        settings.measure = measure;
    }
    if let Some(value) = table.take("scroll-through") {
        settings.scroll_through = value.flag(problems).or(settings.scroll_through);
    }
}

/// The keys that decide what is waited for.
fn waiting(table: &mut Table<'_>, settings: &mut CaptureSettings, problems: &mut Problems) {
    if let Some(timeout) = table.take("timeout").and_then(|v| duration(&v, problems)) {
        settings.timeout = timeout;
    }
    if let Some(conditions) = table.take("wait-for").and_then(|v| wait_for(&v, problems)) {
        settings.wait_for = conditions;
    }
    if let Some(waits) = table.take("wait-for-busy").and_then(|v| v.flag(problems)) {
        settings.wait_for_busy = waits;
    }
    let waits = table.take("wait-for-network");
    if let Some(waits) = waits.and_then(|v| v.flag(problems)) {
        settings.wait_for_network = waits;
    }
}

/// The keys of the page's time and chance.
fn time(table: &mut Table<'_>, settings: &mut CaptureSettings, problems: &mut Problems) {
    let virtual_time = table.take("virtual-time");
    if let Some(is_virtual) = virtual_time.and_then(|v| v.flag(problems)) {
        settings.virtual_time = is_virtual;
    }
    if let Some(limit) = table.take("page-time").and_then(|v| duration(&v, problems)) {
        settings.page_time = limit;
    }
    if let Some(clock) = table.take("clock").and_then(|v| instant(&v, problems)) {
        settings.clock = Some(clock);
    }
    if let Some(value) = table.take("seed") {
        seed(&value, settings, problems);
    }
}

/// The keys of requests and errors.
fn network(table: &mut Table<'_>, settings: &mut CaptureSettings, problems: &mut Problems) {
    let words = [("on", Network::On), ("off", Network::Off)];
    let network = table.take("network");
    if let Some(network) = network.and_then(|v| one_of(&v, &words, problems)) {
        settings.network = network;
    }
    if let Some(value) = table.take("allow-hosts") {
        settings.allow_hosts = hosts(&value, problems);
    }
    let words = [("report", PageErrors::Report), ("fail", PageErrors::Fail)];
    let errors = table.take("page-errors");
    if let Some(errors) = errors.and_then(|v| one_of(&v, &words, problems)) {
        settings.page_errors = errors;
    }
}

/// A list of hosts with their ports.
fn hosts(value: &Value<'_>, problems: &mut Problems) -> Vec<HostPort> {
    let mut hosts = Vec::new();
    for (text, item) in value.texts(problems).into_iter().flatten() {
        if let Some(host) = HostPort::parse(text) {
            hosts.push(host);
        } else {
            let problem = item.expected("a host with its port, without scheme and path");
            problems.add(problem.help("write it as \"127.0.0.1:4000\" or \"api.internal:443\""));
        }
    }
    hosts
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
    match value.inner().as_str() {
        Some("viewport") => return Some(Target::Viewport),
        Some("page") => return Some(Target::Page),
        _ => {}
    }
    if !value.is_table() {
        problems.add(value.expected(TARGETS));
        return None;
    }
    let mut table: Table<'_> = value.table(problems)?;
    let element = table.take("element");
    if element.is_none() {
        problems.add(value.wrong("is missing the key `element`"));
    }
    let selector = element.and_then(|v| v.text(problems));
    table.finish(problems);
    selector.map(|selector| Target::Element(selector.to_owned()))
}

/// A condition or a list of conditions.
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

/// A selector, `{ selector = "…" }`, `{ expression = "…" }` or
/// `{ delay = "…" }`.
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
            problems.add(value.wrong("must set one of `selector`, `expression` and `delay`"));
            None
        }
    }
}

/// An instant, RFC 3339: `"2026-01-01T12:00:00Z"`. In milliseconds since the
/// Unix epoch.
fn instant(value: &Value<'_>, problems: &mut Problems) -> Option<i64> {
    let text = value.text(problems)?;
    let instant = text.parse::<jiff::Timestamp>().ok();
    if instant.is_none() {
        let problem = value.expected("an instant with its time zone");
        problems.add(problem.help("write it as \"2026-01-01T12:00:00Z\""));
    }
    instant.map(jiff::Timestamp::as_millisecond)
}
