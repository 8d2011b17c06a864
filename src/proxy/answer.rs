//! What becomes of a request in clear.

use std::sync::Arc;

use http_body_util::combinators::BoxBody;
use http_body_util::{BodyExt, Full};
use hyper::body::{Bytes, Incoming};
use hyper::header::{
    ACCESS_CONTROL_ALLOW_CREDENTIALS, ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_METHODS,
    ACCESS_CONTROL_ALLOW_ORIGIN, ACCESS_CONTROL_REQUEST_HEADERS, ACCESS_CONTROL_REQUEST_METHOD,
    CACHE_CONTROL, CONNECTION, HeaderMap, HeaderName, HeaderValue, ORIGIN, TE, TRAILER, UPGRADE,
};
use hyper::{Method, Request, Response, StatusCode};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;

use super::scene::{Pass, Scene};
use super::tunnel;
use crate::manifest::{RequestAction, StubResponse};

pub(super) type Forwarder = Client<HttpConnector, Incoming>;
pub(super) type Body = BoxBody<Bytes, hyper::Error>;

/// The connection is to break, so that the request fails in the page as by a
/// broken network.
#[derive(Debug, thiserror::Error)]
#[error("the request is to fail")]
pub(super) struct Broken;

/// Decides on one request.
pub(super) async fn answer(
    scene: Arc<Scene>,
    forwarder: Forwarder,
    request: Request<Incoming>,
) -> Result<Response<Body>, Broken> {
    if request.method() == Method::CONNECT {
        return tunnel::open(&scene, request).await;
    }
    let address = request.uri().to_string();
    // Before a page may ask another origin for more than it could by a form,
    // the browser asks whether it may. Whoever answers the one answers both.
    let asked = preflight(&request).unwrap_or(request.method().as_str());
    if let Some(rule) = scene.rule(asked, &address) {
        if let Some(delay) = rule.delay {
            tokio::time::sleep(delay).await;
        }
        if rule.action != RequestAction::Pass {
            scene.ruled(&address);
        }
        match &rule.action {
            RequestAction::Pass => {}
            RequestAction::Block => return Err(Broken),
            RequestAction::Respond(_) if preflight(&request).is_some() => {
                return Ok(consent(&request));
            }
            RequestAction::Respond(answer) => return Ok(from_manifest(answer, &request)),
        }
    }
    match scene.pass(&address) {
        Pass::Granted => forward(&forwarder, request).await,
        Pass::Refused => Err(Broken),
    }
}

/// The method that the browser asks permission for.
fn preflight(request: &Request<Incoming>) -> Option<&str> {
    let wanted = request.headers().get(ACCESS_CONTROL_REQUEST_METHOD)?;
    (request.method() == Method::OPTIONS).then(|| wanted.to_str().ok())?
}

fn consent(request: &Request<Incoming>) -> Response<Body> {
    let mut response = plain(StatusCode::NO_CONTENT, Bytes::new());
    allow(request, response.headers_mut());
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

fn from_manifest(answer: &StubResponse, request: &Request<Incoming>) -> Response<Body> {
    let status = StatusCode::from_u16(answer.status).unwrap_or(StatusCode::OK);
    let mut response = plain(status, Bytes::copy_from_slice(&answer.body));
    let headers = response.headers_mut();
    allow(request, headers);
    for (name, value) in &answer.headers {
        let name = HeaderName::from_bytes(name.as_bytes());
        // The manifest has been checked for both.
        if let (Ok(name), Ok(value)) = (name, HeaderValue::from_str(value)) {
            headers.insert(name, value);
        }
    }
    response
}

/// Lets a page of any origin read the answer, as the origin that it stands for
/// would.
fn allow(request: &Request<Incoming>, headers: &mut HeaderMap) {
    if let Some(origin) = request.headers().get(ORIGIN) {
        headers.insert(ACCESS_CONTROL_ALLOW_ORIGIN, origin.clone());
        let yes = HeaderValue::from_static("true");
        headers.insert(ACCESS_CONTROL_ALLOW_CREDENTIALS, yes);
    }
}

async fn forward(
    forwarder: &Forwarder,
    mut request: Request<Incoming>,
) -> Result<Response<Body>, Broken> {
    leave_out_hop_by_hop(request.headers_mut());
    let response = forwarder.request(request).await.map_err(|error| {
        tracing::debug!(?error, "a request could not be passed on");
        Broken
    })?;
    let (mut parts, body) = response.into_parts();
    leave_out_hop_by_hop(&mut parts.headers);
    // What one story was given, the next asks for again: it may have a rule.
    let never = HeaderValue::from_static("no-store");
    parts.headers.insert(CACHE_CONTROL, never);
    Ok(Response::from_parts(parts, body.boxed()))
}

/// Removes what is said between two neighbours only.
fn leave_out_hop_by_hop(headers: &mut HeaderMap) {
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

/// An answer of our own, which no cache keeps.
pub(super) fn plain(status: StatusCode, body: Bytes) -> Response<Body> {
    let body = Full::new(body).map_err(|never| match never {});
    let mut response = Response::new(body.boxed());
    *response.status_mut() = status;
    let never = HeaderValue::from_static("no-store");
    response.headers_mut().insert(CACHE_CONTROL, never);
    response
}
