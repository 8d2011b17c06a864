//! The logins of a run.

use std::collections::HashMap;
use std::future::Future;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::Mutex as AsyncMutex;

use super::cipher::LoginCipher;
use super::shared_logins::SharedLogins;
use super::stored_login::StoredLogin;
use crate::browser::{BrowserError, StorageState};
use crate::config::{Secret, UnsetVariable};
use crate::manifest::{Login, LoginMethod, Step};
use crate::redis::RedisTarget;

/// The logins of a run.
pub(crate) struct Logins {
    /// The address of the story server; logins at another one are separate.
    base: String,
    shared: Option<SharedLogins>,
    states: Mutex<HashMap<String, Arc<AsyncMutex<LoginState>>>>,
}

/// The state of a login in this process.
#[derive(Default)]
enum LoginState {
    #[default]
    Pending,
    Done(Arc<StoredLogin>),
    Failed(String),
}

impl Logins {
    /// Logins at the story server `base`. Without a key or a Redis server they
    /// are limited to this process. Nothing is connected yet.
    pub(crate) fn new(base: &str, key: Option<&Secret>, redis: &RedisTarget) -> Self {
        Self {
            base: base.to_owned(),
            shared: key.map(|key| SharedLogins::new(LoginCipher::new(key), redis.clone())),
            states: Mutex::default(),
        }
    }

    /// Returns the stored login, or logs in by `log_in` if there is none or if
    /// the server no longer accepts it (`expired`). Only one caller logs in
    /// while the others wait; if it fails, none of them tries again.
    ///
    /// # Errors
    /// The error of `log_in`, or that it failed before.
    pub(crate) async fn get(
        &self,
        login: &Login,
        expired: Option<&StoredLogin>,
        log_in: impl Future<Output = Result<StorageState, BrowserError>>,
    ) -> Result<Arc<StoredLogin>, BrowserError> {
        let state = self.state(&login.name);
        let mut state = state.lock().await;
        match &*state {
            LoginState::Done(done) if done.is_usable(expired) => return Ok(Arc::clone(done)),
            LoginState::Failed(message) => return Err(BrowserError::Login(message.clone())),
            _ => {}
        }
        let result = match &self.shared {
            Some(shared) => shared.get(&self.key(login)?, login, expired, log_in).await,
            None => log_in.await.map(|state| StoredLogin::new(state, login.ttl)),
        };
        match result {
            Ok(done) => {
                done.state.keep_secret();
                let done = Arc::new(done);
                *state = LoginState::Done(Arc::clone(&done));
                Ok(done)
            }
            // A crashed browser does not mean that the login fails.
            Err(error) if error.is_fatal() => Err(error),
            Err(error) => {
                let name = &login.name;
                *state = LoginState::Failed(format!("the login `{name}` failed before: {error}"));
                Err(error)
            }
        }
    }

    fn state(&self, name: &str) -> Arc<AsyncMutex<LoginState>> {
        let mut states = self.states.lock().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(states.entry(name.to_owned()).or_default())
    }

    /// The input of a login: another user is another login.
    fn key(&self, login: &Login) -> Result<Vec<u8>, BrowserError> {
        let definition = serde_json::to_string(login).unwrap_or_default();
        let mut parts = vec![self.base.clone(), definition];
        if let LoginMethod::Steps { steps, .. } = &login.how {
            for text in steps.iter().filter_map(Step::text) {
                let failed = |reason: UnsetVariable| {
                    BrowserError::Login(format!("the login `{}` failed: {reason}", login.name))
                };
                let text = text.fill_in().map_err(failed)?;
                parts.push(text.reveal().to_owned());
            }
        }
        Ok(serde_json::to_vec(&parts).unwrap_or_default())
    }
}
