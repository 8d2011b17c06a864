//! Engines that do not start any more, so that not every snapshot waits for
//! another attempt.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::model::BrowserName;

/// After this many failures in a row no further start is attempted.
const FAILURES: u32 = 3;

/// The starts of each engine.
#[derive(Default)]
pub(super) struct EngineHealth(Mutex<BTreeMap<BrowserName, Starts>>);

#[derive(Default)]
struct Starts {
    /// Failures since the last success.
    failures: u32,
    /// The reason of the last failure.
    reason: String,
    /// The number of open sessions. As long as there is one, the engine works,
    /// even if there is no room for another session.
    open: usize,
}

/// Counts a session as open until it is dropped.
pub(super) struct OpenSession {
    health: Arc<EngineHealth>,
    engine: BrowserName,
}

impl EngineHealth {
    /// Counts a session that has started.
    pub(super) fn started(self: &Arc<Self>, engine: BrowserName) -> OpenSession {
        let mut engines = self.lock();
        let starts = engines.entry(engine).or_default();
        (starts.failures, starts.open) = (0, starts.open + 1);
        OpenSession {
            health: Arc::clone(self),
            engine,
        }
    }

    /// Counts a session that failed to start.
    pub(super) fn failed(&self, engine: BrowserName, reason: String) {
        let mut engines = self.lock();
        let starts = engines.entry(engine).or_default();
        (starts.failures, starts.reason) = (starts.failures + 1, reason);
    }

    /// Why no further start is attempted, if so.
    pub(super) fn given_up(&self, engine: BrowserName) -> Option<String> {
        let engines = self.lock();
        let starts = engines.get(&engine)?;
        let is_hopeless = starts.failures >= FAILURES && starts.open == 0;
        is_hopeless.then(|| starts.reason.clone())
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<BrowserName, Starts>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for OpenSession {
    fn drop(&mut self) {
        if let Some(starts) = self.health.lock().get_mut(&self.engine) {
            starts.open -= 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::{EngineHealth, FAILURES};
    use crate::model::BrowserName::{Chromium, Firefox};

    #[test]
    fn an_engine_without_sessions_is_given_up_after_failures_in_a_row() {
        let health = Arc::new(EngineHealth::default());
        let fail = || {
            for number in 1..=FAILURES {
                health.failed(Chromium, format!("failure {number}"));
            }
        };
        let session = health.started(Chromium);
        fail();
        assert_eq!(health.given_up(Chromium), None);
        drop(session);
        assert_eq!(health.given_up(Chromium).unwrap(), "failure 3");
        assert_eq!(health.given_up(Firefox), None);
        drop(health.started(Chromium));
        assert_eq!(health.given_up(Chromium), None);
    }
}
