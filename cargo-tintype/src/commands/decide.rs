//! Applies one decision to the selected snapshots of a run, for the commands
//! `accept`, `reject` and `undo`.

use anyhow::{Context, Result, bail};
use serde::Serialize;
use tintype::internals::baseline::{BaselineError, BaselineProblem};
use tintype::internals::config::Config;
use tintype::internals::model::{RunFile, RunId, StoryIdentifier, VisualTestResult, VisualTestRun};

use crate::causes::{self, LeftOut};
use crate::decisions::{
    Decision, DecisionState, Decisions, ExpectedBaseline, RecordedSnapshot, publish,
};
use crate::images;
use crate::output::{self, print_error, print_line};
use crate::progress;
use crate::project::{Project, is_selected};
use crate::record_access::RecordAccess;
use crate::run_files::{self, OpenedRun, RefusedResult};

/// Options that the three commands share.
#[derive(clap::Args)]
pub(crate) struct DecisionArguments {
    /// Only snapshots whose name contains one of these texts
    #[arg(value_name = "FILTER")]
    pub(crate) filters: Vec<String>,

    /// Id of the run, a unique prefix of it, or `latest`
    #[arg(long, value_name = "RUN", default_value = "latest")]
    pub(crate) run: String,

    /// Print JSON instead of lines
    #[arg(long)]
    pub(crate) json: bool,
}

/// How snapshots are accepted.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct AcceptMode<'a> {
    /// Include snapshots that differ within tolerance.
    pub(crate) changed: bool,
    /// Replace baselines that changed since the run.
    pub(crate) force: bool,
    /// Write nothing.
    pub(crate) dry_run: bool,
    /// Only snapshots that these causes explain, unless there are none.
    pub(crate) causes: &'a [String],
}

/// The outcome of a decision on one snapshot.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
enum DecisionOutcome {
    Accepted,
    WouldAccept,
    AlreadyAccepted,
    Rejected,
    AlreadyRejected,
    Undone,
    Failed,
}

impl DecisionOutcome {
    /// Whether the decision has changed, or would change, anything.
    fn is_effective(self) -> bool {
        matches!(
            self,
            Self::Accepted | Self::WouldAccept | Self::Rejected | Self::Undone
        )
    }
}

/// A snapshot with its outcome, as JSON has it.
#[derive(Serialize)]
struct Decided {
    name: String,
    outcome: DecisionOutcome,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<String>,
    #[serde(skip)]
    story: StoryIdentifier,
}

/// Whether a filter looks like the name of a run.
fn is_run(filter: &str) -> bool {
    filter == "latest" || filter.starts_with("run-")
}

pub(crate) fn run(
    config: &Config,
    arguments: &DecisionArguments,
    decision: Decision,
    mode: AcceptMode<'_>,
) -> Result<()> {
    let project = Project::open(config)?;
    let OpenedRun { file, refused } = run_files::open(&project.manifest, Some(&arguments.run))?;
    let decisions = Decisions::new(&project.manifest.state_dir());
    let results = file.results.iter().filter(|result| {
        is_selected(&result.story_identifier, &arguments.filters)
            && is_open(&decisions, &project, result, decision, mode)
    });
    let mut results: Vec<_> = results.collect();
    if decision == Decision::Accept {
        images::prefetch(&project.manifest, results.iter().copied());
    }
    let mut left_out = Vec::new();
    if !mode.causes.is_empty() {
        let ids = causes::resolve(&results, mode.causes)?;
        (results, left_out) = causes::explained(&project, results, &ids);
    }
    let bar = progress::bar(results.len(), "snapshots");
    let decided: Vec<Decided> = bar
        .wrap_iter(results.into_iter())
        .map(|result| {
            let applied = apply(&decisions, &project, &file, result, decision, mode);
            let (outcome, error) = match applied {
                Ok(outcome) => (outcome, None),
                Err(error) => (DecisionOutcome::Failed, Some(format!("{error:#}"))),
            };
            Decided {
                name: result.story_identifier.test_name(),
                outcome,
                error,
                story: result.story_identifier.clone(),
            }
        })
        .collect();
    bar.finish_and_clear();
    let is_empty = decided.is_empty() && refused.is_empty() && left_out.is_empty();
    if is_empty && !arguments.filters.is_empty() {
        let filters = &arguments.filters;
        let run = filters.iter().find(|filter| is_run(filter));
        let help = run.map_or_else(String::new, |run| {
            format!(" (help: `--run {run}` chooses a run)")
        });
        bail!(
            "no snapshot to {} in {} matches {}{help}",
            decision.as_str(),
            file.run.run_id,
            filters.join(", ")
        );
    }
    print(&file, arguments, decision, &decided, &refused, &left_out)?;
    if !mode.dry_run {
        record(project, &file.run, decision, &decided);
    }
    match (count(&decided, DecisionOutcome::Failed), refused.len()) {
        (0, 0) => Ok(()),
        (0, refused) => bail!(
            "refused {refused} of {} results, which are invalid or forged (help: run the tests \
             again)",
            file.results.len() + refused
        ),
        (failed, _) => bail!(
            "failed to {} {failed} of {} snapshots",
            decision.as_str(),
            decided.len()
        ),
    }
}

/// Whether a decision applies to a snapshot.
fn is_open(
    decisions: &Decisions,
    project: &Project,
    result: &VisualTestResult,
    decision: Decision,
    mode: AcceptMode<'_>,
) -> bool {
    match decision {
        // Snapshots without an acceptable image are reported as errors.
        Decision::Accept => result.fails_run() || (mode.changed && result.can_be_accepted()),
        Decision::Reject => result.can_be_accepted(),
        Decision::Undo => decisions.state(project, result).is_some(),
    }
}

fn apply(
    decisions: &Decisions,
    project: &Project,
    file: &RunFile,
    result: &VisualTestResult,
    decision: Decision,
    mode: AcceptMode<'_>,
) -> Result<DecisionOutcome> {
    let state = decisions.state(project, result);
    match decision {
        Decision::Accept => {
            if state == Some(DecisionState::Rejected) {
                return Ok(DecisionOutcome::AlreadyRejected);
            }
            if decisions.is_accepted(project, result)? {
                return Ok(DecisionOutcome::AlreadyAccepted);
            }
            if mode.dry_run {
                return Ok(DecisionOutcome::WouldAccept);
            }
        }
        Decision::Reject if state == Some(DecisionState::Rejected) => {
            return Ok(DecisionOutcome::AlreadyRejected);
        }
        Decision::Reject if state == Some(DecisionState::Accepted) => {
            return Ok(DecisionOutcome::AlreadyAccepted);
        }
        Decision::Reject | Decision::Undo => {}
    }
    let expected = if mode.force {
        ExpectedBaseline::Any
    } else {
        ExpectedBaseline::OfRun
    };
    let snapshot = RecordedSnapshot {
        run: &file.run,
        result,
    };
    let applied = decisions.apply(project, snapshot, decision, &expected, "command line");
    applied.map_err(|error| with_help(error, decision))?;
    Ok(match decision {
        Decision::Accept => DecisionOutcome::Accepted,
        Decision::Reject => DecisionOutcome::Rejected,
        Decision::Undo => DecisionOutcome::Undone,
    })
}

/// Adds `--force` where that helps.
fn with_help(error: anyhow::Error, decision: Decision) -> anyhow::Error {
    let is_stale = error
        .downcast_ref::<BaselineError>()
        .is_some_and(|error| matches!(error.problem, BaselineProblem::Changed { .. }));
    if is_stale && decision == Decision::Accept {
        anyhow::anyhow!("{error:#}; use --force to replace it anyway")
    } else {
        error
    }
}

fn print(
    file: &RunFile,
    arguments: &DecisionArguments,
    decision: Decision,
    decided: &[Decided],
    refused: &[RefusedResult],
    left_out: &[LeftOut],
) -> Result<()> {
    let run = &file.run.run_id;
    if arguments.json {
        let mut json =
            serde_json::json!({ "run": run, "decision": decision, "snapshots": decided });
        if !refused.is_empty() {
            json["refused"] = serde_json::json!(refused);
        }
        if !left_out.is_empty() {
            json["leftOut"] = serde_json::json!(left_out);
        }
        output::print_json(&json)?;
        return Ok(());
    }
    for Decided { name, outcome, .. } in decided {
        match outcome {
            DecisionOutcome::WouldAccept => print_line!("would accept {name}"),
            outcome if outcome.is_effective() => print_line!("{} {name}", decision.past()),
            _ => {}
        }
    }
    for Decided { name, error, .. } in decided {
        if let Some(error) = error {
            print_error!("error: failed to {} {name}: {error}", decision.as_str());
        }
    }
    for result in refused {
        print_error!("error: {result}");
    }
    for LeftOut { name, reason } in left_out {
        print_line!("left out {name}: {reason}");
    }
    let mut summary = summary(run, decision, decided, refused.len());
    if !left_out.is_empty() {
        summary += &format!("; left out {}", left_out.len());
    }
    print_line!("{summary}");
    Ok(())
}

fn summary(run: &RunId, decision: Decision, decided: &[Decided], refused: usize) -> String {
    if decided.is_empty() && refused == 0 {
        return format!("nothing to {} in {run}", decision.as_str());
    }
    let would = count(decided, DecisionOutcome::WouldAccept);
    let effective = decided
        .iter()
        .filter(|snapshot| snapshot.outcome.is_effective());
    let verb = if would > 0 {
        "would accept"
    } else {
        decision.past()
    };
    let mut text = format!(
        "{verb} {} of {} from {run}",
        effective.count(),
        decided.len()
    );
    for (outcome, words) in [
        (DecisionOutcome::AlreadyAccepted, "already accepted"),
        (DecisionOutcome::AlreadyRejected, "already rejected"),
        (DecisionOutcome::Failed, "failed"),
    ] {
        match count(decided, outcome) {
            0 => {}
            count => text += &format!("; {count} {words}"),
        }
    }
    if refused > 0 {
        text += &format!("; refused {refused}");
    }
    text
}

fn count(decided: &[Decided], outcome: DecisionOutcome) -> usize {
    let matching = decided.iter().filter(|one| one.outcome == outcome);
    matching.count()
}

/// Publishes the decisions in the record. A record that is unavailable is a
/// warning: baselines and log have changed already.
fn record(project: Project, run: &VisualTestRun, decision: Decision, decided: &[Decided]) {
    let mut effective = decided.iter().filter(|one| one.outcome.is_effective());
    let Some(first) = effective.next() else {
        return;
    };
    let published = RecordAccess::of(project).and_then(|record| {
        let mut published = Ok(());
        // The journal keeps those that cannot be sent.
        for snapshot in std::iter::once(first).chain(effective) {
            let publishing = publish(&record.records, run, &snapshot.story, decision);
            let sent = record.wait(publishing);
            published = published
                .and(sent.context("the record is not updated yet: its journal keeps the decision"));
        }
        published
    });
    if let Err(error) = published {
        print_error!("warning: {error:#}");
    }
}
