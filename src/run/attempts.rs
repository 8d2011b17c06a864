//! The attempts at one snapshot.

use std::time::Instant;

use crate::model::{Attempt, Status};
use crate::snapshot::FinishedSnapshot;

/// The attempts so far, and the current one.
pub(super) struct Attempts {
    done: Vec<Attempt>,
    begun: Instant,
}

impl Attempts {
    /// Starts the first attempt.
    pub(super) fn start() -> Self {
        Self {
            done: Vec::new(),
            begun: Instant::now(),
        }
    }

    /// The number of the current attempt, from 1.
    pub(super) fn number(&self) -> u32 {
        u32::try_from(self.done.len() + 1).unwrap_or(u32::MAX)
    }

    /// Notes that the current attempt failed, and starts the next one. The
    /// record keeps `message`, so it must not contain a secret.
    pub(super) fn fail(&mut self, message: &str) {
        self.note(Status::Failed, Some(message.to_owned()));
        self.begun = Instant::now();
    }

    /// Ends the last attempt. A single attempt is not listed, since the result
    /// has the same facts.
    pub(super) fn end(mut self, mut finished: FinishedSnapshot) -> FinishedSnapshot {
        if !self.done.is_empty() {
            let result = &mut finished.result;
            self.note(result.status, result.message.clone());
            result.attempts = self.done;
        }
        finished
    }

    fn note(&mut self, status: Status, message: Option<String>) {
        let ms = self.begun.elapsed().as_millis();
        self.done.push(Attempt {
            status,
            message,
            duration_ms: u64::try_from(ms).unwrap_or(u64::MAX),
        });
    }
}
