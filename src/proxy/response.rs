//! Responses of the proxy itself.

use http_body_util::combinators::BoxBody;
use http_body_util::{BodyExt, Full};
use hyper::body::Bytes;
use hyper::header::{CACHE_CONTROL, HeaderValue};
use hyper::{Response, StatusCode};

/// The body of a response.
pub(super) type Body = BoxBody<Bytes, hyper::Error>;

/// Closes the connection without a response, so that the request fails in the
/// page as by a network error.
#[derive(Debug, thiserror::Error)]
#[error("the connection is aborted")]
pub(super) struct ConnectionAborted;

/// A response that the browser does not cache.
pub(super) fn uncached_response(status: StatusCode, body: Bytes) -> Response<Body> {
    let body = Full::new(body).map_err(|never| match never {});
    let mut response = Response::new(body.boxed());
    *response.status_mut() = status;
    let no_store = HeaderValue::from_static("no-store");
    response.headers_mut().insert(CACHE_CONTROL, no_store);
    response
}
