//! `cargo tintype doctor`

mod artifacts;
mod baselines;
mod browser;
mod check;
mod fonts;
mod git_history;
mod image;

use anyhow::{Result, bail};

use crate::output::{self, print_line};
use crate::project::Project;
use crate::record_access::RecordAccess;
use crate::record_check;
use check::{Check, CheckState};
use tintype::internals::config::Config;

/// Check browser, driver, fonts, baselines and record, and suggest fixes
#[derive(clap::Args)]
pub(crate) struct DoctorOptions {
    /// Print a JSON array instead of lines
    #[arg(long)]
    json: bool,
}

pub(crate) fn run(config: &Config, options: &DoctorOptions) -> Result<()> {
    let checks = examine(config);
    if options.json {
        output::print_json(&checks)?;
    } else {
        for check in &checks {
            print_line!("{check}");
        }
    }
    let count = |state| checks.iter().filter(|check| check.state == state).count();
    match count(CheckState::Problem) {
        0 => Ok(()),
        1 => bail!("1 problem prevents the tests from running"),
        problems => bail!("{problems} problems prevent the tests from running"),
    }
}

/// Checks everything that a run needs, in the order in which it is needed.
fn examine(config: &Config) -> Vec<Check> {
    let mut project = match Project::open(config) {
        Ok(project) => project,
        Err(error) => {
            return vec![Check::problem(
                "manifest",
                format!("{error:#}"),
                "fix the manifest",
            )];
        }
    };
    let mut checks = vec![Check::good("manifest", summary(&project))];
    checks.extend(image::check(&mut project.manifest));
    let (found, browsers) = browser::checks(&project.manifest);
    checks.extend(found);
    if project.manifest.browser.image.is_none() {
        checks.push(fonts::check(&config.system.font_folders));
    }
    checks.extend(baselines::checks(&project, config, &browsers));
    checks.extend(git_history::checks(&project));
    checks.extend(artifacts::check(&project.manifest));
    checks.extend(record(project));
    checks
}

/// Checks the record. Tests run without it too, so findings are warnings.
fn record(project: Project) -> Vec<Check> {
    const NAME: &str = "record";
    match RecordAccess::of(project) {
        Err(error) => vec![Check::problem(
            NAME,
            format!("{error:#}"),
            "fix the variable",
        )],
        Ok(record) => record_check::check(&record)
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
