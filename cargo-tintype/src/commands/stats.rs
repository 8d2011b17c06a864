//! `cargo tintype stats`

use std::collections::BTreeMap;

use anyhow::{Result, bail};
use serde_json::{Map, Value, json};
use tintype::internals::config::Config;
use tintype::internals::history::{OutcomeTally, StoryStatistics};
use tintype::internals::model::rfc3339;

use crate::output::{self, print_line};
use crate::project::is_selected;
use crate::record_access::RecordAccess;

/// Show how often stories pass and how long they take
#[derive(clap::Args)]
pub(crate) struct StatsOptions {
    /// Only snapshots whose name contains one of these texts, each on its own
    #[arg(value_name = "STORY")]
    filters: Vec<String>,

    /// Print a JSON object instead of lines
    #[arg(long)]
    json: bool,
}

pub(crate) fn run(config: &Config, options: &StatsOptions) -> Result<()> {
    let record = RecordAccess::open(config)?;
    let snapshots = record.project.plan.snapshots.iter();
    let stories: Vec<_> = snapshots
        .map(|snapshot| snapshot.identifier.clone())
        .filter(|identifier| is_selected(identifier, &options.filters))
        .collect();
    if stories.is_empty() {
        bail!("no snapshot matches {}", options.filters.join(", "));
    }
    let tallies = record.wait(record.records.tallies(&stories))?;
    let index = record.wait(record.records.project_index())?;
    let is_shown = |key: &String| stories.iter().any(|story| story.key() == *key);
    let failing = index.failures.into_iter().map(|(kind, mut snapshots)| {
        snapshots.retain(is_shown);
        (kind, snapshots)
    });
    let failing: BTreeMap<_, _> = failing.filter(|(_, it)| !it.is_empty()).collect();
    let (mut all, mut by_name) = (OutcomeTally::default(), BTreeMap::<_, OutcomeTally>::new());
    for (story, tally) in stories.iter().zip(&tallies) {
        all.merge(tally);
        let name = if options.filters.is_empty() {
            story.story_id.clone()
        } else {
            story.test_name()
        };
        by_name.entry(name).or_default().merge(tally);
    }
    if options.json {
        let stories = by_name
            .into_iter()
            .map(|(name, tally)| (name, json!(tally.statistics())));
        let stories: Map<String, Value> = stories.collect();
        output::print_json(&json!({
            "all": all.statistics(),
            "stories": stories,
            "failing": failing,
        }))?;
        return Ok(());
    }
    for (name, tally) in &by_name {
        print_line!("{name}: {}", line(&tally.statistics()));
    }
    if by_name.len() > 1 {
        print_line!("all: {}", line(&all.statistics()));
    }
    for (kind, snapshots) in &failing {
        print_line!(
            "failing on the default branch ({kind}): {}",
            snapshots.len()
        );
    }
    Ok(())
}

fn line(statistics: &StoryStatistics) -> String {
    if statistics.total_runs == 0 {
        return "no runs yet".to_owned();
    }
    let mut parts = vec![format!(
        "{} runs, {} passed, {} failed",
        statistics.total_runs, statistics.passed_runs, statistics.failed_runs
    )];
    if let Some(rate) = statistics.success_rate {
        parts.push(format!("{:.1} % pass", rate * 100.0));
    }
    if let (Some(average), Some(p50), Some(p95)) =
        (statistics.avg_duration, statistics.p50, statistics.p95)
    {
        parts.push(format!("average {average} ms, p50 {p50} ms, p95 {p95} ms"));
    }
    if let Some(at) = statistics.last_success {
        parts.push(format!("last passed {}", rfc3339(at)));
    }
    parts.join("; ")
}
