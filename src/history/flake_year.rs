//! A synthetic year of 200 stories: how many flaky ones are found, and how many
//! others are reported.
//!
//! Stories are captured in four snapshots (two themes, two viewports) by two runs
//! a day with one retry. Half of them are flaky at rates up to 30 % per attempt.
//! Meanwhile stories really change, and fail until the change is accepted; the
//! browser is updated; machines fail; people run uncommitted changes.

use super::flake::{FlakeAssessment, FlakeLevel};
use crate::model::{HistoryEntry, RunId, Status};

const STORIES: usize = 200;
const SNAPSHOTS: usize = 4;
/// Two runs a day.
const YEAR: usize = 730;
/// Flaky stories must be found within this many runs.
const FOUND_WITHIN: usize = 20;

/// SplitMix64, so that the year is the same on every machine.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    /// Whether something with this probability in 1/10,000 happens.
    fn happens(&mut self, per_myriad: u64) -> bool {
        self.next() % 10_000 < per_myriad
    }
}

/// What all stories of a run have in common.
struct SyntheticRun {
    number: usize,
    commit: String,
    dirty: bool,
    environment: String,
    /// A machine on which browsers crash.
    is_broken: bool,
}

struct SyntheticStory {
    /// In 1/10,000 per attempt.
    flake_rate: u64,
    /// Each accepted change makes a new baseline.
    accepted: u64,
    shown: u64,
    history: [Vec<HistoryEntry>; SNAPSHOTS],
}

impl SyntheticStory {
    fn execute(&mut self, run: &SyntheticRun, retries: u32, random: &mut Random) {
        for snapshot in 0..SNAPSHOTS {
            let (mut attempt, mut kind) = (1, None);
            let is_good = loop {
                let has_changed = self.shown != self.accepted;
                let crashes = run.is_broken && random.happens(3_000);
                let flakes = random.happens(self.flake_rate);
                let is_good = !(has_changed || crashes || flakes);
                if !is_good {
                    // The record has the kind of the first failure.
                    kind.get_or_insert(if crashes { "driver" } else { "difference" });
                }
                if is_good || attempt > retries {
                    break is_good;
                }
                attempt += 1;
            };
            let status = if is_good {
                Status::Passed
            } else {
                Status::Failed
            };
            self.history[snapshot].push(HistoryEntry {
                commit: Some(run.commit.clone()),
                dirty: run.dirty,
                baseline: Some(self.accepted.to_string()),
                environment: Some(run.environment.clone()),
                attempt: Some(attempt),
                kind: kind.map(str::to_owned),
                ..HistoryEntry::new(RunId(format!("run-{}", run.number)), 0, status)
            });
        }
    }

    /// The assessment of the newest [`FOUND_WITHIN`] runs, of the first snapshots.
    fn assess(&self, snapshots: usize) -> FlakeAssessment {
        let mut all = FlakeAssessment::default();
        for history in &self.history[..snapshots] {
            let from = history.len().saturating_sub(FOUND_WITHIN);
            all.merge(&FlakeAssessment::of(&history[from..]));
        }
        all
    }
}

/// How many stories were assessed and reported, in all spans of the year.
#[derive(Debug, Default)]
struct Found {
    /// Stories with a rate above 5 %, and those that were reported.
    flaky: (u32, u32),
    /// Stories that are not flaky, and those that were reported.
    stable: (u32, u32),
}

impl Found {
    fn found(&self) -> f64 {
        f64::from(self.flaky.1) / f64::from(self.flaky.0)
    }

    fn wrong(&self) -> f64 {
        f64::from(self.stable.1) / f64::from(self.stable.0)
    }
}

/// Runs that are assessed after every 20 by the first snapshots of each story.
fn year(seed: u64, runs: usize, retries: u32, snapshots: usize) -> Found {
    let mut random = Random(seed);
    let mut stories: Vec<_> = (0..STORIES as u64)
        .map(|index| SyntheticStory {
            // Half are stable, the others flaky at rates from 0.3 % to 30 %.
            flake_rate: (index % 2) * (index + 1) * 3_000 / STORIES as u64,
            accepted: 0,
            shown: 0,
            history: Default::default(),
        })
        .collect();
    let (mut found, mut commit, mut browser) = (Found::default(), 0, 150);
    for number in 0..runs {
        // The second run of the day often repeats the first one's commit.
        if number % 2 == 0 || random.happens(5_000) {
            commit += 1;
            for story in &mut stories {
                // A change is accepted with the next commits.
                if story.shown != story.accepted && random.happens(6_000) {
                    story.accepted = story.shown;
                } else if random.happens(200) {
                    story.shown += 1;
                }
            }
        }
        if random.happens(150) {
            browser += 1;
        }
        let run = SyntheticRun {
            number,
            commit: format!("c{commit}"),
            dirty: random.happens(500),
            environment: browser.to_string(),
            is_broken: random.happens(200),
        };
        for story in &mut stories {
            // An accepted change on the same commit: the baseline alone differs.
            if story.shown != story.accepted && random.happens(500) {
                story.accepted = story.shown;
            }
            // Uncommitted work changes stories for one run.
            let kept = story.shown;
            if run.dirty && random.happens(2_000) {
                story.shown += 1;
            }
            story.execute(&run, retries, &mut random);
            story.shown = kept;
        }
        if (number + 1) % FOUND_WITHIN == 0 {
            count(&stories, snapshots, &mut found);
        }
    }
    found
}

fn count(stories: &[SyntheticStory], snapshots: usize, found: &mut Found) {
    for story in stories {
        let is_reported = story.assess(snapshots).level() > FlakeLevel::Clean;
        let counts = match story.flake_rate {
            0 => &mut found.stable,
            rate if rate > 500 => &mut found.flaky,
            _ => continue,
        };
        counts.0 += 1;
        counts.1 += u32::from(is_reported);
    }
}

#[test]
fn flaky_stories_are_found_and_changes_are_not() {
    let found = year(1, YEAR, 1, SNAPSHOTS);
    assert!(found.found() >= 0.95, "{found:?}");
    assert!(found.wrong() < 0.01, "{found:?}");
}

/// With one snapshot, a story at 5 % has no failure at all in 20 runs in a third
/// of all cases, so that nothing could find it.
#[test]
fn a_single_snapshot_is_found_if_it_failed_once() {
    let found = year(3, YEAR / 4, 1, 1);
    assert!(found.found() >= 0.85, "{found:?}");
    assert!(found.wrong() < 0.01, "{found:?}");
}

/// Without retries only commits that run twice tell.
#[test]
fn without_retries_no_change_is_reported() {
    let found = year(4, YEAR / 4, 0, SNAPSHOTS);
    assert!(found.found() >= 0.85, "{found:?}");
    assert!(found.wrong() < 0.01, "{found:?}");
}
