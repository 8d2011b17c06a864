//! The work, story by story.

use std::collections::VecDeque;
use std::sync::{Mutex, PoisonError};

use tokio::sync::oneshot;

use crate::plan::Snapshot;

/// The snapshots of one story in one browser, by their index in the plan:
/// those that one page can show one after the other.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Group(pub(super) Vec<usize>);

/// Groups that no session has taken yet.
#[derive(Debug, Default)]
pub(super) struct Queue(Mutex<State>);

#[derive(Debug, Default)]
struct State {
    groups: VecDeque<Group>,
    /// Sessions that wait, the one that has worked last at the end: its page
    /// may well be the one that the next group wants.
    idle: Vec<oneshot::Sender<Group>>,
    /// Whether nothing more will come.
    is_closed: bool,
}

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
        Self(Mutex::new(State {
            groups,
            is_closed: true,
            ..State::default()
        }))
    }

    /// A queue to which groups will come.
    pub(super) fn open() -> Self {
        Self::default()
    }

    /// Adds a group, unless the queue is closed.
    pub(super) fn push(&self, mut group: Group) -> bool {
        let mut state = self.lock();
        if state.is_closed {
            return false;
        }
        while let Some(idle) = state.idle.pop() {
            match idle.send(group) {
                Ok(()) => return true,
                Err(back) => group = back,
            }
        }
        state.groups.push_back(group);
        true
    }

    /// The next group, as soon as there is one; none when the queue is closed
    /// and empty.
    pub(super) async fn take(&self) -> Option<Group> {
        let group = {
            let mut state = self.lock();
            if let Some(group) = state.groups.pop_front() {
                return Some(group);
            }
            if state.is_closed {
                return None;
            }
            let (idle, group) = oneshot::channel();
            state.idle.push(idle);
            group
        };
        group.await.ok()
    }

    /// How many groups are left.
    pub(super) fn len(&self) -> usize {
        self.lock().groups.len()
    }

    /// Takes no more groups. What is left is still given out.
    pub(super) fn close(&self) {
        let mut state = self.lock();
        state.is_closed = true;
        state.idle.clear();
    }

    /// Takes no more groups and forgets what is left.
    pub(super) fn drain(&self) {
        self.close();
        self.lock().groups.clear();
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, State> {
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
