//! Login sessions, failed logins and the audit log, in Redis.
//!
//! Keys, behind the record's prefix:
//!
//! | key | content |
//! |---|---|
//! | `tintype:review:session:{hash}` | the user's name; expires |
//! | `tintype:review:revoked` | sorted set of hashes that were logged out, by time |
//! | `tintype:review:known:{hash}` | a browser that has logged in; expires |
//! | `tintype:review:attempts:{address or hash}` | failed logins in a row; expires |
//! | `tintype:review:audit` | stream of user actions; capped |

use std::net::IpAddr;

use axum::http::StatusCode;
use redis::{Cmd, FromRedisValue};
use tintype::internals::baseline::sha256;
use tintype::internals::model::now_ms;
use tintype::internals::record::RecordConfig;

use super::error::ApiError;

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

/// Login sessions, failed logins and the audit log.
pub(super) struct SessionStore {
    settings: RecordConfig,
}

impl SessionStore {
    pub(super) fn new(settings: RecordConfig) -> Self {
        Self { settings }
    }

    fn key(&self, name: &str) -> String {
        format!("{}tintype:review:{name}", self.settings.redis().prefix())
    }

    /// Runs one command. A new connection each time is never stale, and there
    /// are few reviewers.
    async fn query<T: FromRedisValue>(&self, command: &Cmd) -> Result<T, ApiError> {
        let unavailable = |text: String| ApiError::new(StatusCode::SERVICE_UNAVAILABLE, text);
        let connection = self.settings.redis().connect().await?;
        let mut connection =
            connection.ok_or_else(|| unavailable("sessions require Redis".to_owned()))?;
        let answer = command.query_async(&mut connection).await;
        answer.map_err(|error| unavailable(format!("Redis is unavailable: {error}")))
    }

    /// The user of a session, which is prolonged.
    pub(super) async fn user(&self, id: &str) -> Result<Option<String>, ApiError> {
        let hash = sha256(id.as_bytes());
        let mut revoked = redis::cmd("ZSCORE");
        revoked.arg(self.key("revoked")).arg(&hash);
        if self.query::<Option<f64>>(&revoked).await?.is_some() {
            return Ok(None);
        }
        let mut get = redis::cmd("GETEX");
        get.arg(self.key(&format!("session:{hash}")))
            .arg("EX")
            .arg(SESSION_TTL);
        self.query(&get).await
    }

    /// Starts a session and gives its id.
    pub(super) async fn create(&self, name: &str) -> Result<String, ApiError> {
        let mut bytes = [0; 32];
        getrandom::fill(&mut bytes)
            .map_err(|error| anyhow::anyhow!("failed to generate a session id: {error}"))?;
        let id: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
        let mut set = redis::cmd("SET");
        let hash = sha256(id.as_bytes());
        set.arg(self.key(&format!("session:{hash}")));
        self.query::<()>(set.arg(name).arg("EX").arg(SESSION_TTL))
            .await?;
        let mut know = redis::cmd("SET");
        know.arg(self.key(&format!("known:{hash}")));
        self.query::<()>(know.arg(name).arg("EX").arg(KNOWN_TTL))
            .await?;
        Ok(id)
    }

    /// Ends a session.
    pub(super) async fn revoke(&self, id: &str) -> Result<(), ApiError> {
        let hash = sha256(id.as_bytes());
        let (now, key) = (now_ms(), self.key("revoked"));
        let mut revoke = redis::cmd("ZADD");
        revoke.arg(&key).arg(now).arg(&hash);
        self.query::<()>(&revoke).await?;
        let mut delete = redis::cmd("DEL");
        delete.arg(self.key(&format!("session:{hash}")));
        self.query::<()>(&delete).await?;
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
        let hash = sha256(cookie.unwrap_or_default().as_bytes());
        let mut known = redis::cmd("EXISTS");
        known.arg(self.key(&format!("known:{hash}")));
        let known = self.query::<bool>(&known).await?;
        let from = if known { hash } else { address.to_string() };
        let key = self.key(&format!("attempts:{from}"));
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
