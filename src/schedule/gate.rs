//! Holds back groups until the stories before them have passed, their lock is
//! held, and all engines of a story with a `sync` step can start.
//!
//! The gate only decides: its caller captures groups, acquires locks, and reports
//! outcomes, which may be those of other machines.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use super::dependencies::{Dependencies, DependencyOutcome, Readiness};
use super::gated_unit::{GatedUnit, MeetingKey, UnitStage, is_gated, meeting_key};
use super::groups::{self, SnapshotGroup};
use crate::manifest::StoryLock;
use crate::model::BrowserName;
use crate::plan::Snapshot;

/// The number of a unit.
pub(crate) type UnitId = usize;

/// What the caller of a gate does next.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum GateAction {
    /// It gives these groups to the sessions. Those of a story with a `sync` step
    /// need a session each.
    Start(Vec<SnapshotGroup>),
    /// It acquires the lock, and reports it with [`Gate::granted`].
    Acquire(UnitId, Arc<StoryLock>),
    /// It skips the snapshots.
    Skip(Vec<usize>, String),
    /// It captures snapshots that others wait for and no test has requested.
    Request(Vec<usize>),
}

/// When units begin to wait for what they need.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum GateMode {
    /// From the start.
    #[default]
    All,
    /// When a test requests one of their snapshots: see [`Gate::request`].
    OnRequest,
    /// When this machine has claimed them: see [`Gate::claim`].
    OnClaim,
}

/// The groups that wait for something, and those that hold a lock.
#[derive(Debug, Default)]
pub(crate) struct Gate {
    dependencies: Dependencies,
    units: Vec<GatedUnit>,
    unit_of: HashMap<usize, UnitId>,
    /// Units that may have to wait for other stories.
    blocked: BTreeSet<UnitId>,
    /// Whether some of them may be ready by now.
    has_news: bool,
    /// Units whose dependencies have passed, by the name of their lock.
    ready: BTreeMap<Option<String>, BTreeSet<UnitId>>,
    /// How many units have each lock, or ask for it.
    asking: HashMap<String, usize>,
    /// How many of them have not got it yet.
    locking: usize,
    /// The unit whose engines meet now. There is one at a time, so that no two wait
    /// for each other's sessions.
    meeting: Option<UnitId>,
    /// How many units may ask for one lock at once.
    sessions: usize,
    mode: GateMode,
}

impl Gate {
    /// The gate of a plan, of which the snapshots that are finished need nothing.
    pub(crate) fn new(
        snapshots: &[Snapshot],
        is_finished: impl Fn(usize) -> bool,
        needs_restart_for_theme: impl Fn(BrowserName) -> bool,
        mode: GateMode,
    ) -> Self {
        let mut gate = Self {
            dependencies: Dependencies::of(snapshots),
            mode,
            sessions: 1,
            ..Self::default()
        };
        if !snapshots.iter().any(is_gated) {
            return gate;
        }
        let leaves_out = |index| is_finished(index) || !is_gated(&snapshots[index]);
        let mut meetings: BTreeMap<MeetingKey<'_>, Vec<usize>> = BTreeMap::new();
        for group in groups::by_browser(snapshots, leaves_out, needs_restart_for_theme) {
            if snapshots[group.0[0]].story.has_sync() {
                for index in group.0 {
                    let key = meeting_key(&snapshots[index]);
                    meetings.entry(key).or_default().push(index);
                }
            } else if mode == GateMode::OnRequest {
                for index in group.0 {
                    gate.add(snapshots, vec![SnapshotGroup(vec![index])]);
                }
            } else {
                gate.add(snapshots, vec![group]);
            }
        }
        for members in meetings.into_values() {
            let single = |index| SnapshotGroup(vec![index]);
            gate.add(snapshots, members.into_iter().map(single).collect());
        }
        gate
    }

    fn add(&mut self, snapshots: &[Snapshot], groups: Vec<SnapshotGroup>) {
        let id = self.units.len();
        let story = &snapshots[groups[0].0[0]].story;
        let mut open: BTreeSet<_> = groups.iter().flat_map(|group| &group.0).copied().collect();
        self.unit_of.extend(open.iter().map(|index| (*index, id)));
        if self.mode == GateMode::OnClaim {
            open.clear();
        }
        self.units.push(GatedUnit {
            story: story.id.clone(),
            lock: story.lock.clone(),
            groups,
            open,
            stage: UnitStage::Dormant,
        });
        if self.mode == GateMode::All {
            self.wait(id);
        }
    }

    fn wait(&mut self, id: UnitId) {
        self.units[id].stage = UnitStage::Waiting;
        self.blocked.insert(id);
        self.has_news = true;
    }

    /// Limits how many units ask for one lock at once: more than there are
    /// sessions could not be captured.
    pub(crate) fn set_sessions(&mut self, sessions: usize) {
        self.sessions = sessions.max(1);
    }

    /// Whether the gate holds back a snapshot, or did so.
    pub(crate) fn has(&self, index: usize) -> bool {
        self.unit_of.contains_key(&index)
    }

    /// The number of groups.
    pub(crate) fn len(&self) -> usize {
        self.units.iter().map(|unit| unit.groups.len()).sum()
    }

    /// A snapshot of each engine of the story that needs the most sessions at once.
    pub(crate) fn largest_meeting(&self) -> Vec<usize> {
        let meetings = self.units.iter().filter(|unit| unit.meets());
        let largest = meetings.max_by_key(|unit| unit.groups.len());
        let groups = largest.map_or(&[][..], |unit| &unit.groups);
        groups.iter().map(|group| group.0[0]).collect()
    }

    /// Whether a group may still be started without another request.
    pub(crate) fn is_pending(&self) -> bool {
        let is_ready = self.ready.values().any(|ready| !ready.is_empty());
        is_ready || self.locking > 0 || !self.blocked.is_empty()
    }

    /// Whether it never holds back anything.
    pub(crate) fn is_empty(&self) -> bool {
        self.units.is_empty()
    }

    /// Whether every unit has ended.
    pub(crate) fn has_ended(&self) -> bool {
        self.units.iter().all(|unit| unit.open.is_empty())
    }

    /// Requests a snapshot. Returns those that must be captured with it.
    pub(crate) fn request(&mut self, index: usize) -> Vec<usize> {
        let Some(&id) = self.unit_of.get(&index) else {
            return Vec::new();
        };
        let unit = &mut self.units[id];
        if unit.stage == UnitStage::Dormant {
            let others = unit.open.iter().copied();
            let others = others.filter(|other| *other != index).collect();
            self.wait(id);
            return others;
        }
        // A test runner may retry it.
        let has_ended = unit.open.is_empty();
        unit.open.insert(index);
        if has_ended {
            self.wait(id);
        }
        Vec::new()
    }

    /// Notes that this machine has claimed snapshots of a shared run, so that they
    /// wait for what they need.
    pub(crate) fn claim(&mut self, indices: &[usize]) {
        let mut units = BTreeSet::new();
        for index in indices {
            if let Some(&id) = self.unit_of.get(index) {
                self.units[id].open.insert(*index);
                units.insert(id);
            }
        }
        for id in units {
            if self.units[id].stage != UnitStage::Locking {
                self.wait(id);
            }
        }
    }

    /// Notes the outcome of a snapshot. Returns its unit if that has ended, so that
    /// its lock is released.
    pub(crate) fn note(&mut self, index: usize, outcome: DependencyOutcome) -> Option<UnitId> {
        self.has_news |= self.dependencies.note(index, outcome);
        let id = *self.unit_of.get(&index)?;
        let unit = &mut self.units[id];
        let has_ended = unit.open.remove(&index) && unit.open.is_empty();
        if !has_ended {
            return None;
        }
        if let (UnitStage::Locking | UnitStage::Started, Some(lock)) = (unit.stage, &unit.lock)
            && let Some(asking) = self.asking.get_mut(&lock.name)
        {
            *asking -= 1;
        }
        if unit.stage == UnitStage::Locking {
            // It was interrupted, and needs its lock no longer.
            unit.stage = UnitStage::Started;
            self.locking -= 1;
        }
        self.meeting.take_if(|meeting| *meeting == id);
        // An interruption also ends what has not started.
        self.blocked.remove(&id);
        if let Some(ready) = self.ready.get_mut(&unit.lock_name()) {
            ready.remove(&id);
        }
        Some(id)
    }

    /// Starts a unit whose lock is held.
    pub(crate) fn granted(&mut self, id: UnitId) -> GateAction {
        let unit = &mut self.units[id];
        self.locking -= usize::from(unit.stage == UnitStage::Locking);
        GateAction::Start(unit.start())
    }

    /// The snapshots of a unit that have no outcome yet.
    pub(crate) fn open(&self, id: UnitId) -> Vec<usize> {
        self.units[id].open.iter().copied().collect()
    }

    /// What can be done now. Each action is returned once.
    pub(crate) fn actions(&mut self) -> Vec<GateAction> {
        let mut actions = Vec::new();
        if std::mem::take(&mut self.has_news) {
            self.check_dependencies(&mut actions);
        }
        self.start_ready(&mut actions);
        actions
    }

    /// Moves blocked units that are ready, and skips those that never will be.
    fn check_dependencies(&mut self, actions: &mut Vec<GateAction>) {
        let (units, ready) = (&mut self.units, &mut self.ready);
        let mut missing = BTreeSet::new();
        self.blocked.retain(|&id| {
            let unit = &mut units[id];
            match self.dependencies.readiness(&unit.story) {
                Readiness::Blocked(open) => {
                    missing.extend(open);
                    return true;
                }
                Readiness::Ready => {
                    ready.entry(unit.lock_name()).or_default().insert(id);
                }
                Readiness::Skipped(reason) => {
                    unit.stage = UnitStage::Skipped;
                    let open = unit.open.iter().copied().collect();
                    actions.push(GateAction::Skip(open, reason));
                }
            }
            false
        });
        if self.mode == GateMode::OnRequest && !missing.is_empty() {
            actions.push(GateAction::Request(missing.into_iter().collect()));
        }
    }

    /// Starts the units that are ready, or asks for their locks.
    fn start_ready(&mut self, actions: &mut Vec<GateAction>) {
        let units = &mut self.units;
        for ready in self.ready.values_mut() {
            let mut is_full = false;
            ready.retain(|&id| {
                let unit = &mut units[id];
                if is_full || (unit.meets() && self.meeting.is_some()) {
                    return true;
                }
                match unit.lock.clone() {
                    None => actions.push(GateAction::Start(unit.start())),
                    Some(lock) => {
                        let asking = self.asking.entry(lock.name.clone()).or_default();
                        let slots = usize::try_from(lock.slots).unwrap_or(usize::MAX);
                        is_full = *asking >= slots.min(self.sessions);
                        if is_full {
                            return true;
                        }
                        *asking += 1;
                        self.locking += 1;
                        unit.stage = UnitStage::Locking;
                        actions.push(GateAction::Acquire(id, lock));
                    }
                }
                if unit.meets() {
                    self.meeting = Some(id);
                }
                false
            });
        }
    }
}

#[cfg(test)]
mod tests;
