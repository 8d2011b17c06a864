//! The words that several reports share.

use crate::model::{Reason, Status, Summary, VisualTestResult, VisualTestRun, accept_command};

/// `1284` as `1,284`.
pub(super) fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// Milliseconds as `214 ms`, `41.8 s` or `3 m 12 s`.
pub(super) fn duration(ms: u64) -> String {
    match ms {
        0..1_000 => format!("{ms} ms"),
        1_000..60_000 => format!("{}.{} s", ms / 1_000, ms % 1_000 / 100),
        _ => format!("{} m {} s", ms / 60_000, ms % 60_000 / 1_000),
    }
}

/// `7 failed, 12 new, 1,240 passed`; statuses that do not occur are left out.
pub(super) fn counts(summary: &Summary) -> String {
    let parts: Vec<String> = WORST_FIRST
        .into_iter()
        .filter(|status| summary.of(*status) > 0)
        .map(|status| format!("{} {status}", grouped(summary.of(status))))
        .collect();
    if parts.is_empty() {
        "nothing was compared".to_owned()
    } else {
        parts.join(", ")
    }
}

/// Final statuses, those that wait for somebody first.
const WORST_FIRST: [Status; 5] = [
    Status::Failed,
    Status::New,
    Status::Changed,
    Status::Passed,
    Status::Skipped,
];

/// What failed the run, the largest difference first.
pub(super) fn failures(results: &[VisualTestResult]) -> Vec<&VisualTestResult> {
    let mut failures: Vec<_> = results.iter().filter(|result| result.fails_run()).collect();
    failures.sort_by(|a, b| {
        let rank = |result: &VisualTestResult| u8::from(result.status == Status::New);
        let ratio = |result: &VisualTestResult| result.diff_ratio.unwrap_or(1.0);
        rank(a)
            .cmp(&rank(b))
            .then(ratio(b).total_cmp(&ratio(a)))
            .then_with(|| name(a).cmp(&name(b)))
    });
    failures
}

/// The name of the test.
pub(super) fn name(result: &VisualTestResult) -> String {
    result.story_identifier.test_name()
}

/// What is to be said of a result in one line.
pub(super) fn message(result: &VisualTestResult) -> &str {
    match (&result.message, result.status) {
        (Some(message), _) => message,
        (None, Status::New) => "there is no baseline yet",
        (None, status) => status.as_str(),
    }
}

/// `attempt 2 of 2 passed after 1.2 s; before: …`: what was said of each that
/// failed.
pub(crate) fn attempts(result: &VisualTestResult) -> String {
    let Some((last, before)) = result.attempts.split_last() else {
        return String::new();
    };
    let count = result.attempts.len();
    let said: Vec<_> = before
        .iter()
        .filter_map(|attempt| attempt.message.as_deref())
        .collect();
    format!(
        "attempt {count} of {count} {} after {}; before: {}",
        last.status,
        duration(last.duration_ms),
        said.join("; ")
    )
}

/// The command that accepts this result's current image, if it may be accepted.
pub(super) fn accept(result: &VisualTestResult) -> Option<String> {
    let can_be_accepted = result.can_be_accepted();
    can_be_accepted.then(|| accept_command(&result.run_id, Some(result)))
}

/// Where and with what the run took place, on one line.
pub(super) fn place(run: &VisualTestRun) -> String {
    let environment = &run.environment;
    let mut parts = Vec::new();
    if let Some(git) = &environment.git {
        let commit: String = git.commit.chars().take(7).collect();
        let branch = git.branch.as_deref().unwrap_or("a detached HEAD");
        let dirty = if git.dirty { " with changes" } else { "" };
        parts.push(format!("{branch} {commit}{dirty}"));
    }
    parts.extend(environment.browser.clone());
    if !environment.platform.is_empty() {
        parts.push(format!("{} {}", environment.platform, environment.arch));
    }
    parts.join(", ")
}

/// How the run ended, as a word.
pub(super) fn reason(run: &VisualTestRun) -> &'static str {
    run.reason.map_or("running", Reason::as_str)
}

#[cfg(test)]
mod tests {
    use super::{duration, grouped};

    #[test]
    fn numbers_are_grouped_by_three() {
        assert_eq!(grouped(0), "0");
        assert_eq!(grouped(999), "999");
        assert_eq!(grouped(1_000), "1,000");
        assert_eq!(grouped(u64::MAX), "18,446,744,073,709,551,615");
    }

    #[test]
    fn durations_have_the_unit_that_fits() {
        assert_eq!(duration(0), "0 ms");
        assert_eq!(duration(999), "999 ms");
        assert_eq!(duration(1_000), "1.0 s");
        assert_eq!(duration(59_999), "59.9 s");
        assert_eq!(duration(192_000), "3 m 12 s");
    }
}
