//! Two PNGs judged while they are inflated, whatever part of them differs.
//!
//! For who wants counts and no picture: rows are restored, judged and forgotten
//! strip by strip, so that memory does not grow with the page. Every thread
//! does what is to be done next: it judges two strips that are ready, or
//! restores the next strip of the image that is behind.

use std::collections::VecDeque;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};

use super::chunks::Plain;
use super::comparison::Tally;
use super::engine::Judge;
use super::mask::Mask;
use super::options::Options;
use super::strip::{Strip, Strips};
use super::view::{Pair, View};
use super::workers;

/// Strips of an image that are restored and wait to be judged, at most.
const AHEAD: usize = 2;

/// Threads that find something to do: two restore, and to judge takes hardly
/// longer than that.
const TEAM: usize = 4;

/// Counts what differs in two images, in strips of so many rows. `None` where
/// they have rows of another shape, or one of them is damaged.
pub(super) fn count(
    a: &Plain<'_>,
    b: &Plain<'_>,
    options: &Options,
    rows: usize,
    parallel: bool,
) -> Option<Tally> {
    if !a.is_like(b) {
        return None;
    }
    let mask = Mask::new(&options.ignore, a.width as u32, a.height as u32);
    let question = options.question(&mask);
    let line = Line::new([Strips::new(a, rows)?, Strips::new(b, rows)?]);
    let size = (a.width, a.height);
    let tallies = workers::team(if parallel { TEAM } else { 1 }, || {
        let (mut judge, mut tally) = (Judge::new(&question, size), Tally::new(size.0 as u32, 0));
        while let Some(job) = line.next() {
            match job {
                Job::Restore(turn) => turn.take(),
                Job::Judge(strips) => judge.rows(&pair(&strips, a), &mut tally),
            }
        }
        tally
    });
    line.is_complete().then(|| {
        let mut sum = Tally::new(size.0 as u32, 0);
        tallies.iter().for_each(|tally| sum.merge(tally));
        sum
    })
}

/// What can be judged of two strips, of images like this one.
fn pair<'s>(strips: &'s [Strip; 2], png: &Plain<'_>) -> Pair<'s> {
    let size = (png.width, png.height);
    let [a, b] = strips
        .each_ref()
        .map(|strip| View::of_strip(strip, png.bytes_per_pixel, size));
    Pair {
        rows: strips[0].judged(size.1),
        ..Pair::overlap(a, b)
    }
}

/// What a thread does next.
enum Job<'l, 'a> {
    Restore(Turn<'l, 'a>),
    Judge([Strip; 2]),
}

/// Where both images pass by.
struct Line<'a> {
    state: Mutex<State<'a>>,
    changed: Condvar,
}

struct State<'a> {
    sources: [Source<'a>; 2],
    ready: [VecDeque<Strip>; 2],
}

enum Source<'a> {
    Waiting(Box<Strips<'a>>),
    /// A thread has it.
    Taken,
    /// There are no more rows, or they are damaged.
    Ended {
        complete: bool,
    },
}

impl<'a> Line<'a> {
    fn new(images: [Strips<'a>; 2]) -> Self {
        Self {
            state: Mutex::new(State {
                sources: images.map(|strips| Source::Waiting(Box::new(strips))),
                ready: Default::default(),
            }),
            changed: Condvar::new(),
        }
    }

    fn state(&self) -> MutexGuard<'_, State<'a>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits for something to do. `None` when all is done or under way.
    fn next(&self) -> Option<Job<'_, 'a>> {
        let mut state = self.state();
        loop {
            if state.is_hopeless() {
                return None;
            }
            if let Some(strips) = state.pair() {
                return Some(Job::Judge(strips));
            }
            if let Some((side, strips)) = state.source() {
                let line = self;
                let strips = Some(strips);
                return Some(Job::Restore(Turn { line, side, strips }));
            }
            if state.has_ended() {
                return None;
            }
            let waited = self.changed.wait(state);
            state = waited.unwrap_or_else(PoisonError::into_inner);
        }
    }

    /// Whether every row of both images was judged.
    fn is_complete(&self) -> bool {
        let state = self.state();
        let is_empty = state.ready.iter().all(VecDeque::is_empty);
        state.has_ended() && !state.is_hopeless() && is_empty
    }
}

impl<'a> State<'a> {
    fn pair(&mut self) -> Option<[Strip; 2]> {
        let [a, b] = &mut self.ready;
        if a.is_empty() || b.is_empty() {
            return None;
        }
        Some([a.pop_front()?, b.pop_front()?])
    }

    /// The image that is behind and that nobody works on.
    fn source(&mut self) -> Option<(usize, Box<Strips<'a>>)> {
        let behind = usize::from(self.ready[1].len() < self.ready[0].len());
        [behind, 1 - behind].into_iter().find_map(|side| {
            let has_room = self.ready[side].len() < AHEAD;
            let source = &mut self.sources[side];
            if !has_room || !matches!(source, Source::Waiting(_)) {
                return None;
            }
            match std::mem::replace(source, Source::Taken) {
                Source::Waiting(strips) => Some((side, strips)),
                _ => None,
            }
        })
    }

    fn has_ended(&self) -> bool {
        let ended = |source| matches!(source, &Source::Ended { .. });
        self.sources.iter().all(ended)
    }

    fn is_hopeless(&self) -> bool {
        let damaged = |source| matches!(source, &Source::Ended { complete: false });
        self.sources.iter().any(damaged)
    }
}

/// One thread's work on one image.
struct Turn<'l, 'a> {
    line: &'l Line<'a>,
    side: usize,
    /// `None` once they are done.
    strips: Option<Box<Strips<'a>>>,
}

impl Turn<'_, '_> {
    /// Restores the next strip, and gives it and the image back.
    fn take(mut self) {
        let Some(mut strips) = self.strips.take() else {
            return;
        };
        let strip = strips.next();
        let source = match strip {
            None => Source::Ended { complete: false },
            Some(_) if strips.have_ended() => Source::Ended { complete: true },
            Some(_) => Source::Waiting(strips),
        };
        let mut state = self.line.state();
        state.sources[self.side] = source;
        state.ready[self.side].extend(strip);
    }
}

impl Drop for Turn<'_, '_> {
    fn drop(&mut self) {
        // Nobody is to wait for what a panic has ended.
        if std::thread::panicking() {
            self.line.state().sources[self.side] = Source::Ended { complete: false };
        }
        self.line.changed.notify_all();
    }
}
