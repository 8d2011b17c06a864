//! Reports to GitHub Actions: annotations and the step summary.

use std::fmt::Write as _;
use std::fs::OpenOptions;
use std::io::Write as _;
use std::path::{Path, PathBuf};

use super::file::ReportError;
use super::groups::{MAX_UNGROUPED, groups};
use super::places::AnnotationPlaces;
use super::words::{accept, counts, duration, environment, failures, grouped, message, name};
use crate::escape::printable;
use crate::events::{Bus, Event, Subscriber};
use crate::explain::known_causes;
use crate::model::{VisualTestResult, VisualTestRun};

/// GitHub shows ten annotations of a kind for each step.
const MAX_ANNOTATIONS: usize = 10;
/// The most table rows in a summary, which may have 1 MiB.
const MAX_ROWS: usize = 200;

/// Prints annotations of a run's failures, and appends a summary to the file
/// that GitHub names.
pub(crate) struct GithubReport {
    places: AnnotationPlaces,
    summary: Option<PathBuf>,
}

impl GithubReport {
    /// `places` are those of annotations, and `summary` is the file that
    /// `GITHUB_STEP_SUMMARY` names.
    pub(crate) fn new(places: AnnotationPlaces, summary: Option<PathBuf>) -> Self {
        Self { places, summary }
    }

    /// The workflow commands that show failures beside the rules that caused
    /// them, or the manifest's lines.
    fn annotations(&self, results: &[VisualTestResult]) -> String {
        let failures = failures(results);
        let mut text = String::new();
        if failures.len() <= MAX_UNGROUPED {
            for result in failures {
                let mut said = message(result).to_owned();
                for cause in known_causes(result) {
                    let _ = write!(said, "\ncause: {}", cause.describe());
                }
                if let Some(command) = accept(result) {
                    let _ = write!(said, "\naccept: {command}");
                }
                text.push_str(&self.annotation(Some(result), &name(result), &said));
            }
            return text;
        }
        let groups = groups(&failures);
        let shown = match groups.len() {
            count if count > MAX_ANNOTATIONS => MAX_ANNOTATIONS - 1,
            count => count,
        };
        for group in &groups[..shown] {
            let first = group.results[0];
            text.push_str(&self.annotation(Some(first), "Tintype", &group.line()));
        }
        let rest: usize = groups[shown..]
            .iter()
            .map(|group| group.results.len())
            .sum();
        if rest > 0 {
            let said = format!("{rest} more failures; see the step summary and report.html");
            text.push_str(&self.annotation(None, "Tintype", &said));
        }
        text
    }

    fn annotation(&self, result: Option<&VisualTestResult>, title: &str, said: &str) -> String {
        let place = match result {
            Some(result) => self.places.of_result(result),
            None => self.places.of_manifest(),
        };
        let line = place
            .line
            .map_or(String::new(), |line| format!(",line={line}"));
        let (file, title, said) = (property(&place.file), property(title), data(said));
        format!("::error file={file}{line},title={title}::{said}\n")
    }
}

impl Subscriber for GithubReport {
    fn on_event(&self, event: &Event, bus: &Bus) {
        let Event::RunEnded(report) = event else {
            return;
        };
        // GitHub reads annotations from standard output.
        let text = self.annotations(report.results());
        let _ = std::io::stdout().write_all(text.as_bytes());
        if let Some(file) = &self.summary
            && let Err(error) = append_summary(file, &report.run, report.results())
        {
            bus.publish(Event::Warning(error.to_string()));
        }
    }
}

/// The run as Markdown for the step summary.
fn summary(run: &VisualTestRun, results: &[VisualTestResult]) -> String {
    let mut text = format!("### Tintype: {}\n\n", counts(&run.summary, results));
    let took = run.duration.map(duration).unwrap_or_default();
    let facts = [
        format!("`{}`", code(run.run_id.as_str())),
        markdown(&environment(run)),
        took,
    ];
    let facts: Vec<_> = facts.into_iter().filter(|fact| !fact.is_empty()).collect();
    let _ = writeln!(text, "{}", facts.join(" · "));
    let failures = failures(results);
    if failures.is_empty() {
        return text;
    }
    if failures.len() <= MAX_UNGROUPED {
        text.push_str(&table(&failures));
    } else {
        let mut rows = MAX_ROWS;
        for group in groups(&failures) {
            let shown = group.results.len().min(rows);
            rows -= shown;
            let (count, title) = (grouped(group.results.len() as u64), html(&group.title));
            let _ = write!(
                text,
                "\n<details><summary>{count} × {title}</summary>\n{}",
                table(&group.results[..shown])
            );
            if shown < group.results.len() {
                text.push_str("\nThe others are in `report.html`.\n");
            }
            text.push_str("\n</details>\n");
        }
    }
    text.push_str(
        "\nUpload `target/tintype/runs` as an artifact to see the images in `report.html`, and to \
         accept them with `cargo tintype accept`.\n",
    );
    text
}

fn table(failures: &[&VisualTestResult]) -> String {
    if failures.is_empty() {
        return String::new();
    }
    let mut text = "\n| Status | Snapshot | Message |\n| --- | --- | --- |\n".to_owned();
    for result in failures {
        let causes: String = known_causes(result)
            .map(|cause| format!("; {}", markdown(&cause.describe())))
            .collect();
        let _ = writeln!(
            text,
            "| {} | `{}` | {}{causes} |",
            result.status,
            code(&name(result)),
            markdown(message(result))
        );
    }
    text
}

/// Appends the summary to the file that `GITHUB_STEP_SUMMARY` names.
fn append_summary(
    file: &Path,
    run: &VisualTestRun,
    results: &[VisualTestResult],
) -> Result<(), ReportError> {
    let append = || {
        let mut file = OpenOptions::new().append(true).create(true).open(file)?;
        file.write_all(summary(run, results).as_bytes())
    };
    append().map_err(|source| ReportError {
        path: file.to_owned(),
        source,
    })
}

/// The message of a workflow command: one line, whatever it holds.
fn data(text: &str) -> String {
    printable(text).replace('%', "%25").replace('\n', "%0A")
}

/// A property of a workflow command, which a colon or a comma would end.
fn property(text: &str) -> String {
    data(text).replace(':', "%3A").replace(',', "%2C")
}

/// Text for HTML inside Markdown.
fn html(text: &str) -> String {
    printable(text).chars().fold(String::new(), |mut out, c| {
        push_html(&mut out, c);
        out
    })
}

/// Text for a cell of a Markdown table, without Markdown's special characters.
fn markdown(text: &str) -> String {
    let mut out = String::new();
    for c in printable(text).chars() {
        if r"\`*_|[]~#".contains(c) {
            out.push('\\');
            out.push(c);
        } else {
            push_html(&mut out, c);
        }
    }
    out
}

fn push_html(out: &mut String, c: char) {
    match c {
        '<' => out.push_str("&lt;"),
        '>' => out.push_str("&gt;"),
        '&' => out.push_str("&amp;"),
        '\n' => out.push(' '),
        // `@` would notify the person or team of that name.
        '@' => out.push_str("&#64;"),
        _ => out.push(c),
    }
}

/// Text between backticks in a table.
fn code(text: &str) -> String {
    printable(text)
        .replace('\n', " ")
        .replace('`', "'")
        .replace('|', "\\|")
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use super::super::sample;
    use super::{AnnotationPlaces, GithubReport, append_summary, summary};
    use crate::model::Status;

    fn report(manifest: &str) -> GithubReport {
        let mut places = AnnotationPlaces::default();
        manifest.clone_into(&mut places.manifest);
        places.lines = HashMap::from([("forms/checkout-card".to_owned(), 12)]);
        GithubReport::new(places, None)
    }

    #[test]
    fn failures_are_annotated() {
        insta::assert_snapshot!(report("stories.toml").annotations(&sample::results()));
    }

    #[test]
    fn many_failures_are_annotated_in_groups() {
        let results = sample::many_failures(30);
        insta::assert_snapshot!(report("stories.toml").annotations(&results));
    }

    #[test]
    fn the_summary_is_a_table() {
        insta::assert_snapshot!(summary(&sample::run(), &sample::results()));
    }

    #[test]
    fn many_failures_are_summarised_in_groups() {
        let results = sample::many_failures(12);
        insta::assert_snapshot!(summary(&sample::run(), &results));
    }

    #[test]
    fn a_message_cannot_give_another_command() {
        let mut result = sample::result("x", Status::Failed);
        result.message = Some("a\n::set-env name=PATH::/tmp\r%0A".to_owned());
        assert_eq!(
            report("a,b:c.toml").annotations(&[result]),
            "::error file=a%2Cb%3Ac.toml,title=x%3A%3Alight%3A%3A1280x720::a%0A\\::set-env name=PATH::/tmp\\r%250A\n"
        );
    }

    #[test]
    fn html_controls_no_terminal() {
        let text = super::html("<b>\u{1b}]0;owned\u{7}\u{202e} @team\n::error::x");
        let expected = "&lt;b&gt;\\u{1b}]0;owned\\u{7}\\u{202e} &#64;team \\::error::x";
        assert_eq!(text, expected);
    }

    #[test]
    fn there_are_at_most_ten_annotations() {
        let results: Vec<_> = (0..30)
            .map(|n| {
                let mut result = sample::result(&format!("story-{n}"), Status::Failed);
                result.message = Some(format!("error {n}"));
                result
            })
            .collect();
        let text = report("stories.toml").annotations(&results);
        assert_eq!(text.lines().count(), 10);
        let last = text.lines().last().unwrap();
        assert!(last.contains("::21 more failures"), "{last}");
    }

    #[test]
    fn a_message_stays_in_its_cell() {
        let mut result = sample::result("x", Status::Failed);
        result.message = Some("| <img src=x> [a](b) @team\n# head".to_owned());
        let text = summary(&sample::run(), &[result]);
        assert!(
            text.contains(r"\| &lt;img src=x&gt; \[a\](b) &#64;team \# head |"),
            "{text}"
        );
    }

    #[test]
    fn the_summary_is_appended() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("summary.md");
        std::fs::write(&file, "before\n").unwrap();
        append_summary(&file, &sample::run(), &[]).unwrap();
        let text = std::fs::read_to_string(&file).unwrap();
        assert!(text.starts_with("before\n### Tintype: "), "{text}");
        let error = append_summary(folder.path(), &sample::run(), &[]).unwrap_err();
        assert_eq!(error.path, folder.path());
    }
}
