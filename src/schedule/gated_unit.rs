//! Groups that start together, because one page or one barrier needs all of them.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::groups::SnapshotGroup;
use crate::manifest::StoryLock;
use crate::plan::Snapshot;

/// Groups that start together.
#[derive(Debug)]
pub(super) struct GatedUnit {
    pub(super) story: String,
    pub(super) groups: Vec<SnapshotGroup>,
    pub(super) lock: Option<Arc<StoryLock>>,
    /// The snapshots that have no outcome yet.
    pub(super) open: BTreeSet<usize>,
    pub(super) stage: UnitStage,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum UnitStage {
    /// No test has requested it.
    Dormant,
    /// It waits for stories, or until its lock can be asked for.
    Waiting,
    /// It waits for its lock.
    Locking,
    /// Sessions capture it.
    Started,
    /// It is skipped.
    Skipped,
}

impl GatedUnit {
    pub(super) fn lock_name(&self) -> Option<String> {
        self.lock.as_ref().map(|lock| lock.name.clone())
    }

    /// Whether its groups meet at `sync` steps.
    pub(super) fn meets(&self) -> bool {
        self.groups.len() > 1
    }

    /// Starts it. Returns the groups of the snapshots that have no outcome yet.
    pub(super) fn start(&mut self) -> Vec<SnapshotGroup> {
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
pub(super) type MeetingKey<'a> = (&'a str, &'a str, u32, u32, u64);

pub(super) fn meeting_key(snapshot: &Snapshot) -> MeetingKey<'_> {
    let (viewport, scale) = (snapshot.screen.viewport, snapshot.screen.scale);
    (
        &snapshot.story.id,
        &snapshot.theme.name,
        viewport.width,
        viewport.height,
        scale.to_bits(),
    )
}
