//! Work ahead of a runner that asks for one snapshot after the other.
//!
//! Between two tests of a session the runner starts a process, and tests that
//! run at once are mostly of one story, which each session would have to load.
//! So a session that nobody needs looks at what is likely to be asked for next:
//! the rest of its story, then the next story. Only what is equal to its
//! baseline counts, and nothing is told of it before somebody asks. A runner
//! that leaves something out is not worked ahead of any more.

use std::collections::{HashMap, HashSet};

use crate::snapshot::FinishedSnapshot;

/// How many snapshots were asked for before another story is begun.
const EVIDENCE: usize = 4;

/// What is done ahead, and what may be.
#[derive(Default)]
pub(crate) struct Prefetch {
    /// The snapshots of each story, by index, in the order in which a page
    /// shows them best; stories in the order of the tests' names.
    stories: Vec<Vec<usize>>,
    /// The story of each snapshot.
    story_of: HashMap<usize, usize>,
    /// What has not been asked for and may be worked on.
    open: HashSet<usize>,
    /// What is being worked on, and whether somebody waits for it by now.
    begun: HashMap<usize, bool>,
    done: HashMap<usize, Box<FinishedSnapshot>>,
    /// How many snapshots of each story were asked for.
    asked: HashMap<usize, usize>,
    /// The last story of which anything was asked for.
    furthest: usize,
    /// How many stories beyond that may be begun.
    lead: usize,
    is_off: bool,
}

/// How far a snapshot is that is asked for.
pub(crate) enum RequestState {
    /// It is to be done.
    Nothing,
    /// It is being done.
    Begun,
    /// It passed.
    Done(Box<FinishedSnapshot>),
}

/// What becomes of a snapshot that was worked on ahead.
pub(crate) enum PrefetchOutcome {
    /// Nobody asks for it yet.
    Stored,
    /// Somebody waits for this.
    Wanted(Box<FinishedSnapshot>),
    /// Somebody waits, and it is to be done as if nothing had been.
    Undone,
}

impl Prefetch {
    /// For these stories, by `sessions` at once; only what `may` be is done
    /// ahead.
    pub(crate) fn new(
        stories: Vec<Vec<usize>>,
        sessions: usize,
        may: impl Fn(usize) -> bool,
    ) -> Self {
        let all = || stories.iter().flatten().copied();
        let story_of = stories.iter().enumerate();
        let story_of =
            story_of.flat_map(|(story, all)| all.iter().map(move |index| (*index, story)));
        Self {
            story_of: story_of.collect(),
            open: all().filter(|index| may(*index)).collect(),
            stories,
            lead: sessions,
            ..Self::default()
        }
    }

    /// The number of a snapshot's story.
    pub(crate) fn story(&self, index: usize) -> Option<usize> {
        self.story_of.get(&index).copied()
    }

    /// Notes that a snapshot is asked for.
    pub(crate) fn ask(&mut self, index: usize) -> RequestState {
        let Some(story) = self.story(index) else {
            return RequestState::Nothing;
        };
        *self.asked.entry(story).or_default() += 1;
        self.furthest = self.furthest.max(story);
        self.open.remove(&index);
        let found = match (self.begun.get_mut(&index), self.done.remove(&index)) {
            (_, Some(judged)) => RequestState::Done(judged),
            (Some(wanted), None) => {
                *wanted = true;
                RequestState::Begun
            }
            (None, None) => RequestState::Nothing,
        };
        self.is_off |= self.was_in_vain(story);
        found
    }

    /// Whether something was done ahead for a story that the runner has left:
    /// tests that run at once may belong to several neighbours.
    fn was_in_vain(&self, now: usize) -> bool {
        let unasked = self.begun.iter().filter(|(_, wanted)| !**wanted);
        let unasked = unasked.map(|(index, _)| index).chain(self.done.keys());
        unasked
            .into_iter()
            .any(|index| self.story_of[index] + self.lead < now)
    }

    /// What to work on next, in a session whose page shows the story of `last`.
    pub(crate) fn next(&mut self, last: Option<usize>) -> Option<usize> {
        if self.is_off {
            return None;
        }
        let own = last.and_then(|last| self.story(last));
        let index = own
            .filter(|own| self.is_likely(*own))
            .and_then(|own| self.first_open(own))
            .or_else(|| self.first_open(self.next_story()?))?;
        self.open.remove(&index);
        self.begun.insert(index, false);
        Some(index)
    }

    /// Whether the rest of a story is worth the work: several of it were asked
    /// for, or it was begun ahead.
    fn is_likely(&self, story: usize) -> bool {
        let several = self.stories[story].len().min(2);
        story > self.furthest
            || self
                .asked
                .get(&story)
                .is_some_and(|asked| *asked >= several)
    }

    /// The first story that nobody has begun, once all of those before are, and
    /// at least one was asked for as a whole.
    fn next_story(&self) -> Option<usize> {
        let is_whole = |(story, asked): (&usize, &usize)| *asked >= self.stories[*story].len();
        let asked: usize = self.asked.values().sum();
        let is_likely = asked >= EVIDENCE && self.asked.iter().any(is_whole);
        if !is_likely || self.first_open(self.furthest).is_some() {
            return None;
        }
        let last = (self.furthest + self.lead).min(self.stories.len() - 1);
        (self.furthest + 1..=last).find(|story| self.is_untouched(*story))
    }

    fn is_untouched(&self, story: usize) -> bool {
        let touched = |index| self.begun.contains_key(index) || self.done.contains_key(index);
        self.first_open(story).is_some() && !self.stories[story].iter().any(touched)
    }

    fn first_open(&self, story: usize) -> Option<usize> {
        let mut all = self.stories[story].iter();
        all.find(|index| self.open.contains(index)).copied()
    }

    /// Notes what came of [`next`](Self::next); none if it did not pass at once.
    pub(crate) fn finish(
        &mut self,
        index: usize,
        judged: Option<Box<FinishedSnapshot>>,
    ) -> PrefetchOutcome {
        match (self.begun.remove(&index), judged) {
            (Some(true), Some(judged)) => PrefetchOutcome::Wanted(judged),
            (Some(true), None) => PrefetchOutcome::Undone,
            (_, Some(judged)) => {
                self.done.insert(index, judged);
                PrefetchOutcome::Stored
            }
            (_, None) => PrefetchOutcome::Stored,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Prefetch, PrefetchOutcome, RequestState};
    use crate::model::{RunId, Status, StoryIdentifier, Viewport, VisualTestResult};
    use crate::snapshot::FinishedSnapshot;

    /// Four stories of three snapshots each, for two sessions.
    fn ahead() -> Prefetch {
        let stories = (0..4).map(|story| (story * 3..story * 3 + 3).collect());
        Prefetch::new(stories.collect(), 2, |_| true)
    }

    fn passed() -> Box<FinishedSnapshot> {
        let viewport = Viewport {
            width: 100,
            height: 100,
        };
        let identifier = StoryIdentifier::new("a", "light", viewport).unwrap();
        let result = VisualTestResult::new(RunId("run".to_owned()), identifier, Status::Passed);
        Box::new(FinishedSnapshot {
            result,
            message: None,
        })
    }

    fn is_done(found: &RequestState) -> bool {
        matches!(found, RequestState::Done(_))
    }

    #[test]
    fn one_test_alone_is_no_reason_to_do_more() {
        let mut ahead = ahead();
        assert!(matches!(ahead.ask(1), RequestState::Nothing));
        assert_eq!(ahead.next(Some(1)), None);
    }

    #[test]
    fn the_rest_of_a_story_is_kept_until_somebody_asks() {
        let mut ahead = ahead();
        ahead.ask(0);
        ahead.ask(1);
        assert_eq!(ahead.next(None), None, "another page would have to load it");
        assert_eq!(ahead.next(Some(0)), Some(2));
        assert_eq!(ahead.next(Some(1)), None, "it is begun");
        assert!(matches!(
            ahead.finish(2, Some(passed())),
            PrefetchOutcome::Stored
        ));
        assert!(is_done(&ahead.ask(2)));
        assert!(
            matches!(ahead.ask(2), RequestState::Nothing),
            "it is done again"
        );
    }

    #[test]
    fn who_asks_meanwhile_gets_it_when_it_is_done() {
        let mut ahead = ahead();
        ahead.ask(0);
        ahead.ask(1);
        assert_eq!(ahead.next(Some(0)), Some(2));
        assert!(matches!(ahead.ask(2), RequestState::Begun));
        assert!(matches!(
            ahead.finish(2, Some(passed())),
            PrefetchOutcome::Wanted(_)
        ));
        // What did not pass is to be done as if nothing had been.
        for index in 3..5 {
            ahead.ask(index);
        }
        assert_eq!(ahead.next(Some(4)), Some(5));
        assert!(matches!(ahead.ask(5), RequestState::Begun));
        assert!(matches!(ahead.finish(5, None), PrefetchOutcome::Undone));
    }

    #[test]
    fn sessions_begin_the_stories_that_follow_and_no_more() {
        let mut ahead = ahead();
        for index in 0..4 {
            ahead.ask(index);
        }
        assert_eq!(
            ahead.next(Some(2)),
            None,
            "the second story is not yet begun whole"
        );
        ahead.ask(4);
        assert_eq!(ahead.next(Some(4)), Some(5));
        assert_eq!(ahead.next(Some(2)), Some(6), "the third");
        assert_eq!(ahead.next(Some(5)), Some(9), "the fourth");
        assert_eq!(ahead.next(Some(6)), Some(7));
        assert_eq!(ahead.next(Some(9)), Some(10));
    }

    #[test]
    fn a_runner_that_leaves_something_out_is_left_alone() {
        let mut ahead = ahead();
        ahead.ask(0);
        ahead.ask(1);
        assert_eq!(ahead.next(Some(1)), Some(2));
        assert!(matches!(
            ahead.finish(2, Some(passed())),
            PrefetchOutcome::Stored
        ));
        for index in [3, 4, 6, 7] {
            ahead.ask(index);
        }
        assert_eq!(ahead.next(Some(4)), Some(5), "it may still come");
        ahead.ask(9);
        ahead.ask(10);
        assert_eq!(ahead.next(Some(10)), None);
    }
}
