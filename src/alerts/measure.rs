//! Measures what a rule is about, in the windows of the record.

use std::time::Duration;

use crate::manifest::{AlertCondition, AlertLimit, AlertMetric, AlertRule};
use crate::record::{MetricsWindow, OutcomeCounts};

/// One minute, in milliseconds.
const MINUTE: i64 = 60_000;
/// The time before a window whose 95th percentile is compared with, in milliseconds.
const BASE: i64 = 60 * MINUTE;

/// The verdict on a rule.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Measured {
    /// Whether the condition holds.
    pub(super) holds: bool,
    /// The value as people read it.
    pub(super) value: String,
}

/// Judges a rule at a time, in milliseconds since the Unix epoch. `windows` are
/// those of one minute, oldest first. With `for`, the condition must hold now and at
/// each minute before.
pub(super) fn judge(rule: &AlertRule, windows: &[MetricsWindow], now: i64) -> Measured {
    let now_measured = judge_at(rule, windows, now);
    let minutes = ms(rule.hold) / MINUTE;
    let held = (1..=minutes).all(|back| judge_at(rule, windows, now - back * MINUTE).holds);
    Measured {
        holds: now_measured.holds && held,
        ..now_measured
    }
}

fn judge_at(rule: &AlertRule, windows: &[MetricsWindow], at: i64) -> Measured {
    // The minute of `at` is the last of the window.
    let last = at - at.rem_euclid(MINUTE);
    let from = last + MINUTE - ms(rule.window);
    let inside = between(windows, from, last);
    let measured = match rule.condition.metric {
        AlertMetric::FailureRate | AlertMetric::FlakeRate => rate(rule, inside),
        AlertMetric::Duration => {
            let before = between(windows, from - BASE, from - MINUTE);
            duration(rule, &counts_of(inside), &counts_of(before))
        }
        AlertMetric::RedisMemory => memory(&rule.condition, inside),
        AlertMetric::Evictions => Some(evictions(&rule.condition, inside)),
        AlertMetric::JournalLag => Some(journal_lag(&rule.condition, inside)),
    };
    measured.unwrap_or_else(|| Measured {
        holds: false,
        value: "too few measurements".to_owned(),
    })
}

fn ms(time: Duration) -> i64 {
    i64::try_from(time.as_millis()).unwrap_or(i64::MAX)
}

/// The windows that start between two times, both inclusive.
fn between(windows: &[MetricsWindow], from: i64, to: i64) -> &[MetricsWindow] {
    let first = windows.partition_point(|window| window.start < from);
    let end = windows.partition_point(|window| window.start <= to);
    &windows[first..end.max(first)]
}

fn counts_of(windows: &[MetricsWindow]) -> OutcomeCounts {
    let mut sum = OutcomeCounts::default();
    windows.iter().for_each(|window| sum.merge(&window.counts));
    sum
}

#[expect(clippy::cast_precision_loss, reason = "counts are far below 2^53")]
fn ratio(part: u64, whole: u64) -> f64 {
    part as f64 / whole as f64
}

fn percent(share: f64) -> String {
    format!("{:.1} %", share * 100.0)
}

fn rate(rule: &AlertRule, windows: &[MetricsWindow]) -> Option<Measured> {
    let counts = counts_of(windows);
    let total = counts.compared();
    let AlertLimit::Share(limit) = rule.condition.limit else {
        return None;
    };
    if total < rule.min_snapshots {
        return None;
    }
    let (part, word) = match rule.condition.metric {
        AlertMetric::FlakeRate => (counts.flaky, "flaky"),
        _ => (counts.failed, "failed"),
    };
    let share = ratio(part, total);
    Some(Measured {
        holds: share > limit,
        value: format!("{}: {part} of {total} {word}", percent(share)),
    })
}

fn duration(rule: &AlertRule, now: &OutcomeCounts, before: &OutcomeCounts) -> Option<Measured> {
    let timed = |counts: &OutcomeCounts| counts.durations.values().sum::<u64>();
    if timed(now) < rule.min_snapshots {
        return None;
    }
    let median = now.quantile(0.5)?;
    let (limit, base) = match rule.condition.limit {
        AlertLimit::Time(limit) => (ratio(u64::try_from(limit.as_millis()).ok()?, 1), None),
        AlertLimit::TimesP95(factor) => {
            if timed(before) < rule.min_snapshots {
                return None;
            }
            let base = before.quantile(0.95)?;
            (ratio(base, 1) * factor, Some(base))
        }
        _ => return None,
    };
    let base = base.map_or(String::new(), |base| {
        format!(", p95 of the hour before {base} ms")
    });
    Some(Measured {
        holds: ratio(median, 1) > limit,
        value: format!("median {median} ms{base}"),
    })
}

fn memory(condition: &AlertCondition, windows: &[MetricsWindow]) -> Option<Measured> {
    let gauges = windows.iter().rev().find_map(|window| window.gauges)?;
    let (used, most) = (gauges.memory, gauges.memory_limit);
    let megabytes = |bytes: u64| bytes / 1_000_000;
    match condition.limit {
        AlertLimit::Bytes(limit) => Some(Measured {
            holds: used > limit,
            value: format!("{} MB", megabytes(used)),
        }),
        // A server without a limit has no share of it.
        AlertLimit::Share(_) if most == 0 => Some(Measured {
            holds: false,
            value: format!("{} MB, no limit", megabytes(used)),
        }),
        AlertLimit::Share(limit) => {
            let share = ratio(used, most);
            Some(Measured {
                holds: share > limit,
                value: format!(
                    "{}: {} of {} MB",
                    percent(share),
                    megabytes(used),
                    megabytes(most)
                ),
            })
        }
        _ => None,
    }
}

fn evictions(condition: &AlertCondition, windows: &[MetricsWindow]) -> Measured {
    let mut gauges = windows.iter().filter_map(|window| window.gauges);
    let first = gauges.next();
    let last = gauges.next_back().or(first);
    let evicted = last.zip(first).map_or(0, |(last, first)| {
        // A server that was restarted counts from 0 again.
        last.evicted.saturating_sub(first.evicted_before)
    });
    counted(condition, evicted, "keys evicted")
}

fn journal_lag(condition: &AlertCondition, windows: &[MetricsWindow]) -> Measured {
    let gauges = windows.iter().filter_map(|window| window.gauges);
    let lag = gauges.map(|gauges| gauges.journal_lag).max().unwrap_or(0);
    counted(condition, lag, "operations wait in a journal")
}

fn counted(condition: &AlertCondition, count: u64, what: &str) -> Measured {
    let limit = match condition.limit {
        AlertLimit::Count(limit) => limit,
        _ => u64::MAX,
    };
    Measured {
        holds: count > limit,
        value: format!("{count} {what}"),
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::judge;
    use crate::manifest::{AlertCondition, AlertRule};
    use crate::record::{Gauges, MetricsWindow, OutcomeCounts};

    const NOW: i64 = 1_730_000_123_456;
    const THIS_MINUTE: i64 = 1_730_000_100_000;

    fn rule(when: &str, window: u64, hold: u64) -> AlertRule {
        AlertRule {
            name: "rule".to_owned(),
            condition: AlertCondition::parse(when).unwrap(),
            window: Duration::from_secs(60 * window),
            hold: Duration::from_secs(60 * hold),
            min_snapshots: 10,
        }
    }

    /// The window `back` minutes ago, with so many passed and failed snapshots that
    /// took `ms` each.
    fn window(back: i64, passed: u64, failed: u64, ms: u64) -> MetricsWindow {
        MetricsWindow {
            start: THIS_MINUTE - back * 60_000,
            counts: OutcomeCounts {
                passed,
                failed,
                flaky: passed / 2,
                durations: [(ms, passed + failed)].into(),
                ..OutcomeCounts::default()
            },
            gauges: None,
        }
    }

    fn measured(evicted_before: u64, evicted: u64, journal_lag: u64) -> Option<Gauges> {
        Some(Gauges {
            memory: 950,
            memory_limit: 1000,
            evicted_before,
            evicted,
            journal_lag,
        })
    }

    #[test]
    fn a_rate_is_that_of_its_window() {
        let windows = [
            window(2, 0, 100, 1),
            window(1, 15, 5, 1),
            window(0, 10, 0, 1),
        ];
        let failed = |window| judge(&rule("failure-rate > 10 %", window, 0), &windows, NOW);
        assert!(!failed(1).holds);
        assert!(failed(2).holds);
        assert_eq!(failed(2).value, "16.7 %: 5 of 30 failed");
        let flaky = judge(&rule("flake-rate > 20 %", 1, 0), &windows, NOW);
        assert_eq!(
            (flaky.holds, flaky.value.as_str()),
            (true, "50.0 %: 5 of 10 flaky")
        );
        let few = judge(
            &rule("failure-rate > 10 %", 1, 0),
            &[window(0, 0, 9, 1)],
            NOW,
        );
        assert_eq!(
            (few.holds, few.value.as_str()),
            (false, "too few measurements")
        );
    }

    #[test]
    fn a_condition_must_hold_for_its_time() {
        let mut windows = [window(2, 5, 5, 1), window(1, 5, 5, 1), window(0, 5, 5, 1)];
        let rule = rule("failure-rate > 10 %", 1, 2);
        assert!(judge(&rule, &windows, NOW).holds);
        windows[1] = window(1, 10, 0, 1);
        assert!(!judge(&rule, &windows, NOW).holds);
    }

    #[test]
    fn durations_are_compared_with_the_hour_before() {
        let windows = [window(30, 20, 0, 100), window(0, 20, 0, 250)];
        let slow = judge(&rule("duration > 2 x p95", 5, 0), &windows, NOW);
        let value = "median 250 ms, p95 of the hour before 100 ms";
        assert_eq!((slow.holds, slow.value.as_str()), (true, value));
        assert!(!judge(&rule("duration > 3 x p95", 5, 0), &windows, NOW).holds);
        assert!(!judge(&rule("duration > p95", 5, 0), &windows[1..], NOW).holds);
        assert!(judge(&rule("duration > 200 ms", 5, 0), &windows[1..], NOW).holds);
    }

    #[test]
    fn the_server_is_measured() {
        let mut windows = [window(1, 0, 0, 0), window(0, 0, 0, 0)];
        windows[0].gauges = measured(5, 5, 20);
        windows[1].gauges = measured(6, 7, 0);
        let value = |when, window| judge(&rule(when, window, 0), &windows, NOW);
        assert!(value("redis-memory > 90 %", 1).holds);
        assert!(!value("redis-memory > 1 MB", 1).holds);
        assert_eq!(value("evictions > 0", 5).value, "2 keys evicted");
        assert_eq!(value("evictions > 0", 1).value, "1 keys evicted");
        assert!(value("journal-lag > 10", 2).holds);
        assert!(!value("journal-lag > 10", 1).holds);
    }
}
