//! The work, story by story.

use std::collections::VecDeque;
use std::sync::{Mutex, PoisonError};

use crate::plan::Snapshot;

/// The snapshots of one story in one browser, by their index in the plan:
/// those that one page can show one after the other.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Group(pub(super) Vec<usize>);

/// Groups that no session has taken yet.
#[derive(Debug, Default)]
pub(super) struct Queue(Mutex<VecDeque<Group>>);

impl Queue {
    /// Groups what is not finished already, each in the order of a snake: see
    /// [`in_few_turns`].
    pub(super) fn new(snapshots: &[Snapshot], is_finished: impl Fn(usize) -> bool) -> Self {
        let mut groups: VecDeque<Group> = VecDeque::new();
        let mut last: Option<&Snapshot> = None;
        for (index, snapshot) in snapshots.iter().enumerate() {
            if is_finished(index) {
                continue;
            }
            let same = last.is_some_and(|last| {
                last.story.id == snapshot.story.id && last.browser == snapshot.browser
            });
            match groups.back_mut() {
                Some(group) if same => group.0.push(index),
                _ => groups.push_back(Group(vec![index])),
            }
            last = Some(snapshot);
        }
        for group in &mut groups {
            in_few_turns(&mut group.0, snapshots);
        }
        Self(Mutex::new(groups))
    }

    /// The next group.
    pub(super) fn take(&self) -> Option<Group> {
        self.lock().pop_front()
    }

    /// How many groups are left.
    pub(super) fn len(&self) -> usize {
        self.lock().len()
    }

    /// Takes all that is left.
    pub(super) fn drain(&self) -> Vec<Group> {
        self.lock().drain(..).collect()
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, VecDeque<Group>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Sorts a story's snapshots so that as little as possible changes from one to
/// the next: screen by screen, since a new size costs more than a new theme,
/// and through the themes to and fro.
fn in_few_turns(group: &mut [usize], snapshots: &[Snapshot]) {
    let screen = |index: &usize| {
        let screen = snapshots[*index].screen;
        (screen.viewport, screen.scale.to_bits())
    };
    group.sort_by_key(|index| (screen(index), *index));
    for (number, themes) in group
        .chunk_by_mut(|one, other| screen(one) == screen(other))
        .enumerate()
    {
        if number % 2 == 1 {
            themes.reverse();
        }
    }
}
