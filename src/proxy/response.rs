//! Responses of the proxy itself.

use http_body_util::combinators::BoxBody;
use http_body_util::{BodyExt, Full};
use hyper::body::Bytes;
use hyper::header::{CACHE_CONTROL, CONTENT_TYPE, HeaderValue};
use hyper::{Response, StatusCode};

use super::blocked::message;
use crate::manifest::HostPort;

/// The body of a response.
pub(super) type Body = BoxBody<Bytes, hyper::Error>;

/// Closes the connection without a response, so that the request fails in the
/// page as by a network error.
#[derive(Debug, thiserror::Error)]
#[error("the connection is aborted")]
pub(super) struct ConnectionAborted;

/// The response to a request that must not reach its server.
pub(super) fn blocked_response(host: &HostPort, why: &str) -> Response<Body> {
    let text = message(host, why) + "\n";
    let mut response = uncached_response(StatusCode::FORBIDDEN, Bytes::from(text));
    let kind = HeaderValue::from_static("text/plain; charset=utf-8");
    response.headers_mut().insert(CONTENT_TYPE, kind);
    response
}

/// A response that the browser does not cache.
pub(super) fn uncached_response(status: StatusCode, body: Bytes) -> Response<Body> {
    let body = Full::new(body).map_err(|never| match never {});
    let mut response = Response::new(body.boxed());
    *response.status_mut() = status;
    let no_store = HeaderValue::from_static("no-store");
    response.headers_mut().insert(CACHE_CONTROL, no_store);
    response
}
