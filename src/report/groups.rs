//! Groups failures that have the same causes, or probably so.

use std::collections::BTreeMap;

use super::words::{grouped, message, name, plural};
use crate::explain::known_causes;
use crate::model::{Cause, Status, VisualTestResult, cause_command};

/// Up to this many failures, a list of them is more useful than groups.
pub(super) const MAX_UNGROUPED: usize = 10;

/// How the titles of differences with an unknown cause begin.
const UNEXPLAINED: &str = "unexplained";

/// The most causes in the title of a group.
const MAX_TITLE_CAUSES: usize = 2;

/// Failures with the same error, the same causes, or of the same component.
pub struct FailureGroup<'a> {
    /// Their common property.
    pub title: String,
    /// Never empty.
    pub results: Vec<&'a VisualTestResult>,
}

/// Groups failures, the largest group first, after unexplained differences.
pub fn groups<'a>(failures: &[&'a VisualTestResult]) -> Vec<FailureGroup<'a>> {
    let mut groups: BTreeMap<_, Vec<&VisualTestResult>> = BTreeMap::new();
    for result in failures {
        let title = title(result);
        // A title names only some of the causes.
        let ids = match title.starts_with(UNEXPLAINED) {
            true => Vec::new(),
            false => cause_ids(result),
        };
        groups.entry((title, ids)).or_default().push(result);
    }
    let groups = groups.into_iter();
    let mut groups: Vec<_> = groups
        .map(|((title, _), results)| FailureGroup {
            title: with_places(title, &results),
            results,
        })
        .collect();
    // Stable, so groups of one size stay in the order of their titles. What is not
    // explained comes first: it may be a regression.
    groups.sort_by_key(|group| {
        let is_explained = !group.title.starts_with(UNEXPLAINED);
        (is_explained, std::cmp::Reverse(group.results.len()))
    });
    groups
}

impl FailureGroup<'_> {
    /// `12 × forms: forms/card::light::375x667 and 11 more`
    pub(super) fn line(&self) -> String {
        let (count, title) = (self.results.len(), &self.title);
        let first = name(self.results[0]);
        let more = match count - 1 {
            0 => String::new(),
            more => format!(" and {} more", grouped(more as u64)),
        };
        format!("{} × {title}: {first}{more}", grouped(count as u64))
    }

    /// The same in several lines, for causes: title, snapshots, size of the
    /// differences, and the command that accepts the causes.
    pub(super) fn lines(&self) -> Vec<String> {
        let ids = cause_ids(self.results[0]);
        if ids.is_empty() || self.title.starts_with(UNEXPLAINED) {
            return vec![self.line()];
        }
        let count = self.results.len();
        let names = self.results.iter().take(2).map(|result| name(result));
        let mut names = names.collect::<Vec<_>>().join(", ");
        if let Some(more @ 1..) = count.checked_sub(2) {
            names += &format!(" and {} more", grouped(more as u64));
        }
        let run = Some(&self.results[0].run_id);
        let accept = cause_command(&ids, run);
        vec![
            format!("{} × {}", grouped(count as u64), self.title),
            format!("  {names}"),
            format!("  accept: {accept}"),
        ]
    }
}

/// The ids of the known causes, in a fixed order.
fn cause_ids(result: &VisualTestResult) -> Vec<&str> {
    let mut ids: Vec<_> = known_causes(result).map(|cause| &*cause.id).collect();
    ids.sort_unstable();
    ids
}

/// Errors are grouped by their text, new snapshots are one group, and
/// differences are grouped by their causes, or by component where these are
/// unknown.
fn title(result: &VisualTestResult) -> String {
    let is_explained = (result.explanation.as_ref())
        .is_some_and(|explanation| explanation.is_complete() && !explanation.causes.is_empty());
    match (result.status, result.diff_ratio) {
        (Status::New, _) => "no baseline yet".to_owned(),
        (_, Some(_)) if is_explained => causes(result),
        (_, Some(_)) if result.explanation.is_some() => format!(
            "{UNEXPLAINED} differences in {}",
            component(&result.story_identifier.story_id)
        ),
        (_, Some(_)) => format!(
            "differences in {}",
            component(&result.story_identifier.story_id)
        ),
        (_, None) => message(result)
            .lines()
            .next()
            .unwrap_or_default()
            .to_owned(),
    }
}

/// The causes of a result, in an order that does not depend on their pixels.
fn causes(result: &VisualTestResult) -> String {
    let mut causes: Vec<String> = known_causes(result).map(Cause::to_string).collect();
    if causes.is_empty() {
        return "differences by another environment".to_owned();
    }
    causes.sort();
    let more = causes.len().saturating_sub(MAX_TITLE_CAUSES);
    causes.truncate(MAX_TITLE_CAUSES);
    let more = match more {
        0 => String::new(),
        more => format!(" and {}", plural(more as u64, "more cause")),
    };
    format!("{}{more}", causes.join("; "))
}

/// Adds the place of the rule to a title that is a cause, if all results have the
/// same one.
fn with_places(title: String, results: &[&VisualTestResult]) -> String {
    let place = |result: &VisualTestResult| {
        let mut causes = known_causes(result);
        match (causes.next(), causes.next()) {
            (Some(cause), None) if cause.to_string() == title => cause.source.clone(),
            _ => None,
        }
    };
    let first = place(results[0]);
    match first.filter(|first| {
        results
            .iter()
            .all(|result| place(result).as_ref() == Some(first))
    }) {
        Some(place) => format!("{title}, {place}"),
        None => title,
    }
}

/// `forms/card` is in `forms`, Storybook's `forms-card--filled` is a variant of
/// `forms-card`.
fn component(story: &str) -> &str {
    let id = story.split('@').next().unwrap_or(story);
    let split = id.split_once("--").or_else(|| id.rsplit_once('/'));
    split.map_or(id, |(component, _)| component)
}

#[cfg(test)]
mod tests {
    use super::super::sample;
    use super::{Status, component, groups};

    #[test]
    fn stories_belong_to_a_component() {
        assert_eq!(component("forms/card"), "forms");
        assert_eq!(component("forms-card--filled@firefox"), "forms-card");
        assert_eq!(component("button@2x"), "button");
    }

    #[test]
    fn failures_are_grouped_by_error_and_component() {
        let mut results = sample::many_failures(30);
        results.push(sample::result("menu", Status::New));
        let failures: Vec<_> = results.iter().collect();
        let lines: Vec<_> = groups(&failures)
            .iter()
            .map(super::FailureGroup::line)
            .collect();
        assert_eq!(
            lines,
            [
                "16 × differences in forms: forms/card-0::light::1280x720 and 15 more",
                "7 × chromedriver was not found on the PATH: chart-3::light::1280x720 and 6 more",
                "7 × differences in menu: menu--open-2::light::1280x720 and 6 more",
                "1 × no baseline yet: menu::light::1280x720",
            ]
        );
    }

    #[test]
    fn explained_differences_are_grouped_by_their_causes() {
        let mut results = sample::many_failures(8);
        results.retain(|result| result.diff_ratio.is_some());
        let brand = || sample::cause(".btn", "background-color", "red", "blue");
        let [first, second, third, ..] = &mut results[..] else {
            panic!("the sample has three differences")
        };
        first.explanation = Some(sample::explanation(1.0, vec![brand()]));
        second.explanation = first.explanation.clone();
        // The second cause may be a regression.
        let text = sample::cause(".badge", "content", "New", "");
        third.explanation = Some(sample::explanation(0.5, vec![brand(), text]));
        let failures: Vec<_> = results.iter().take(3).collect();
        let lines: Vec<_> = groups(&failures)
            .iter()
            .flat_map(super::FailureGroup::lines)
            .collect();
        insta::assert_snapshot!(lines.join("\n"));
    }
}
