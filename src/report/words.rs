//! Numbers, names and phrases that several reports share.

pub(super) use tintype_compare::grouped;

use crate::model::{Status, Summary, VisualTestResult, VisualTestRun, accept_command};

/// `1 snapshot`, `1,284 snapshots`, `2 stories`.
pub fn plural(count: u64, noun: &str) -> String {
    match (count, noun.strip_suffix('y')) {
        (1, _) => format!("1 {noun}"),
        (_, Some(stem)) => format!("{} {stem}ies", grouped(count)),
        (_, None) => format!("{} {noun}s", grouped(count)),
    }
}

/// Milliseconds as `214 ms`, `41.8 s` or `3 m 12 s`.
pub fn duration(ms: u64) -> String {
    match ms {
        0..1_000 => format!("{ms} ms"),
        1_000..60_000 => format!("{}.{} s", ms / 1_000, ms % 1_000 / 100),
        _ => format!("{} m {} s", ms / 60_000, ms % 60_000 / 1_000),
    }
}

/// `7 failed, 12 new, 3 accepted as new, 1,240 passed`; counts of 0 are left
/// out.
pub fn counts(summary: &Summary, results: &[VisualTestResult]) -> String {
    let accepted = results.iter().filter(|result| result.is_accepted()).count() as u64;
    let new = summary.new.saturating_sub(accepted);
    let parts: Vec<String> = [
        (summary.failed, "failed"),
        (new, "new"),
        (accepted, "accepted as new"),
        (summary.changed, "changed"),
        (summary.passed, "passed"),
        (summary.skipped, "skipped"),
    ]
    .into_iter()
    .filter(|(count, _)| *count > 0)
    .map(|(count, word)| format!("{} {word}", grouped(count)))
    .collect();
    if summary.total == summary.skipped {
        let skipped = parts.first().map(|part| format!(" ({part})"));
        return format!("nothing was compared{}", skipped.unwrap_or_default());
    }
    parts.join(", ")
}

/// The results that fail the run, the largest difference first and new
/// snapshots last.
pub fn failures(results: &[VisualTestResult]) -> Vec<&VisualTestResult> {
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

/// The message of a result, on one line.
pub(super) fn message(result: &VisualTestResult) -> &str {
    match (&result.message, result.status) {
        (Some(message), _) => message,
        (None, Status::New) => "there is no baseline yet",
        (None, status) => status.as_str(),
    }
}

/// `attempt 2 of 2 passed after 1.2 s; earlier attempts: …`, with the first
/// line of each earlier error. Empty if there was one attempt.
pub(crate) fn attempts(result: &VisualTestResult) -> String {
    let Some((last, earlier)) = result.attempts.split_last() else {
        return String::new();
    };
    let count = result.attempts.len();
    let messages: Vec<_> = earlier
        .iter()
        .filter_map(|attempt| attempt.message.as_deref()?.lines().next())
        .collect();
    let word = if earlier.len() == 1 {
        "attempt"
    } else {
        "attempts"
    };
    format!(
        "attempt {count} of {count} {} after {}; earlier {word}: {}",
        last.status,
        duration(last.duration_ms),
        messages.join("; ")
    )
}

/// The command that accepts this result's current image, if it may be accepted.
pub(super) fn accept(result: &VisualTestResult) -> Option<String> {
    let can_be_accepted = result.can_be_accepted();
    can_be_accepted.then(|| accept_command(&result.run_id, Some(result)))
}

/// The commit, browser and platform of a run, on one line.
pub fn environment(run: &VisualTestRun) -> String {
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

#[cfg(test)]
mod tests {
    use super::super::sample;
    use super::{counts, duration, grouped};
    use crate::model::{Status, Summary};

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

    #[test]
    fn counts_tell_accepted_snapshots_from_new_ones() {
        let mut accepted = sample::result("a", Status::New);
        accepted.baseline = Some("baselines/a.png".to_owned());
        let results = [accepted, sample::result("b", Status::New)];
        let mut summary = Summary::default();
        assert_eq!(counts(&summary, &[]), "nothing was compared");
        summary.add(Status::Skipped);
        assert_eq!(counts(&summary, &[]), "nothing was compared (1 skipped)");
        for result in &results {
            summary.add(result.status);
        }
        let expected = "1 new, 1 accepted as new, 1 skipped";
        assert_eq!(counts(&summary, &results), expected);
    }
}
