//! `cargo tintype flaky`

use anyhow::Result;
use serde_json::json;
use tintype::internals::config::Config;
use tintype::internals::history::FlakeAssessment;

use crate::flakiness::{self, flaky_stories};
use crate::output::{self, print_line};
use crate::record_access::RecordAccess;

/// List flaky stories, worst first, with what may help
///
/// A story is flaky if it disagrees with itself although nothing changed: it
/// passed only at a second attempt, two captures differed, or it passed and
/// failed on one commit with one baseline. Real changes do not count.
#[derive(clap::Args)]
pub(crate) struct FlakyOptions {
    /// Print a JSON array instead of lines
    #[arg(long)]
    json: bool,
}

pub(crate) fn run(config: &Config, options: &FlakyOptions) -> Result<()> {
    let record = RecordAccess::open(config)?;
    let flaky = record.wait(flaky_stories(&record.records, &record.project.plan))?;
    if options.json {
        let stories: Vec<_> = flaky
            .iter()
            .map(|story| {
                let mut object = flakiness::to_json(&story.assessment);
                object["story"] = json!(story.story);
                let snapshots = story.snapshots.iter().map(|(snapshot, assessment)| {
                    let mut object = flakiness::to_json(assessment);
                    object["name"] = json!(snapshot.test_name());
                    object
                });
                object["snapshots"] = snapshots.collect();
                object
            })
            .collect();
        output::print_json(&stories)?;
        return Ok(());
    }
    if flaky.is_empty() {
        print_line!("no flaky stories");
    }
    for story in &flaky {
        print_line!("{}", headline(&story.story, &story.assessment));
        for (snapshot, assessment) in &story.snapshots {
            print_line!("          {snapshot}: {}", counts(assessment));
        }
        if let Some(advice) = story.assessment.advice() {
            print_line!("          help: {advice}");
        }
    }
    Ok(())
}

fn headline(story: &str, assessment: &FlakeAssessment) -> String {
    format!(
        "{:>8}  {story}  {:.1} % of {} executions disagree: {}",
        assessment.level().as_str(),
        assessment.rate() * 100.0,
        assessment.executions,
        counts(assessment)
    )
}

/// The evidence by source, and the kinds of failures.
fn counts(assessment: &FlakeAssessment) -> String {
    let sources = [
        (assessment.retried, "passed at a retry"),
        (assessment.unstable, "unstable"),
        (assessment.repeated, "failed on a commit that passed"),
    ];
    let sources = sources.iter().filter(|(count, _)| *count > 0);
    let sources: Vec<_> = sources
        .map(|(count, what)| format!("{count} {what}"))
        .collect();
    let kinds = assessment.kinds.iter();
    let kinds: Vec<_> = kinds
        .map(|(kind, count)| format!("{kind} ×{count}"))
        .collect();
    if kinds.is_empty() {
        return sources.join(", ");
    }
    format!("{} ({})", sources.join(", "), kinds.join(", "))
}
