//! The account of a snapshot's attempts.

use std::time::Instant;

use crate::model::{Attempt, Status};
use crate::report;
use crate::snapshot::FinishedSnapshot;

/// Attempts so far, and the one that is under way.
pub(super) struct Attempts {
    done: Vec<Attempt>,
    begun: Instant,
}

impl Attempts {
    /// The first one begins.
    pub(super) fn begin() -> Self {
        Self {
            done: Vec::new(),
            begun: Instant::now(),
        }
    }

    /// The number of the one that is under way, from 1.
    pub(super) fn number(&self) -> u32 {
        u32::try_from(self.done.len() + 1).unwrap_or(u32::MAX)
    }

    /// It has failed, and the next one begins. `told` is written down: no
    /// secret may be in it.
    pub(super) fn failed(&mut self, told: &str) {
        self.note(Status::Failed, Some(told.to_owned()));
        self.begun = Instant::now();
    }

    /// It was the last. An account of one attempt would say what the result
    /// says already.
    pub(super) fn end(mut self, mut judged: FinishedSnapshot) -> FinishedSnapshot {
        if self.done.is_empty() {
            return judged;
        }
        let result = &judged.result;
        let (status, message) = (result.status, result.message.clone());
        self.note(status, message);
        judged.result.attempts = self.done;
        if let Some(message) = &mut judged.message {
            message.push_str(&format!("\n\n  {}", report::attempts(&judged.result)));
        }
        judged
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
