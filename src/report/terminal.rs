//! Prints how a run starts and how it ended, beside libtest's own lines.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use super::groups::{MAX_UNGROUPED, groups};
use super::words::{attempts, counts, duration, failures, grouped, message, name, plural};
use crate::escape::print_error;
use crate::events::{Bus, Event, ReportKind, RunReport, RunSetup, Subscriber};
use crate::model::{
    EnvironmentChange, PageError, Reason, Status, VisualTestResult, accept_command, pin_environment,
};
use tintype_compare::IS_OPTIMISED;

/// The most lines of one kind, and groups of failures.
const MAX_LINES: usize = 10;

/// Comparing longer than this, in milliseconds, is worth a hint to optimise.
const SLOW_COMPARE_MS: u64 = 2_000;

/// Prints to standard error how a run starts and how it ended. The reports that
/// it names must be subscribed before it.
#[derive(Default)]
pub(crate) struct Terminal {
    state: Mutex<TerminalState>,
}

/// The parts of the last lines that earlier events provide.
#[derive(Default)]
struct TerminalState {
    report: Option<PathBuf>,
    warnings: Vec<String>,
}

impl Subscriber for Terminal {
    fn on_event(&self, event: &Event, _: &Bus) {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        match event {
            Event::RunReady(setup) => print_error(&first_line(setup)),
            Event::LockWaiting(wait) => {
                print_error(&format!("tintype: {} {wait}", wait.story));
            }
            Event::ReportWritten {
                kind: ReportKind::Html,
                path,
            } => state.report = Some(path.clone()),
            Event::Warning(text) => state.warnings.push(text.clone()),
            Event::RunEnded(report) => print_error(&last_lines(report, &state)),
            _ => {}
        }
    }
}

/// The line before the first test.
fn first_line(setup: &RunSetup) -> String {
    let (planned, record) = (plural(setup.planned as u64, "snapshot"), &setup.record);
    let browser = setup.environment.browser.as_deref();
    let browser = browser.map_or(String::new(), |browser| format!(" in {browser}"));
    let first = format!("tintype: {planned}{browser}; {record}");
    match &setup.joined {
        Some(joined) => format!("{first}\ntintype: {joined}"),
        None => first,
    }
}

/// The lines after the last test.
fn last_lines(report: &RunReport, state: &TerminalState) -> String {
    let mut text = result_line(report);
    changed(&mut text, report.results());
    flaky(&mut text, report.results());
    failure_groups(&mut text, report.results());
    next_steps(&mut text, report, state.report.as_deref());
    other_environments(&mut text, report.results());
    page_errors(&mut text, report.results());
    open_network(&mut text, report.results());
    uncacheable(&mut text, &report.uncacheable);
    let hint = unoptimised(report.results());
    for warning in state.warnings.iter().chain(&hint) {
        // A `help:` line is indented below its warning.
        let _ = write!(text, "\n  warning: {}", warning.replace('\n', "\n    "));
    }
    text
}

/// `tintype: 2 failed, 193 passed in 41.8 s (4.7 snapshots/s)`
fn result_line(report: &RunReport) -> String {
    let (run, results) = (&report.run, report.results());
    let ms = run.duration.unwrap_or(0);
    let (counts, took) = (counts(&run.summary, results), duration(ms));
    let mut text = format!("tintype: {counts} in {took}");
    let cached = results.iter().filter(|result| result.cached).count();
    let captured = results.iter().filter(|r| r.capture_ms.is_some()).count();
    if cached > 0 {
        let _ = write!(text, " ({} from the cache)", grouped(cached as u64));
    } else if captured > 1 && ms > 0 {
        let rate = captured as f64 * 1000.0 / ms as f64;
        let _ = write!(text, " ({rate:.1} snapshots/s)");
    }
    if run.reason == Some(Reason::Interrupted) {
        text.push_str("; interrupted");
    }
    text
}

/// Lists differences that do not fail the run.
fn changed(text: &mut String, results: &[VisualTestResult]) {
    let changed = results.iter().filter(|r| r.status == Status::Changed);
    list(text, changed, |result| {
        let kind = match result.known_failure {
            _ if result.fails_in_quarantine() => "failed in quarantine",
            Some(_) => "failed as expected",
            None => "changed within tolerance",
        };
        format!("{kind}: {}: {}", name(result), message(result))
    });
}

/// Lists snapshots that passed after a retry.
fn flaky(text: &mut String, results: &[VisualTestResult]) {
    let flaky = results.iter().filter(|result| result.is_flaky());
    list(text, flaky, |result| {
        format!("flaky: {}: {}", name(result), attempts(result))
    });
}

fn list<'a>(
    text: &mut String,
    results: impl Iterator<Item = &'a VisualTestResult>,
    line: impl Fn(&VisualTestResult) -> String,
) {
    let results: Vec<_> = results.collect();
    for result in results.iter().take(MAX_LINES) {
        let _ = write!(text, "\n  {}", line(result));
    }
    if let Some(more @ 1..) = results.len().checked_sub(MAX_LINES) {
        let _ = write!(text, "\n  … and {} more", grouped(more as u64));
    }
}

/// Groups failures, where a list of them would be too long to read.
fn failure_groups(text: &mut String, results: &[VisualTestResult]) {
    let failures = failures(results);
    if failures.len() <= MAX_UNGROUPED {
        return;
    }
    let groups = groups(&failures);
    let (count, of) = (grouped(failures.len() as u64), groups.len());
    let of = plural(of as u64, "group");
    let _ = write!(text, "\n  {count} failures in {of}:");
    for group in groups.iter().take(MAX_LINES) {
        for line in group.lines() {
            let _ = write!(text, "\n    {line}");
        }
    }
    if let Some(more @ 1..) = groups.len().checked_sub(MAX_LINES) {
        let _ = write!(text, "\n    … and {}", plural(more as u64, "more group"));
    }
}

/// Names the report and the command that accepts everything.
fn next_steps(text: &mut String, report: &RunReport, page: Option<&Path>) {
    let (run, results) = (&report.run, report.results());
    let is_of_interest = |r: &VisualTestResult| r.fails_run() || r.status == Status::Changed;
    if let Some(page) = page.filter(|_| results.iter().any(is_of_interest)) {
        let _ = write!(text, "\n  report: {}", page.display());
    }
    let needs_decision = results.iter().any(VisualTestResult::needs_decision);
    if needs_decision && run.reason != Some(Reason::Passed) {
        let command = accept_command(&run.run_id, None);
        let _ = write!(text, "\n  accept: {command}");
    }
}

/// Counts the results whose baseline comes from another environment, and names
/// what differs.
fn other_environments(text: &mut String, results: &[VisualTestResult]) {
    let changed = results.iter().filter(|r| !r.environment_changed.is_empty());
    let count = changed.clone().count() as u64;
    let all: Vec<EnvironmentChange> = changed
        .flat_map(|result| result.environment_changed.clone())
        .collect();
    let changes: BTreeSet<String> = all.iter().map(EnvironmentChange::describe).collect();
    let Some(first) = changes.first() else {
        return;
    };
    let baselines = plural(count, "baseline");
    let _ = write!(text, "\n  other environment: {baselines} with {first}");
    if let more @ 1.. = changes.len() - 1 {
        let _ = write!(text, " and {}", plural(more as u64, "other difference"));
    }
    text.push_str("; [compare.other-environment] applies to them");
    let _ = write!(text, "\n    help: {}", pin_environment(&all));
}

/// Names the stories whose pages had errors.
fn page_errors(text: &mut String, results: &[VisualTestResult]) {
    let errors: BTreeMap<&str, &[PageError]> = results
        .iter()
        .filter(|result| !result.page_errors.is_empty())
        .map(|result| (&*result.story_identifier.story_id, &*result.page_errors))
        .collect();
    for (story, errors) in errors.iter().take(MAX_LINES) {
        let _ = write!(text, "\n  page errors: {story}: {}", errors[0]);
        if let more @ 1.. = errors.len() - 1 {
            let _ = write!(text, " and {more} more");
        }
    }
    if let Some(more @ 1..) = errors.len().checked_sub(MAX_LINES) {
        let more = plural(more as u64, "other story");
        let _ = write!(text, "\n  page errors: {more}");
    }
}

/// Names the stories that requested something from other servers.
fn open_network(text: &mut String, results: &[VisualTestResult]) {
    let reached: BTreeMap<&str, &str> = results
        .iter()
        .filter_map(|result| {
            let address = result.open_network.first()?;
            Some((result.story_identifier.story_id.as_str(), address.as_str()))
        })
        .collect();
    let Some((story, address)) = reached.iter().next() else {
        return;
    };
    let _ = write!(text, "\n  open network: {story} requested {address}");
    if let more @ 1.. = reached.len() - 1 {
        let _ = write!(text, ", and so did {}", plural(more as u64, "other story"));
    }
    text.push_str("; mock it with [[request]] in the manifest");
}

/// Names the stories that are captured in every run, by reason.
fn uncacheable(text: &mut String, stories: &BTreeMap<String, String>) {
    let mut reasons: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for (story, reason) in stories {
        reasons.entry(reason).or_default().push(story);
    }
    for (reason, stories) in reasons.iter().take(MAX_LINES) {
        let _ = write!(text, "\n  not cached: {reason} ({}", stories[0]);
        if let more @ 1.. = stories.len() - 1 {
            let _ = write!(text, " and {}", plural(more as u64, "other story"));
        }
        text.push(')');
    }
    if let Some(more @ 1..) = reasons.len().checked_sub(MAX_LINES) {
        let _ = write!(text, "\n  … and {}", plural(more as u64, "more reason"));
    }
}

/// A hint, if the comparison was built without optimisation and was slow.
fn unoptimised(results: &[VisualTestResult]) -> Option<String> {
    let spent: u64 = results.iter().filter_map(|result| result.compare_ms).sum();
    (!IS_OPTIMISED && spent > SLOW_COMPARE_MS).then(|| {
        format!(
            "comparing took {} because tintype-compare is not optimized; add \
             `[profile.dev.package.tintype-compare] opt-level = 3` to Cargo.toml (`cargo tintype \
             init` does)",
            duration(spent)
        )
    })
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;
    use std::path::PathBuf;

    use super::super::sample;
    use super::{TerminalState, first_line, last_lines};
    use crate::events::{RunReport, RunSetup};
    use crate::model::{Reason, RunFile, Status, Summary, VisualTestResult};

    fn report(results: Vec<VisualTestResult>) -> RunReport {
        let mut run = sample::run();
        run.summary = Summary::default();
        for result in &results {
            run.summary.add(result.status);
        }
        RunReport {
            own: results.len(),
            whole: RunFile {
                run: run.clone(),
                results,
            },
            run,
            folder: PathBuf::new(),
            uncacheable: BTreeMap::new(),
        }
    }

    fn printed(report: &RunReport) -> String {
        let state = TerminalState {
            report: Some("target/tintype/runs/run/report.html".into()),
            warnings: Vec::new(),
        };
        last_lines(report, &state)
    }

    #[test]
    fn the_first_line_names_the_browser_and_the_record() {
        let mut setup = RunSetup {
            planned: 195,
            environment: sample::run().environment,
            record: "the record is in memory".to_owned(),
            joined: None,
        };
        let with_browser = first_line(&setup);
        setup.environment.browser = None;
        setup.planned = 1;
        insta::assert_snapshot!(format!("{with_browser}\n{}", first_line(&setup)));
    }

    #[test]
    fn the_last_lines_name_report_and_command() {
        let mut report = report(sample::results());
        report.whole.results[0].open_network = vec!["http://cdn.example/x.js".to_owned()];
        report.uncacheable = [("a", "uses cookies"), ("b", "uses cookies"), ("c", "x")]
            .map(|(story, reason)| (story.to_owned(), reason.to_owned()))
            .into();
        insta::assert_snapshot!(printed(&report));
    }

    #[test]
    fn many_failures_are_grouped() {
        insta::assert_snapshot!(printed(&report(sample::many_failures(30))));
    }

    #[test]
    fn a_run_without_captures_has_no_rate() {
        let mut report = report(sample::many_failures(4));
        for result in &mut report.whole.results {
            result.diff_ratio = None;
        }
        report.run.reason = Some(Reason::Failed);
        insta::assert_snapshot!(printed(&report));
    }

    #[test]
    fn accepted_snapshots_are_counted_as_such() {
        let mut accepted = sample::result("a", Status::New);
        accepted.baseline = Some("baselines/a.png".to_owned());
        accepted.current = Some("a-current.png".to_owned());
        let mut report = report(vec![accepted]);
        report.run.reason = Some(Reason::Passed);
        insta::assert_snapshot!(printed(&report));
    }
}
