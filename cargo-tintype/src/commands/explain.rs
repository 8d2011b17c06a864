//! `cargo tintype explain`

use anyhow::Result;
use serde_json::json;
use tintype::internals::config::Config;
use tintype::internals::explain::{CauseGroup, cause_groups};
use tintype::internals::model::{RunId, VisualTestResult};
use tintype::internals::report::plural;

use crate::output::{self, print_line};
use crate::project::Project;
use crate::run_files::{self, OpenedRun};
use crate::run_ids::LATEST;

/// The most names of snapshots in a line.
const MAX_NAMES: usize = 3;

/// Explain the differences of a run: what changed, and in which snapshots
///
/// Needs baselines that were accepted with a layout digest.
#[derive(clap::Args)]
pub(crate) struct ExplainOptions {
    /// Id of the run, a unique prefix of it, or `latest`
    #[arg(value_name = "RUN", default_value = LATEST)]
    run: String,

    /// Print JSON instead of lines
    #[arg(long)]
    json: bool,
}

/// What is known of the failures of a run.
struct RunExplanation<'a> {
    groups: Vec<CauseGroup<'a>>,
    /// Differences that causes do not explain in full.
    unexplained: Vec<&'a VisualTestResult>,
    /// Differences without an explanation.
    without: Vec<&'a VisualTestResult>,
}

pub(crate) fn run(config: &Config, options: &ExplainOptions) -> Result<()> {
    let project = Project::open(config)?;
    let OpenedRun { file, .. } = run_files::open(&project.manifest, Some(&options.run))?;
    let differing = file
        .results
        .iter()
        .filter(|result| result.fails_run() && result.diff_ratio.is_some_and(|ratio| ratio > 0.0));
    let differing: Vec<_> = differing.collect();
    let explained = RunExplanation {
        groups: cause_groups(differing.iter().copied()),
        unexplained: differing
            .iter()
            .copied()
            .filter(|result| {
                let found = result.explanation.as_ref();
                found.is_some_and(|found| !found.is_complete())
            })
            .collect(),
        without: differing
            .iter()
            .copied()
            .filter(|result| result.explanation.is_none())
            .collect(),
    };
    let run = &file.run.run_id;
    if options.json {
        return output::print_json(&document(run, &explained));
    }
    if differing.is_empty() {
        print_line!("no differences to explain in {run}");
        return Ok(());
    }
    print(run, differing.len(), &explained);
    Ok(())
}

fn document(run: &RunId, explained: &RunExplanation<'_>) -> serde_json::Value {
    let causes: Vec<_> = explained
        .groups
        .iter()
        .map(|group| {
            let mut document = json!(group.cause);
            document["snapshots"] = json!(names(&group.results));
            document
        })
        .collect();
    let unexplained: Vec<_> = explained
        .unexplained
        .iter()
        .map(|result| {
            let ratio = result
                .explanation
                .as_ref()
                .map(|found| found.explained_ratio);
            json!({ "name": result.story_identifier.test_name(), "explainedRatio": ratio })
        })
        .collect();
    json!({
        "run": run,
        "causes": causes,
        "unexplained": unexplained,
        "withoutExplanation": names(&explained.without),
    })
}

fn names(results: &[&VisualTestResult]) -> Vec<String> {
    let names = results
        .iter()
        .map(|result| result.story_identifier.test_name());
    names.collect()
}

fn print(run: &RunId, differing: usize, explained: &RunExplanation<'_>) {
    let RunExplanation {
        groups,
        unexplained,
        without,
    } = explained;
    print_line!(
        "{run}: {} by {}",
        plural(differing as u64, "difference"),
        plural(groups.len() as u64, "cause")
    );
    if !unexplained.is_empty() {
        print_line!("");
        print_line!("{} × not explained in full", unexplained.len());
        for result in unexplained.iter().take(MAX_NAMES) {
            let found = result.explanation.as_ref();
            let rest = found.map_or(0.0, |found| (1.0 - found.explained_ratio) * 100.0);
            let name = result.story_identifier.test_name();
            print_line!("  {name}: {rest:.0} % of the differing pixels are unexplained");
        }
        more(unexplained.len());
    }
    for CauseGroup { cause, results } in groups {
        print_line!("");
        print_line!("{} × {}", results.len(), cause.describe());
        let shown: Vec<_> = names(results).into_iter().take(MAX_NAMES).collect();
        let rest = match results.len().checked_sub(MAX_NAMES) {
            Some(rest @ 1..) => format!(" and {rest} more"),
            _ => String::new(),
        };
        print_line!("  {}{rest}", shown.join(", "));
        let elements = cause.elements as usize;
        print_line!(
            "  {} on {}",
            plural(cause.pixels, "pixel"),
            plural(elements as u64, "element")
        );
        print_line!(
            "  accept: cargo tintype accept --cause {} --run {run}",
            cause.id
        );
    }
    if !without.is_empty() {
        print_line!("");
        print_line!(
            "{} × no explanation: the baseline has no layout digest",
            without.len()
        );
        for name in names(without).iter().take(MAX_NAMES) {
            print_line!("  {name}");
        }
        more(without.len());
        print_line!(
            "  help: baselines get a digest when they are accepted; to add it to all of them, run \
             the tests with TINTYPE_UPDATE=all where they pass"
        );
    }
}

fn more(count: usize) {
    if let Some(more @ 1..) = count.checked_sub(MAX_NAMES) {
        print_line!("  and {more} more");
    }
}
