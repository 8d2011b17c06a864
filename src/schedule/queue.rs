//! The work, story by story.

use std::collections::{HashMap, VecDeque};
use std::sync::{Mutex, PoisonError};

use tokio::sync::oneshot;

use super::prefetch::{Prefetch, PrefetchOutcome, RequestState};
use crate::manifest::{BrowserName, ColorScheme};
use crate::plan::Snapshot;
use crate::snapshot::FinishedSnapshot;

/// Snapshots of one story in one browser, by their index in the plan:
/// those that one page can show one after the other.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Group(pub(crate) Vec<usize>);

/// A session's number.
pub(crate) type SessionId = usize;

/// What a session is to do.
pub(crate) enum Work {
    /// Somebody waits for these.
    Asked(Group),
    /// Somebody may ask for this snapshot.
    Prefetch(usize),
}

/// What becomes of a snapshot that is asked for.
pub(crate) enum Reply {
    /// A session has it in hand, or will.
    Coming,
    /// It was done ahead.
    Done(Box<FinishedSnapshot>),
    /// Nobody works any more.
    Closed,
}

/// Groups that no session has taken yet.
#[derive(Default)]
pub(crate) struct Queue(Mutex<State>);

#[derive(Default)]
struct State {
    groups: VecDeque<Group>,
    /// Sessions that wait. The one that has worked last is at the end: its page
    /// may well be the one that the next group wants.
    idle: Vec<(SessionId, oneshot::Sender<Work>)>,
    /// What each session was given last: its story is on the session's page.
    last: HashMap<SessionId, usize>,
    ahead: Prefetch,
    /// Whether nothing more will come.
    is_closed: bool,
}

/// What a browser shows without being started again: an engine, and in those
/// that are started with it, one look.
type BrowserReuseKey = (BrowserName, Option<(Option<ColorScheme>, u64)>);

impl Queue {
    /// Groups what is not finished already. An engine's groups stand together,
    /// and where `needs_restart_for_theme` says that colour scheme and scale are given
    /// to it when it starts, so do those of one look: a session changes its
    /// browser as seldom as can be, and has no more than one at a time. Each
    /// group is in the order of a snake: see [`serpentine_order`].
    pub(crate) fn new(
        snapshots: &[Snapshot],
        is_finished: impl Fn(usize) -> bool,
        needs_restart_for_theme: impl Fn(BrowserName) -> bool,
    ) -> Self {
        let mut groups = in_groups(snapshots, is_finished, &needs_restart_for_theme);
        groups.sort_by_key(|group| {
            browser_reuse_key(&snapshots[group.0[0]], &needs_restart_for_theme)
        });
        Self(Mutex::new(State {
            groups: groups.into(),
            is_closed: true,
            ..State::default()
        }))
    }

    /// A queue to which groups will come, one snapshot each.
    pub(crate) fn open(ahead: Prefetch) -> Self {
        Self(Mutex::new(State {
            ahead,
            ..State::default()
        }))
    }

    /// Has a snapshot done.
    pub(crate) fn ask(&self, index: usize) -> Reply {
        let mut state = self.lock();
        if state.is_closed {
            return Reply::Closed;
        }
        let found = state.ahead.ask(index);
        if matches!(found, RequestState::Nothing) {
            state.groups.push_back(Group(vec![index]));
        }
        state.wake();
        match found {
            RequestState::Nothing | RequestState::Begun => Reply::Coming,
            RequestState::Done(judged) => Reply::Done(judged),
        }
    }

    /// What a session is to do next, as soon as there is anything; none when
    /// the queue is closed and empty.
    pub(crate) async fn take(&self, session: SessionId) -> Option<Work> {
        let work = {
            let mut state = self.lock();
            if let Some(work) = state.next(session) {
                return Some(work);
            }
            if state.is_closed {
                return None;
            }
            let (idle, work) = oneshot::channel();
            state.idle.push((session, idle));
            work
        };
        work.await.ok()
    }

    /// Notes what came of a snapshot that was worked on ahead.
    pub(crate) fn finish_prefetch(
        &self,
        index: usize,
        judged: Option<Box<FinishedSnapshot>>,
    ) -> PrefetchOutcome {
        self.lock().ahead.finish(index, judged)
    }

    /// How many groups are left.
    pub(crate) fn len(&self) -> usize {
        self.lock().groups.len()
    }

    /// Takes no more groups. What is left is still given out.
    pub(crate) fn close(&self) {
        let mut state = self.lock();
        state.is_closed = true;
        state.idle.clear();
    }

    /// Takes no more groups and forgets what is left.
    pub(crate) fn drain(&self) {
        self.close();
        self.lock().groups.clear();
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    /// Work for a session: what is asked for of its own story, or of one that
    /// is on nobody's page; then what may be asked for; then whatever is left.
    fn next(&mut self, session: SessionId) -> Option<Work> {
        let of_nobody = |story| {
            !self
                .last
                .values()
                .any(|last| self.ahead.story(*last) == story)
        };
        let own = self.last.get(&session).map(|last| self.ahead.story(*last));
        let story = |group: &Group| self.ahead.story(group.0[0]);
        let mut groups = self.groups.iter();
        let fitting = groups
            .position(|group| Some(story(group)) == own)
            .or_else(|| self.groups.iter().position(|group| of_nobody(story(group))));
        if let Some(group) = fitting.and_then(|position| self.groups.remove(position)) {
            return Some(self.given(session, Work::Asked(group)));
        }
        if let Some(index) = self.ahead.next(self.last.get(&session).copied()) {
            return Some(self.given(session, Work::Prefetch(index)));
        }
        let group = self.groups.pop_front()?;
        Some(self.given(session, Work::Asked(group)))
    }

    fn given(&mut self, session: SessionId, work: Work) -> Work {
        let last = match &work {
            Work::Asked(group) => group.0.last().copied(),
            Work::Prefetch(index) => Some(*index),
        };
        self.last.extend(last.map(|last| (session, last)));
        work
    }

    /// Gives sessions that wait something to do. A session that is gone leaves
    /// what it was given to the others.
    fn wake(&mut self) {
        let mut idle = std::mem::take(&mut self.idle);
        while let Some((session, sender)) = idle.pop() {
            match self.next(session) {
                None => self.idle.insert(0, (session, sender)),
                Some(work) => {
                    if let Err(Work::Asked(group)) = sender.send(work) {
                        self.groups.push_front(group);
                    }
                }
            }
        }
    }
}

/// Stories of a plan for [`Prefetch`]: in the order of the tests' names.
pub(crate) fn by_name(
    snapshots: &[Snapshot],
    needs_restart_for_theme: impl Fn(BrowserName) -> bool,
) -> Vec<Vec<usize>> {
    let mut groups = in_groups(snapshots, |_| false, needs_restart_for_theme);
    let name = |index: &usize| snapshots[*index].identifier.test_name();
    groups.sort_by_cached_key(|group| group.0.iter().map(name).min());
    groups.into_iter().map(|group| group.0).collect()
}

/// What one page can show, in the order of the plan.
fn in_groups(
    snapshots: &[Snapshot],
    is_finished: impl Fn(usize) -> bool,
    needs_restart_for_theme: impl Fn(BrowserName) -> bool,
) -> Vec<Group> {
    let browser_reuse_key =
        |snapshot: &Snapshot| browser_reuse_key(snapshot, &needs_restart_for_theme);
    let mut groups: Vec<Group> = Vec::new();
    let mut last: Option<&Snapshot> = None;
    for (index, snapshot) in snapshots.iter().enumerate() {
        if is_finished(index) {
            continue;
        }
        let same = last.is_some_and(|last| {
            last.story.id == snapshot.story.id
                && browser_reuse_key(last) == browser_reuse_key(snapshot)
        });
        match groups.last_mut() {
            Some(group) if same => group.0.push(index),
            _ => groups.push(Group(vec![index])),
        }
        last = Some(snapshot);
    }
    for group in &mut groups {
        serpentine_order(&mut group.0, snapshots);
    }
    groups
}

fn browser_reuse_key(
    snapshot: &Snapshot,
    needs_restart_for_theme: impl Fn(BrowserName) -> bool,
) -> BrowserReuseKey {
    let look = (snapshot.theme.color_scheme, snapshot.screen.scale.to_bits());
    let browser = snapshot.browser;
    (browser, needs_restart_for_theme(browser).then_some(look))
}

/// Sorts a story's snapshots so that as little as possible changes from one to
/// the next: screen by screen, since a new size costs more than a new theme,
/// and through the themes to and fro.
fn serpentine_order(group: &mut [usize], snapshots: &[Snapshot]) {
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
