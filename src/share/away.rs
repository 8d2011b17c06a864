//! What a worker does while the server is away.

use super::elsewhere::ElsewhereOutcome;
use super::rendezvous;
use super::worker::ShareWorker;
use crate::record::{ClaimedGroup, Lease};

impl ShareWorker {
    /// Takes the part of the rest that the names of the workers give to this one.
    pub(super) fn divide(&mut self) {
        self.has_divided = true;
        for group in &self.plan.groups {
            let able = self
                .workers
                .iter()
                .filter(|worker| worker.report.engines.contains(&group.lane));
            let able: Vec<_> = able.map(|worker| worker.worker.clone()).collect();
            let keys = self.without_own(self.local.unfinished_of(&group.keys));
            let is_own = self.lanes.contains(&group.lane)
                && rendezvous::takes(self.queue.worker(), &group.name, &able);
            if keys.is_empty() || !is_own {
                continue;
            }
            let lease = Lease {
                group: group.name.clone(),
                lane: group.lane.clone(),
                // Any worker with a lease overrides it.
                token: 0,
            };
            let claimed = ClaimedGroup { lease, keys };
            self.held.insert(&claimed);
            self.local.start(&claimed);
        }
    }

    /// Leaves to the queue what no session has begun.
    pub(super) fn take_back_divided(&mut self) {
        if std::mem::take(&mut self.has_divided) {
            let keys = self.held.without_token();
            self.held.remove_keys(&self.local.take_back(&keys));
        }
    }

    /// Whether this worker has done its part, and the server stays away.
    pub(super) fn is_done_without_server(&self) -> bool {
        let is_away = self
            .away_since
            .is_some_and(|since| since.elapsed() >= self.timing.give_up_after);
        is_away && self.has_divided && self.held.open() == 0
    }

    /// Notes where the snapshots have run that have no outcome here.
    pub(super) async fn leave_rest(&mut self) {
        self.first_open = 0;
        if let Err(error) = self.note_outcomes(usize::MAX).await {
            tracing::warn!("failed to read what other machines have done: {error}");
        }
        let reason = "left to the other machines, as the server of the record is not reachable";
        let all: Vec<_> = self.plan.keys().cloned().collect();
        self.finish_without_status(self.local.unfinished_of(&all), reason);
    }

    pub(super) fn finish_without_status(&self, keys: Vec<String>, reason: &str) {
        let outcomes = keys.into_iter().map(|key| ElsewhereOutcome {
            key,
            reason: reason.to_owned(),
            status: None,
        });
        self.local.finish_elsewhere(outcomes.collect());
    }
}
