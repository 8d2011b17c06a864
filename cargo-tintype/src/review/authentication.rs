//! User a request comes from, where not everybody who can reach the server may
//! use it.
//!
//! Beyond this machine a visitor shows a token once and gets a session: an
//! opaque id in a cookie, of which Redis knows only the hash, for an hour from
//! the last request. What is kept there, behind the record's prefix:
//!
//! | key | what |
//! |---|---|
//! | `tintype:review:session:{hash}` | the visitor's name; expires |
//! | `tintype:review:revoked` | a sorted set of hashes that were logged out, by time |
//! | `tintype:review:known:{hash}` | a browser that has logged in; expires |
//! | `tintype:review:attempts:{address or hash}` | failed log-ins in a row; expires |
//! | `tintype:review:audit` | a stream of who did what; capped |

use std::net::{IpAddr, SocketAddr};

use axum::Json;
use axum::extract::{ConnectInfo, Request, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use redis::{Cmd, FromRedisValue};
use serde::Deserialize;
use serde_json::json;
use tintype::baseline::sha256;
use tintype::model::now_ms;
use tintype::record::RecordConfig;

use super::App;
use super::error::ApiError;

/// A session lasts this long after its last request, in seconds.
const SESSION: u64 = 60 * 60;
/// A browser is known for this long after it logged in, in seconds.
const KNOWN: u64 = 30 * 24 * 60 * 60;
/// So many log-ins in a row may fail …
const ATTEMPTS: u64 = 5;
/// … within this time from the first, in seconds.
const LOCKOUT: u64 = 15 * 60;
/// Attempts while locked out do not prolong it.
const COUNT: &str = "local n = redis.call('INCR', KEYS[1]) \
    if n == 1 then redis.call('EXPIRE', KEYS[1], ARGV[1]) end return n";
/// The audit stream keeps about so many entries.
const AUDITED: usize = 100_000;
const COOKIE: &str = "tintype_session";

/// Whom the server lets in.
pub(crate) enum AccessPolicy {
    /// Everybody who can reach it: it listens on this machine alone.
    Open,
    /// User knows the token.
    Token {
        /// SHA-256 of the token.
        hash: String,
        sessions: Box<SessionStore>,
    },
    /// Whom a reverse proxy names in this header.
    Header(HeaderName),
}

/// The name of a request's visitor.
#[derive(Clone)]
pub(super) struct User(pub(super) String);

/// Lets a request pass if its visitor is known.
pub(super) async fn require_user(
    State(app): State<App>,
    mut request: Request,
    next: Next,
) -> Result<Response, ApiError> {
    let who = known(&app.access, request.headers()).await?;
    let who = who.ok_or_else(|| ApiError::new(StatusCode::UNAUTHORIZED, "log in first"))?;
    request.extensions_mut().insert(User(who));
    Ok(next.run(request).await)
}

/// The name of the visitor who sends these headers, if there is one.
async fn known(access: &AccessPolicy, headers: &HeaderMap) -> Result<Option<String>, ApiError> {
    match access {
        AccessPolicy::Open => Ok(Some("local".to_owned())),
        AccessPolicy::Header(name) => {
            let value = headers.get(name).and_then(|value| value.to_str().ok());
            Ok(value.filter(|value| is_name(value)).map(str::to_owned))
        }
        AccessPolicy::Token { sessions, .. } => match cookie(headers) {
            Some(id) => sessions.visitor(id).await,
            None => Ok(None),
        },
    }
}

fn cookie(headers: &HeaderMap) -> Option<&str> {
    let all = headers.get(header::COOKIE)?.to_str().ok()?;
    let mut cookies = all.split(';').map(str::trim);
    cookies.find_map(|cookie| cookie.strip_prefix(COOKIE)?.strip_prefix('='))
}

/// A name for logs: not empty, not long, and nothing but printable characters.
fn is_name(name: &str) -> bool {
    !name.trim().is_empty() && name.len() <= 80 && !name.chars().any(char::is_control)
}

/// What a visitor sends to log in.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct LoginRequest {
    token: String,
    name: String,
}

pub(super) async fn log_in(
    State(app): State<App>,
    ConnectInfo(address): ConnectInfo<SocketAddr>,
    headers: HeaderMap,
    Json(asked): Json<LoginRequest>,
) -> Result<Response, ApiError> {
    let AccessPolicy::Token { hash, sessions } = &app.access else {
        return Err(ApiError::missing("there is no log-in here"));
    };
    if !is_name(&asked.name) {
        return Err(ApiError::unclear("a name has 1 to 80 printable characters"));
    }
    let attempts = sessions.attempt(address.ip(), cookie(&headers)).await?;
    // Hashes are compared: how long that takes tells nothing of the token.
    if sha256(asked.token.as_bytes()) != *hash {
        sessions
            .note(&asked.name, "refused", &address.ip().to_string())
            .await?;
        return Err(ApiError::new(
            StatusCode::FORBIDDEN,
            "that is not the token",
        ));
    }
    sessions.welcome(&attempts).await?;
    let id = sessions.begin(&asked.name).await?;
    sessions
        .note(&asked.name, "logged in", &address.ip().to_string())
        .await?;
    let origin = headers.get(header::ORIGIN);
    let secure = origin.is_some_and(|origin| origin.as_bytes().starts_with(b"https:"));
    let secure = if secure { "; Secure" } else { "" };
    let cookie =
        format!("{COOKIE}={id}; HttpOnly; SameSite=Strict; Path=/; Max-Age={KNOWN}{secure}");
    answer(&cookie, &json!({ "who": asked.name }))
}

pub(super) async fn log_out(
    State(app): State<App>,
    headers: HeaderMap,
) -> Result<Response, ApiError> {
    if let (AccessPolicy::Token { sessions, .. }, Some(id)) = (&app.access, cookie(&headers)) {
        sessions.end(id).await?;
    }
    answer(
        &format!("{COOKIE}=; HttpOnly; SameSite=Strict; Path=/; Max-Age=0"),
        &json!({}),
    )
}

/// User the visitor is and whether there is a log-in, for the page.
pub(super) async fn session(
    State(app): State<App>,
    headers: HeaderMap,
) -> Result<Json<serde_json::Value>, ApiError> {
    let login = matches!(app.access, AccessPolicy::Token { .. });
    Ok(Json(
        json!({ "who": known(&app.access, &headers).await?, "login": login }),
    ))
}

fn answer(cookie: &str, body: &serde_json::Value) -> Result<Response, ApiError> {
    let cookie = HeaderValue::from_str(cookie).map_err(anyhow::Error::new)?;
    Ok(([(header::SET_COOKIE, cookie)], Json(body)).into_response())
}

/// SessionStore, attempts and the audit, in Redis.
pub(crate) struct SessionStore {
    settings: RecordConfig,
}

impl SessionStore {
    pub(crate) fn new(settings: RecordConfig) -> Self {
        Self { settings }
    }

    fn key(&self, name: &str) -> String {
        format!("{}tintype:review:{name}", self.settings.redis().prefix())
    }

    /// Sends one command. Reviewers are few: a connection each time is never
    /// a stale one.
    async fn ask<T: FromRedisValue>(&self, command: &Cmd) -> Result<T, ApiError> {
        let away = |text: String| ApiError::new(StatusCode::SERVICE_UNAVAILABLE, text);
        let connection = self.settings.redis().connect().await?;
        let mut connection = connection.ok_or_else(|| away("sessions need a Redis".to_owned()))?;
        let answer = command.query_async(&mut connection).await;
        answer.map_err(|error| away(format!("failed to reach Redis: {error}")))
    }

    /// The name behind a session's id, for one more hour.
    async fn visitor(&self, id: &str) -> Result<Option<String>, ApiError> {
        let hash = sha256(id.as_bytes());
        let mut revoked = redis::cmd("ZSCORE");
        revoked.arg(self.key("revoked")).arg(&hash);
        if self.ask::<Option<f64>>(&revoked).await?.is_some() {
            return Ok(None);
        }
        let mut get = redis::cmd("GETEX");
        get.arg(self.key(&format!("session:{hash}")))
            .arg("EX")
            .arg(SESSION);
        self.ask(&get).await
    }

    async fn begin(&self, name: &str) -> Result<String, ApiError> {
        let mut bytes = [0; 32];
        getrandom::fill(&mut bytes)
            .map_err(|error| anyhow::anyhow!("failed to draw a session's id: {error}"))?;
        let id: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
        let mut set = redis::cmd("SET");
        let hash = sha256(id.as_bytes());
        set.arg(self.key(&format!("session:{hash}")));
        self.ask::<()>(set.arg(name).arg("EX").arg(SESSION)).await?;
        let mut know = redis::cmd("SET");
        know.arg(self.key(&format!("known:{hash}")));
        self.ask::<()>(know.arg(name).arg("EX").arg(KNOWN)).await?;
        Ok(id)
    }

    async fn end(&self, id: &str) -> Result<(), ApiError> {
        let hash = sha256(id.as_bytes());
        let (now, key) = (now_ms(), self.key("revoked"));
        let mut revoke = redis::cmd("ZADD");
        revoke.arg(&key).arg(now).arg(&hash);
        self.ask::<()>(&revoke).await?;
        let mut forget = redis::cmd("DEL");
        forget.arg(self.key(&format!("session:{hash}")));
        self.ask::<()>(&forget).await?;
        // Older ones belong to sessions that have expired by themselves.
        let mut trim = redis::cmd("ZREMRANGEBYSCORE");
        let old = now - i64::try_from(SESSION).unwrap_or(0) * 1_000;
        trim.arg(&key).arg("-inf").arg(old);
        self.ask(&trim).await
    }

    /// Counts an attempt before it is judged, so that many at once count too.
    /// Gives the counter's key.
    ///
    /// Behind a proxy all have its address: a browser that is known has a
    /// count of its own, so that nobody else can lock it out.
    async fn attempt(&self, address: IpAddr, cookie: Option<&str>) -> Result<String, ApiError> {
        let hash = sha256(cookie.unwrap_or_default().as_bytes());
        let mut known = redis::cmd("EXISTS");
        known.arg(self.key(&format!("known:{hash}")));
        let known = self.ask::<bool>(&known).await?;
        let from = if known { hash } else { address.to_string() };
        let key = self.key(&format!("attempts:{from}"));
        let mut count = redis::cmd("EVAL");
        count.arg(COUNT).arg(1).arg(&key).arg(LOCKOUT);
        if self.ask::<u64>(&count).await? > ATTEMPTS {
            let text = "too many attempts: try again in a quarter of an hour";
            return Err(ApiError::new(StatusCode::TOO_MANY_REQUESTS, text));
        }
        Ok(key)
    }

    async fn welcome(&self, attempts: &str) -> Result<(), ApiError> {
        let mut forget = redis::cmd("DEL");
        forget.arg(attempts);
        self.ask(&forget).await
    }

    /// Adds to the audit.
    pub(super) async fn note(&self, who: &str, what: &str, on: &str) -> Result<(), ApiError> {
        let mut add = redis::cmd("XADD");
        add.arg(self.key("audit"))
            .arg("MAXLEN")
            .arg("~")
            .arg(AUDITED)
            .arg("*");
        add.arg("who")
            .arg(who)
            .arg("what")
            .arg(what)
            .arg("on")
            .arg(on);
        self.ask::<String>(&add).await.map(drop)
    }
}
