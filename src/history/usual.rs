//! Compares the times of a page with those of earlier runs.

use crate::model::{HistoryEntry, PageTimes, RunId};

/// The number of earlier runs from which on times are judged.
const MIN_RUNS: usize = 20;

/// A time is slower only if it exceeds the usual one by as many milliseconds:
/// below that, the scheduler decides.
const MIN_EXCESS_MS: u64 = 50;

/// The times of earlier runs of a snapshot in one engine on one kind of machine.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct UsualTimes {
    runs: Vec<PageTimes>,
}

impl UsualTimes {
    /// Those in the history of a snapshot. Of each run the last outcome counts;
    /// only snapshots that were captured and looked right have usual times. The
    /// current run is left out.
    pub(crate) fn of(
        outcomes: &[HistoryEntry],
        engine: &str,
        machine: &str,
        current: &RunId,
    ) -> Self {
        let mut runs: Vec<(&RunId, PageTimes)> = Vec::new();
        let of_kind = outcomes.iter().filter(|outcome| {
            let is_kind = outcome.engine.as_deref() == Some(engine)
                && outcome.machine.as_deref() == Some(machine);
            is_kind && !outcome.cached && outcome.is_good() && outcome.run_id != *current
        });
        for outcome in of_kind {
            runs.retain(|(run, _)| **run != outcome.run_id);
            runs.push((&outcome.run_id, outcome.times.clone()));
        }
        Self {
            runs: runs.into_iter().map(|(_, times)| times).collect(),
        }
    }

    /// The times that exceed `factor` × their 95th percentile: `LCP 2.1 s of 1.2 s
    /// (1.5 × p95 of 23 runs)`.
    ///
    /// # Errors
    /// When there are too few earlier runs; the text is the reason.
    pub(crate) fn slower(&self, times: &PageTimes, factor: f64) -> Result<Vec<String>, String> {
        if self.runs.len() < MIN_RUNS {
            let count = self.runs.len();
            return Err(format!(
                "{count} of {MIN_RUNS} earlier runs on this kind of machine"
            ));
        }
        let mut slower = Vec::new();
        for (at, (name, time)) in times.named().into_iter().enumerate() {
            let known: Vec<u64> = self.runs.iter().filter_map(|it| it.named()[at].1).collect();
            let usual = p95(&known).filter(|_| known.len() >= MIN_RUNS);
            let (Some(time), Some(usual)) = (time, usual) else {
                continue;
            };
            #[expect(
                clippy::cast_precision_loss,
                reason = "milliseconds are far below 2^53"
            )]
            let (exact, limit) = (time as f64, usual as f64 * factor);
            if exact > limit && time >= usual + MIN_EXCESS_MS {
                slower.push(format!(
                    "{name} {} of {} ({factor} × p95 of {} runs)",
                    seconds(exact),
                    seconds(limit),
                    known.len()
                ));
            }
        }
        Ok(slower)
    }
}

/// The smallest value that 95 % of all do not exceed.
fn p95(values: &[u64]) -> Option<u64> {
    let mut sorted = values.to_vec();
    sorted.sort_unstable();
    let rank = (sorted.len() * 95).div_ceil(100);
    sorted.get(rank.checked_sub(1)?).copied()
}

/// A time for people, in milliseconds below a second.
fn seconds(ms: f64) -> String {
    if ms < 1_000.0 {
        format!("{ms:.0} ms")
    } else {
        format!("{:.2} s", ms / 1_000.0)
    }
}

#[cfg(test)]
mod tests {
    use super::{MIN_RUNS, UsualTimes};
    use crate::model::{HistoryEntry, PageTimes, RunId, Status};

    fn times(lcp_ms: u64) -> PageTimes {
        PageTimes {
            lcp_ms: Some(lcp_ms),
            ..PageTimes::default()
        }
    }

    /// The outcomes of runs with these largest contentful paints.
    fn history(paints: impl IntoIterator<Item = u64>) -> Vec<HistoryEntry> {
        let paints = paints.into_iter().zip(0..);
        paints
            .map(|(lcp, n)| HistoryEntry {
                engine: Some("chromium".to_owned()),
                machine: Some("m".to_owned()),
                times: times(lcp),
                ..HistoryEntry::new(RunId(format!("run-{n}")), n, Status::Passed)
            })
            .collect()
    }

    fn usual(outcomes: &[HistoryEntry]) -> UsualTimes {
        UsualTimes::of(outcomes, "chromium", "m", &RunId("run-now".to_owned()))
    }

    #[test]
    fn times_are_judged_from_twenty_runs_on() {
        let nineteen = usual(&history(1..20));
        let error = nineteen.slower(&times(9_000), 1.5).unwrap_err();
        assert_eq!(error, "19 of 20 earlier runs on this kind of machine");
        // The 95th percentile of 781 … 803 is 802.
        let usual = usual(&history(781..804));
        assert_eq!(usual.slower(&times(1_203), 1.5), Ok(Vec::new()));
        let slower = usual.slower(&times(2_100), 1.5).unwrap();
        assert_eq!(slower, ["LCP 2.10 s of 1.20 s (1.5 × p95 of 23 runs)"]);
    }

    #[test]
    fn other_machines_engines_failures_and_cached_passes_do_not_count() {
        let mut outcomes = history((0..100).map(|_| 100));
        for (n, outcome) in outcomes.iter_mut().enumerate() {
            match n % 5 {
                0 => outcome.engine = Some("firefox".to_owned()),
                1 => outcome.machine = Some("other".to_owned()),
                2 => outcome.cached = true,
                3 => outcome.status = Status::Failed,
                _ => {}
            }
        }
        assert_eq!(usual(&outcomes).runs.len(), MIN_RUNS);
    }

    #[test]
    fn repeated_outcomes_of_a_run_count_once() {
        let mut outcomes = history((0..30).map(|_| 100));
        for outcome in &mut outcomes[..15] {
            outcome.run_id = RunId("run-0".to_owned());
        }
        assert_eq!(usual(&outcomes).runs.len(), 16);
    }

    #[test]
    fn short_times_are_not_slow() {
        let usual = usual(&history((0..20).map(|_| 10)));
        assert_eq!(usual.slower(&times(59), 1.5), Ok(Vec::new()));
        assert_eq!(usual.slower(&times(60), 1.5).unwrap().len(), 1);
    }
}
