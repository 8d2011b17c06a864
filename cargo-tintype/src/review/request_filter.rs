//! Decides which requests the server answers, and what its pages may do.
//!
//! The server changes files in a working tree, so a page of another
//! origin must not reach it: not by a link, not by a form, and not by a name
//! that resolves to 127.0.0.1 (DNS rebinding).

use axum::extract::{Request, State};
use axum::http::header::AsHeaderName;
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

use super::hosts::AllowedHosts;
use super::state::App;

/// Own files only, no inline scripts, no framing.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; \
    img-src 'self' data:; font-src 'self'; connect-src 'self'; \
    base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/// Headers of which a request has one at most.
const SINGLE: [&str; 5] = [
    "host",
    "origin",
    "content-type",
    "sec-fetch-site",
    "sec-fetch-mode",
];

/// Whether a request has this header more than once.
pub(super) fn is_repeated(headers: &HeaderMap, name: impl AsHeaderName) -> bool {
    headers.get_all(name).iter().nth(1).is_some()
}

/// Checks every request and adds security headers to every response.
pub(super) async fn filter(State(app): State<App>, request: Request, next: Next) -> Response {
    let mut response = match rejection(&app.hosts, &request) {
        Some(rejection) => rejection.into_response(),
        None => next.run(request).await,
    };
    add_security_headers(response.headers_mut());
    response
}

/// The response to a request that is rejected.
fn rejection(hosts: &AllowedHosts, request: &Request) -> Option<(StatusCode, &'static str)> {
    let headers = request.headers();
    // Of a header that occurs twice, a proxy in front may have checked the other.
    if SINGLE.iter().any(|name| is_repeated(headers, *name)) {
        return Some((StatusCode::BAD_REQUEST, "a header is repeated\n"));
    }
    let text = |name| headers.get(name).map(HeaderValue::to_str);
    let host = match text(header::HOST) {
        Some(Ok(host)) => Some(host),
        Some(Err(_)) => None,
        None => request
            .uri()
            .authority()
            .map(axum::http::uri::Authority::as_str),
    };
    if !host.is_some_and(|host| hosts.has(host)) {
        return Some((
            StatusCode::MISDIRECTED_REQUEST,
            "unknown hostname (help: start the server with --allow-host NAME:PORT)\n",
        ));
    }
    let is_read = matches!(*request.method(), Method::GET | Method::HEAD);
    let is_same_origin = match text(header::ORIGIN) {
        Some(origin) => origin.is_ok_and(|origin| hosts.has_origin(origin)),
        // Browsers send an origin with every request that could change something.
        None => is_read,
    };
    if !is_same_origin {
        return Some((
            StatusCode::FORBIDDEN,
            "cross-origin requests are not allowed\n",
        ));
    }
    let value = |name: &str| headers.get(name).and_then(|v| v.to_str().ok());
    let is_cross_site = matches!(value("sec-fetch-site"), Some("cross-site" | "same-site"));
    if is_cross_site && value("sec-fetch-mode") != Some("navigate") {
        return Some((
            StatusCode::FORBIDDEN,
            "cross-origin requests are not allowed\n",
        ));
    }
    None
}

fn add_security_headers(headers: &mut HeaderMap) {
    for (name, value) in [
        (header::CONTENT_SECURITY_POLICY, POLICY),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::X_FRAME_OPTIONS, "DENY"),
        (header::REFERRER_POLICY, "no-referrer"),
    ] {
        headers.insert(name, HeaderValue::from_static(value));
    }
    for (name, value) in [
        ("cross-origin-opener-policy", "same-origin"),
        ("cross-origin-resource-policy", "same-origin"),
    ] {
        headers.insert(name, HeaderValue::from_static(value));
    }
    headers
        .entry(header::CACHE_CONTROL)
        .or_insert(HeaderValue::from_static("no-store"));
}
