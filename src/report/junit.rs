//! Writes JUnit XML for CI servers.

use std::fmt::Write as _;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use super::file::{self, ReportError};
use super::words::{accept, message, name};
use crate::escape::printable;
use crate::events::{Bus, Event, ReportKind, Subscriber};
use crate::explain::known_causes;
use crate::model::{RunFile, Status, VisualTestResult, VisualTestRun};

/// Writes the JUnit report of a run, of all its processes, into its folder.
pub(crate) struct JunitReport {
    suite: String,
}

impl JunitReport {
    /// `suite` names the project, so that a server can compare its runs.
    pub(crate) fn new(suite: String) -> Self {
        Self { suite }
    }
}

impl Subscriber for JunitReport {
    fn on_event(&self, event: &Event, bus: &Bus) {
        if let Event::RunPaused(report) | Event::RunEnded(report) = event {
            let RunFile { run, results } = &report.whole;
            let written = write(&report.folder, &self.suite, run, results);
            bus.publish(file::written(ReportKind::Junit, written));
        }
    }
}

/// Writes `junit.xml` into `dir`, the run's folder, and returns its path. `suite`
/// names the project.
///
/// # Errors
/// When the file cannot be written.
pub fn write(
    dir: &Path,
    suite: &str,
    run: &VisualTestRun,
    results: &[VisualTestResult],
) -> Result<PathBuf, ReportError> {
    let path = dir.join("junit.xml");
    file::write(&path, |out| write_document(out, suite, run, results))?;
    Ok(path)
}

/// Writes the run as a document with one suite: a test case for each snapshot,
/// in the results' order, with the story as its class.
fn write_document(
    out: &mut impl Write,
    suite: &str,
    run: &VisualTestRun,
    results: &[VisualTestResult],
) -> io::Result<()> {
    let summary = &run.summary;
    let failures = results.iter().filter(|result| result.fails_run()).count();
    let (tests, skipped) = (summary.total, summary.skipped);
    let time = seconds(run.duration.unwrap_or(0));
    let counts = format!(r#"tests="{tests}" failures="{failures}" errors="0""#);
    // Jenkins' schema has `skipped` on suites only.
    write!(
        out,
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n\
         <testsuites name=\"tintype\" {counts} time=\"{time}\">\n  \
         <testsuite name=\"{}\" timestamp=\"{}\" {counts} skipped=\"{skipped}\" \
         time=\"{time}\">\n    \
         <properties>\n      \
         <property name=\"run\" value=\"{}\"/>\n    \
         </properties>\n",
        escaped(suite),
        escaped(&run.start_time),
        escaped(run.run_id.as_str()),
    )?;
    for result in results {
        case(out, result)?;
    }
    out.write_all(b"  </testsuite>\n</testsuites>\n")
}

fn case(out: &mut impl Write, result: &VisualTestResult) -> io::Result<()> {
    write!(
        out,
        "    <testcase classname=\"{}\" name=\"{}\" time=\"{}\"",
        escaped(&result.story_identifier.story_id),
        escaped(&name(result)),
        seconds(result.duration_ms.unwrap_or(0)),
    )?;
    let said = escaped(message(result));
    let inner = match result.status {
        _ if result.fails_run() => format!(
            "      <failure type=\"{}\" message=\"{said}\">{}</failure>\n",
            result.status,
            escaped(&body(result))
        ),
        Status::Skipped => format!("      <skipped message=\"{said}\"/>\n"),
        // The process that ran it died.
        Status::Running => "      <skipped message=\"did not finish\"/>\n".to_owned(),
        Status::Failed | Status::New | Status::Changed => {
            format!("      <system-out>{said}</system-out>\n")
        }
        Status::Passed => String::new(),
    };
    let inner = inner + &reruns(result) + &page_errors(result);
    if inner.is_empty() {
        out.write_all(b"/>\n")
    } else {
        write!(out, ">\n{inner}    </testcase>\n")
    }
}

/// The errors of the page, one per line.
fn page_errors(result: &VisualTestResult) -> String {
    let errors: Vec<String> = result.page_errors.iter().map(ToString::to_string).collect();
    match errors.is_empty() {
        true => String::new(),
        false => format!(
            "      <system-err>{}</system-err>\n",
            escaped(&errors.join("\n"))
        ),
    }
}

/// The attempts before the last, in Surefire's form: `flakyFailure` if the last
/// attempt passed.
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
        // Jenkins' schema has no time here, but a text.
        let (status, time) = (attempt.status, seconds(attempt.duration_ms));
        let _ = writeln!(
            xml,
            "      <{word} type=\"{status}\" message=\"{said}\">failed after {time} s</{word}>"
        );
    }
    xml
}

/// The details of a failure: its images, changes of the environment, and the
/// command that accepts it.
fn body(result: &VisualTestResult) -> String {
    let mut text = message(result).to_owned();
    for cause in known_causes(result) {
        let _ = write!(text, "\ncause: {}", cause.describe());
    }
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
        let _ = write!(text, "\n{what}: {was} when accepted, {now} now");
    }
    if let Some(command) = accept(result) {
        let _ = write!(text, "\naccept: {command}");
    }
    text
}

fn seconds(ms: u64) -> String {
    format!("{}.{:03}", ms / 1_000, ms % 1_000)
}

/// Text for an attribute or an element. Control characters become visible, and
/// others that XML cannot hold become U+FFFD. Line breaks become references,
/// because attributes would turn them into spaces.
fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in printable(text).chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\n' | '\t' => {
                let _ = write!(out, "&#{};", u32::from(c));
            }
            '\u{fffe}' | '\u{ffff}' => out.push('\u{fffd}'),
            _ => out.push(c),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::super::sample;
    use super::{Status, VisualTestResult, VisualTestRun, escaped, write_document};
    use crate::model::{Attempt, PageError, PageErrorKind};

    fn render(suite: &str, run: &VisualTestRun, results: &[VisualTestResult]) -> String {
        let mut xml = Vec::new();
        write_document(&mut xml, suite, run, results).unwrap();
        String::from_utf8(xml).unwrap()
    }

    #[test]
    fn a_run_as_junit() {
        insta::assert_snapshot!(render("shop", &sample::run(), &sample::results()));
    }

    /// The elements of a report in the schema of Jenkins' xUnit plugin: their
    /// attributes, the required ones with `!`, and the elements inside of them.
    const JENKINS: [(&str, &str, &str); 11] = [
        ("testsuites", "name time tests failures errors", "testsuite"),
        (
            "testsuite",
            "name! tests! failures! errors! group time skipped timestamp hostname id package file \
             log url",
            "testsuite properties testcase system-out system-err",
        ),
        ("properties", "", "property"),
        ("property", "name! value!", ""),
        (
            "testcase",
            "name! time classname group",
            "skipped error failure rerunFailure rerunError flakyFailure flakyError system-out \
             system-err",
        ),
        ("failure", "type message", ""),
        ("skipped", "type message", ""),
        (
            "rerunFailure",
            "type! message",
            "stackTrace system-out system-err",
        ),
        (
            "flakyFailure",
            "type! message",
            "stackTrace system-out system-err",
        ),
        ("system-out", "", ""),
        ("system-err", "", ""),
    ];

    fn check(element: roxmltree::Node<'_, '_>) {
        let name = element.tag_name().name();
        let known = JENKINS.iter().find(|(known, ..)| *known == name);
        let (_, attributes, children) = known.unwrap_or_else(|| panic!("<{name}>"));
        let attributes: Vec<_> = attributes.split_whitespace().collect();
        for required in attributes.iter().filter_map(|name| name.strip_suffix('!')) {
            assert!(
                element.has_attribute(required),
                "<{name}> has no {required}"
            );
        }
        for attribute in element.attributes() {
            let is_known = |known: &&str| known.trim_end_matches('!') == attribute.name();
            assert!(
                attributes.iter().any(is_known),
                "<{name} {}=…>",
                attribute.name()
            );
        }
        for child in element.children().filter(roxmltree::Node::is_element) {
            let inner = child.tag_name().name();
            assert!(
                children.split_whitespace().any(|known| known == inner),
                "<{inner}> in <{name}>"
            );
            check(child);
        }
    }

    #[test]
    fn jenkins_accepts_it() {
        let mut results = sample::results();
        // Every kind of result with every kind of detail.
        for status in Status::FINAL {
            let mut result = sample::result("rare", status);
            let attempt = |status| Attempt {
                status,
                message: Some("no answer".to_owned()),
                duration_ms: 7,
            };
            result.attempts = vec![attempt(Status::Failed), attempt(status)];
            result.page_errors = vec![PageError {
                kind: PageErrorKind::Console,
                message: "no <answer>".to_owned(),
                url: None,
            }];
            results.push(result);
        }
        let xml = render("shop", &sample::run(), &results);
        let document = roxmltree::Document::parse(&xml).unwrap();
        check(document.root_element());
        let suite = document.root_element().first_element_child().unwrap();
        assert_eq!(suite.attribute("name"), Some("shop"));
    }

    #[test]
    fn a_snapshot_that_was_accepted_is_not_a_failure() {
        let mut new = sample::result("a", Status::New);
        assert!(render("shop", &sample::run(), &[new.clone()]).contains("failures=\"1\""));
        new.baseline = Some("baselines/a.png".to_owned());
        let xml = render("shop", &sample::run(), &[new]);
        assert!(
            xml.contains("failures=\"0\"") && !xml.contains("<failure"),
            "{xml}"
        );
    }

    #[test]
    fn messages_are_escaped() {
        assert_eq!(
            escaped("\"><failure/>&\u{0}\u{1b}\u{ffff}\n]]>"),
            r"&quot;&gt;&lt;failure/&gt;&amp;\u{0}\u{1b}�&#10;]]&gt;"
        );
    }
}
