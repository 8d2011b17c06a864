//! `cargo tintype quarantine`

use anyhow::{Context, Result};
use jiff::civil::Date;
use tintype::internals::config::Config;
use tintype::internals::manifest::{Quarantine, SnapshotSelector};
use tintype::internals::report::plural;

use crate::output::{self, print_line};
use crate::project::Project;
use crate::quarantines::{self, ListedQuarantine, NewQuarantine, Outcomes};
use crate::record_access::RecordAccess;
use crate::run_ids::LATEST;

/// Quarantine snapshots, so that their failures do not fail the run for a time
///
/// They still run, and appear in the record and the reports. Quarantines are kept in
/// quarantine.toml beside the manifest; commit it like code. Without arguments the
/// command lists them, with what became of the snapshots since.
#[derive(clap::Args)]
pub(crate) struct QuarantineOptions {
    /// Snapshots: STORY, STORY::THEME or STORY::THEME::VIEWPORT
    #[arg(value_name = "SNAPSHOTS")]
    subject: Option<SnapshotSelector>,

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
        return list(project, options.json);
    };
    if options.lift {
        let lifted = quarantines::lift(&project, subject)?;
        print_line!("lifted {} of {subject}", plural(lifted, "quarantine"));
        return Ok(());
    }
    let until = options.until.context(
        "a quarantine needs an end and a reason (help: add `--until DATE --reason TEXT`)",
    )?;
    let new = NewQuarantine {
        subject,
        until,
        reason: options.reason.as_deref().unwrap_or_default(),
    };
    let what = if options.difference {
        let count = quarantines::set_for_differences(&project, &new, &options.run)?;
        format!("{} of {subject}", plural(count, "difference"))
    } else {
        quarantines::set(&project, &new)?;
        subject.to_string()
    };
    let file = Quarantine::file(&project.manifest.path);
    print_line!(
        "{what}: in quarantine until {until}; commit {}",
        file.display()
    );
    Ok(())
}

fn date(text: &str) -> Result<Date> {
    text.parse()
        .ok()
        .context("expected a date, as in 2026-12-31")
}

fn list(project: Project, as_json: bool) -> Result<()> {
    if project.manifest.quarantines.is_empty() {
        return match as_json {
            true => output::print_json(&[(); 0]),
            false => {
                print_line!("nothing is in quarantine");
                Ok(())
            }
        };
    }
    let access = RecordAccess::of(project)?;
    let listed = access.wait(quarantines::list(&access.project, &access.records))?;
    if as_json {
        let documents: Vec<_> = listed.iter().map(ListedQuarantine::document).collect();
        return output::print_json(&documents);
    }
    listed.iter().for_each(print);
    Ok(())
}

fn print(quarantine: &ListedQuarantine) {
    let entry = &quarantine.entry;
    let subject = &entry.snapshots;
    let only = entry.difference.as_ref();
    let only = only.map_or("", |_| " (one difference)");
    print_line!("{subject}{only}: until {}: {}", entry.until, entry.reason);
    match quarantine.outcomes {
        None => print_line!("  no snapshot matches"),
        Some(Outcomes { runs: 0, .. }) => print_line!("  no outcome recorded yet"),
        Some(Outcomes {
            runs,
            failures,
            clean,
        }) => print_line!(
            "  {failures} of {} failed; {} in a row",
            plural(runs, "outcome"),
            plural(clean, "clean run"),
        ),
    }
    if quarantine.has_ended() {
        print_line!("  ended");
    }
    if quarantine.can_be_lifted() {
        print_line!("  lift it: cargo tintype quarantine '{subject}' --lift");
    }
}
