//! Identifies the user of a request.
//!
//! Beyond loopback a user logs in once with a token and gets a session: a random
//! id in a cookie. Redis has only its hash.

use std::net::SocketAddr;

use axum::Json;
use axum::extract::{ConnectInfo, Request, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use serde::Deserialize;
use serde_json::json;
use tintype::internals::baseline::sha256;

use super::access::AccessPolicy;
use super::error::ApiError;
use super::sessions::KNOWN_TTL;
use super::state::App;

const COOKIE: &str = "tintype_session";

/// The name of the user who sent a request.
#[derive(Clone)]
pub(super) struct User(pub(super) String);

/// Rejects requests without a known user.
pub(super) async fn require_user(
    State(app): State<App>,
    mut request: Request,
    next: Next,
) -> Result<Response, ApiError> {
    let user = authenticate(&app.access, request.headers()).await?;
    let user = user.ok_or_else(|| ApiError::new(StatusCode::UNAUTHORIZED, "login required"))?;
    request.extensions_mut().insert(User(user));
    Ok(next.run(request).await)
}

/// The user who sent these headers, if there is one.
async fn authenticate(
    access: &AccessPolicy,
    headers: &HeaderMap,
) -> Result<Option<String>, ApiError> {
    match access {
        AccessPolicy::Open => Ok(Some("local".to_owned())),
        AccessPolicy::Header(name) => {
            let value = headers.get(name).and_then(|value| value.to_str().ok());
            Ok(value.filter(|value| is_name(value)).map(str::to_owned))
        }
        AccessPolicy::Token { sessions, .. } => match cookie(headers) {
            Some(id) => sessions.user(id).await,
            None => Ok(None),
        },
    }
}

fn cookie(headers: &HeaderMap) -> Option<&str> {
    let all = headers.get(header::COOKIE)?.to_str().ok()?;
    let mut cookies = all.split(';').map(str::trim);
    cookies.find_map(|cookie| cookie.strip_prefix(COOKIE)?.strip_prefix('='))
}

/// Whether a name is suitable for logs.
fn is_name(name: &str) -> bool {
    !name.trim().is_empty() && name.len() <= 80 && !name.chars().any(char::is_control)
}

/// The body of a login.
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
    Json(login): Json<LoginRequest>,
) -> Result<Response, ApiError> {
    let AccessPolicy::Token { hash, sessions } = &app.access else {
        return Err(ApiError::not_found("this server has no login"));
    };
    if !is_name(&login.name) {
        return Err(ApiError::invalid(
            "the name must have 1 to 80 printable characters",
        ));
    }
    let attempts = sessions
        .count_attempt(address.ip(), cookie(&headers))
        .await?;
    // Comparing hashes leaks no timing information about the token.
    if sha256(login.token.as_bytes()) != *hash {
        sessions
            .audit(&login.name, "refused", &address.ip().to_string())
            .await?;
        return Err(ApiError::new(StatusCode::FORBIDDEN, "the token is wrong"));
    }
    sessions.clear_attempts(&attempts).await?;
    let id = sessions.create(&login.name).await?;
    sessions
        .audit(&login.name, "logged in", &address.ip().to_string())
        .await?;
    let origin = headers.get(header::ORIGIN);
    let secure = origin.is_some_and(|origin| origin.as_bytes().starts_with(b"https:"));
    let secure = if secure { "; Secure" } else { "" };
    let cookie =
        format!("{COOKIE}={id}; HttpOnly; SameSite=Strict; Path=/; Max-Age={KNOWN_TTL}{secure}");
    respond(&cookie, &json!({ "who": login.name }))
}

pub(super) async fn log_out(
    State(app): State<App>,
    headers: HeaderMap,
) -> Result<Response, ApiError> {
    if let (AccessPolicy::Token { sessions, .. }, Some(id)) = (&app.access, cookie(&headers)) {
        sessions.revoke(id).await?;
    }
    respond(
        &format!("{COOKIE}=; HttpOnly; SameSite=Strict; Path=/; Max-Age=0"),
        &json!({}),
    )
}

/// The user, and whether the server has a login.
pub(super) async fn session(
    State(app): State<App>,
    headers: HeaderMap,
) -> Result<Json<serde_json::Value>, ApiError> {
    let login = matches!(app.access, AccessPolicy::Token { .. });
    Ok(Json(
        json!({ "who": authenticate(&app.access, &headers).await?, "login": login }),
    ))
}

fn respond(cookie: &str, body: &serde_json::Value) -> Result<Response, ApiError> {
    let cookie = HeaderValue::from_str(cookie).map_err(anyhow::Error::new)?;
    Ok(([(header::SET_COOKIE, cookie)], Json(body)).into_response())
}
