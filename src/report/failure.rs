//! The text of a failed test, for the person who sees it first: what differs,
//! where, by how much, whether the environment differs, and the one command
//! that accepts it.

use super::words;
use crate::model::{Region, Status, VisualTestResult};
use crate::snapshot::FinishedSnapshot;

/// How many regions, or addresses, are told one by one.
const MOST_TOLD: usize = 5;

/// The message of a test: why it was skipped, or several lines about its
/// failure.
pub(crate) fn test_message(finished: &FinishedSnapshot) -> Option<String> {
    let FinishedSnapshot {
        result,
        hint,
        notes,
    } = finished;
    match result.status {
        Status::Skipped => return result.message.clone(),
        Status::Passed | Status::Changed => return None,
        Status::New if result.is_accepted() => return None,
        Status::New | Status::Failed | Status::Running => {}
    }
    let mut text = failure(result, hint.as_deref());
    for note in notes {
        text.push_str(&format!("\n  {note}"));
    }
    if !result.attempts.is_empty() {
        text.push_str(&format!("\n\n  {}", words::attempts(result)));
    }
    Some(text)
}

/// Several lines about a snapshot that did not pass. `lesson` tells what other
/// settings would have made of it.
pub fn failure(result: &VisualTestResult, lesson: Option<&str>) -> String {
    let mut text = result.message.clone().unwrap_or_default();
    if let [_, rest @ ..] = result.regions.as_slice()
        && !rest.is_empty()
    {
        text.push_str(&format!("\n\n  regions:   {}", regions(&result.regions)));
    }
    if !result.open_network.is_empty() {
        let told = &result.open_network[..result.open_network.len().min(MOST_TOLD)];
        text.push_str(&format!("\n\n  open network: {}", told.join(" · ")));
    }
    if let Some(lesson) = lesson {
        text.push_str("\n\n");
        text.push_str(&indented(lesson));
    }
    if !result.environment_changed.is_empty() {
        text.push_str("\n\n  this baseline comes from another environment:");
        for change in &result.environment_changed {
            let (what, was, is) = (&change.what, &change.baseline, &change.current);
            text.push_str(&format!("\n    {what}: {was} then, {is} now"));
        }
    }
    if let (true, Some(path)) = (result.shows_trouble(), &result.current) {
        text.push_str(&format!("\n\n  the page as it was: {path}"));
        if let Some(path) = &result.diff {
            text.push_str(&format!("\n  what moved:         {path}"));
        }
        return text;
    }
    let files = [
        ("baseline:", &result.baseline),
        ("current: ", &result.current),
        ("diff:    ", &result.diff),
    ];
    if result.current.is_some() {
        text.push('\n');
        for (name, path) in files {
            if let Some(path) = path {
                text.push_str(&format!("\n  {name} {path}"));
            }
        }
        text.push_str(&format!(
            "\n\n  {} {}",
            advice(result.status),
            command(result)
        ));
    }
    text
}

/// The command that makes the current image the baseline.
pub fn command(result: &VisualTestResult) -> String {
    format!(
        "cargo tintype accept '{}' --run {}",
        result.story_identifier, result.run_id
    )
}

fn advice(status: Status) -> &'static str {
    if status == Status::New {
        "if this is what it shall look like:"
    } else {
        "if this is what it shall look like now:"
    }
}

fn regions(regions: &[Region]) -> String {
    let told = regions.iter().take(MOST_TOLD).map(
        |Region {
             x,
             y,
             width,
             height,
         }| format!("{width}×{height} at {x},{y}"),
    );
    let mut text = told.collect::<Vec<_>>().join(" · ");
    if let Some(more) = regions.len().checked_sub(MOST_TOLD).filter(|&n| n > 0) {
        text.push_str(&format!(" · and {more} more"));
    }
    text
}

fn indented(text: &str) -> String {
    text.lines()
        .map(|line| format!("  {line}"))
        .collect::<Vec<_>>()
        .join("\n")
}
