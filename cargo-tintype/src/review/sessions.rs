//! Login sessions, failed logins and the audit log, in Redis.
//!
//! Keys, behind the record's prefix:
//!
//! | key | content |
//! |---|---|
//! | `tintype:review:session:{code}` | the user's name; expires |
//! | `tintype:review:revoked` | sorted set of codes that were logged out, by time |
//! | `tintype:review:known:{code}` | a browser that has logged in; expires |
//! | `tintype:review:attempts:{server}:{address or code}` | failed logins in a row; expires |
//! | `tintype:review:audit` | stream of user actions; capped |
//!
//! The code of a session authenticates its id with a key that depends on the
//! server and on the token. Other servers that share the Redis server, and the
//! same server with another token, look up other codes.

use std::net::IpAddr;
use std::time::Duration;

use axum::http::StatusCode;
use redis::{Cmd, FromRedisValue};
use tintype::internals::config::Secret;
use tintype::internals::model::now_ms;
use tintype::internals::record::RecordConfig;
use tintype::internals::redis::Connection;
use tokio::sync::{Mutex, watch};

use super::error::ApiError;
use super::identity::{ServerIdentity, SessionKey, random_id};

/// Seconds from the last request to the end of a session.
const SESSION_TTL: u64 = 60 * 60;
/// Seconds for which a browser is known after it logged in.
pub(super) const KNOWN_TTL: u64 = 30 * 24 * 60 * 60;
/// Failed logins in a row before further ones are rejected …
const MAX_ATTEMPTS: u64 = 5;
/// … until this many seconds after the first.
const LOCKOUT: u64 = 15 * 60;
/// Counts an attempt. Further attempts do not prolong the lockout.
const COUNT_ATTEMPT: &str = "local n = redis.call('INCR', KEYS[1]) \
    if n == 1 then redis.call('EXPIRE', KEYS[1], ARGV[1]) end return n";
/// Approximate number of entries that the audit stream keeps.
const AUDIT_LENGTH: usize = 100_000;

/// How often an open event stream checks whether its session was ended by
/// another process or has expired.
const CHECK_INTERVAL: Duration = Duration::from_secs(3);

/// The authentication code of a session's id, in hexadecimal.
#[derive(Clone)]
pub(super) struct SessionCode(String);

/// Login sessions, failed logins and the audit log.
pub(super) struct SessionStore {
    settings: RecordConfig,
    /// The connection of all requests, opened by the first.
    connection: Mutex<Option<Connection>>,
    key: SessionKey,
    /// The name of the server.
    server: String,
    /// Changes when this process ends a session.
    ended: watch::Sender<()>,
}

impl SessionStore {
    /// The sessions of this server and token.
    pub(super) fn new(settings: RecordConfig, identity: &ServerIdentity, token: &Secret) -> Self {
        Self {
            settings,
            connection: Mutex::default(),
            key: identity.session_key(Some(token)),
            server: identity.name(),
            ended: watch::Sender::new(()),
        }
    }

    /// The code of a session's id.
    pub(super) fn code(&self, id: &str) -> SessionCode {
        SessionCode(self.key.code(id).to_hex().to_string())
    }

    fn key(&self, name: &str) -> String {
        format!("{}tintype:review:{name}", self.settings.redis().prefix())
    }

    /// Runs one command on the connection that all requests share. If that was
    /// lost, the command did not reach the server, or its reply did not arrive: it
    /// is sent again on a new one.
    async fn query<T: FromRedisValue>(&self, command: &Cmd) -> Result<T, ApiError> {
        let unavailable = |text: String| ApiError::new(StatusCode::SERVICE_UNAVAILABLE, text);
        let mut shared = self.connection.lock().await.clone();
        loop {
            let is_shared = shared.is_some();
            let mut connection = match shared.take() {
                Some(connection) => connection,
                None => {
                    let opened = self.settings.redis().connect().await?;
                    let opened =
                        opened.ok_or_else(|| unavailable("sessions require Redis".to_owned()))?;
                    self.connection.lock().await.insert(opened).clone()
                }
            };
            match command.query_async(&mut connection).await {
                Ok(answer) => return Ok(answer),
                Err(_) if is_shared => {}
                Err(error) => {
                    *self.connection.lock().await = None;
                    return Err(unavailable(format!("Redis is unavailable: {error}")));
                }
            }
        }
    }

    /// The user of a session, which is prolonged.
    pub(super) async fn user(&self, code: &SessionCode) -> Result<Option<String>, ApiError> {
        if self.is_revoked(code).await? {
            return Ok(None);
        }
        let mut get = redis::cmd("GETEX");
        get.arg(self.session(code)).arg("EX").arg(SESSION_TTL);
        self.query(&get).await
    }

    fn session(&self, SessionCode(code): &SessionCode) -> String {
        self.key(&format!("session:{code}"))
    }

    async fn is_revoked(&self, SessionCode(code): &SessionCode) -> Result<bool, ApiError> {
        let mut revoked = redis::cmd("ZSCORE");
        revoked.arg(self.key("revoked")).arg(code);
        let revoked = self.query::<Option<f64>>(&revoked).await?;
        Ok(revoked.is_some())
    }

    /// Completes when a session has expired or was ended. It is not prolonged.
    pub(super) async fn wait_for_end(&self, code: &SessionCode) {
        let mut ended = self.ended.subscribe();
        let mut exists = redis::cmd("EXISTS");
        exists.arg(self.session(code));
        loop {
            // A stream sends nothing while Redis is unavailable.
            if let (Ok(revoked), Ok(exists)) = (
                self.is_revoked(code).await,
                self.query::<bool>(&exists).await,
            ) && (revoked || !exists)
            {
                return;
            }
            let _ = tokio::time::timeout(CHECK_INTERVAL, ended.changed()).await;
        }
    }

    /// Starts a session and gives its id.
    pub(super) async fn create(&self, name: &str) -> Result<String, ApiError> {
        let id = random_id()?;
        let code = self.code(&id);
        let mut set = redis::cmd("SET");
        set.arg(self.session(&code));
        self.query::<()>(set.arg(name).arg("EX").arg(SESSION_TTL))
            .await?;
        let mut know = redis::cmd("SET");
        know.arg(self.key(&format!("known:{}", code.0)));
        self.query::<()>(know.arg(name).arg("EX").arg(KNOWN_TTL))
            .await?;
        Ok(id)
    }

    /// Ends a session.
    pub(super) async fn revoke(&self, id: &str) -> Result<(), ApiError> {
        let code = self.code(id);
        let (now, key) = (now_ms(), self.key("revoked"));
        let mut revoke = redis::cmd("ZADD");
        revoke.arg(&key).arg(now).arg(&code.0);
        self.query::<()>(&revoke).await?;
        let mut delete = redis::cmd("DEL");
        delete.arg(self.session(&code));
        self.query::<()>(&delete).await?;
        self.ended.send_replace(());
        // Older sessions have expired.
        let mut trim = redis::cmd("ZREMRANGEBYSCORE");
        let old = now - i64::try_from(SESSION_TTL).unwrap_or(0) * 1_000;
        trim.arg(&key).arg("-inf").arg(old);
        self.query(&trim).await
    }

    /// Counts an attempt before its token is checked, so that concurrent
    /// attempts count too. Gives the key of the counter.
    ///
    /// Behind a proxy all users have its address. A known browser has its own
    /// counter, so that others cannot lock it out.
    pub(super) async fn count_attempt(
        &self,
        address: IpAddr,
        cookie: Option<&str>,
    ) -> Result<String, ApiError> {
        let SessionCode(code) = self.code(cookie.unwrap_or_default());
        let mut known = redis::cmd("EXISTS");
        known.arg(self.key(&format!("known:{code}")));
        let known = self.query::<bool>(&known).await?;
        let from = if known { code } else { address.to_string() };
        let key = self.key(&format!("attempts:{}:{from}", self.server));
        let mut count = redis::cmd("EVAL");
        count.arg(COUNT_ATTEMPT).arg(1).arg(&key).arg(LOCKOUT);
        if self.query::<u64>(&count).await? > MAX_ATTEMPTS {
            let text = "too many attempts: try again in 15 minutes";
            return Err(ApiError::new(StatusCode::TOO_MANY_REQUESTS, text));
        }
        Ok(key)
    }

    /// Resets the counter after a login.
    pub(super) async fn clear_attempts(&self, attempts: &str) -> Result<(), ApiError> {
        let mut delete = redis::cmd("DEL");
        delete.arg(attempts);
        self.query(&delete).await
    }

    /// Appends to the audit log.
    pub(super) async fn audit(&self, who: &str, what: &str, subject: &str) -> Result<(), ApiError> {
        let mut add = redis::cmd("XADD");
        add.arg(self.key("audit"))
            .arg("MAXLEN")
            .arg("~")
            .arg(AUDIT_LENGTH)
            .arg("*");
        add.arg("who")
            .arg(who)
            .arg("what")
            .arg(what)
            .arg("on")
            .arg(subject);
        self.query::<String>(&add).await.map(drop)
    }
}
