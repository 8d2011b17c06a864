//! Renders the messages of failed tests.

use std::collections::HashMap;
use std::fmt::Write as _;
use std::sync::{Mutex, PoisonError};

use super::groups::MAX_UNGROUPED;
use super::words::{accept, attempts, message, name, plural};
use crate::explain::known_causes;
use crate::model::{EnvironmentChange, Region, ResultError, VisualTestResult, pin_environment};
use crate::snapshot::FinishedSnapshot;

/// The most causes in a message without explanation.
const MAX_CAUSES: usize = 3;

/// The most regions in an explanation.
const MAX_REGIONS: usize = 8;

/// Renders the messages of failed tests that share a terminal: the first ten
/// in full, and the others in one line, because the run's last lines group
/// them.
#[derive(Default)]
pub(crate) struct FailureMessages {
    explain: bool,
    shown: Mutex<ShownFailures>,
}

#[derive(Default)]
struct ShownFailures {
    /// The number of full messages.
    full: usize,
    /// The first test with an error, by its message.
    first_with: HashMap<String, String>,
}

impl FailureMessages {
    /// With `explain`, every message is full and has the sensitivity to
    /// thresholds and all regions.
    pub(crate) fn new(explain: bool) -> Self {
        Self {
            explain,
            ..Self::default()
        }
    }

    /// The message of a test: why it was skipped, or why it failed.
    pub(crate) fn message(&self, finished: &FinishedSnapshot) -> Option<String> {
        let result = &finished.result;
        if !result.fails_run() || self.explain {
            return test_message(finished, self.explain);
        }
        let mut shown = self.shown.lock().unwrap_or_else(PoisonError::into_inner);
        if result.current.is_none() {
            let error = message(result).to_owned();
            if let Some(first) = shown.first_with.get(&error) {
                return Some(format!("same error as in {first}"));
            }
            shown.first_with.insert(error, name(result));
        }
        if shown.full == MAX_UNGROUPED {
            return message(result).lines().next().map(str::to_owned);
        }
        shown.full += 1;
        test_message(finished, false)
    }
}

/// The message of a test: why it was skipped, or why it failed, in about five
/// lines.
pub(crate) fn test_message(finished: &FinishedSnapshot, explain: bool) -> Option<String> {
    let FinishedSnapshot { result, notes, .. } = finished;
    if !result.fails_run() {
        let is_skipped = result.status == crate::model::Status::Skipped;
        return result.message.clone().filter(|_| is_skipped);
    }
    let mut text = message(result).to_owned();
    causes(&mut text, result, explain);
    if explain {
        explanation(&mut text, result);
    }
    for note in notes {
        line(&mut text, "note", note);
    }
    if !result.attempts.is_empty() {
        line(&mut text, "attempts", &attempts(result));
    }
    // The message of `page-errors = "fail"` lists them.
    if let [first, rest @ ..] = &*result.page_errors
        && !message(result).contains(&first.to_string())
    {
        line(
            &mut text,
            "page",
            &format!("{first}{}", and_more(rest.len())),
        );
    }
    if let [first, rest @ ..] = &*result.open_network {
        let more = and_more(rest.len());
        line(
            &mut text,
            "network",
            &format!("the page requested {first}{more}"),
        );
    }
    if !result.environment_changed.is_empty() {
        line(&mut text, "note", &environment(&result.environment_changed));
        line(
            &mut text,
            "help",
            &pin_environment(&result.environment_changed),
        );
    }
    if let Some(address) = result.error.as_ref().and_then(ResultError::guide) {
        line(&mut text, "guide", &address);
    }
    images(&mut text, result);
    if let Some(command) = accept(result) {
        line(&mut text, "accept", &command);
    }
    Some(text)
}

/// The causes of a difference: the largest ones, or all of them.
fn causes(text: &mut String, result: &VisualTestResult, explain: bool) {
    let Some(explanation) = &result.explanation else {
        return;
    };
    let known: Vec<_> = known_causes(result).collect();
    let shown = if explain { known.len() } else { MAX_CAUSES };
    for (number, cause) in known.iter().take(shown).enumerate() {
        let mut said = cause.describe();
        if explain {
            let pixels = plural(cause.pixels, "pixel");
            said += &format!(" ({pixels}, id {})", cause.id);
        }
        if number + 1 == shown && known.len() > shown {
            said += &format!(
                " and {}",
                plural((known.len() - shown) as u64, "more cause")
            );
        }
        line(text, "cause", &said);
    }
    if !explanation.is_complete() {
        let rest = (1.0 - explanation.explained_ratio) * 100.0;
        line(
            text,
            "cause",
            &format!("unknown for {rest:.0} % of the differing pixels"),
        );
    }
}

/// ` and 2 more`
fn and_more(count: usize) -> String {
    match count {
        0 => String::new(),
        more => format!(" and {more} more"),
    }
}

fn line(text: &mut String, label: &str, content: &str) {
    let label = format!("{label}:");
    let _ = write!(text, "\n  {label:<9} {content}");
}

fn images(text: &mut String, result: &VisualTestResult) {
    // Images of a page that is not in its final state are no comparison.
    let labels = match result.shows_trouble() {
        true => [None, Some("page"), Some("moved")],
        false => [Some("baseline"), Some("current"), Some("diff")],
    };
    if result.current.is_none() {
        return;
    }
    let paths = [&result.baseline, &result.current, &result.diff];
    for (label, path) in labels.into_iter().zip(paths) {
        if let (Some(label), Some(path)) = (label, path) {
            line(text, label, path);
        }
    }
}

/// Every region, and the pixels that differ at other thresholds.
fn explanation(text: &mut String, result: &VisualTestResult) {
    if result.regions.len() > 1 {
        line(text, "regions", &regions(&result.regions));
    }
    for sensitivity in &result.sensitivity {
        let _ = write!(text, "\n  {sensitivity}");
    }
}

fn environment(changes: &[EnvironmentChange]) -> String {
    let changes: Vec<_> = changes.iter().map(EnvironmentChange::describe).collect();
    format!(
        "the baseline was made in another environment: {}",
        changes.join(", ")
    )
}

fn regions(regions: &[Region]) -> String {
    let shown = regions.iter().take(MAX_REGIONS);
    let shown = shown.map(|region| {
        let Region {
            x,
            y,
            width,
            height,
        } = region;
        format!("{width}×{height} at {x},{y}")
    });
    let mut text = shown.collect::<Vec<_>>().join(", ");
    if let Some(more @ 1..) = regions.len().checked_sub(MAX_REGIONS) {
        let _ = write!(text, " and {}", plural(more as u64, "more region"));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::super::sample;
    use super::{FailureMessages, test_message};
    use crate::model::{Attempt, Status, VisualTestResult};
    use crate::snapshot::FinishedSnapshot;

    fn finished(result: VisualTestResult) -> FinishedSnapshot {
        FinishedSnapshot::new(result)
    }

    fn text(result: VisualTestResult, explain: bool) -> String {
        test_message(&finished(result), explain).unwrap_or_default()
    }

    #[test]
    fn a_difference_takes_six_lines() {
        let failed = sample::results().swap_remove(0);
        insta::assert_snapshot!(text(failed, false));
    }

    #[test]
    fn an_explanation_has_regions_and_thresholds() {
        let failed = sample::results().swap_remove(0);
        insta::assert_snapshot!(text(failed, true));
    }

    #[test]
    fn a_difference_names_its_causes() {
        let mut failed = sample::results().swap_remove(0);
        failed.environment_changed.clear();
        let colours = ["red", "blue", "green", "black", "white"];
        let causes = colours.map(|to| sample::cause(".btn", "color", "pink", to));
        failed.explanation = Some(sample::explanation(0.9, causes.into()));
        let texts = [text(failed.clone(), false), text(failed, true)];
        insta::assert_snapshot!(texts.join("\n\n"));
    }

    #[test]
    fn other_failures_have_the_facts_that_apply() {
        let [_, uncaptured, new, ..] = &sample::results()[..] else {
            panic!("the sample has three failures")
        };
        let mut unstable = sample::results().swap_remove(0);
        unstable.unstable = true;
        unstable.environment_changed.clear();
        let attempt = |status, message: Option<&str>| Attempt {
            status,
            message: message.map(str::to_owned),
            duration_ms: 1_200,
        };
        let retried = VisualTestResult {
            attempts: vec![
                attempt(Status::Failed, Some("status 503\nhelp: start the server")),
                attempt(Status::Failed, Some("status 502")),
            ],
            open_network: vec!["http://cdn.example/a.js".to_owned(); 3],
            ..uncaptured.clone()
        };
        let failures = [uncaptured.clone(), new.clone(), unstable, retried];
        let texts = failures.map(|result| text(result, false));
        insta::assert_snapshot!(texts.join("\n\n"));
    }

    #[test]
    fn a_snapshot_that_passes_has_no_message() {
        for result in sample::results() {
            let expected = match result.status {
                Status::Skipped => result.message.clone(),
                _ if result.fails_run() => continue,
                _ => None,
            };
            assert_eq!(test_message(&finished(result), true), expected);
        }
    }

    #[test]
    fn an_error_is_printed_once() {
        let messages = FailureMessages::new(false);
        let results = sample::many_failures(8);
        let texts: Vec<_> = results
            .into_iter()
            .filter(|result| result.diff_ratio.is_none())
            .filter_map(|result| messages.message(&finished(result)))
            .collect();
        assert_eq!(
            texts,
            [
                "chromedriver was not found on the PATH",
                "same error as in chart-3::light::1280x720"
            ]
        );
    }

    #[test]
    fn the_eleventh_failure_takes_one_line() {
        let failed = sample::results().swap_remove(0);
        let messages = FailureMessages::new(false);
        let lines = |messages: &FailureMessages| {
            let text = messages.message(&finished(failed.clone())).unwrap();
            text.lines().count()
        };
        for _ in 0..10 {
            assert!(lines(&messages) > 1);
        }
        assert_eq!(lines(&messages), 1);
        let explaining = FailureMessages::new(true);
        for _ in 0..11 {
            assert!(lines(&explaining) > 1);
        }
    }
}
