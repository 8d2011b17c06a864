//! User may talk to the server, and what its pages may do.
//!
//! The server changes files in somebody's working tree, so a page of another
//! origin must not reach it: not by a link, not by a form, and not by a name
//! that resolves to 127.0.0.1 (DNS rebinding).

use std::net::SocketAddr;

use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

use super::App;

/// Only our own files, no script in the page, no frame around it.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; \
    img-src 'self' data:; font-src 'self'; connect-src 'self'; \
    base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/// The names by which the server may be called: `127.0.0.1:7878`.
#[derive(Clone, Debug)]
pub(crate) struct AllowedHosts(Vec<String>);

impl AllowedHosts {
    /// The names of the address itself, and those that the user allows.
    pub(crate) fn new(address: SocketAddr, allowed: &[String]) -> Self {
        let port = address.port();
        let mut names = vec![address.to_string()];
        if address.ip().is_loopback() {
            names.extend([format!("localhost:{port}"), format!("127.0.0.1:{port}")]);
        }
        names.extend(allowed.iter().map(|name| name.to_ascii_lowercase()));
        Self(names)
    }

    fn has(&self, name: &str) -> bool {
        let name = name.to_ascii_lowercase();
        self.0.contains(&name)
    }

    /// Whether an `Origin` is one of ours.
    fn has_origin(&self, origin: &str) -> bool {
        let name = origin.strip_prefix("http://");
        let name = name.or_else(|| origin.strip_prefix("https://"));
        name.is_some_and(|name| self.has(name))
    }
}

/// Checks every request and adds security headers to every response.
pub(super) async fn filter(State(app): State<App>, request: Request, next: Next) -> Response {
    let mut response = match refusal(&app.hosts, &request) {
        Some(refusal) => refusal.into_response(),
        None => next.run(request).await,
    };
    add_security_headers(response.headers_mut());
    response
}

/// Why a request is not answered.
fn refusal(hosts: &AllowedHosts, request: &Request) -> Option<(StatusCode, &'static str)> {
    let text = |name| request.headers().get(name).map(HeaderValue::to_str);
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
            "this server does not go by that name (start it with --allow-host NAME:PORT)\n",
        ));
    }
    let reading = matches!(*request.method(), Method::GET | Method::HEAD);
    let ours = match text(header::ORIGIN) {
        Some(origin) => origin.is_ok_and(|origin| hosts.has_origin(origin)),
        // Browsers send an origin with every request that could change something.
        None => reading,
    };
    if !ours {
        return Some((
            StatusCode::FORBIDDEN,
            "the request comes from another page\n",
        ));
    }
    let word = |name: &str| request.headers().get(name).and_then(|v| v.to_str().ok());
    let foreign = matches!(word("sec-fetch-site"), Some("cross-site" | "same-site"));
    if foreign && word("sec-fetch-mode") != Some("navigate") {
        return Some((
            StatusCode::FORBIDDEN,
            "the request comes from another page\n",
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
