//! Identifies the user of a request.
//!
//! A user who logs in with a token gets a session: a random id in a cookie.
//! Redis has only an authentication code of it.

use std::net::SocketAddr;
use std::time::Duration;

use axum::Json;
use axum::extract::{ConnectInfo, Path, Request, State};
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use axum::middleware::Next;
use axum::response::{Html, IntoResponse, Redirect, Response};
use serde::Deserialize;
use serde_json::json;
use tintype::internals::baseline::sha256;
use tintype::internals::model::now_ms;

use super::access::AccessPolicy;
use super::error::ApiError;
use super::link::SESSION_SECONDS;
use super::request_filter::is_repeated;
use super::sessions::{KNOWN_TTL, SessionCode};
use super::state::{App, ServerState};
use crate::output::print_line;

/// The user who sent a request, and how to tell when the session has ended.
#[derive(Clone)]
pub(super) struct User {
    pub(super) name: String,
    session: Session,
}

#[derive(Clone)]
enum Session {
    /// Ends at this time, in milliseconds since the Unix epoch.
    Link {
        expiry: i64,
    },
    Stored(SessionCode),
    /// The proxy decides.
    Proxy,
}

impl User {
    /// Completes when the session has expired or was ended.
    pub(super) async fn wait_for_end(&self, app: &App) {
        match (&self.session, &app.access.policy) {
            (Session::Link { expiry }, _) => {
                let left = u64::try_from(expiry - now_ms()).unwrap_or(0);
                tokio::time::sleep(Duration::from_millis(left)).await;
            }
            (Session::Stored(code), AccessPolicy::Token { sessions, .. }) => {
                sessions.wait_for_end(code).await;
            }
            _ => std::future::pending().await,
        }
    }
}

/// Rejects requests without a known user.
pub(super) async fn require_user(
    State(app): State<App>,
    mut request: Request,
    next: Next,
) -> Result<Response, ApiError> {
    let user = authenticate(&app, request.headers()).await?;
    let user = user.ok_or_else(|| ApiError::new(StatusCode::UNAUTHORIZED, refusal(&app)))?;
    request.extensions_mut().insert(user);
    Ok(next.run(request).await)
}

fn refusal(app: &ServerState) -> &'static str {
    match app.access.policy {
        AccessPolicy::Link(_) => {
            "open the last link that `cargo tintype review` printed in its terminal"
        }
        AccessPolicy::Token { .. } => "login required",
        AccessPolicy::Header(_) => "the proxy named no user",
    }
}

/// The user who sent these headers, if there is one.
async fn authenticate(app: &ServerState, headers: &HeaderMap) -> Result<Option<User>, ApiError> {
    let user = |name: &str, session| User {
        name: name.to_owned(),
        session,
    };
    match &app.access.policy {
        AccessPolicy::Link(link) => {
            let expiry = app.access.cookie(headers).and_then(|id| link.expiry(id));
            Ok(expiry.map(|expiry| user("local", Session::Link { expiry })))
        }
        AccessPolicy::Header(name) => {
            // If there are two, the proxy has added its own to that of a visitor.
            let value = headers.get(name).filter(|_| !is_repeated(headers, name));
            let value = value.and_then(|value| value.to_str().ok());
            let value = value.filter(|value| is_name(value));
            Ok(value.map(|name| user(name, Session::Proxy)))
        }
        AccessPolicy::Token { sessions, .. } => match app.access.cookie(headers) {
            Some(id) => {
                let code = sessions.code(id);
                let name = sessions.user(&code).await?;
                Ok(name.map(|name| user(&name, Session::Stored(code))))
            }
            None => Ok(None),
        },
    }
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
    let AccessPolicy::Token { hash, sessions } = &app.access.policy else {
        return Err(ApiError::not_found("this server has no login"));
    };
    if !is_name(&login.name) {
        return Err(ApiError::invalid(
            "the name must have 1 to 80 printable characters",
        ));
    }
    let attempts = sessions
        .count_attempt(address.ip(), app.access.cookie(&headers))
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
    let is_secure = origin.is_some_and(|origin| origin.as_bytes().starts_with(b"https:"));
    let cookie = app.access.set_cookie(&id, KNOWN_TTL, is_secure)?;
    Ok(respond(cookie, &json!({ "who": login.name })))
}

pub(super) async fn log_out(
    State(app): State<App>,
    headers: HeaderMap,
) -> Result<Response, ApiError> {
    if let (AccessPolicy::Token { sessions, .. }, Some(id)) =
        (&app.access.policy, app.access.cookie(&headers))
    {
        sessions.revoke(id).await?;
    }
    Ok(respond(app.access.set_cookie("", 0, false)?, &json!({})))
}

/// The user, and whether the server has a login.
pub(super) async fn session(
    State(app): State<App>,
    headers: HeaderMap,
) -> Result<Json<serde_json::Value>, ApiError> {
    let login = matches!(app.access.policy, AccessPolicy::Token { .. });
    let user = authenticate(&app, &headers).await?;
    let hint = user.is_none().then(|| refusal(&app));
    let who = user.map(|user| user.name);
    Ok(Json(json!({ "who": who, "login": login, "hint": hint })))
}

fn respond(cookie: HeaderValue, body: &serde_json::Value) -> Response {
    ([(header::SET_COOKIE, cookie)], Json(body)).into_response()
}

/// `/open/SECRET`: starts a session and shows the page.
pub(super) async fn open_link(
    State(app): State<App>,
    Path(secret): Path<String>,
    method: Method,
    headers: HeaderMap,
) -> Result<Response, ApiError> {
    let AccessPolicy::Link(link) = &app.access.policy else {
        return Err(ApiError::not_found("this server has a login"));
    };
    // Programs that only look at a link send HEAD.
    if method != Method::GET || !link.redeem(&secret)? {
        // A bookmark, or the back button of a browser that has a session.
        if app
            .access
            .cookie(&headers)
            .and_then(|c| link.expiry(c))
            .is_some()
        {
            return Ok(Redirect::to(&link.landing).into_response());
        }
        return Ok((StatusCode::FORBIDDEN, Html(USED)).into_response());
    }
    print_line!("opened in a browser; for another one: {}", link.url());
    let cookie = app
        .access
        .set_cookie(&link.start_session()?, SESSION_SECONDS, false)?;
    Ok(([(header::SET_COOKIE, cookie)], Redirect::to(&link.landing)).into_response())
}

const USED: &str = "<!doctype html><title>Tintype</title>\
    <p>This link is invalid or has been used. Open the last link that \
    <code>cargo tintype review</code> printed in its terminal.";
