//! The work, story by story.

use std::collections::VecDeque;
use std::sync::{Mutex, PoisonError};

use tokio::sync::oneshot;

use crate::manifest::{BrowserName, ColorScheme};
use crate::plan::Snapshot;

/// Snapshots of one story in one browser, by their index in the plan:
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

/// What a browser shows without being started again: an engine, and in those
/// that are started with it, one look.
type Stint = (BrowserName, Option<(Option<ColorScheme>, u64)>);

impl Queue {
    /// Groups what is not finished already. An engine's groups stand together,
    /// and where `starts_with_look` says that colour scheme and scale are given
    /// to it when it starts, so do those of one look: a session changes its
    /// browser as seldom as can be, and has no more than one at a time. Each
    /// group is in the order of a snake: see [`in_few_turns`].
    pub(super) fn new(
        snapshots: &[Snapshot],
        is_finished: impl Fn(usize) -> bool,
        starts_with_look: impl Fn(BrowserName) -> bool,
    ) -> Self {
        let stint = |snapshot: &Snapshot| -> Stint {
            let look = (snapshot.theme.color_scheme, snapshot.screen.scale.to_bits());
            let browser = snapshot.browser;
            (browser, starts_with_look(browser).then_some(look))
        };
        let mut groups: Vec<Group> = Vec::new();
        let mut last: Option<&Snapshot> = None;
        for (index, snapshot) in snapshots.iter().enumerate() {
            if is_finished(index) {
                continue;
            }
            let same = last.is_some_and(|last| {
                last.story.id == snapshot.story.id && stint(last) == stint(snapshot)
            });
            match groups.last_mut() {
                Some(group) if same => group.0.push(index),
                _ => groups.push(Group(vec![index])),
            }
            last = Some(snapshot);
        }
        for group in &mut groups {
            in_few_turns(&mut group.0, snapshots);
        }
        groups.sort_by_key(|group| stint(&snapshots[group.0[0]]));
        Self(Mutex::new(State {
            groups: groups.into(),
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
