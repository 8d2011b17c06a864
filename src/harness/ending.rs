//! What is drawn when a run has ended: the report page, JUnit, GitHub's
//! annotations, the closing lines.

use std::env;
use std::io::Write as _;
use std::path::PathBuf;

use crate::manifest::Manifest;
use crate::report::terminal::{Closing, unoptimised};
use crate::report::{github, html, junit};
use crate::run::RunReport;

/// Draws page and JUnit file. Gives the page, and what is to be warned of.
pub(super) fn reports(manifest: &Manifest, report: &RunReport) -> (Option<PathBuf>, Vec<String>) {
    let RunReport {
        whole,
        record,
        folder,
        ..
    } = report;
    let (all_run, all_results) = (&whole.run, &whole.results);
    let mut warnings = record.warnings.clone();
    if let Some(journal) = &record.journal {
        warnings.push(format!(
            "{} operations wait in {} for {}; the next run or `cargo tintype flush` writes them",
            record.pending,
            journal.display(),
            record.place
        ));
    }
    let page = html::write(
        folder,
        &manifest.root,
        all_run,
        all_results,
        html::EMBED_UP_TO,
    );
    let (page, page_error) = split(page);
    let (_, junit_error) = split(junit::write(folder, all_run, all_results));
    warnings.extend(page_error.into_iter().chain(junit_error));
    (page, warnings)
}

/// Draws all reports and says what there is to say.
pub(super) fn draw(manifest: &Manifest, report: &RunReport) {
    let (page, mut warnings) = reports(manifest, report);
    let RunReport {
        run,
        results,
        uncacheable,
        ..
    } = report;
    warnings.extend(unoptimised(results));
    if env::var("GITHUB_ACTIONS").is_ok_and(|value| value == "true") {
        let named = manifest.path.to_string_lossy();
        // GitHub reads annotations from standard output.
        let _ = std::io::stdout().write_all(github::annotations(results, &named).as_bytes());
        if let Some(file) = env::var_os("GITHUB_STEP_SUMMARY") {
            warnings.extend(split(github::append_summary(file.as_ref(), run, results)).1);
        }
    }
    let closing = Closing {
        run,
        results,
        report: page.as_deref(),
        uncacheable,
        warnings: &warnings,
    };
    eprintln!("{}", closing.text());
}

fn split<T, E: ToString>(outcome: Result<T, E>) -> (Option<T>, Option<String>) {
    match outcome {
        Ok(value) => (Some(value), None),
        Err(error) => (None, Some(error.to_string())),
    }
}
