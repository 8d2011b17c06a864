//! Which engines give sessions, so that not every snapshot waits for one that
//! none will get.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::manifest::BrowserName;

/// After so many failures in a row nobody tries again.
const FAILURES: u32 = 3;

/// What is known of each engine.
#[derive(Default)]
pub(crate) struct EngineHealth(Mutex<BTreeMap<BrowserName, Account>>);

#[derive(Default)]
struct Account {
    /// Since a session was opened last.
    failures: u32,
    /// Why the last one failed.
    reason: String,
    /// Sessions that are open. What one of them can do is not given up because
    /// there is no room for another.
    open: usize,
}

/// Counts a session as open until it is dropped.
pub(crate) struct Open {
    engine_health: Arc<EngineHealth>,
    engine: BrowserName,
}

impl EngineHealth {
    /// Notes a session that is open.
    pub(crate) fn opened(self: &Arc<Self>, engine: BrowserName) -> Open {
        let mut accounts = self.accounts();
        let account = accounts.entry(engine).or_default();
        (account.failures, account.open) = (0, account.open + 1);
        Open {
            engine_health: Arc::clone(self),
            engine,
        }
    }

    /// Notes one that could not be opened.
    pub(crate) fn failed(&self, engine: BrowserName, reason: String) {
        let mut accounts = self.accounts();
        let account = accounts.entry(engine).or_default();
        (account.failures, account.reason) = (account.failures + 1, reason);
    }

    /// Why nobody tries again, if so.
    pub(crate) fn given_up(&self, engine: BrowserName) -> Option<String> {
        let accounts = self.accounts();
        let account = accounts.get(&engine)?;
        let is_hopeless = account.failures >= FAILURES && account.open == 0;
        is_hopeless.then(|| account.reason.clone())
    }

    fn accounts(&self) -> MutexGuard<'_, BTreeMap<BrowserName, Account>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Open {
    fn drop(&mut self) {
        if let Some(account) = self.engine_health.accounts().get_mut(&self.engine) {
            account.open -= 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::{EngineHealth, FAILURES};
    use crate::manifest::BrowserName::{Chromium, Firefox};

    #[test]
    fn an_engine_is_given_up_where_no_session_is_left() {
        let engine_health = Arc::new(EngineHealth::default());
        let fail = || {
            for number in 1..=FAILURES {
                engine_health.failed(Chromium, format!("failure {number}"));
            }
        };
        let one = engine_health.opened(Chromium);
        fail();
        assert_eq!(engine_health.given_up(Chromium), None);
        drop(one);
        assert_eq!(engine_health.given_up(Chromium).unwrap(), "failure 3");
        assert_eq!(engine_health.given_up(Firefox), None);
        drop(engine_health.opened(Chromium));
        assert_eq!(engine_health.given_up(Chromium), None);
    }
}
