//! JUnit XML, as continuous integration reads it.

use std::fmt::Write;
use std::path::{Path, PathBuf};

use super::words::{accept, message, name};
use super::{ReportError, put};
use crate::events::{Bus, Event, ReportKind, Subscriber};
use crate::model::{RunFile, Status, VisualTestResult, VisualTestRun};

/// Writes the JUnit report of a run, of all its processes, into its folder.
pub struct JunitReport;

impl Subscriber for JunitReport {
    fn on_event(&self, event: &Event, bus: &Bus) {
        if let Event::RunPaused(report) | Event::RunEnded(report) = event {
            let RunFile { run, results } = &report.whole;
            let written = write(&report.folder, run, results);
            bus.publish(super::written(ReportKind::Junit, written));
        }
    }
}

/// Writes `junit.xml` into `dir`, the run's folder, and returns its path.
pub fn write(
    dir: &Path,
    run: &VisualTestRun,
    results: &[VisualTestResult],
) -> Result<PathBuf, ReportError> {
    let path = dir.join("junit.xml");
    put(&path, render(run, results).as_bytes())?;
    Ok(path)
}

/// The run as a document with one suite: a test case per snapshot, in the
/// results' order, with the story as its class.
pub fn render(run: &VisualTestRun, results: &[VisualTestResult]) -> String {
    let summary = &run.summary;
    let failures = results.iter().filter(|result| result.fails_run()).count();
    let counts = format!(
        r#"tests="{}" failures="{}" skipped="{}" errors="0" time="{}""#,
        summary.total,
        failures,
        summary.skipped,
        seconds(run.duration.unwrap_or(0)),
    );
    let mut xml = format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n\
         <testsuites name=\"tintype\" {counts}>\n  \
         <testsuite name=\"{}\" timestamp=\"{}\" {counts}>\n",
        escaped(run.run_id.as_str()),
        escaped(&run.start_time),
    );
    for result in results {
        case(&mut xml, result);
    }
    xml.push_str("  </testsuite>\n</testsuites>\n");
    xml
}

fn case(xml: &mut String, result: &VisualTestResult) {
    let _ = write!(
        xml,
        "    <testcase classname=\"{}\" name=\"{}\" time=\"{}\"",
        escaped(&result.story_identifier.story_id),
        escaped(&name(result)),
        seconds(result.duration_ms.unwrap_or(0)),
    );
    let said = escaped(message(result));
    let inner = match result.status {
        _ if result.fails_run() => format!(
            "      <failure type=\"{}\" message=\"{said}\">{}</failure>\n",
            result.status,
            escaped(&body(result))
        ),
        Status::Skipped => format!("      <skipped message=\"{said}\"/>\n"),
        // A record that stayed at work belongs to a process that died.
        Status::Running => "      <skipped message=\"did not end\"/>\n".to_owned(),
        Status::Failed | Status::New | Status::Changed => {
            format!("      <system-out>{said}</system-out>\n")
        }
        Status::Passed => String::new(),
    };
    let inner = inner + &reruns(result);
    if inner.is_empty() {
        xml.push_str("/>\n");
    } else {
        let _ = write!(xml, ">\n{inner}    </testcase>\n");
    }
}

/// The attempts before the last, as Surefire writes them: what passed all the
/// same is flaky.
fn reruns(result: &VisualTestResult) -> String {
    let word = if result.is_flaky() {
        "flakyFailure"
    } else {
        "rerunFailure"
    };
    let before = result.attempts.len().saturating_sub(1);
    let mut xml = String::new();
    for attempt in &result.attempts[..before] {
        let said = escaped(attempt.message.as_deref().unwrap_or_default());
        let (status, time) = (attempt.status, seconds(attempt.duration_ms));
        let _ = writeln!(
            xml,
            "      <{word} type=\"{status}\" message=\"{said}\" time=\"{time}\"/>"
        );
    }
    xml
}

/// What a reader of the failure needs: where the pictures are and what accepts
/// them.
fn body(result: &VisualTestResult) -> String {
    let mut text = message(result).to_owned();
    for (word, path) in [
        ("baseline", &result.baseline),
        ("current", &result.current),
        ("diff", &result.diff),
    ] {
        if let Some(path) = path {
            let _ = write!(text, "\n{word}: {path}");
        }
    }
    for change in &result.environment_changed {
        let (what, was, now) = (&change.what, &change.baseline, &change.current);
        let _ = write!(text, "\n{what}: {was} when accepted, now {now}");
    }
    if let Some(command) = accept(result) {
        let _ = write!(text, "\naccept with: {command}");
    }
    text
}

fn seconds(ms: u64) -> String {
    format!("{}.{:03}", ms / 1_000, ms % 1_000)
}

/// Text for an attribute or an element. Characters that XML cannot hold at all
/// become U+FFFD; line breaks are written as references, which attributes would
/// otherwise turn into spaces.
fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\n' | '\r' | '\t' => {
                let _ = write!(out, "&#{};", u32::from(c));
            }
            '\0'..' ' | '\u{fffe}' | '\u{ffff}' => out.push('\u{fffd}'),
            _ => out.push(c),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::super::sample;
    use super::{Status, escaped, render};

    #[test]
    fn a_run_as_junit() {
        insta::assert_snapshot!(render(&sample::run(), &sample::results()));
    }

    #[test]
    fn what_was_accepted_at_once_is_no_failure() {
        let mut new = sample::result("a", Status::New);
        assert!(render(&sample::run(), &[new.clone()]).contains("failures=\"1\""));
        new.baseline = Some("baselines/a.png".to_owned());
        let xml = render(&sample::run(), &[new]);
        assert!(
            xml.contains("failures=\"0\"") && !xml.contains("<failure"),
            "{xml}"
        );
    }

    #[test]
    fn nothing_in_a_message_can_leave_its_place() {
        assert_eq!(
            escaped("\"><failure/>&\u{0}\u{b}\n]]>"),
            "&quot;&gt;&lt;failure/&gt;&amp;\u{fffd}\u{fffd}&#10;]]&gt;"
        );
    }
}
