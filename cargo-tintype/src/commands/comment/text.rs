//! Writes the comment on a run: verdict, causes, and failures without a known
//! cause.

use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use reqwest::Url;
use tintype::compare::grouped;
use tintype::internals::artifacts::ObjectKey;
use tintype::internals::explain::{CauseGroup, cause_groups};
use tintype::internals::model::{Cause, Reason, RunFile, VisualTestResult, cause_command};
use tintype::internals::report::{counts, duration, environment, failures, groups, plural};

use super::markdown::{attribute, code};

/// The most names of snapshots in a group.
const MAX_NAMES: usize = 5;
/// The most groups with pictures.
const MAX_PICTURES: usize = 10;
/// Characters that are kept for the note on what was cut.
const NOTE: usize = 200;

/// Everything that a comment is about.
pub(super) struct CommentText<'a> {
    pub(super) suite: &'a str,
    pub(super) file: &'a RunFile,
    pub(super) report: Option<&'a Url>,
    /// Where the objects of the artifact store can be read.
    pub(super) store: Option<&'a Url>,
    pub(super) max_characters: usize,
}

/// Failures with a common property.
struct Group<'a> {
    title: String,
    results: Vec<&'a VisualTestResult>,
    /// The command that accepts them.
    accept: Option<String>,
}

impl CommentText<'_> {
    /// The hidden line by which a later run finds the comment.
    pub(super) fn marker(&self) -> String {
        // An HTML comment ends at `-->`.
        let suite = utf8_percent_encode(self.suite, NON_ALPHANUMERIC);
        format!("<!-- tintype-comment: {suite} -->")
    }

    /// The comment in Markdown.
    pub(super) fn write(&self) -> String {
        let mut text = format!("{}\n{}", self.marker(), self.heading());
        let failures = failures(&self.file.results);
        let groups = by_cause(&failures);
        let mut room = self
            .max_characters
            .saturating_sub(text.chars().count() + NOTE);
        for (number, group) in groups.iter().enumerate() {
            let section = self.section(group, number < MAX_PICTURES);
            let Some(left) = room.checked_sub(section.chars().count()) else {
                text.push_str(&self.note(number, groups.len()));
                break;
            };
            room = left;
            text.push_str(&section);
        }
        text
    }

    fn heading(&self) -> String {
        let RunFile { run, results } = self.file;
        let verdict = run.reason.map_or("not ended yet", Reason::as_str);
        let counts = counts(&run.summary, results);
        let mut facts = Vec::new();
        if let Some(report) = self.report {
            facts.push(format!("[Report](<{report}>)"));
        }
        facts.push(code(run.run_id.as_str()));
        let environment = environment(run);
        if !environment.is_empty() {
            facts.push(code(&environment));
        }
        facts.extend(run.duration.map(duration));
        let suite = code(self.suite);
        format!(
            "### Visual tests of {suite}: {verdict}\n\n{counts}\n\n{}\n",
            facts.join(" · ")
        )
    }

    fn section(&self, group: &Group<'_>, has_pictures: bool) -> String {
        let Group {
            title,
            results,
            accept,
        } = group;
        let count = grouped(results.len() as u64);
        let names = results.iter().take(MAX_NAMES);
        let names: Vec<_> = names
            .map(|result| code(&result.story_identifier.test_name()))
            .collect();
        let more = match results.len().checked_sub(MAX_NAMES) {
            Some(more @ 1..) => format!(" and {} more", grouped(more as u64)),
            _ => String::new(),
        };
        let mut text = format!(
            "\n#### {count} × {}\n\n{}{more}\n",
            code(title),
            names.join(", ")
        );
        if has_pictures {
            text.push_str(&self.pictures(results[0]));
        }
        if let Some(command) = accept {
            text.push_str(&format!("\nAccept: {}\n", code(command)));
        }
        text
    }

    /// Baseline, current image and difference of a snapshot, where they can be read.
    fn pictures(&self, result: &VisualTestResult) -> String {
        let (Some(store), Some(hashes)) = (self.store, &result.sha256) else {
            return String::new();
        };
        let name = result.story_identifier.test_name();
        let all = [
            ("baseline", &hashes.baseline),
            ("current", &hashes.current),
            ("difference", &hashes.diff),
        ];
        let all = all.into_iter().filter_map(|(kind, hash)| {
            let key = ObjectKey::picture(hash.as_deref()?)?;
            let address = attribute(object_address(store, key.as_str()).as_str());
            let label = attribute(&format!("{kind} of {name}"));
            Some(format!(
                "<a href=\"{address}\"><img src=\"{address}\" alt=\"{label}\" title=\"{kind}\" width=\"240\"></a>"
            ))
        });
        let all: Vec<_> = all.collect();
        match all.is_empty() {
            true => String::new(),
            false => format!("\n{}\n", all.join(" ")),
        }
    }

    fn note(&self, shown: usize, all: usize) -> String {
        let rest = plural((all - shown) as u64, "more group");
        let place = match self.report {
            Some(_) => "the report has all of them",
            None => "`cargo tintype explain` lists all of them",
        };
        format!(
            "\n{rest} of failures left out, as a comment has at most {} characters: {place}.\n",
            grouped(self.max_characters as u64)
        )
    }
}

/// Failures that causes do not explain in full first, since these may be
/// regressions, then each cause.
fn by_cause<'a>(failures: &[&'a VisualTestResult]) -> Vec<Group<'a>> {
    let is_explained = |result: &VisualTestResult| {
        let found = result.explanation.as_ref();
        found.is_some_and(|found| found.is_complete() && found.causes.iter().any(Cause::is_known))
    };
    let rest: Vec<_> = failures
        .iter()
        .copied()
        .filter(|result| !is_explained(result))
        .collect();
    let rest = groups(&rest).into_iter().map(|group| Group {
        title: group.title,
        results: group.results,
        accept: None,
    });
    let causes = cause_groups(failures.iter().copied()).into_iter();
    let causes = causes.map(|CauseGroup { cause, results }| Group {
        // The whole title is code.
        title: cause.describe().replace('`', ""),
        accept: Some(cause_command(&[&cause.id], Some(&results[0].run_id))),
        results,
    });
    rest.chain(causes).collect()
}

/// The address of an object below that of its store.
pub(super) fn object_address(store: &Url, key: &str) -> Url {
    let mut address = store.clone();
    let path = format!("{}/{key}", store.path().trim_end_matches('/'));
    address.set_path(&path);
    address
}
