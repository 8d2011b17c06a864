//! Entries of `quarantine.toml` that have ended or name nothing.

use std::sync::Arc;

use crate::manifest::{Manifest, Quarantine};
use crate::model::today;

use super::types::{Plan, Snapshot};

impl Plan {
    /// A warning for every entry of `quarantine.toml` that has ended, or that is
    /// about no snapshot of the plan.
    pub(crate) fn quarantine_warnings(&self, manifest: &Manifest) -> Vec<String> {
        let file = Quarantine::file(&manifest.path);
        let file = file.display();
        // The test target or a Storybook may have more stories.
        let is_whole = !manifest.from_code && !manifest.is_stale;
        let warning = |entry: &Arc<Quarantine>| {
            let Quarantine {
                snapshots, line, ..
            } = &**entry;
            let covers = |it: &Snapshot| snapshots.covers(&it.identifier);
            let problem = if !entry.holds_on(today()) {
                format!("the quarantine of {snapshots} has ended on {}", entry.until)
            } else if is_whole && !self.snapshots.iter().any(covers) {
                format!("no snapshot matches the quarantine of {snapshots}")
            } else {
                return None;
            };
            Some(format!(
                "{file}:{line}: {problem}\nhelp: run `cargo tintype quarantine {snapshots} --lift`"
            ))
        };
        manifest.quarantines.iter().filter_map(warning).collect()
    }
}
