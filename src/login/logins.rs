//! The logins of a run.

use std::collections::HashMap;
use std::future::Future;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::Mutex as AsyncMutex;

#[cfg(feature = "shared-logins")]
use super::shared_logins::SharedLogins;
use super::stored_login::StoredLogin;
use crate::browser::{BrowserError, StorageState};
use crate::manifest::Login;

/// The logins of a run.
#[derive(Default)]
pub(crate) struct Logins {
    #[cfg(feature = "shared-logins")]
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
    /// Logins that are shared with other processes. Without it, they are limited to
    /// this process.
    #[cfg(feature = "shared-logins")]
    pub(crate) fn shared(shared: SharedLogins) -> Self {
        Self {
            shared: Some(shared),
            ..Self::default()
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
        match self.log_in(login, expired, log_in).await {
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

    async fn log_in(
        &self,
        login: &Login,
        expired: Option<&StoredLogin>,
        log_in: impl Future<Output = Result<StorageState, BrowserError>>,
    ) -> Result<StoredLogin, BrowserError> {
        #[cfg(feature = "shared-logins")]
        if let Some(shared) = &self.shared {
            return shared.get(login, expired, log_in).await;
        }
        let _ = expired;
        log_in.await.map(|state| StoredLogin::new(state, login.ttl))
    }
}
