//! `/metrics`: the metrics of the record for Prometheus.

use std::net::SocketAddr;

use axum::extract::{ConnectInfo, Request, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use tintype::internals::baseline::sha256;

use super::access::{AccessPolicy, TOKEN};
use super::authentication::require_user;
use super::error::ApiError;
use super::request_filter::is_repeated;
use super::state::App;

/// The text format of Prometheus.
const FORMAT: &str = "text/plain; version=0.0.4; charset=utf-8";

pub(super) async fn metrics(State(app): State<App>) -> Result<Response, ApiError> {
    let metrics = app.source.records.metrics().await?;
    let text = metrics.text().to_owned();
    Ok(([(header::CONTENT_TYPE, FORMAT)], text).into_response())
}

/// Admits users, and scrapers that send the token as a bearer token. Wrong tokens
/// count as attempts to log in.
pub(super) async fn require_scraper(
    State(app): State<App>,
    ConnectInfo(address): ConnectInfo<SocketAddr>,
    request: Request,
    next: Next,
) -> Result<Response, ApiError> {
    let Some(token) = bearer(request.headers()) else {
        return require_user(State(app), request, next).await;
    };
    let AccessPolicy::Token { hash, sessions } = &app.access.policy else {
        let text = format!("this server has no token (help: set {TOKEN})");
        return Err(ApiError::new(StatusCode::UNAUTHORIZED, text));
    };
    let attempts = sessions.count_attempt(address.ip(), None).await?;
    // Comparing hashes leaks no timing information about the token.
    if sha256(token.as_bytes()) != *hash {
        sessions
            .audit("a scraper", "refused", &address.ip().to_string())
            .await?;
        return Err(ApiError::new(
            StatusCode::UNAUTHORIZED,
            "the token is wrong",
        ));
    }
    sessions.clear_attempts(&attempts).await?;
    Ok(next.run(request).await)
}

/// The bearer token of a request.
fn bearer(headers: &HeaderMap) -> Option<&str> {
    let value = headers.get(header::AUTHORIZATION)?;
    let value = Some(value).filter(|_| !is_repeated(headers, header::AUTHORIZATION));
    let (scheme, token) = value?.to_str().ok()?.split_once(' ')?;
    scheme
        .eq_ignore_ascii_case("bearer")
        .then_some(token.trim())
}
