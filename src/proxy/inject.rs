//! Adds a script to pages, for browsers that cannot run one before the page's own.

use http_body_util::{BodyExt, Full};
use hyper::body::{Bytes, Incoming};
use hyper::header::{ACCEPT, ACCEPT_ENCODING, CONTENT_LENGTH, CONTENT_TYPE, HeaderValue};
use hyper::{Request, Response, StatusCode};

use super::response::{Body, ConnectionAborted, uncached_response};
use crate::browser::SCRIPT_PATH;

/// The destinations of requests for pages.
const PAGES: [&str; 3] = ["document", "iframe", "frame"];

/// Whether a request is for the script itself.
pub(super) fn is_script(request: &Request<Incoming>) -> bool {
    request.uri().path() == SCRIPT_PATH
}

/// The script.
pub(super) fn script_response(script: &str) -> Response<Body> {
    let content = Bytes::copy_from_slice(script.as_bytes());
    let mut response = uncached_response(StatusCode::OK, content);
    let kind = HeaderValue::from_static("text/javascript; charset=utf-8");
    response.headers_mut().insert(CONTENT_TYPE, kind);
    response
}

/// Whether a request is for a page.
pub(super) fn is_page(request: &Request<Incoming>) -> bool {
    let header = |name: &str| request.headers().get(name)?.to_str().ok();
    match header("sec-fetch-dest") {
        Some(destination) => PAGES.contains(&destination),
        None => header(ACCEPT.as_str()).is_some_and(|kinds| kinds.contains("text/html")),
    }
}

/// A request whose response is not compressed.
pub(super) fn without_encoding(mut request: Request<Incoming>) -> Request<Incoming> {
    request.headers_mut().remove(ACCEPT_ENCODING);
    request
}

/// Adds the script to a response that is an HTML page.
pub(super) async fn add_script(
    response: Response<Body>,
) -> Result<Response<Body>, ConnectionAborted> {
    let kind = response.headers().get(CONTENT_TYPE);
    let kind = kind.and_then(|kind| kind.to_str().ok()).unwrap_or_default();
    if !kind.starts_with("text/html") {
        return Ok(response);
    }
    let (mut parts, body) = response.into_parts();
    let page = body.collect().await.map_err(|error| {
        tracing::debug!(?error, "failed to read a page");
        ConnectionAborted
    })?;
    let page = page.to_bytes();
    let (before, after) = page.split_at(start_of_content(&page));
    // An address, since the encoding of a page must be declared in its first
    // kilobyte.
    let script = format!("<script src=\"{SCRIPT_PATH}\"></script>");
    let page = [before, script.as_bytes(), after].concat();
    parts.headers.remove(CONTENT_LENGTH);
    let page = Full::new(Bytes::from(page)).map_err(|never| match never {});
    Ok(Response::from_parts(parts, page.boxed()))
}

/// The position after the document type, which must come first.
fn start_of_content(page: &[u8]) -> usize {
    let mut at = if page.starts_with(b"\xef\xbb\xbf") {
        3
    } else {
        0
    };
    loop {
        let rest = &page[at..];
        let blank = rest
            .iter()
            .take_while(|byte| byte.is_ascii_whitespace())
            .count();
        let rest = &rest[blank..];
        let end_of = |mark: &[u8]| {
            let found = rest.windows(mark.len()).position(|part| part == mark);
            found.map(|found| at + blank + found + mark.len())
        };
        let is_doctype = rest
            .get(..9)
            .is_some_and(|b| b.eq_ignore_ascii_case(b"<!doctype"));
        let end = if rest.starts_with(b"<!--") {
            end_of(b"-->")
        } else if is_doctype {
            end_of(b">")
        } else {
            None
        };
        match end {
            Some(end) if is_doctype => return end,
            Some(end) => at = end,
            None => return at,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::start_of_content;

    #[test]
    fn the_script_comes_after_the_document_type() {
        for (before, after) in [
            ("<!doctype html>", "<p>a"),
            ("\u{feff}<!DOCTYPE html PUBLIC \"x\">", "<html>"),
            ("<!-- a > b --> \n<!doctype html>", "<!-- c -->"),
            ("", "<html lang=en>"),
            ("<!-- a -->", "<p>"),
        ] {
            let page = format!("{before}{after}");
            assert_eq!(start_of_content(page.as_bytes()), before.len(), "{page}");
        }
    }
}
