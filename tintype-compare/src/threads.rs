//! Runs work on the cores that no comparison uses.

use std::ops::Range;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{OnceLock, mpsc};

/// Threads that comparisons are using at this moment, in the whole process.
static BUSY: AtomicUsize = AtomicUsize::new(0);

/// The cores that a comparison uses.
struct ReservedCores(usize);

impl ReservedCores {
    /// Takes one core, and all others that no comparison is using.
    fn take(at_most: usize) -> Self {
        static CORES: OnceLock<usize> = OnceLock::new();
        // Asking the system takes longer than comparing a small image.
        let cores =
            *CORES.get_or_init(|| std::thread::available_parallelism().map_or(1, Into::into));
        let mut taken = 1;
        let take = |busy: usize| {
            taken = cores.saturating_sub(busy).clamp(1, at_most.max(1));
            Some(busy + taken)
        };
        let _ = BUSY.fetch_update(Ordering::Relaxed, Ordering::Relaxed, take);
        Self(taken)
    }

    /// Runs on all cores at once.
    fn run<S: Send>(&self, run: impl Fn() -> S + Sync) -> Vec<S> {
        if self.0 == 1 {
            return vec![run()];
        }
        std::thread::scope(|scope| {
            let others: Vec<_> = (1..self.0).map(|_| scope.spawn(&run)).collect();
            let mine = run();
            let theirs = others.into_iter().map(|thread| {
                thread
                    .join()
                    .unwrap_or_else(|panic| std::panic::resume_unwind(panic))
            });
            std::iter::once(mine).chain(theirs).collect()
        })
    }
}

impl Drop for ReservedCores {
    fn drop(&mut self) {
        BUSY.fetch_sub(self.0, Ordering::Relaxed);
    }
}

/// Hands out `0..length` in ascending parts of about `part`. Every thread has
/// its own state; the states are returned. If `worthwhile` is false, the
/// calling thread does all of it.
pub(super) fn in_parallel<S: Send>(
    length: usize,
    part: usize,
    worthwhile: bool,
    new_state: impl Fn() -> S + Sync,
    work: impl Fn(&mut S, Range<usize>) + Sync,
) -> Vec<S> {
    let cores = ReservedCores::take(if worthwhile { length.div_ceil(part) } else { 1 });
    if cores.0 == 1 {
        let mut state = new_state();
        work(&mut state, 0..length);
        return vec![state];
    }
    let next = AtomicUsize::new(0);
    cores.run(|| {
        let mut state = new_state();
        loop {
            let start = next.fetch_add(part, Ordering::Relaxed);
            if start >= length {
                return state;
            }
            work(&mut state, start..(start + part).min(length));
        }
    })
}

/// Runs `work` on all free cores, at most on `at_most`.
pub(super) fn on_idle_cores<S: Send>(at_most: usize, run: impl Fn() -> S + Sync) -> Vec<S> {
    ReservedCores::take(at_most).run(run)
}

/// Runs two tasks at once if a core is free for the second.
pub(super) fn join<A: Send, B: Send>(
    worthwhile: bool,
    first: impl FnOnce() -> A,
    second: impl FnOnce() -> B + Send,
) -> (A, B) {
    let cores = ReservedCores::take(if worthwhile { 2 } else { 1 });
    if cores.0 == 1 {
        return (first(), second());
    }
    std::thread::scope(|scope| {
        let second = scope.spawn(second);
        let first = first();
        (
            first,
            second
                .join()
                .unwrap_or_else(|panic| std::panic::resume_unwind(panic)),
        )
    })
}

/// Items that [`with_producer`] makes in advance.
const QUEUE_LENGTH: usize = 1;

/// Processes the items of `source`, which runs ahead on another core if one is
/// free.
pub(super) fn with_producer<I: Iterator<Item: Send>, R>(
    worthwhile: bool,
    source: impl FnOnce() -> I + Send,
    work: impl FnOnce(&mut dyn Iterator<Item = I::Item>) -> R,
) -> R {
    let cores = ReservedCores::take(if worthwhile { 2 } else { 1 });
    if cores.0 == 1 {
        return work(&mut source());
    }
    std::thread::scope(|scope| {
        let (give, taken) = mpsc::sync_channel(QUEUE_LENGTH);
        // Sending fails if the work has ended early.
        scope.spawn(move || source().try_for_each(|item| give.send(item)).is_ok());
        work(&mut taken.into_iter())
    })
}
