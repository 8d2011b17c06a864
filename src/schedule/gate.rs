//! Holds back groups until the stories before them have passed, their lock is
//! held, and all engines of a story with a `sync` step can start.
//!
//! The gate only decides: its caller captures groups, acquires locks, and reports
//! outcomes, which may be those of other machines.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use super::dependencies::{Dependencies, DependencyOutcome, Readiness};
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
    /// It captures snapshots that others wait for, and that nobody has requested.
    Request(Vec<usize>),
}

/// The groups that wait for something, and those that hold a lock.
#[derive(Debug, Default)]
pub(crate) struct Gate {
    dependencies: Dependencies,
    units: BTreeMap<UnitId, GatedUnit>,
    unit_of: HashMap<usize, UnitId>,
    /// How many units may ask for one lock at once.
    sessions: usize,
    /// Whether units wait until a test requests one of their snapshots.
    on_request: bool,
}

/// Groups that start together.
#[derive(Debug)]
struct GatedUnit {
    story: String,
    groups: Vec<SnapshotGroup>,
    lock: Option<Arc<StoryLock>>,
    /// Whether its groups meet at `sync` steps. Such units run one at a time, so
    /// that no two of them wait for each other's sessions.
    meets: bool,
    /// The snapshots that have no outcome yet.
    open: BTreeSet<usize>,
    stage: UnitStage,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum UnitStage {
    /// No test has requested it.
    Dormant,
    Blocked,
    /// It waits for its lock.
    Locking,
    /// Sessions capture it.
    Started,
    /// It is to be skipped.
    Skipped,
}

impl Gate {
    /// The gate of a plan, of which the snapshots that are finished need nothing.
    /// With `on_request`, a unit waits until [`request`](Self::request).
    pub(crate) fn new(
        snapshots: &[Snapshot],
        is_finished: impl Fn(usize) -> bool,
        needs_restart_for_theme: impl Fn(BrowserName) -> bool,
        on_request: bool,
    ) -> Self {
        let mut gate = Self {
            dependencies: Dependencies::of(snapshots),
            on_request,
            sessions: 1,
            ..Self::default()
        };
        if !snapshots.iter().any(is_gated) {
            return gate;
        }
        let leaves_out = |index| is_finished(index) || !is_gated(&snapshots[index]);
        let mut meeting: BTreeMap<MeetingKey<'_>, Vec<usize>> = BTreeMap::new();
        for group in groups::by_browser(snapshots, leaves_out, needs_restart_for_theme) {
            if snapshots[group.0[0]].story.has_sync() {
                for index in group.0 {
                    let key = meeting_key(&snapshots[index]);
                    meeting.entry(key).or_default().push(index);
                }
            } else if on_request {
                for index in group.0 {
                    gate.add(snapshots, vec![SnapshotGroup(vec![index])]);
                }
            } else {
                gate.add(snapshots, vec![group]);
            }
        }
        for members in meeting.into_values() {
            let single = |index| SnapshotGroup(vec![index]);
            gate.add(snapshots, members.into_iter().map(single).collect());
        }
        gate
    }

    fn add(&mut self, snapshots: &[Snapshot], groups: Vec<SnapshotGroup>) {
        let id = self.units.len();
        let story = &snapshots[groups[0].0[0]].story;
        let open: BTreeSet<_> = groups.iter().flat_map(|group| &group.0).copied().collect();
        self.unit_of.extend(open.iter().map(|index| (*index, id)));
        let unit = GatedUnit {
            story: story.id.clone(),
            lock: story.lock.clone(),
            meets: groups.len() > 1,
            groups,
            open,
            stage: match self.on_request {
                true => UnitStage::Dormant,
                false => UnitStage::Blocked,
            },
        };
        self.units.insert(id, unit);
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
        self.units.values().map(|unit| unit.groups.len()).sum()
    }

    /// The snapshots of the story that needs the most sessions at once, and one of
    /// them for each session.
    pub(crate) fn largest_meeting(&self) -> Vec<usize> {
        let meetings = self.units.values().filter(|unit| unit.meets);
        let largest = meetings.max_by_key(|unit| unit.groups.len());
        let groups = largest.map_or(&[][..], |unit| &unit.groups);
        groups.iter().map(|group| group.0[0]).collect()
    }

    /// Whether a group may still be started without another request.
    pub(crate) fn is_pending(&self) -> bool {
        self.units
            .values()
            .any(|unit| matches!(unit.stage, UnitStage::Blocked | UnitStage::Locking))
    }

    /// Whether every unit has ended.
    pub(crate) fn is_empty(&self) -> bool {
        self.units.values().all(|unit| unit.open.is_empty())
    }

    /// Requests a snapshot. Returns those that must be captured with it.
    pub(crate) fn request(&mut self, index: usize) -> Vec<usize> {
        let unit = self.unit_of.get(&index);
        let Some(unit) = unit.and_then(|id| self.units.get_mut(id)) else {
            return Vec::new();
        };
        let is_new = unit.stage == UnitStage::Dormant;
        if !is_new {
            // Again, by a test runner that retries.
            if unit.open.is_empty() {
                unit.stage = UnitStage::Blocked;
            }
            unit.open.insert(index);
            return Vec::new();
        }
        unit.stage = UnitStage::Blocked;
        let others = unit.open.iter().copied();
        others.filter(|other| *other != index).collect()
    }

    /// Notes the outcome of a snapshot. Returns its unit if that has ended, so that
    /// its lock is released.
    pub(crate) fn note(&mut self, index: usize, outcome: DependencyOutcome) -> Option<UnitId> {
        self.dependencies.note(index, outcome);
        let id = *self.unit_of.get(&index)?;
        let unit = self.units.get_mut(&id)?;
        let has_ended = unit.open.remove(&index) && unit.open.is_empty();
        has_ended.then_some(id)
    }

    /// Starts a unit whose lock is held.
    pub(crate) fn granted(&mut self, id: UnitId) -> GateAction {
        let unit = self.units.get_mut(&id);
        GateAction::Start(unit.map(GatedUnit::start).unwrap_or_default())
    }

    /// The snapshots of a unit that have no outcome yet.
    pub(crate) fn open(&self, id: UnitId) -> Vec<usize> {
        let unit = self.units.get(&id);
        unit.map_or(Vec::new(), |unit| unit.open.iter().copied().collect())
    }

    /// What can be done now. Each action is returned once, but a request for
    /// snapshots until these have their outcomes.
    pub(crate) fn actions(&mut self) -> Vec<GateAction> {
        let mut actions = Vec::new();
        let mut meets = self.units.values().any(|u| u.meets && u.is_active());
        let mut asking: HashMap<String, usize> = HashMap::new();
        for unit in self.units.values().filter(|unit| unit.is_active()) {
            if let Some(lock) = &unit.lock {
                *asking.entry(lock.name.clone()).or_default() += 1;
            }
        }
        for (&id, unit) in &mut self.units {
            if unit.stage != UnitStage::Blocked || unit.open.is_empty() {
                continue;
            }
            match self.dependencies.readiness(&unit.story) {
                Readiness::Ready => {}
                Readiness::Skipped(reason) => {
                    unit.stage = UnitStage::Skipped;
                    let open = unit.open.iter().copied().collect();
                    actions.push(GateAction::Skip(open, reason));
                    continue;
                }
                Readiness::Blocked(open) if self.on_request => {
                    actions.push(GateAction::Request(open));
                    continue;
                }
                Readiness::Blocked(_) => continue,
            }
            if unit.meets && meets {
                continue;
            }
            match unit.lock.clone() {
                None => actions.push(GateAction::Start(unit.start())),
                Some(lock) => {
                    let asking = asking.entry(lock.name.clone()).or_default();
                    let slots = usize::try_from(lock.slots).unwrap_or(usize::MAX);
                    if *asking >= slots.min(self.sessions) {
                        continue;
                    }
                    *asking += 1;
                    unit.stage = UnitStage::Locking;
                    actions.push(GateAction::Acquire(id, lock));
                }
            }
            meets |= unit.meets;
        }
        actions
    }
}

impl GatedUnit {
    /// Whether it has its lock or asks for it, and has not ended.
    fn is_active(&self) -> bool {
        let has_begun = matches!(self.stage, UnitStage::Locking | UnitStage::Started);
        has_begun && !self.open.is_empty()
    }

    /// Starts it. Returns the groups of the snapshots that have no outcome yet.
    fn start(&mut self) -> Vec<SnapshotGroup> {
        self.stage = UnitStage::Started;
        let open = |group: &SnapshotGroup| {
            let indices = group.0.iter().copied();
            SnapshotGroup(indices.filter(|index| self.open.contains(index)).collect())
        };
        let groups = self.groups.iter().map(open);
        groups.filter(|group| !group.0.is_empty()).collect()
    }
}

/// Whether a snapshot may have to wait.
pub(crate) fn is_gated(snapshot: &Snapshot) -> bool {
    let story = &snapshot.story;
    !story.after.is_empty() || story.lock.is_some() || story.has_sync()
}

/// Story, theme and screen: the snapshots with equal keys meet.
type MeetingKey<'a> = (&'a str, &'a str, u32, u32, u64);

fn meeting_key(snapshot: &Snapshot) -> MeetingKey<'_> {
    let (viewport, scale) = (snapshot.screen.viewport, snapshot.screen.scale);
    (
        &snapshot.story.id,
        &snapshot.theme.name,
        viewport.width,
        viewport.height,
        scale.to_bits(),
    )
}

#[cfg(test)]
mod tests;
