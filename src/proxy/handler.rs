//! Handles unencrypted requests.

use std::error::Error;
use std::sync::Arc;

use http_body_util::BodyExt;
use hyper::body::{Bytes, Incoming};
use hyper::header::{
    ACCESS_CONTROL_ALLOW_CREDENTIALS, ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_METHODS,
    ACCESS_CONTROL_ALLOW_ORIGIN, ACCESS_CONTROL_REQUEST_HEADERS, ACCESS_CONTROL_REQUEST_METHOD,
    CACHE_CONTROL, CONNECTION, HeaderMap, HeaderName, HeaderValue, ORIGIN, TE, TRAILER, UPGRADE,
};
use hyper::{Method, Request, Response, StatusCode};

use super::connector::ConnectError;
use super::inject;
use super::response::{Body, ConnectionAborted, blocked_response, uncached_response};
use super::story_policy::{NetworkAccess, StoryPolicy};
use super::tunnel;
use crate::manifest::{RequestAction, StubResponse};

/// Answers, forwards or blocks one request.
pub(super) async fn handle(
    policy: Arc<StoryPolicy>,
    request: Request<Incoming>,
) -> Result<Response<Body>, ConnectionAborted> {
    if request.method() == Method::CONNECT {
        return tunnel::open(&policy, request).await;
    }
    if let Some(script) = policy.script()
        && inject::is_script(&request)
    {
        return Ok(inject::script_response(script));
    }
    let address = request.uri().to_string();
    // A rule for a cross-origin request also answers its CORS preflight.
    let method = preflight(&request).unwrap_or(request.method().as_str());
    if let Some(rule) = policy.rule(method, &address) {
        if let Some(delay) = rule.delay {
            tokio::time::sleep(delay).await;
        }
        if rule.action != RequestAction::Pass {
            policy.record_match(&address);
        }
        match &rule.action {
            RequestAction::Pass => {}
            RequestAction::Block => return Err(ConnectionAborted),
            RequestAction::Respond(_) if preflight(&request).is_some() => {
                return Ok(preflight_response(&request));
            }
            RequestAction::Respond(stub) => return Ok(stub_response(stub, &request)),
        }
    }
    match policy.check_access(&address) {
        NetworkAccess::Allowed if policy.script().is_some() && inject::is_page(&request) => {
            let request = inject::without_encoding(request);
            inject::add_script(forward(&policy, request).await?).await
        }
        NetworkAccess::Allowed => forward(&policy, request).await,
        NetworkAccess::Refused => Err(ConnectionAborted),
    }
}

/// The requested method of a CORS preflight.
fn preflight(request: &Request<Incoming>) -> Option<&str> {
    let wanted = request.headers().get(ACCESS_CONTROL_REQUEST_METHOD)?;
    (request.method() == Method::OPTIONS).then(|| wanted.to_str().ok())?
}

/// Allows everything that a CORS preflight asks for.
fn preflight_response(request: &Request<Incoming>) -> Response<Body> {
    let mut response = uncached_response(StatusCode::NO_CONTENT, Bytes::new());
    allow_origin(request, response.headers_mut());
    for (asked, granted) in [
        (ACCESS_CONTROL_REQUEST_METHOD, ACCESS_CONTROL_ALLOW_METHODS),
        (ACCESS_CONTROL_REQUEST_HEADERS, ACCESS_CONTROL_ALLOW_HEADERS),
    ] {
        if let Some(value) = request.headers().get(asked) {
            response.headers_mut().insert(granted, value.clone());
        }
    }
    response
}

/// The response that a rule of the manifest defines.
fn stub_response(stub: &StubResponse, request: &Request<Incoming>) -> Response<Body> {
    let status = StatusCode::from_u16(stub.status).unwrap_or(StatusCode::OK);
    let mut response = uncached_response(status, Bytes::copy_from_slice(&stub.body));
    let headers = response.headers_mut();
    allow_origin(request, headers);
    for (name, value) in &stub.headers {
        let name = HeaderName::from_bytes(name.as_bytes());
        // Both were validated with the manifest.
        if let (Ok(name), Ok(value)) = (name, HeaderValue::from_str(value)) {
            headers.insert(name, value);
        }
    }
    response
}

/// Allows the page's origin to read the response.
fn allow_origin(request: &Request<Incoming>, headers: &mut HeaderMap) {
    if let Some(origin) = request.headers().get(ORIGIN) {
        headers.insert(ACCESS_CONTROL_ALLOW_ORIGIN, origin.clone());
        let allowed = HeaderValue::from_static("true");
        headers.insert(ACCESS_CONTROL_ALLOW_CREDENTIALS, allowed);
    }
}

async fn forward(
    policy: &StoryPolicy,
    mut request: Request<Incoming>,
) -> Result<Response<Body>, ConnectionAborted> {
    let address = request.uri().to_string();
    remove_hop_by_hop(request.headers_mut());
    let response = match policy.forwarder().request(request).await {
        Ok(response) => response,
        Err(error) => {
            if let Some(ConnectError::Blocked { host, why }) = connect_error(&error) {
                policy.record_block(&address, host, why);
                return Ok(blocked_response(host, why));
            }
            tracing::debug!(?error, "failed to forward a request");
            return Err(ConnectionAborted);
        }
    };
    let (mut parts, body) = response.into_parts();
    remove_hop_by_hop(&mut parts.headers);
    if policy.may_have_rules() {
        // The next story may have a rule for the same address, so the browser
        // must request it again.
        let no_store = HeaderValue::from_static("no-store");
        parts.headers.insert(CACHE_CONTROL, no_store);
    }
    Ok(Response::from_parts(parts, body.boxed()))
}

/// The error of the connection on which a request would have been sent.
fn connect_error<'e>(error: &'e (dyn Error + 'static)) -> Option<&'e ConnectError> {
    match error.downcast_ref() {
        Some(found) => Some(found),
        None => connect_error(error.source()?),
    }
}

/// Removes the headers that apply to a single connection.
fn remove_hop_by_hop(headers: &mut HeaderMap) {
    let named = headers.get_all(CONNECTION).into_iter();
    let named: Vec<HeaderName> = named
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .filter_map(|name| name.trim().parse().ok())
        .collect();
    let fixed = [
        CONNECTION,
        TE,
        TRAILER,
        UPGRADE,
        HeaderName::from_static("keep-alive"),
        HeaderName::from_static("proxy-connection"),
    ];
    for name in named.into_iter().chain(fixed) {
        headers.remove(name);
    }
}
