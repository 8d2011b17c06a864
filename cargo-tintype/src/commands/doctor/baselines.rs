//! Checks the baselines: whether they can be read, and in which environment they
//! were made.

use std::collections::BTreeMap;

use tintype::internals::config::Config;
use tintype::internals::model::{Environment, EnvironmentChange, pin_environment};
use tintype::internals::run::environment;
use tintype::settings::BrowserName;

use super::check::Check;
use crate::project::Project;

const NAME: &str = "baselines";

/// The browsers that started, by engine.
pub(super) type Browsers = BTreeMap<BrowserName, String>;

/// Compares the environment of the baselines with this one.
pub(super) fn checks(project: &Project, config: &Config, browsers: &Browsers) -> Vec<Check> {
    let Ok(runtime) = tokio::runtime::Runtime::new() else {
        return Vec::new();
    };
    let here = runtime.block_on(environment(&project.manifest, config));
    let mut found = Found::default();
    for snapshot in &project.plan.snapshots {
        let here = Environment {
            browser: browsers.get(&snapshot.browser).cloned(),
            ..here.clone()
        };
        match project.baselines().read(&snapshot.baseline) {
            Ok(None) => {}
            Ok(Some(baseline)) => {
                let made = baseline.provenance.map(|provenance| provenance.environment);
                found.add(made.map_or_else(Vec::new, |made| here.changes_since(&made)));
            }
            Err(error) => found.unusable.push(error.to_string()),
        }
    }
    let mut checks = vec![Check::good("here", describe(&here, browsers))];
    checks.extend(found.checks());
    checks
}

/// The things that decide pixels, to compare two machines.
fn describe(here: &Environment, browsers: &Browsers) -> String {
    let machine = format!("{} {}", here.platform, here.arch);
    let parts = browsers.values().chain(&here.fonts);
    let parts: Vec<&str> = parts.map(String::as_str).collect();
    [&[machine.as_str()], &*parts].concat().join("; ")
}

/// What was found in the baselines.
#[derive(Default)]
struct Found {
    /// Baselines that can be compared.
    usable: usize,
    /// How many of them were made in another environment.
    elsewhere: usize,
    /// How many baselines have each difference.
    changes: BTreeMap<String, usize>,
    all_changes: Vec<EnvironmentChange>,
    /// The errors of the others.
    unusable: Vec<String>,
}

impl Found {
    fn add(&mut self, changes: Vec<EnvironmentChange>) {
        self.usable += 1;
        self.elsewhere += usize::from(!changes.is_empty());
        for change in &changes {
            *self.changes.entry(change.describe()).or_default() += 1;
        }
        self.all_changes.extend(changes);
    }

    fn checks(&self) -> Vec<Check> {
        let mut checks = Vec::new();
        if self.usable > 0 && self.elsewhere == 0 {
            let text = format!("{}, made in this environment", self.usable);
            checks.push(Check::good(NAME, text));
        } else if self.elsewhere > 0 {
            let changes: Vec<String> = self
                .changes
                .iter()
                .map(|(change, count)| format!("{change} for {count}"))
                .collect();
            let text = format!(
                "{} of {} were made in another environment: {}",
                self.elsewhere,
                self.usable,
                changes.join(", ")
            );
            checks.push(Check::warning(
                NAME,
                text,
                pin_environment(&self.all_changes),
            ));
        }
        checks.extend(self.unusable.iter().map(|error| {
            let (found, advice) = error.split_once("\nhelp: ").unwrap_or((error, ""));
            Check::warning(NAME, found, advice)
        }));
        checks
    }
}
