//! Captures snapshots before a test requests them.
//!
//! With a runner that starts one process per test, a session is idle between
//! two tests, and tests that run at the same time mostly belong to one story,
//! which each session would have to load. So an idle session captures the
//! snapshots that are likely to be requested next: the rest of the story on its
//! page, then the next story. Only a snapshot that equals its baseline on the
//! fast path is kept, and it is reported when it is requested. Prefetching
//! stops when the runner leaves out snapshots that were prefetched.

use std::collections::{HashMap, HashSet};

use super::groups::SnapshotGroup;

/// How many snapshots must have been requested before the next story is
/// prefetched.
const EVIDENCE: usize = 4;

/// The snapshots that were prefetched, and those that may be. `T` is a finished
/// snapshot.
pub(crate) struct Prefetch<T> {
    /// The snapshots of each story, by index, in the order in which a page
    /// shows them fastest; stories in the order of the tests' names.
    stories: Vec<Vec<usize>>,
    /// The story of each snapshot.
    story_of: HashMap<usize, usize>,
    /// Snapshots that may be prefetched and were not requested.
    available: HashSet<usize>,
    /// Prefetches in progress, and whether a test waits for them by now.
    in_progress: HashMap<usize, bool>,
    done: HashMap<usize, T>,
    /// How many snapshots of each story were requested.
    requested: HashMap<usize, usize>,
    /// The last story of which a snapshot was requested.
    furthest: usize,
    /// How many stories beyond that may be prefetched; `None` once prefetching
    /// has stopped.
    lead: Option<usize>,
}

/// The state of a snapshot when it is requested.
pub(crate) enum RequestState<T> {
    /// It was not prefetched.
    Unknown,
    /// It is being prefetched.
    InProgress,
    /// It was prefetched and passed.
    Done(T),
}

/// The next action of the session after a prefetch.
pub(crate) enum PrefetchOutcome<T> {
    /// Nothing: no test waits for the snapshot yet.
    Stored,
    /// It reports this result, which a test waits for.
    Requested(T),
    /// It captures the snapshot in full: a test waits for it and it did not
    /// pass on the fast path.
    Retry,
}

impl<T> Default for Prefetch<T> {
    /// Prefetches nothing.
    fn default() -> Self {
        Self::new(Vec::new(), 0, |_| false)
    }
}

impl<T> Prefetch<T> {
    /// Prefetches snapshots of `stories` that are `eligible`, in `sessions`
    /// sessions.
    pub(crate) fn new(
        stories: Vec<SnapshotGroup>,
        sessions: usize,
        eligible: impl Fn(usize) -> bool,
    ) -> Self {
        let stories: Vec<Vec<usize>> = stories.into_iter().map(|group| group.0).collect();
        let story_of = stories.iter().enumerate();
        let story_of =
            story_of.flat_map(|(story, all)| all.iter().map(move |index| (*index, story)));
        let all = stories.iter().flatten().copied();
        Self {
            story_of: story_of.collect(),
            available: all.filter(|index| eligible(*index)).collect(),
            in_progress: HashMap::new(),
            done: HashMap::new(),
            requested: HashMap::new(),
            furthest: 0,
            lead: Some(sessions),
            stories,
        }
    }

    /// The number of a snapshot's story.
    pub(super) fn story(&self, index: usize) -> Option<usize> {
        self.story_of.get(&index).copied()
    }

    /// Notes that a snapshot is requested.
    pub(super) fn request(&mut self, index: usize) -> RequestState<T> {
        let Some(story) = self.story(index) else {
            return RequestState::Unknown;
        };
        *self.requested.entry(story).or_default() += 1;
        self.furthest = self.furthest.max(story);
        self.available.remove(&index);
        let state = match (self.in_progress.get_mut(&index), self.done.remove(&index)) {
            (_, Some(finished)) => RequestState::Done(finished),
            (Some(is_requested), None) => {
                *is_requested = true;
                RequestState::InProgress
            }
            (None, None) => RequestState::Unknown,
        };
        if self.was_in_vain(story) {
            self.lead = None;
        }
        state
    }

    /// Whether a story was prefetched that the runner, now at story `now`, has
    /// left out. Tests that run at the same time may belong to several
    /// neighboring stories, so only a distance of more than `lead` counts.
    fn was_in_vain(&self, now: usize) -> bool {
        let Some(lead) = self.lead else { return true };
        let in_progress = self.in_progress.iter();
        let unrequested = in_progress.filter(|(_, is_requested)| !**is_requested);
        let unrequested = unrequested.map(|(index, _)| index).chain(self.done.keys());
        unrequested
            .into_iter()
            .any(|index| self.story_of[index] + lead < now)
    }

    /// Chooses a snapshot to prefetch in a session whose page shows the story
    /// of `last`.
    pub(super) fn next(&mut self, last: Option<usize>) -> Option<usize> {
        let lead = self.lead?;
        let own_story = last.and_then(|last| self.story(last));
        let index = own_story
            .filter(|story| self.is_likely(*story))
            .and_then(|story| self.first_available(story))
            .or_else(|| self.first_available(self.next_story(lead)?))?;
        self.available.remove(&index);
        self.in_progress.insert(index, false);
        Some(index)
    }

    /// Whether the rest of a story is likely to be requested: several of its
    /// snapshots were, or its prefetch has begun.
    fn is_likely(&self, story: usize) -> bool {
        let several = self.stories[story].len().min(2);
        let requested = self.requested.get(&story);
        story > self.furthest || requested.is_some_and(|requested| *requested >= several)
    }

    /// The first story that no session has begun, once those before it have
    /// begun and at least one story was requested in full.
    fn next_story(&self, lead: usize) -> Option<usize> {
        let is_complete =
            |(story, requested): (&usize, &usize)| *requested >= self.stories[*story].len();
        let total: usize = self.requested.values().sum();
        let is_likely = total >= EVIDENCE && self.requested.iter().any(is_complete);
        if !is_likely || self.first_available(self.furthest).is_some() {
            return None;
        }
        let last = (self.furthest + lead).min(self.stories.len() - 1);
        (self.furthest + 1..=last).find(|story| self.is_untouched(*story))
    }

    fn is_untouched(&self, story: usize) -> bool {
        let touched = |index| self.in_progress.contains_key(index) || self.done.contains_key(index);
        self.first_available(story).is_some() && !self.stories[story].iter().any(touched)
    }

    fn first_available(&self, story: usize) -> Option<usize> {
        let mut all = self.stories[story].iter();
        all.find(|index| self.available.contains(index)).copied()
    }

    /// Notes the end of a prefetch: `None` if the snapshot did not pass on the
    /// fast path.
    pub(super) fn finish(&mut self, index: usize, finished: Option<T>) -> PrefetchOutcome<T> {
        match (self.in_progress.remove(&index), finished) {
            (Some(true), Some(finished)) => PrefetchOutcome::Requested(finished),
            (Some(true), None) => PrefetchOutcome::Retry,
            (_, Some(finished)) => {
                self.done.insert(index, finished);
                PrefetchOutcome::Stored
            }
            (_, None) => PrefetchOutcome::Stored,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Prefetch, PrefetchOutcome, RequestState, SnapshotGroup};

    /// A finished snapshot, with the session that captured it.
    type Finished = &'static str;

    /// Four stories of three snapshots each, for two sessions.
    fn prefetch() -> Prefetch<Finished> {
        let stories = (0..4).map(|story| SnapshotGroup((story * 3..story * 3 + 3).collect()));
        Prefetch::new(stories.collect(), 2, |_| true)
    }

    fn is_done(state: &RequestState<Finished>) -> bool {
        matches!(state, RequestState::Done("passed"))
    }

    #[test]
    fn one_request_starts_no_prefetch() {
        let mut prefetch = prefetch();
        assert!(matches!(prefetch.request(1), RequestState::Unknown));
        assert_eq!(prefetch.next(Some(1)), None);
    }

    #[test]
    fn the_rest_of_a_story_is_stored_until_it_is_requested() {
        let mut prefetch = prefetch();
        prefetch.request(0);
        prefetch.request(1);
        assert_eq!(
            prefetch.next(None),
            None,
            "a session without a page would have to load it"
        );
        assert_eq!(prefetch.next(Some(0)), Some(2));
        assert_eq!(prefetch.next(Some(1)), None, "the prefetch has begun");
        assert!(matches!(
            prefetch.finish(2, Some("passed")),
            PrefetchOutcome::Stored
        ));
        assert!(is_done(&prefetch.request(2)));
        assert!(
            matches!(prefetch.request(2), RequestState::Unknown),
            "it is captured again"
        );
    }

    #[test]
    fn a_request_during_a_prefetch_gets_its_result() {
        let mut prefetch = prefetch();
        prefetch.request(0);
        prefetch.request(1);
        assert_eq!(prefetch.next(Some(0)), Some(2));
        assert!(matches!(prefetch.request(2), RequestState::InProgress));
        assert!(matches!(
            prefetch.finish(2, Some("passed")),
            PrefetchOutcome::Requested(_)
        ));
        // A snapshot that did not pass is captured in full.
        for index in 3..5 {
            prefetch.request(index);
        }
        assert_eq!(prefetch.next(Some(4)), Some(5));
        assert!(matches!(prefetch.request(5), RequestState::InProgress));
        assert!(matches!(prefetch.finish(5, None), PrefetchOutcome::Retry));
    }

    #[test]
    fn sessions_prefetch_the_following_stories_up_to_the_lead() {
        let mut prefetch = prefetch();
        for index in 0..4 {
            prefetch.request(index);
        }
        assert_eq!(
            prefetch.next(Some(2)),
            None,
            "the second story is not complete"
        );
        prefetch.request(4);
        assert_eq!(prefetch.next(Some(4)), Some(5));
        assert_eq!(prefetch.next(Some(2)), Some(6), "the third");
        assert_eq!(prefetch.next(Some(5)), Some(9), "the fourth");
        assert_eq!(prefetch.next(Some(6)), Some(7));
        assert_eq!(prefetch.next(Some(9)), Some(10));
    }

    #[test]
    fn prefetching_stops_when_the_runner_leaves_out_a_prefetched_snapshot() {
        let mut prefetch = prefetch();
        prefetch.request(0);
        prefetch.request(1);
        assert_eq!(prefetch.next(Some(1)), Some(2));
        assert!(matches!(
            prefetch.finish(2, Some("passed")),
            PrefetchOutcome::Stored
        ));
        for index in [3, 4, 6, 7] {
            prefetch.request(index);
        }
        assert_eq!(prefetch.next(Some(4)), Some(5), "it may still come");
        prefetch.request(9);
        prefetch.request(10);
        assert_eq!(prefetch.next(Some(10)), None);
    }
}
