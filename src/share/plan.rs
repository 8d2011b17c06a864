//! What makes two plans equal, and the differences of two plans.

use std::collections::{BTreeMap, HashMap};

use serde::{Deserialize, Serialize};

use crate::record::QueuedGroup;

/// The differences that a message names.
const SHOWN: usize = 3;

/// The plan of a worker in a shared run.
#[derive(Clone, Debug)]
pub struct SharedPlan {
    /// What must be equal on all workers.
    pub digest: PlanDigest,
    /// The engines that this worker has, each with its build.
    pub builds: Vec<(String, String)>,
    /// All groups, also those of engines that this worker lacks.
    pub groups: Vec<QueuedGroup>,
}

/// What must be equal on all workers of a run.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct PlanDigest {
    /// The commit of the repository.
    pub commit: String,
    /// BLAKE3 of the manifest's text, in hex.
    pub manifest: String,
    /// The name of the plan in the record, which is that of all snapshots.
    pub snapshots: String,
    /// `TINTYPE_UPDATE`.
    pub update: String,
    /// The version of Tintype.
    pub version: String,
}

impl PlanDigest {
    /// Its text in the record.
    pub(super) fn text(&self) -> String {
        serde_json::to_string(self).expect("texts can be serialised")
    }

    /// What differs from the digest of the run, in a line each.
    pub(super) fn differences(&self, text: &str) -> Vec<String> {
        let other: Self = serde_json::from_str(text).unwrap_or_default();
        let fields = [
            ("commit", &self.commit, &other.commit),
            ("manifest", &self.manifest, &other.manifest),
            ("TINTYPE_UPDATE", &self.update, &other.update),
            ("Tintype", &self.version, &other.version),
        ];
        let different = fields.into_iter().filter(|(_, own, other)| own != other);
        different
            .map(|(name, own, other)| {
                format!("{name}: {} here, {} in the run", word(own), word(other))
            })
            .collect()
    }
}

/// A hash in short, or the word for an absent one.
fn word(text: &str) -> &str {
    match text {
        "" => "unknown",
        text => text.get(..12).unwrap_or(text),
    }
}

impl SharedPlan {
    /// The lanes of all groups, in their order.
    pub fn lanes(&self) -> Vec<String> {
        let mut lanes: Vec<String> = Vec::new();
        for group in &self.groups {
            if !lanes.contains(&group.lane) {
                lanes.push(group.lane.clone());
            }
        }
        lanes
    }

    /// The keys of all snapshots.
    pub fn keys(&self) -> impl Iterator<Item = &String> {
        self.groups.iter().flat_map(|group| &group.keys)
    }

    /// The first snapshots that only one of two plans has, in a line each. `other`
    /// has the descriptions of the run's groups.
    pub(super) fn missing(&self, other: &HashMap<String, String>) -> Vec<String> {
        let own: BTreeMap<&str, &[String]> = self
            .groups
            .iter()
            .map(|group| (group.name.as_str(), group.keys.as_slice()))
            .collect();
        let other: BTreeMap<&str, Vec<String>> = other
            .iter()
            .map(|(name, text)| (name.as_str(), keys_of(text)))
            .collect();
        let here = own.iter().flat_map(|(group, keys)| {
            let there = other.get(group);
            let lacks = move |key: &&String| !there.is_some_and(|there| there.contains(key));
            keys.iter()
                .filter(lacks)
                .map(|key| format!("`{key}` is only here"))
        });
        let there = other.iter().flat_map(|(group, keys)| {
            let here = own.get(group);
            let lacks = move |key: &&String| !here.is_some_and(|here| here.contains(key));
            keys.iter()
                .filter(lacks)
                .map(|key| format!("`{key}` is only in the run"))
        });
        let all: Vec<_> = here.chain(there).collect();
        let more = all.len().saturating_sub(SHOWN);
        let mut shown: Vec<_> = all.into_iter().take(SHOWN).collect();
        if more > 0 {
            shown.push(format!("and {more} more snapshots"));
        }
        shown
    }
}

fn keys_of(description: &str) -> Vec<String> {
    #[derive(Deserialize)]
    struct Tests {
        tests: Vec<String>,
    }
    serde_json::from_str(description).map_or_else(|_| Vec::new(), |tests: Tests| tests.tests)
}
