//! `cargo tintype quarantine`

mod clean_runs;
mod file;
mod list;
mod subject;

use anyhow::{Context, Result, bail, ensure};
use jiff::civil::Date;
use tintype::internals::config::{Config, closest};
use tintype::internals::manifest::{Manifest, Quarantine};
use tintype::internals::model::{Status, today};
use tintype::internals::report::plural;
use tintype::internals::snapshot::difference_hash;

use crate::output::print_line;
use crate::project::Project;
use crate::run_files::{self, OpenedRun};
use crate::run_ids::LATEST;
use file::QuarantineFile;
use subject::Subject;

/// So many letters of a story's id may be wrong for a suggestion.
const MAX_DISTANCE: usize = 3;

/// Quarantine snapshots, so that their failures do not fail the run for a time
///
/// They run, are recorded and are reported all the same. Quarantines are kept in
/// quarantine.toml beside the manifest; commit it like code. Without arguments the
/// command lists them, with what became of the snapshots since.
#[derive(clap::Args)]
pub(crate) struct QuarantineOptions {
    /// Snapshots: STORY, STORY::THEME or STORY::THEME::VIEWPORT
    #[arg(value_name = "SNAPSHOTS")]
    subject: Option<Subject>,

    /// Last day of the quarantine, in UTC: 2026-12-31
    #[arg(long, value_name = "DATE", requires = "subject", value_parser = date)]
    until: Option<Date>,

    /// Why: what is wrong, and who takes care of it
    #[arg(long, value_name = "TEXT", requires = "until")]
    reason: Option<String>,

    /// Ignore only the difference that the snapshots have in the run; every other
    /// failure of theirs fails the run
    #[arg(long, requires = "until")]
    difference: bool,

    /// Run of `--difference`: its id, a unique prefix of it, or `latest`
    #[arg(long, value_name = "RUN", default_value = LATEST)]
    run: String,

    /// End the quarantines of the snapshots
    #[arg(long, requires = "subject", conflicts_with_all = ["until", "difference"])]
    lift: bool,

    /// Print the list as JSON
    #[arg(long, conflicts_with = "subject")]
    json: bool,
}

pub(crate) fn run(config: &Config, options: &QuarantineOptions) -> Result<()> {
    let project = Project::open(config)?;
    let Some(subject) = &options.subject else {
        return list::run(project, options.json);
    };
    let path = Quarantine::file(&project.manifest.path);
    let mut file = QuarantineFile::read(&path)?;
    if options.lift {
        let lifted = file.remove(subject);
        ensure!(
            lifted > 0,
            "no quarantine of {subject} in {} (help: `cargo tintype quarantine` lists them)",
            path.display()
        );
        file.write()?;
        print_line!("lifted {} of {subject}", plural(lifted, "quarantine"));
        return Ok(());
    }
    let until = options.until.context(
        "a quarantine needs an end and a reason (help: add `--until DATE --reason TEXT`)",
    )?;
    ensure!(until >= today(), "--until: {until} has passed");
    let reason = options.reason.as_deref().map(str::trim);
    let reason = reason.filter(|reason| !reason.is_empty());
    let reason = reason.context("a quarantine needs a reason (help: add `--reason TEXT`)")?;
    check_subject(&project, subject)?;
    let entries = if options.difference {
        differences(&project, subject, &options.run)?
    } else {
        vec![(subject.clone(), None)]
    };
    let commit = commit_of(&project.manifest);
    for (subject, difference) in &entries {
        file.set(
            subject,
            until,
            reason,
            commit.as_deref(),
            difference.as_deref(),
        );
    }
    file.write()?;
    let what = if options.difference {
        format!(
            "{} of {subject}",
            plural(entries.len() as u64, "difference")
        )
    } else {
        subject.to_string()
    };
    print_line!(
        "{what}: in quarantine until {until}; commit {}",
        path.display()
    );
    Ok(())
}

fn date(text: &str) -> Result<Date> {
    text.parse()
        .ok()
        .context("expected a date, as in 2026-12-31")
}

/// Refuses snapshots that do not exist.
fn check_subject(project: &Project, subject: &Subject) -> Result<()> {
    let Project { manifest, plan, .. } = project;
    let is_whole = !manifest.from_code && !manifest.is_stale;
    let exists = plan
        .snapshots
        .iter()
        .any(|it| subject.covers(&it.identifier));
    if exists || !is_whole {
        return Ok(());
    }
    let stories = plan
        .snapshots
        .iter()
        .map(|it| it.identifier.story_id.as_str());
    let help = match closest(&subject.story, stories, MAX_DISTANCE) {
        Some(story) if story != subject.story => format!("did you mean `{story}`?"),
        _ => "`cargo tintype list` prints all of them".to_owned(),
    };
    bail!("no snapshot matches {subject} (help: {help})");
}

/// The fingerprint of the difference of every snapshot that failed in a run.
fn differences(
    project: &Project,
    subject: &Subject,
    run: &str,
) -> Result<Vec<(Subject, Option<String>)>> {
    let OpenedRun { file, .. } = run_files::open(&project.manifest, Some(run))?;
    let baselines = project.baselines();
    let mut found = Vec::new();
    for result in &file.results {
        let is_failure = result.status == Status::Failed || result.fails_in_quarantine();
        if !is_failure || !subject.covers(&result.story_identifier) {
            continue;
        }
        let name = result.story_identifier.test_name();
        let mut snapshots = project.plan.snapshots.iter();
        let snapshot = snapshots.find(|it| it.identifier == result.story_identifier);
        let snapshot = snapshot.with_context(|| format!("the manifest no longer has {name}"))?;
        let baseline = baselines.read(&snapshot.baseline)?;
        let baseline = baseline.with_context(|| format!("{name} has no baseline"))?;
        let current = result.current.as_ref();
        let current =
            current.with_context(|| format!("{name} has no image: {}", message(result)))?;
        let path = project.manifest.root.join(current);
        let current =
            std::fs::read(&path).with_context(|| format!("failed to read {}", path.display()))?;
        let hash = difference_hash(&baseline.bytes, &current, snapshot);
        let hash = hash.with_context(|| format!("the images of {name} cannot be compared"))?;
        found.push((Subject::of(&result.story_identifier), Some(hash)));
    }
    if found.is_empty() {
        bail!("no snapshot of {subject} differs in {}", file.run.run_id);
    }
    Ok(found)
}

fn message(result: &tintype::internals::model::VisualTestResult) -> &str {
    result.message.as_deref().unwrap_or_default()
}

/// The commit of the checkout; `None` outside one.
fn commit_of(manifest: &Manifest) -> Option<String> {
    let mut git = std::process::Command::new("git");
    let output = git
        .arg("-C")
        .arg(&manifest.root)
        .args(["rev-parse", "HEAD"])
        .output();
    let output = output.ok().filter(|output| output.status.success())?;
    Some(String::from_utf8_lossy(&output.stdout).trim().to_owned())
}
