//! What a person at the terminal is told beside libtest's own lines: where the
//! run takes place, what takes long, and at the end what to do next.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use super::words::{attempts, counts, duration};
use crate::compare::IS_OPTIMISED;
use crate::events::{Bus, Event, ReportKind, RunSetup, Subscriber};
use crate::model::{Reason, Status, VisualTestResult, VisualTestRun, accept_command};

/// Prints to standard error how a run starts and how it ended. Reports that it
/// names must be subscribed before it.
#[derive(Default)]
pub struct Terminal {
    notes: Mutex<Notes>,
}

/// What the last lines need beside the run's own report.
#[derive(Default)]
struct Notes {
    page: Option<PathBuf>,
    warnings: Vec<String>,
}

impl Subscriber for Terminal {
    fn on_event(&self, event: &Event, _: &Bus) {
        let mut notes = self.notes.lock().unwrap_or_else(PoisonError::into_inner);
        match event {
            Event::RunReady(setup) => eprintln!("{}", opening(setup)),
            Event::ReportWritten {
                kind: ReportKind::Html,
                path,
            } => notes.page = Some(path.clone()),
            Event::Warning(text) => notes.warnings.push(text.clone()),
            Event::RunEnded(report) => {
                notes.warnings.extend(unoptimised(&report.results));
                let closing = Closing {
                    run: &report.run,
                    results: &report.results,
                    report: notes.page.as_deref(),
                    uncacheable: &report.uncacheable,
                    warnings: &notes.warnings,
                };
                eprintln!("{}", closing.text());
            }
            _ => {}
        }
    }
}

/// The line before the first test.
fn opening(setup: &RunSetup) -> String {
    let RunSetup {
        planned,
        environment,
        record,
    } = setup;
    let browser = environment.browser.as_deref().unwrap_or("no browser");
    format!("tintype: {planned} snapshots in {browser}; {record}")
}

/// What there is to say at the end of a run.
#[derive(Clone, Copy, Debug)]
struct Closing<'a> {
    /// The run's document.
    run: &'a VisualTestRun,
    /// Its results.
    results: &'a [VisualTestResult],
    /// The report page, when it could be written.
    report: Option<&'a Path>,
    /// Stories that are captured each time, with the reason.
    uncacheable: &'a BTreeMap<String, String>,
    /// What else the user should know, one sentence each.
    warnings: &'a [String],
}

impl Closing<'_> {
    /// The lines after the last test.
    fn text(&self) -> String {
        let mut text = format!("tintype: {}", counts(&self.run.summary));
        let ms = self.run.duration.unwrap_or(0);
        let _ = write!(text, " in {}", duration(ms));
        let compared = self.run.summary.total - self.run.summary.skipped;
        let cached = self.results.iter().filter(|result| result.cached).count();
        if cached > 0 {
            let _ = write!(text, ", {cached} of them unchanged since they passed");
        } else if compared > 1 && ms > 0 {
            let rate = compared as f64 * 1000.0 / ms as f64;
            let _ = write!(text, " ({rate:.1} snapshots/s)");
        }
        if self.run.reason == Some(Reason::Interrupted) {
            text.push_str("; interrupted");
        }
        for changed in self.results.iter().filter(|r| r.status == Status::Changed) {
            let message = changed.message.as_deref().unwrap_or_default();
            let word = match changed.known_failure {
                Some(_) => "failed as expected",
                None => "changed within tolerance",
            };
            let _ = write!(text, "\n  {word}: {}: {message}", changed.story_identifier);
        }
        for flaky in self.results.iter().filter(|r| r.is_flaky()) {
            let _ = write!(
                text,
                "\n  flaky: {}: {}",
                flaky.story_identifier,
                attempts(flaky)
            );
        }
        self.next_steps(&mut text);
        self.open_network(&mut text);
        self.never_cached(&mut text);
        for warning in self.warnings {
            let _ = write!(text, "\n  warning: {warning}");
        }
        text
    }

    /// Says which stories depend on servers that are not theirs.
    fn open_network(&self, text: &mut String) {
        let reached: BTreeMap<&str, &str> = self
            .results
            .iter()
            .filter_map(|result| {
                let address = result.open_network.first()?;
                Some((result.story_identifier.story_id.as_str(), address.as_str()))
            })
            .collect();
        let Some((story, address)) = reached.iter().next() else {
            return;
        };
        let _ = write!(text, "\n  open network: {story} ({address})");
        if reached.len() > 1 {
            let _ = write!(text, " and {} more stories", reached.len() - 1);
        }
        text.push_str(" reached it; `request` in the manifest answers for it");
    }

    /// Says which stories cost a browser each time, and why.
    fn never_cached(&self, text: &mut String) {
        let Some((story, reason)) = self.uncacheable.iter().next() else {
            return;
        };
        let _ = write!(text, "\n  captured each time: {story} ({reason})");
        if self.uncacheable.len() > 1 {
            let _ = write!(text, " and {} more", self.uncacheable.len() - 1);
        }
    }

    fn next_steps(&self, text: &mut String) {
        let open = self.results.iter().any(VisualTestResult::needs_decision);
        let shown = |r: &VisualTestResult| r.status == Status::Changed || r.shows_trouble();
        let looked_at = open || self.results.iter().any(shown);
        if let Some(report) = self.report.filter(|_| looked_at) {
            let _ = write!(text, "\n  look:   {}", report.display());
        }
        if open && self.run.reason != Some(Reason::Passed) {
            let command = accept_command(&self.run.run_id, None);
            let _ = write!(text, "\n  accept: {command}");
        }
    }
}

/// How long a run may compare, in milliseconds, before it is worth a word that
/// it could be faster.
const SLOW: u64 = 2_000;

/// Said where the engine was built without optimisation, and it shows.
fn unoptimised(results: &[VisualTestResult]) -> Option<String> {
    let spent: u64 = results.iter().filter_map(|result| result.compare_ms).sum();
    (!IS_OPTIMISED && spent > SLOW).then(|| {
        "pictures are compared without optimisation, which is slow: \
         add `[profile.dev.package.tintype-compare] opt-level = 3` to Cargo.toml (`cargo tintype init` writes it)"
            .to_owned()
    })
}
