//! `[alerts]` and `[[alert]]`: alert rules, and where alerts are sent.

use std::time::Duration;

use crate::config::{TextTemplate, Variables};
use crate::manifest::reader::{Problems, Value};
use crate::manifest::types::{
    AlertCondition, AlertMetric, AlertRule, AlertSettings, ConditionError, Webhook, WebhookFormat,
};
use crate::manifest::values::{duration, is_address, one_of};

/// The longest window and the longest `for` together: windows of a minute are kept
/// for an hour.
const LONGEST: Duration = Duration::from_secs(55 * 60);

/// Reads both. A rule replaces the built-in rule for its metric.
pub(super) fn read(
    section: Option<Value<'_>>,
    rules: Option<Value<'_>>,
    variables: &Variables,
    problems: &mut Problems,
) -> AlertSettings {
    let (webhook, built_in) = section_of(section, variables, problems);
    let items = rules.and_then(|rules| rules.list(problems));
    let mut own: Vec<AlertRule> = Vec::new();
    for item in items.into_iter().flatten() {
        let Some(rule) = rule(&item, problems) else {
            continue;
        };
        if own.iter().any(|known| known.name == rule.name) {
            problems.add(item.wrong(&format!("uses the name `{}` twice", rule.name)));
        }
        own.push(rule);
    }
    let has_own = |rule: &AlertRule| {
        let mut metrics = own.iter().map(|own| own.condition.metric);
        metrics.any(|metric| metric == rule.condition.metric)
    };
    let mut all = AlertRule::built_in();
    all.retain(|rule| built_in && !has_own(rule));
    all.extend(own);
    AlertSettings {
        rules: all,
        webhook,
    }
}

/// The webhook, and whether the built-in rules apply.
fn section_of(
    section: Option<Value<'_>>,
    variables: &Variables,
    problems: &mut Problems,
) -> (Option<Webhook>, bool) {
    let Some(mut table) = section.and_then(|section| section.table(problems)) else {
        return (None, true);
    };
    let (url, format) = (table.take("webhook"), table.take("format"));
    let built_in = table.take("built-in");
    table.finish(problems);
    let built_in = built_in.and_then(|value| value.flag(problems));
    let formats = [
        ("slack", WebhookFormat::Slack),
        ("teams", WebhookFormat::Teams),
        ("json", WebhookFormat::Json),
    ];
    if let (Some(format), None) = (&format, &url) {
        problems.add(format.wrong("needs `webhook`"));
    }
    let format = format.and_then(|format| one_of(&format, &formats, problems));
    let url = url.and_then(|url| webhook_url(&url, variables, problems));
    let webhook = url.map(|url| Webhook { url, format });
    (webhook, built_in.unwrap_or(true))
}

fn webhook_url(
    value: &Value<'_>,
    variables: &Variables,
    problems: &mut Problems,
) -> Option<TextTemplate> {
    let text = value.text(problems)?;
    if !is_address(text) && !text.starts_with("${") {
        problems.add(value.expected("an address that begins with http:// or https://, or ${NAME}"));
        return None;
    }
    if !cfg!(feature = "webhook") {
        let problem = value.wrong("needs the feature `webhook` of tintype");
        problems.add(problem.help("write tintype = { version = \"…\", features = [\"webhook\"] }"));
        return None;
    }
    Some(TextTemplate::new(text, variables))
}

fn rule(item: &Value<'_>, problems: &mut Problems) -> Option<AlertRule> {
    let mut table = item.table(problems)?;
    let (when, name) = (table.take("when"), table.take("name"));
    let (window, hold) = (table.take("window"), table.take("for"));
    let min_snapshots = table.take("min-snapshots");
    table.finish(problems);
    if when.is_none() {
        problems.add(item.wrong("is missing the key `when`"));
    }
    let condition = when.and_then(|when| condition(&when, problems));
    let name = name.and_then(|name| Some(name.text(problems)?.to_owned()));
    let place = window.clone().or_else(|| hold.clone());
    let window = window.and_then(|window| whole_minutes(&window, problems));
    let hold = hold.and_then(|hold| whole_minutes(&hold, problems));
    let min_snapshots = min_snapshots.and_then(|min| min.whole(1, 1_000_000, problems));
    let (window, hold) = (
        window.unwrap_or(AlertRule::WINDOW),
        hold.unwrap_or(Duration::ZERO),
    );
    if let Some(place) = place.filter(|_| window + hold > LONGEST) {
        problems.add(place.wrong("is too long: `window` and `for` may be 55 minutes together"));
    }
    let condition = condition?;
    Some(AlertRule {
        name: name.unwrap_or_else(|| condition.to_string()),
        condition,
        window,
        hold,
        min_snapshots: min_snapshots.unwrap_or(AlertRule::MIN_SNAPSHOTS),
    })
}

fn condition(value: &Value<'_>, problems: &mut Problems) -> Option<AlertCondition> {
    let error = match AlertCondition::parse(value.text(problems)?) {
        Ok(condition) => return Some(condition),
        Err(error) => error,
    };
    problems.add(match error {
        ConditionError::Comparison => {
            let problem = value.expected("a metric, `>` and a limit");
            problem.help("write for example when = \"failure-rate > 10 %\"")
        }
        ConditionError::Metric(name) => {
            let names = AlertMetric::ALL.map(|(name, _)| name);
            let problem = value.wrong(&format!("has the unknown metric `{name}`"));
            problem.suggest(&name, names)
        }
        ConditionError::Limit(expected, found) => value.wrong(&format!(
            "has an invalid limit: expected {expected}, found `{found}`"
        )),
    });
    None
}

/// A duration of at least a minute, without seconds.
fn whole_minutes(value: &Value<'_>, problems: &mut Problems) -> Option<Duration> {
    let time = duration(value, problems)?;
    if time.is_zero() || time.as_millis() % 60_000 != 0 {
        problems.add(value.expected("whole minutes, such as \"5m\""));
        return None;
    }
    Some(time)
}
