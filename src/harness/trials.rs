//! Runs one libtest-mimic trial for each selected snapshot.
//!
//! A trial does no work and owns no browser. It waits for the result of its
//! snapshot.

use std::sync::Arc;

use libtest_mimic::{Completion, Conclusion, Failed, Trial};

use super::arguments::Arguments;
use crate::escape::single_line;
use crate::plan::Snapshot;

/// Marks trials that a filter left out, as libtest-mimic's "kind": a prefix in
/// brackets, which no snapshot's name has.
const FILTERED_OUT: &str = "filtered out";

/// The most trials that wait at once. More would only use threads, because
/// sessions capture snapshots in nearly the order of the trials.
const MAX_WAITING: usize = 32;

/// The result of a trial.
pub(super) type TrialResult = Result<Completion, Failed>;

/// Runs a trial for each selected snapshot, and counts those that were filtered
/// out. `wait` blocks until the result of the snapshot with an index.
pub(super) fn run<W>(
    arguments: &Arguments,
    snapshots: &[Snapshot],
    filtered_out: usize,
    wait: W,
) -> Conclusion
where
    W: Fn(usize) -> TrialResult + Send + Sync + 'static,
{
    let wait = Arc::new(wait);
    let mut trials = Vec::with_capacity(snapshots.len() + filtered_out);
    for (index, snapshot) in snapshots.iter().enumerate() {
        let name = snapshot.identifier.test_name();
        trials.push(match snapshot.skip.clone() {
            Some(reason) => {
                // A Storybook can have given the reason, and libtest prints it.
                let reason = single_line(&reason).into_owned();
                Trial::ignorable_test(name, || Ok(Completion::ignored_with(reason)))
            }
            None => {
                let wait = Arc::clone(&wait);
                Trial::ignorable_test(name, move || wait(index))
            }
        });
    }
    // libtest-mimic counts only trials that it filtered itself, with one filter.
    let out = || Trial::test("", || Ok(())).with_kind(FILTERED_OUT);
    trials.extend((0..filtered_out).map(|_| out()));
    let threads = match arguments.test_threads {
        Some(threads) if threads.get() == 1 => 1,
        _ => snapshots.len().clamp(1, MAX_WAITING),
    };
    let mut arguments = arguments.for_mimic(threads);
    arguments.skip = vec![format!("[{FILTERED_OUT}]")];
    libtest_mimic::run(&arguments, trials)
}
