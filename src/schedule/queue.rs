//! Groups of snapshots that no session has taken yet.

use std::collections::{HashMap, VecDeque};
use std::sync::{Mutex, MutexGuard, PoisonError};

use tokio::sync::{Notify, oneshot};

use super::groups::{self, SnapshotGroup};
use super::prefetch::{Prefetch, PrefetchOutcome, RequestState};
use crate::model::BrowserName;
use crate::plan::Snapshot;

/// The number of a browser session.
pub(crate) type SessionId = usize;

/// Work for a session.
pub(crate) enum Work {
    /// Snapshots that tests wait for.
    Requested(SnapshotGroup),
    /// A snapshot that a test may request later.
    Prefetch(usize),
}

/// The queue's reply to a request for a snapshot.
pub(crate) enum RequestReply<T> {
    /// A session is working on it, or will be.
    Pending,
    /// It was prefetched.
    Done(T),
    /// The queue is closed.
    Closed,
}

/// Groups that no session has taken yet, and finished snapshots of type `T`
/// that no test has requested yet.
pub(crate) struct Queue<T> {
    state: Mutex<QueueState<T>>,
    /// Notified when a session takes a group or waits for one.
    demand: Notify,
}

struct QueueState<T> {
    groups: VecDeque<SnapshotGroup>,
    /// Sessions that wait for work. The one that worked last is at the end: its
    /// page is the most likely to show the next group's story.
    idle: Vec<(SessionId, oneshot::Sender<Work>)>,
    /// The last snapshot that each session was given: its page shows that
    /// story.
    last: HashMap<SessionId, usize>,
    prefetch: Prefetch<T>,
    /// Whether no further group will be added.
    is_closed: bool,
}

impl<T> Queue<T> {
    /// A queue of all snapshots that are not left out; closed, unless
    /// [`add`](Self::add) adds more groups until [`close`](Self::close). Groups of one
    /// engine follow one another, and within them groups of one look where
    /// `needs_restart_for_theme` says that the engine gets it on its command line: a
    /// session has one browser at a time and restarts it as rarely as possible.
    pub(crate) fn of_plan(
        snapshots: &[Snapshot],
        is_left_out: impl Fn(usize) -> bool,
        needs_restart_for_theme: impl Fn(BrowserName) -> bool,
        is_closed: bool,
    ) -> Self {
        let groups = groups::by_browser(snapshots, is_left_out, needs_restart_for_theme);
        Self::new(groups.into(), Prefetch::default(), is_closed)
    }

    /// An empty queue to which requests add groups of one snapshot each.
    pub(crate) fn on_request(prefetch: Prefetch<T>) -> Self {
        Self::new(VecDeque::new(), prefetch, false)
    }

    fn new(groups: VecDeque<SnapshotGroup>, prefetch: Prefetch<T>, is_closed: bool) -> Self {
        Self {
            state: Mutex::new(QueueState {
                groups,
                idle: Vec::new(),
                last: HashMap::new(),
                prefetch,
                is_closed,
            }),
            demand: Notify::new(),
        }
    }

    /// Adds groups, unless the queue is closed. Returns whether it has.
    #[must_use]
    pub(crate) fn add(&self, groups: Vec<SnapshotGroup>) -> bool {
        let mut state = self.lock();
        if !state.is_closed {
            state.groups.extend(groups);
            state.wake_idle();
        }
        !state.is_closed
    }

    /// Removes the groups that `chooses` and no session has taken.
    pub(crate) fn remove(&self, chooses: impl Fn(&SnapshotGroup) -> bool) -> Vec<SnapshotGroup> {
        let mut state = self.lock();
        let groups = std::mem::take(&mut state.groups);
        let (removed, kept): (Vec<_>, Vec<_>) =
            groups.into_iter().partition(|group| chooses(group));
        state.groups = kept.into();
        removed
    }

    /// The number of sessions that wait for work, and of groups that no session
    /// has taken.
    pub(crate) fn backlog(&self) -> (usize, usize) {
        let mut state = self.lock();
        state.idle.retain(|(_, sender)| !sender.is_closed());
        (state.idle.len(), state.groups.len())
    }

    /// Notified when a session takes a group or waits for one.
    pub(crate) fn demand(&self) -> &Notify {
        &self.demand
    }

    /// Requests a snapshot.
    pub(crate) fn request(&self, index: usize) -> RequestReply<T> {
        let mut state = self.lock();
        if state.is_closed {
            return RequestReply::Closed;
        }
        let found = state.prefetch.request(index);
        if matches!(found, RequestState::Unknown) {
            state.groups.push_back(SnapshotGroup(vec![index]));
        }
        state.wake_idle();
        match found {
            RequestState::Unknown | RequestState::InProgress => RequestReply::Pending,
            RequestState::Done(finished) => RequestReply::Done(finished),
        }
    }

    /// Adds groups before all others, unless the queue is closed.
    pub(crate) fn add_first(&self, groups: Vec<SnapshotGroup>) {
        let mut state = self.lock();
        if !state.is_closed {
            for group in groups {
                state.groups.push_front(group);
            }
            state.wake_idle();
        }
    }

    /// Takes the next work for a session, and waits for it if there is none.
    /// `None` once the queue is closed and empty.
    pub(crate) async fn take(&self, session: SessionId) -> Option<Work> {
        let work = {
            let mut state = self.lock();
            self.demand.notify_one();
            if let Some(work) = state.next(session) {
                return Some(work);
            }
            if state.is_closed {
                return None;
            }
            let (sender, work) = oneshot::channel();
            state.idle.push((session, sender));
            work
        };
        work.await.ok()
    }

    /// Reports the end of a prefetch: `None` if the snapshot did not pass on
    /// the fast path.
    pub(crate) fn finish_prefetch(&self, index: usize, finished: Option<T>) -> PrefetchOutcome<T> {
        self.lock().prefetch.finish(index, finished)
    }

    /// The number of groups that no session has taken.
    pub(crate) fn len(&self) -> usize {
        self.lock().groups.len()
    }

    /// Accepts no more groups. Sessions still take the remaining ones.
    pub(crate) fn close(&self) {
        let mut state = self.lock();
        state.is_closed = true;
        state.idle.clear();
    }

    /// Accepts no more groups and discards the remaining ones.
    pub(crate) fn drain(&self) {
        self.close();
        self.lock().groups.clear();
    }

    fn lock(&self) -> MutexGuard<'_, QueueState<T>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<T> QueueState<T> {
    /// The next work for a session, in this order: a group of the story on its
    /// own page, a group of a story that is on no page, a prefetch, any group.
    fn next(&mut self, session: SessionId) -> Option<Work> {
        let is_on_no_page = |story| {
            let mut shown = self.last.values().map(|last| self.prefetch.story(*last));
            !shown.any(|shown| shown == story)
        };
        let own_story = self
            .last
            .get(&session)
            .map(|last| self.prefetch.story(*last));
        let story = |group: &SnapshotGroup| self.prefetch.story(group.0[0]);
        let fitting = self
            .groups
            .iter()
            .position(|group| Some(story(group)) == own_story)
            .or_else(|| {
                let mut groups = self.groups.iter();
                groups.position(|group| is_on_no_page(story(group)))
            });
        if let Some(group) = fitting.and_then(|position| self.groups.remove(position)) {
            return Some(self.assign(session, Work::Requested(group)));
        }
        if let Some(index) = self.prefetch.next(self.last.get(&session).copied()) {
            return Some(self.assign(session, Work::Prefetch(index)));
        }
        let group = self.groups.pop_front()?;
        Some(self.assign(session, Work::Requested(group)))
    }

    fn assign(&mut self, session: SessionId, work: Work) -> Work {
        let last = match &work {
            Work::Requested(group) => group.0.last().copied(),
            Work::Prefetch(index) => Some(*index),
        };
        self.last.extend(last.map(|last| (session, last)));
        work
    }

    /// Gives work to the sessions that wait for it. A group for a session that
    /// has ended goes back to the queue.
    fn wake_idle(&mut self) {
        let mut idle = std::mem::take(&mut self.idle);
        while let Some((session, sender)) = idle.pop() {
            match self.next(session) {
                None => self.idle.insert(0, (session, sender)),
                Some(work) => {
                    if let Err(Work::Requested(group)) = sender.send(work) {
                        self.groups.push_front(group);
                    }
                }
            }
        }
    }
}
