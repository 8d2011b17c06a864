//! The leases that a worker of a shared run holds.

use std::collections::{HashMap, HashSet};
use std::sync::{Mutex, MutexGuard, PoisonError};

use super::queue::{ClaimedGroup, Lease};

/// The leases that a worker of a shared run holds. Its recorder reports outcomes
/// under them, and its queue renews them.
#[derive(Default)]
pub struct HeldLeases(Mutex<LeaseState>);

#[derive(Default)]
struct LeaseState {
    groups: HashMap<String, HeldGroup>,
    /// The group of each snapshot.
    group_of: HashMap<String, String>,
}

struct HeldGroup {
    lease: Lease,
    /// The keys of its snapshots.
    keys: Vec<String>,
    /// Those without an outcome.
    open: HashSet<String>,
}

impl HeldLeases {
    /// Adds a group.
    pub fn insert(&self, group: &ClaimedGroup) {
        let mut state = self.lock();
        let name = &group.lease.group;
        for key in &group.keys {
            state.group_of.insert(key.clone(), name.clone());
        }
        let held = HeldGroup {
            lease: group.lease.clone(),
            keys: group.keys.clone(),
            open: group.keys.iter().cloned().collect(),
        };
        state.groups.insert(name.clone(), held);
    }

    /// The lease under which a snapshot is reported.
    pub fn of(&self, key: &str) -> Option<Lease> {
        let state = self.lock();
        let group = state.groups.get(state.group_of.get(key)?)?;
        Some(group.lease.clone())
    }

    /// Notes that a snapshot has its outcome.
    pub fn finish(&self, key: &str) {
        let mut state = self.lock();
        let LeaseState { groups, group_of } = &mut *state;
        let group = group_of.get(key).and_then(|name| groups.get_mut(name));
        if let Some(group) = group {
            group.open.remove(key);
        }
    }

    /// All leases, also those of groups whose outcomes may still be on their way
    /// to the server.
    pub fn all(&self) -> Vec<Lease> {
        let state = self.lock();
        let leases = state.groups.values().map(|group| group.lease.clone());
        leases.filter(|lease| lease.token > 0).collect()
    }

    /// The snapshots without an outcome that are reported without a lease, because
    /// no server could give one.
    pub fn without_token(&self) -> Vec<String> {
        let state = self.lock();
        let groups = state.groups.values().filter(|group| group.lease.token == 0);
        groups
            .flat_map(|group| group.open.iter().cloned())
            .collect()
    }

    /// Removes snapshots, and the groups that have no more of them.
    pub fn remove_keys(&self, keys: &[String]) {
        let mut state = self.lock();
        let LeaseState { groups, group_of } = &mut *state;
        for key in keys {
            let Some(name) = group_of.remove(key) else {
                continue;
            };
            if let Some(group) = groups.get_mut(&name) {
                group.open.remove(key);
                if group.open.is_empty() {
                    groups.remove(&name);
                }
            }
        }
    }

    /// The number of groups without all outcomes.
    pub fn open(&self) -> usize {
        let state = self.lock();
        let groups = state.groups.values();
        groups.filter(|group| !group.open.is_empty()).count()
    }

    /// Removes a group, which the server has released or given to another worker.
    /// Returns the snapshots that have no outcome.
    pub fn remove(&self, group: &str) -> Vec<String> {
        let mut state = self.lock();
        let LeaseState { groups, group_of } = &mut *state;
        let Some(held) = groups.remove(group) else {
            return Vec::new();
        };
        for key in held.keys {
            group_of.remove(&key);
        }
        held.open.into_iter().collect()
    }

    fn lock(&self) -> MutexGuard<'_, LeaseState> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
