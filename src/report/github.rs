//! GitHub Actions: annotations in the log, a table in the step summary.

use std::fmt::Write as _;
use std::fs::OpenOptions;
use std::io::Write as _;
use std::path::{Path, PathBuf};

use super::ReportError;
use super::words::{accept, counts, duration, failures, grouped, message, name, place};
use crate::events::{Bus, Event, Subscriber};
use crate::model::{VisualTestResult, VisualTestRun};

/// GitHub shows ten annotations of a kind and step; the last of ours says how
/// many more there are.
const ANNOTATIONS: usize = 10;
/// A step's summary may have 1 MiB; beyond some hundred rows nobody reads.
const ROWS: usize = 200;

/// Prints annotations of a run's failures, and appends a summary to the file
/// that GitHub names.
pub struct GithubReport {
    manifest: String,
    summary: Option<PathBuf>,
}

impl GithubReport {
    /// The report for a manifest, as its path is seen from the repository's
    /// root, and the file that `GITHUB_STEP_SUMMARY` names.
    pub fn new(manifest: String, summary: Option<PathBuf>) -> Self {
        Self { manifest, summary }
    }
}

impl Subscriber for GithubReport {
    fn on_event(&self, event: &Event, bus: &Bus) {
        let Event::RunEnded(report) = event else {
            return;
        };
        // GitHub reads annotations from standard output.
        let text = annotations(&report.results, &self.manifest);
        let _ = std::io::stdout().write_all(text.as_bytes());
        if let Some(file) = &self.summary
            && let Err(error) = append_summary(file, &report.run, &report.results)
        {
            bus.publish(Event::Warning(error.to_string()));
        }
    }
}

/// The lines to print to standard output so that the failures appear beside
/// the change. `manifest` is its path as seen from the repository's root.
pub fn annotations(results: &[VisualTestResult], manifest: &str) -> String {
    let failures = failures(results);
    let shown = if failures.len() > ANNOTATIONS {
        ANNOTATIONS - 1
    } else {
        failures.len()
    };
    let mut text = String::new();
    for result in &failures[..shown] {
        let mut said = message(result).to_owned();
        if let Some(command) = accept(result) {
            let _ = write!(said, "\naccept with: {command}");
        }
        let _ = writeln!(
            text,
            "::error file={},title={}::{}",
            property(manifest),
            property(&name(result)),
            data(&said)
        );
    }
    if shown < failures.len() {
        let rest = failures.len() - shown;
        let _ = writeln!(
            text,
            "::error file={},title=Tintype::{rest} more snapshots failed or are new; see the step summary and report.html",
            property(manifest)
        );
    }
    text
}

/// The run as Markdown for the step summary.
pub fn summary(run: &VisualTestRun, results: &[VisualTestResult]) -> String {
    let mut text = format!("### Tintype: {}\n\n", counts(&run.summary));
    let took = run.duration.map(duration).unwrap_or_default();
    let facts = [
        format!("`{}`", code(run.run_id.as_str())),
        markdown(&place(run)),
        took,
    ];
    let facts: Vec<_> = facts.into_iter().filter(|fact| !fact.is_empty()).collect();
    let _ = writeln!(text, "{}", facts.join(" · "));
    let failures = failures(results);
    if failures.is_empty() {
        return text;
    }
    text.push_str("\n| Status | Snapshot | Message |\n| --- | --- | --- |\n");
    for result in failures.iter().take(ROWS) {
        let _ = writeln!(
            text,
            "| {} | `{}` | {} |",
            result.status,
            code(&name(result)),
            markdown(message(result))
        );
    }
    if failures.len() > ROWS {
        let rest = grouped((failures.len() - ROWS) as u64);
        let _ = writeln!(text, "\n{rest} more are in `report.html`.");
    }
    text.push_str(
        "\nKeep the folder of the run as an artifact to see the pictures; `cargo tintype review` accepts.\n",
    );
    text
}

/// Appends the summary to the file that `GITHUB_STEP_SUMMARY` names.
pub fn append_summary(
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
    text.replace('%', "%25")
        .replace('\r', "%0D")
        .replace('\n', "%0A")
}

/// A property of a workflow command, which a colon or a comma would end.
fn property(text: &str) -> String {
    data(text).replace(':', "%3A").replace(',', "%2C")
}

/// Text for a cell of a Markdown table, as it is.
fn markdown(text: &str) -> String {
    let mut out = String::new();
    for c in text.chars() {
        match c {
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '&' => out.push_str("&amp;"),
            '\n' | '\r' => out.push(' '),
            // `@` would notify the person or team of that name.
            '@' => out.push_str("&#64;"),
            '\\' | '`' | '*' | '_' | '|' | '[' | ']' | '~' | '#' => {
                out.push('\\');
                out.push(c);
            }
            _ => out.push(c),
        }
    }
    out
}

/// Text between backticks in a table.
fn code(text: &str) -> String {
    text.replace(['\n', '\r'], " ")
        .replace('`', "'")
        .replace('|', "\\|")
}

#[cfg(test)]
mod tests {
    use super::super::sample;
    use super::{annotations, append_summary, summary};
    use crate::model::Status;

    #[test]
    fn failures_are_annotated() {
        insta::assert_snapshot!(annotations(&sample::results(), "stories.toml"));
    }

    #[test]
    fn the_summary_is_a_table() {
        insta::assert_snapshot!(summary(&sample::run(), &sample::results()));
    }

    #[test]
    fn a_message_cannot_give_another_command() {
        let mut result = sample::result("x", Status::Failed);
        result.message = Some("a\n::set-env name=PATH::/tmp\r%0A".to_owned());
        result.current = None;
        assert_eq!(
            annotations(&[result], "a,b:c.toml"),
            "::error file=a%2Cb%3Ac.toml,title=x%3A%3Alight%3A%3A1280x720::a%0A::set-env name=PATH::/tmp%0D%250A\n"
        );
    }

    #[test]
    fn eleven_failures_become_ten_annotations() {
        let results: Vec<_> = (0..11)
            .map(|n| sample::result(&format!("story-{n}"), Status::New))
            .collect();
        let text = annotations(&results, "stories.toml");
        assert_eq!(text.lines().count(), 10);
        assert!(
            text.lines()
                .last()
                .is_some_and(|line| line.contains("::2 more"))
        );
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
        assert!(
            error
                .to_string()
                .contains(&folder.path().display().to_string())
        );
    }
}
