//! Removes what old runs have in the artifact store.

use std::collections::BTreeSet;
use std::time::Duration;

use anyhow::Result;
use serde_json::{Value, json};
use tintype::internals::artifacts::{ArtifactStore, StorePruning};
use tintype::internals::manifest::Manifest;
use tintype::internals::model::{RunId, VisualTestRun};
use tintype::internals::record::{Retention, Surplus};

use crate::artifacts;
use crate::run_files;

/// What was removed from the store, or would be.
pub(super) struct StoredPruning {
    store: String,
    pruning: StorePruning,
}

/// Removes the runs that the record no longer keeps, and those that only the
/// store has and that exceed the same limits. `None` if there is no store.
pub(super) fn prune(
    manifest: &Manifest,
    retention: Retention,
    recorded: &[Surplus],
    grace: Duration,
    delete: bool,
) -> Result<Option<StoredPruning>> {
    let Some(store) = artifacts::store(manifest)? else {
        return Ok(None);
    };
    let removed = recorded.iter().filter(|item| item.record);
    let mut runs: BTreeSet<RunId> = removed.map(|item| item.run.clone()).collect();
    runs.extend(surplus(&store, manifest, retention)?);
    let runs: Vec<_> = runs.into_iter().collect();
    let pruning = store.prune(&runs, grace, delete)?;
    Ok(Some(StoredPruning {
        store: store.name().to_owned(),
        pruning,
    }))
}

/// The runs of the project in the store that exceed a limit.
fn surplus(store: &ArtifactStore, manifest: &Manifest, retention: Retention) -> Result<Vec<RunId>> {
    let mut runs: Vec<VisualTestRun> = Vec::new();
    for stored in store.runs()? {
        // Another process may prune too.
        if let Some(opened) = run_files::read_stored(store, &stored.run)? {
            runs.push(opened.file.run);
        }
    }
    runs.retain(|run| run.project.as_ref() == Some(&manifest.project));
    runs.sort_by_key(|run| std::cmp::Reverse(run.timestamp));
    let numbered = (1..).zip(runs);
    let numbered = numbered.filter(|(number, run)| retention.exceeds(run, *number));
    Ok(numbered.map(|(_, run)| run.run_id).collect())
}

impl StoredPruning {
    pub(super) fn to_json(&self) -> Value {
        json!({
            "store": self.store,
            "runs": self.pruning.runs,
            "pictures": self.pruning.pictures,
            "bytes": self.pruning.bytes,
            "young": self.pruning.young,
        })
    }

    pub(super) fn summary(&self, deleted: bool) -> String {
        let StorePruning {
            runs,
            pictures,
            bytes,
            young,
        } = &self.pruning;
        let what = format!(
            "{} runs and {pictures} pictures ({} MB)",
            runs.len(),
            bytes >> 20
        );
        let mut text = match deleted {
            true => format!("deleted {what} in {}", self.store),
            false => format!("{what} in {} would be deleted", self.store),
        };
        if *young > 0 {
            text += &format!("; kept {young} young pictures without a reference (see --grace)");
        }
        text
    }
}
