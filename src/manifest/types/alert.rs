//! Alert rules.

use std::fmt;
use std::time::Duration;

use crate::config::TextTemplate;

/// What a rule measures.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum AlertMetric {
    /// The share of snapshots that failed.
    FailureRate,
    /// The share of snapshots that passed, but not at the first attempt.
    FlakeRate,
    /// The median duration of a snapshot.
    Duration,
    /// The memory that the Redis server uses.
    RedisMemory,
    /// Keys that the server evicted.
    Evictions,
    /// Operations in a journal that the record does not have yet.
    JournalLag,
}

impl AlertMetric {
    /// All metrics with their names.
    pub(crate) const ALL: [(&'static str, Self); 6] = [
        ("failure-rate", Self::FailureRate),
        ("flake-rate", Self::FlakeRate),
        ("duration", Self::Duration),
        ("redis-memory", Self::RedisMemory),
        ("evictions", Self::Evictions),
        ("journal-lag", Self::JournalLag),
    ];

    /// The values that a limit of it may have.
    fn expected(self) -> &'static str {
        match self {
            Self::FailureRate | Self::FlakeRate => "a percentage such as `10 %`",
            Self::Duration => "`2 x p95` or a duration such as `30s`",
            Self::RedisMemory => "a percentage such as `90 %` or a size such as `512 MB`",
            Self::Evictions | Self::JournalLag => "a whole number",
        }
    }
}

/// The limit of a rule.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum AlertLimit {
    /// A share, 0–1: of the snapshots, or of the memory limit.
    Share(f64),
    /// A number of keys or operations.
    Count(u64),
    /// Bytes.
    Bytes(u64),
    /// A duration.
    Time(Duration),
    /// A multiple of the 95th percentile of the hour before the window.
    TimesP95(f64),
}

/// The condition of a rule: `failure-rate > 10 %`.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct AlertCondition {
    /// What it measures.
    pub(crate) metric: AlertMetric,
    /// It holds above this value.
    pub(crate) limit: AlertLimit,
    text: String,
}

/// Why a condition is invalid.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum ConditionError {
    /// It has no `>`, or another comparison.
    Comparison,
    /// The metric is unknown.
    Metric(String),
    /// The limit does not fit to the metric; what it should be, and what it is.
    Limit(&'static str, String),
}

impl AlertCondition {
    /// Parses a condition.
    pub(crate) fn parse(text: &str) -> Result<Self, ConditionError> {
        let (name, value) = text.split_once('>').ok_or(ConditionError::Comparison)?;
        let (name, value) = (name.trim(), value.trim());
        if value.starts_with(['=', '>']) || name.contains('<') {
            return Err(ConditionError::Comparison);
        }
        let found = AlertMetric::ALL.iter().find(|(known, _)| *known == name);
        let (name, metric) = found.ok_or_else(|| ConditionError::Metric(name.to_owned()))?;
        let limit = limit_of(*metric, value);
        let limit =
            limit.ok_or_else(|| ConditionError::Limit(metric.expected(), value.to_owned()))?;
        Ok(Self {
            metric: *metric,
            limit,
            text: format!("{name} > {limit}"),
        })
    }
}

impl fmt::Display for AlertCondition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl fmt::Display for AlertLimit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            // A share has few decimals, but not in binary.
            Self::Share(share) => write!(f, "{} %", (share * 1e6).round() / 1e4),
            Self::Count(count) => write!(f, "{count}"),
            Self::Bytes(bytes) if bytes % 1_000_000 == 0 => {
                write!(f, "{} MB", bytes / 1_000_000)
            }
            Self::Bytes(bytes) => write!(f, "{bytes} B"),
            Self::Time(time) => write!(f, "{} ms", time.as_millis()),
            Self::TimesP95(factor) => write!(f, "{factor} x p95"),
        }
    }
}

fn limit_of(metric: AlertMetric, value: &str) -> Option<AlertLimit> {
    let digits = value.trim_end_matches(|c: char| c.is_ascii_alphabetic() || c == '%');
    let unit = &value[digits.len()..];
    let number = |text: &str| text.trim().parse::<f64>().ok().filter(|n| *n >= 0.0);
    let share = || {
        let percent = number(digits).filter(|percent| *percent <= 100.0)?;
        (unit == "%").then_some(AlertLimit::Share(percent / 100.0))
    };
    match metric {
        AlertMetric::FailureRate | AlertMetric::FlakeRate => share(),
        AlertMetric::Evictions | AlertMetric::JournalLag => {
            value.parse().ok().map(AlertLimit::Count)
        }
        AlertMetric::RedisMemory => share().or_else(|| {
            let size = match unit {
                "kB" | "KB" => 1e3,
                "MB" => 1e6,
                "GB" => 1e9,
                _ => return None,
            };
            #[expect(
                clippy::cast_possible_truncation,
                clippy::cast_sign_loss,
                reason = "it is not negative, and a larger size than 2^64 means the same"
            )]
            let bytes = (number(digits)? * size).round() as u64;
            Some(AlertLimit::Bytes(bytes))
        }),
        AlertMetric::Duration => {
            if let Some(factor) = value.strip_suffix("p95") {
                let factor = factor.trim_end().trim_end_matches(['x', '×', '*']).trim();
                let factor = if factor.is_empty() {
                    Some(1.0)
                } else {
                    number(factor)
                };
                return factor.filter(|f| f.is_finite()).map(AlertLimit::TimesP95);
            }
            let unit = match unit {
                "ms" => 0.001,
                "s" => 1.0,
                "m" | "min" => 60.0,
                _ => return None,
            };
            let time = Duration::try_from_secs_f64(number(digits)? * unit).ok()?;
            Some(AlertLimit::Time(time))
        }
    }
}

/// When an alert is raised.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct AlertRule {
    /// Its name, unique in the manifest.
    pub(crate) name: String,
    /// The condition.
    pub(crate) condition: AlertCondition,
    /// The last part of the record that is measured, in whole minutes.
    pub(crate) window: Duration,
    /// How long the condition must hold, in whole minutes.
    pub(crate) hold: Duration,
    /// With fewer snapshots in the window, a rate or a duration is not judged.
    pub(crate) min_snapshots: u64,
}

impl AlertRule {
    /// The number of snapshots without which nothing is judged, unless a rule says
    /// otherwise.
    pub(crate) const MIN_SNAPSHOTS: u64 = 10;
    /// The window, unless a rule says otherwise.
    pub(crate) const WINDOW: Duration = Duration::from_secs(5 * 60);

    /// The rules for metrics that the manifest has no rule for.
    pub(crate) fn built_in() -> Vec<Self> {
        [
            "failure-rate > 10 %",
            "flake-rate > 5 %",
            "duration > 2 x p95",
            "redis-memory > 90 %",
            "evictions > 0",
            "journal-lag > 10000",
        ]
        .iter()
        .filter_map(|when| AlertCondition::parse(when).ok())
        .map(|condition| Self {
            name: condition.to_string(),
            condition,
            window: Self::WINDOW,
            hold: Duration::ZERO,
            min_snapshots: Self::MIN_SNAPSHOTS,
        })
        .collect()
    }
}

/// What a webhook receives.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum WebhookFormat {
    /// A message of Slack, which Mattermost and Discord's `/slack` take too.
    Slack,
    /// An Adaptive Card for a workflow of Microsoft Teams.
    Teams,
    /// The alert as it is in the record.
    Json,
}

/// Where alerts are sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Webhook {
    pub(crate) url: TextTemplate,
    /// `None` chooses by the host of the address.
    pub(crate) format: Option<WebhookFormat>,
}

/// The alerts of a project.
#[derive(Clone, Debug, PartialEq, Default)]
pub struct AlertSettings {
    pub(crate) rules: Vec<AlertRule>,
    pub(crate) webhook: Option<Webhook>,
}

#[cfg(test)]
mod tests {
    use super::{AlertCondition, AlertRule};

    #[test]
    fn conditions_are_parsed_and_shown() {
        for (text, shown) in [
            ("failure-rate>10%", "failure-rate > 10 %"),
            ("flake-rate > 0.5 %", "flake-rate > 0.5 %"),
            ("duration > p95", "duration > 1 x p95"),
            ("duration > 1.5x p95", "duration > 1.5 x p95"),
            ("duration > 1.5 s", "duration > 1500 ms"),
            ("redis-memory > 2 GB", "redis-memory > 2000 MB"),
            ("redis-memory > 90 %", "redis-memory > 90 %"),
            ("evictions > 0", "evictions > 0"),
        ] {
            assert_eq!(AlertCondition::parse(text).unwrap().to_string(), shown);
        }
        for wrong in [
            "failure-rate",
            "failure-rate >= 10 %",
            "failure-rate < 10 %",
            "failure-rate > 10",
            "failure-rate > 101 %",
            "failure-rate > -1 %",
            "failure-rate > NaN %",
            "duration > 2 %",
            "duration > inf x p95",
            "evictions > 0.5",
            "rate > 1",
        ] {
            assert!(AlertCondition::parse(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn every_metric_has_a_built_in_rule() {
        let rules = AlertRule::built_in();
        assert_eq!(rules.len(), super::AlertMetric::ALL.len());
    }
}
