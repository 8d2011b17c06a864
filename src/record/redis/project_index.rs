//! The keys of a project about its snapshots in Redis.

use std::collections::{BTreeMap, BTreeSet};

use ::redis::cmd;

use super::client::RedisStore;
use super::scripts::call;
use crate::model::Lineage;
use crate::record::project_index::ProjectIndex;
use crate::redis::StoreError;

impl RedisStore {
    /// Reads the keys of a project; empty on a cluster, which does not have them.
    pub(super) async fn read_project_index(
        &self,
        project: &str,
    ) -> Result<ProjectIndex, StoreError> {
        let keys = self.keys.project_index(project);
        let mut flaky = cmd("ZRANGE");
        flaky.arg(&keys.flaky).arg(0).arg(-1).arg("WITHSCORES");
        let mut hash = cmd("HGETALL");
        hash.arg(&keys.quarantine);
        let mut failing = cmd("HGETALL");
        failing.arg(&keys.failures);
        let flaky: Vec<(String, f64)> = self.query(flaky).await?;
        let quarantine: BTreeMap<String, String> = self.query(hash).await?;
        let failing: BTreeMap<String, String> = self.query(failing).await?;
        let kinds: BTreeSet<String> = failing.into_values().collect();
        let mut failures = BTreeMap::new();
        for kind in kinds {
            let mut members = cmd("SMEMBERS");
            members.arg(format!("{}:{kind}", keys.failures));
            failures.insert(kind, self.query(members).await?);
        }
        Ok(ProjectIndex {
            flaky: flaky.into_iter().collect(),
            quarantine,
            failures,
        })
    }

    /// Removes the snapshots without an outcome since `oldest`, in milliseconds,
    /// from the keys of a project.
    pub(super) async fn forget_snapshots(
        &self,
        project: &str,
        oldest: i64,
    ) -> Result<(), StoreError> {
        let index = self.read_project_index(project).await?;
        let failing = index.failures.into_values().flatten();
        let named = index.flaky.into_keys().chain(index.quarantine.into_keys());
        let snapshots: BTreeSet<String> = named.chain(failing).collect();
        let (keys, lineage) = (
            self.keys.project_index(project),
            Lineage::of_default_branch(project),
        );
        for snapshot in snapshots {
            let [history, _] = self.keys.history_of(&lineage, &snapshot);
            let names = [&history, &keys.flaky, &keys.quarantine, &keys.failures];
            let names = names.map(String::as_str);
            let mut forget = call(&self.scripts.project_forget, &names);
            forget.arg(&snapshot).arg(oldest);
            self.query::<u64>(forget).await?;
        }
        Ok(())
    }
}
