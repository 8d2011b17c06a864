//! Log-ins, each done once and shared: by the sessions of this process in
//! memory, and by all processes through Redis, encrypted, where there is a key
//! for it (`TINTYPE_LOGIN_KEY`). Nothing of them is ever written in clear.
//!
//! - `cookies`: what a command prints.
//! - `command`: the command itself.
//! - `seal`: encryption.
//! - `shared`: Redis, and one log-in at a time among all processes.

mod command;
mod cookies;
mod seal;
mod shared;

pub use command::run as run_command;
pub use cookies::parse as parse_cookies;

use std::collections::HashMap;
use std::future::Future;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use serde::{Deserialize, Serialize};
use tokio::sync::Mutex as AsyncMutex;

use crate::browser::{BrowserError, StorageState};
use crate::config::{Secret, UnsetVariable};
use crate::manifest::{Login, LoginMethod, Step};
use crate::model::now_ms;
use crate::redis::RedisTarget;
pub use seal::Seal;
use shared::Shared;

/// Somebody logged in.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct LoggedIn {
    /// Which log-in it was: each has another.
    id: String,
    /// When it is over in any case, in milliseconds since the Unix epoch.
    until: i64,
    /// What it has left in the browser.
    pub state: StorageState,
}

impl LoggedIn {
    fn new(state: StorageState, ttl: Duration) -> Self {
        let ttl = i64::try_from(ttl.as_millis()).unwrap_or(i64::MAX);
        Self {
            id: uuid::Uuid::now_v7().to_string(),
            until: now_ms().saturating_add(ttl),
            state,
        }
    }

    fn holds(&self) -> bool {
        now_ms() < self.until
    }
}

/// Every log-in of a run.
pub struct Logins {
    /// The address of the stories, which decides what a log-in is good for.
    base: String,
    shared: Option<Shared>,
    slots: Mutex<HashMap<String, Arc<AsyncMutex<Slot>>>>,
}

/// What has become of a log-in in this process.
#[derive(Default)]
enum Slot {
    #[default]
    Open,
    Done(Arc<LoggedIn>),
    Failed(String),
}

impl Logins {
    /// Log-ins at this address. Without a key, or without a Redis, they are
    /// this process's own. Nothing is connected yet.
    pub fn new(base: &str, key: Option<&Secret>, redis: &RedisTarget) -> Self {
        Self {
            base: base.to_owned(),
            shared: key.map(|key| Shared::new(Seal::new(key), redis.clone())),
            slots: Mutex::default(),
        }
    }

    /// The log-in as it stands, or done by `log_in` if nobody has done it yet,
    /// or if it is the one that turned out to hold no more (`stale`). While one
    /// is at it all others wait, and when it fails none of them tries again.
    ///
    /// # Errors
    /// What `log_in` said, or that it has failed before.
    pub async fn get(
        &self,
        login: &Login,
        stale: Option<&LoggedIn>,
        log_in: impl Future<Output = Result<StorageState, BrowserError>>,
    ) -> Result<Arc<LoggedIn>, BrowserError> {
        let slot = self.slot(&login.name);
        let mut slot = slot.lock().await;
        match &*slot {
            Slot::Done(done) if fresh(done, stale) => return Ok(Arc::clone(done)),
            Slot::Failed(message) => return Err(BrowserError::Login(message.clone())),
            _ => {}
        }
        let outcome = match &self.shared {
            Some(shared) => shared.get(&self.key(login)?, login, stale, log_in).await,
            None => log_in.await.map(|state| LoggedIn::new(state, login.ttl)),
        };
        match outcome {
            Ok(done) => {
                let done = Arc::new(done);
                *slot = Slot::Done(Arc::clone(&done));
                Ok(done)
            }
            // A browser that broke says nothing about the log-in.
            Err(error) if error.is_fatal() => Err(error),
            Err(error) => {
                let name = &login.name;
                *slot = Slot::Failed(format!("the log-in `{name}` has failed before: {error}"));
                Err(error)
            }
        }
    }

    fn slot(&self, name: &str) -> Arc<AsyncMutex<Slot>> {
        let mut slots = self.slots.lock().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(slots.entry(name.to_owned()).or_default())
    }

    /// All that a log-in is made of: another user, another log-in.
    fn key(&self, login: &Login) -> Result<Vec<u8>, BrowserError> {
        let described = serde_json::to_string(login).unwrap_or_default();
        let mut parts = vec![self.base.clone(), described];
        if let LoginMethod::Steps { steps, .. } = &login.how {
            for text in steps.iter().filter_map(Step::text) {
                let failed = |reason: UnsetVariable| {
                    BrowserError::Login(format!("the log-in `{}` failed: {reason}", login.name))
                };
                let text = text.fill_in().map_err(failed)?;
                parts.push(text.reveal().to_owned());
            }
        }
        Ok(serde_json::to_vec(&parts).unwrap_or_default())
    }
}

/// Whether a log-in can be used, and is another than the one that could not.
fn fresh(done: &LoggedIn, stale: Option<&LoggedIn>) -> bool {
    done.holds() && stale.is_none_or(|stale| stale.id != done.id)
}
