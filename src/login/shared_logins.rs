//! Logins in Redis, encrypted, where one process logs in while the others wait.
//!
//! `{prefix}tintype:login:{name}` contains an encrypted login and expires with
//! it; `…:lock` contains the token of the process that logs in. The name is a
//! keyed hash that reveals neither user nor address. If Redis is unreachable,
//! each process logs in itself.

use std::future::Future;
use std::time::Duration;

use ::redis::{RedisError, Script, cmd};
use tokio::sync::OnceCell;
use tokio::time::{Instant, sleep, timeout};

use super::cipher::LoginCipher;
use super::stored_login::StoredLogin;
use crate::browser::{BrowserError, StorageState};
use crate::config::{Secret, UnsetVariable};
use crate::manifest::{Login, LoginMethod, Step};
use crate::redis::{Connection, RedisTarget, is_wrong_type};

/// The lifetime of the lock.
const LOCK_TTL: Duration = Duration::from_secs(10);

/// The interval at which the lock is renewed.
const RENEWAL_INTERVAL: Duration = Duration::from_secs(3);

/// The interval at which waiting processes poll.
const POLL_INTERVAL: Duration = Duration::from_millis(50);

/// How long a process waits for the login of another one. A lock that others
/// have written may never expire.
const MAX_WAIT: Duration = Duration::from_secs(120);

/// How long Redis may take to answer.
const RESPONSE_TIMEOUT: Duration = Duration::from_secs(2);

/// Releases a lock if this process holds it.
const RELEASE: &str =
    "if redis.call('GET', KEYS[1]) == ARGV[1] then return redis.call('DEL', KEYS[1]) end return 0";
/// Renews a lock if this process holds it.
const RENEW: &str = "if redis.call('GET', KEYS[1]) == ARGV[1] then return redis.call('PEXPIRE', KEYS[1], ARGV[2]) end return 0";

/// The logins in Redis.
pub(crate) struct SharedLogins {
    /// The address of the story server; logins at another one are separate.
    base: String,
    cipher: LoginCipher,
    target: RedisTarget,
    /// `None` if connecting failed, which is tried once.
    connection: OnceCell<Option<Connection>>,
}

/// The keys of one login.
struct LoginKeys {
    value: String,
    lock: String,
    /// The token with which this process locks.
    token: String,
}

/// The next step for a login.
enum LoginTurn {
    /// A process has logged in.
    Done(StoredLogin),
    /// This process holds the lock and logs in.
    LogIn,
    /// Another process logs in.
    Wait,
}

impl SharedLogins {
    /// Logins at the story server `base`, encrypted with `key`. Nothing is connected
    /// yet.
    pub(crate) fn new(base: &str, key: &Secret, target: &RedisTarget) -> Self {
        Self {
            base: base.to_owned(),
            cipher: LoginCipher::new(key),
            target: target.clone(),
            connection: OnceCell::new(),
        }
    }

    /// Returns the stored login, or logs in by `log_in` and stores it.
    pub(super) async fn get(
        &self,
        login: &Login,
        expired: Option<&StoredLogin>,
        log_in: impl Future<Output = Result<StorageState, BrowserError>>,
    ) -> Result<StoredLogin, BrowserError> {
        let keys = self.keys(&self.input(login)?);
        let started = Instant::now();
        loop {
            match self.turn(&keys, expired).await {
                Some(LoginTurn::Done(done)) => return Ok(done),
                Some(LoginTurn::Wait) if started.elapsed() < MAX_WAIT => {
                    sleep(POLL_INTERVAL).await;
                }
                Some(LoginTurn::LogIn) => break,
                // Without Redis, or if the lock is never released, each process
                // logs in itself.
                Some(LoginTurn::Wait) | None => {
                    return log_in.await.map(|state| StoredLogin::new(state, login.ttl));
                }
            }
        }
        let outcome = tokio::select! {
            outcome = log_in => outcome,
            never = self.renew_lock(&keys) => match never {},
        };
        let outcome = outcome.map(|state| StoredLogin::new(state, login.ttl));
        if let Ok(done) = &outcome {
            self.put(&keys, done).await;
        }
        self.release(&keys).await;
        outcome
    }

    /// The input of a login: another user is another login.
    fn input(&self, login: &Login) -> Result<Vec<u8>, BrowserError> {
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

    async fn release(&self, keys: &LoginKeys) {
        let release = Script::new(RELEASE);
        self.query(async |connection| {
            let mut release = release.key(&keys.lock);
            release.arg(&keys.token);
            release.invoke_async::<i64>(connection).await
        })
        .await;
    }

    fn keys(&self, secret: &[u8]) -> LoginKeys {
        let name = self.cipher.name_of(secret);
        let value = format!("{}tintype:login:{name}", self.target.prefix());
        LoginKeys {
            lock: format!("{value}:lock"),
            value,
            token: uuid::Uuid::now_v7().to_string(),
        }
    }

    /// Decides what to do; `None` if Redis is unreachable.
    async fn turn(&self, keys: &LoginKeys, expired: Option<&StoredLogin>) -> Option<LoginTurn> {
        if let Some(done) = self.read(keys, expired).await? {
            return Some(LoginTurn::Done(done));
        }
        let taken: Option<String> = self
            .query(async |connection| {
                let mut take = cmd("SET");
                take.arg(&keys.lock).arg(&keys.token).arg("NX");
                take.arg("PX").arg(millis(LOCK_TTL));
                take.query_async(connection).await
            })
            .await?;
        if taken.is_none() {
            return Some(LoginTurn::Wait);
        }
        // The previous holder of the lock may have finished in between.
        let done = self.read(keys, expired).await?;
        if done.is_some() {
            self.release(keys).await;
        }
        Some(done.map_or(LoginTurn::LogIn, LoginTurn::Done))
    }

    async fn read(
        &self,
        keys: &LoginKeys,
        expired: Option<&StoredLogin>,
    ) -> Option<Option<StoredLogin>> {
        let encrypted: Option<Vec<u8>> = self
            .query(async |connection| {
                let mut get = cmd("GET");
                let found = get.arg(&keys.value).query_async(connection).await;
                match found {
                    // Not a login: empty text cannot be decrypted, so it is replaced.
                    Err(error) if is_wrong_type(&error) => Ok(Some(Vec::new())),
                    found => found,
                }
            })
            .await?;
        let done = encrypted.and_then(|encrypted| {
            let clear = self.cipher.decrypt(&keys.value, &encrypted);
            let done = clear.and_then(|clear| serde_json::from_slice(&clear).ok());
            if done.is_none() {
                let key = &keys.value;
                tracing::warn!("the shared login `{key}` is invalid and is replaced");
            }
            done
        });
        Some(done.filter(|done: &StoredLogin| done.is_usable(expired)))
    }

    async fn put(&self, keys: &LoginKeys, done: &StoredLogin) {
        let left = done.remaining_ms();
        let clear = serde_json::to_vec(done).unwrap_or_default();
        let Some(encrypted) = self.cipher.encrypt(&keys.value, &clear) else {
            return;
        };
        if left > 0 {
            self.query(async |connection| {
                let mut put = cmd("SET");
                put.arg(&keys.value).arg(&encrypted).arg("PX").arg(left);
                put.query_async::<()>(connection).await
            })
            .await;
        }
    }

    /// Keeps the lock as long as the future is polled.
    async fn renew_lock(&self, keys: &LoginKeys) -> std::convert::Infallible {
        let renew = Script::new(RENEW);
        loop {
            sleep(RENEWAL_INTERVAL).await;
            self.query(async |connection| {
                let mut renew = renew.key(&keys.lock);
                renew.arg(&keys.token).arg(millis(LOCK_TTL));
                renew.invoke_async::<i64>(connection).await
            })
            .await;
        }
    }

    /// Sends a command; on errors logs a warning and returns `None`.
    async fn query<T>(
        &self,
        command: impl AsyncFnOnce(&mut Connection) -> Result<T, RedisError>,
    ) -> Option<T> {
        let connect = || async {
            let connection = self.target.connect().await;
            let warn =
                |error: &_| tracing::warn!(%error, "logins are not shared between processes");
            connection.inspect_err(warn).ok().flatten()
        };
        let mut connection = self.connection.get_or_init(connect).await.clone()?;
        match timeout(RESPONSE_TIMEOUT, command(&mut connection)).await {
            Ok(Ok(answer)) => return Some(answer),
            Ok(Err(error)) => tracing::warn!(%error, "logins are not shared between processes"),
            Err(_) => {
                tracing::warn!("logins are not shared between processes: Redis does not answer");
            }
        }
        None
    }
}

fn millis(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}
