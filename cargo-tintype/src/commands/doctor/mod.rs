//! `cargo tintype doctor`

mod browser;
mod check;
mod fonts;

use anyhow::{Result, bail};
use tintype::config::Config;

use crate::project::Project;
use crate::record_access::RecordAccess;
use crate::record_check;
use check::{Check, CheckState};

/// Check browser, driver and fonts, and say what to do
#[derive(clap::Args)]
pub(crate) struct DoctorOptions {
    /// A JSON array of objects instead of lines
    #[arg(long)]
    json: bool,
}

pub(crate) fn run(config: &Config, options: &DoctorOptions) -> Result<()> {
    let checks = examine(config);
    if options.json {
        println!("{}", serde_json::to_string_pretty(&checks)?);
    } else {
        for check in &checks {
            println!("{check}");
        }
    }
    let count = |state| checks.iter().filter(|check| check.state == state).count();
    match count(CheckState::Problem) {
        0 => Ok(()),
        1 => bail!("1 problem keeps the tests from running"),
        problems => bail!("{problems} problems keep the tests from running"),
    }
}

/// Everything that a run needs, in the order in which it needs it.
fn examine(config: &Config) -> Vec<Check> {
    let project = match Project::open(config) {
        Ok(project) => project,
        Err(error) => return vec![Check::problem("manifest", format!("{error:#}"), "mend it")],
    };
    let mut checks = vec![Check::good("manifest", summary(&project))];
    checks.extend(browser::checks(&project.manifest));
    checks.push(fonts::check());
    checks.extend(record(project));
    checks
}

/// Without the record tests run all the same.
fn record(project: Project) -> Vec<Check> {
    const NAME: &str = "record";
    match RecordAccess::of(project) {
        Err(error) => vec![Check::problem(
            NAME,
            format!("{error:#}"),
            "mend the variable",
        )],
        Ok(record) => record_check::look(&record)
            .into_iter()
            .map(|finding| Check {
                state: if finding.good {
                    CheckState::Good
                } else {
                    CheckState::Warning
                },
                ..Check::good(NAME, finding.text.trim_start_matches("record: "))
            })
            .collect(),
    }
}

fn summary(project: &Project) -> String {
    format!(
        "{}: {} stories, {} snapshots",
        project.manifest.path.display(),
        project.manifest.stories.len(),
        project.plan.snapshots.len()
    )
}
