//! The attempts at one snapshot.

use std::time::Instant;

use crate::events::PartLog;
use crate::model::{Attempt, Status};
use crate::snapshot::FinishedSnapshot;

/// The attempts so far, and the current one.
pub(super) struct Attempts {
    done: Vec<Attempt>,
    begun: Instant,
    log: PartLog,
}

impl Attempts {
    /// Starts the first attempt.
    pub(super) fn start() -> Self {
        Self {
            done: Vec::new(),
            begun: Instant::now(),
            log: PartLog::start(),
        }
    }

    /// The log for the parts of the current attempt.
    pub(super) fn log(&self) -> PartLog {
        self.log.of_attempt(self.number())
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
    /// has the same facts. A capture that failed gets its duration here.
    pub(super) fn end(mut self, mut finished: FinishedSnapshot) -> FinishedSnapshot {
        finished.times = Some(Box::new(self.log.end()));
        finished.result.duration_ms.get_or_insert(self.elapsed_ms());
        if !self.done.is_empty() {
            let result = &mut finished.result;
            self.note(result.status, result.message.clone());
            result.attempts = self.done;
        }
        finished
    }

    fn note(&mut self, status: Status, message: Option<String>) {
        self.done.push(Attempt {
            status,
            message,
            duration_ms: self.elapsed_ms(),
        });
    }

    fn elapsed_ms(&self) -> u64 {
        u64::try_from(self.begun.elapsed().as_millis()).unwrap_or(u64::MAX)
    }
}
