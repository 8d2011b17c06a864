//! How many groups a worker claims at once.

use std::time::Duration;

/// The most groups that one request asks for.
const MAX_CLAIM: usize = 32;
/// The share of the last measurement in a moving average.
const NEWEST: f64 = 0.3;

/// How many groups a worker claims at once: enough that no session waits for a
/// slow server, but no more than one per session once few are left.
#[derive(Debug, Default)]
pub(super) struct ClaimPace {
    /// The time of a request, in seconds.
    round_trip: f64,
    /// The time in which all sessions of this worker together end a group, in
    /// seconds.
    interval: Option<f64>,
    /// Groups that wait for any worker, as the last reply said.
    waiting: u64,
    workers: u64,
}

impl ClaimPace {
    /// Notes the time of a request and what its reply said.
    pub(super) fn answered(&mut self, time: Duration, waiting: u64, workers: u64) {
        self.round_trip = average(self.round_trip, time.as_secs_f64());
        (self.waiting, self.workers) = (waiting, workers);
    }

    /// Notes that `groups` were begun in this time.
    pub(super) fn worked(&mut self, groups: usize, time: Duration) {
        if groups > 0 {
            let interval = time.as_secs_f64() / groups as f64;
            self.interval = Some(self.interval.map_or(interval, |old| average(old, interval)));
        }
    }

    /// How many groups to ask for. `idle` sessions have no work, `backlog` groups
    /// wait for one of the `sessions`.
    pub(super) fn wanted(&self, sessions: usize, idle: usize, backlog: usize) -> usize {
        let is_tail = self.waiting < self.workers.max(1) * 2 * sessions as u64;
        let reserve = if is_tail { 0 } else { self.reserve(sessions) };
        (idle + reserve).saturating_sub(backlog).min(MAX_CLAIM)
    }

    /// The groups that are begun while a request is on its way, twice over.
    fn reserve(&self, sessions: usize) -> usize {
        let interval = self.interval.unwrap_or(1.0).max(1e-4);
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "positive and bounded"
        )]
        let during = (2.0 * self.round_trip / interval).ceil().min(1e3) as usize;
        during.min(2 * sessions + MAX_CLAIM)
    }
}

fn average(old: f64, new: f64) -> f64 {
    if old == 0.0 {
        new
    } else {
        old * (1.0 - NEWEST) + new * NEWEST
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::ClaimPace;

    fn pace(round_trip: u64, interval: u64, waiting: u64) -> ClaimPace {
        let mut pace = ClaimPace::default();
        pace.answered(Duration::from_millis(round_trip), waiting, 4);
        pace.worked(1, Duration::from_millis(interval));
        pace
    }

    #[test]
    fn a_slow_server_is_asked_for_more() {
        assert_eq!(pace(1, 500, 1000).wanted(2, 2, 0), 3);
        assert_eq!(pace(20, 10, 1000).wanted(2, 0, 0), 4);
        assert_eq!(pace(20, 10, 1000).wanted(2, 0, 4), 0, "they wait already");
        assert_eq!(pace(900, 1, 1000).wanted(2, 2, 0), 32);
    }

    #[test]
    fn at_the_end_no_group_waits_for_a_session() {
        assert_eq!(pace(20, 10, 15).wanted(2, 0, 0), 0);
        assert_eq!(pace(20, 10, 15).wanted(2, 1, 0), 1);
    }
}
