//! A run in a few lines, for a chat message or a mail.

use std::fmt::Write;

use super::words::{counts, duration, failures, message, name, place, reason};
use crate::model::{VisualTestResult, VisualTestRun};

/// So many failures are named.
const NAMED: usize = 10;

/// The run in plain text: counts, where, the first failures, and where the
/// report is, if there is one.
pub fn summary(run: &VisualTestRun, results: &[VisualTestResult], report: Option<&str>) -> String {
    let mut text = format!("Tintype {}: {}", reason(run), counts(&run.summary));
    if let Some(ms) = run.duration {
        let _ = write!(text, " in {}", duration(ms));
    }
    let _ = write!(text, "\n{}", run.run_id);
    let place = place(run);
    if !place.is_empty() {
        let _ = write!(text, " ({place})");
    }
    let failures = failures(results);
    for result in failures.iter().take(NAMED) {
        let said = message(result).replace(['\n', '\r'], " ");
        let _ = write!(text, "\n- {} {}: {said}", result.status, name(result));
    }
    if failures.len() > NAMED {
        let _ = write!(text, "\n- and {} more", failures.len() - NAMED);
    }
    if let Some(report) = report {
        let _ = write!(text, "\nReport: {report}");
    }
    text.push('\n');
    text
}

#[cfg(test)]
mod tests {
    use super::super::sample;
    use super::summary;
    use crate::model::Status;

    #[test]
    fn a_run_in_a_few_lines() {
        insta::assert_snapshot!(summary(
            &sample::run(),
            &sample::results(),
            Some("target/report.html")
        ));
    }

    #[test]
    fn a_message_holds_one_line_each_and_ten_failures() {
        let results: Vec<_> = (0..12)
            .map(|n| {
                let mut result = sample::result(&format!("story-{n}"), Status::Failed);
                result.message = Some("first\nsecond".to_owned());
                result
            })
            .collect();
        let text = summary(&sample::run(), &results, None);
        assert_eq!(text.lines().count(), 13, "{text}");
        assert!(text.ends_with("- and 2 more\n"), "{text}");
    }
}
