//! Counts the requests of a page that is measured, and the bytes of their bodies.

use std::collections::BTreeMap;

use serde_json::Value;

/// Kinds of requests that may stay open for as long as the page exists.
pub(super) const OPEN_ENDED: [&str; 4] = ["EventSource", "WebSocket", "Ping", "Media"];

/// The requests that went to the network since the page was loaded.
#[derive(Debug, Default)]
pub(super) struct TrafficCounter {
    requests: u64,
    bytes: u64,
    open: BTreeMap<(String, String), OpenRequest>,
}

/// A request that has not ended.
#[derive(Debug, Default)]
struct OpenRequest {
    /// Whether it went to the network, as far as is known.
    is_counted: bool,
    /// The bytes of the response's headers.
    headers: u64,
    /// The length that the response announces.
    length: Option<u64>,
    /// Whether its body is compressed.
    is_encoded: bool,
    /// The bytes of its body so far, decompressed.
    body: u64,
}

impl TrafficCounter {
    /// The number of requests, and the bytes of the bodies of their responses.
    pub(super) fn counts(&self) -> (u64, u64) {
        (self.requests, self.bytes)
    }

    /// Whether a counted request has not ended.
    pub(super) fn has_open_requests(&self) -> bool {
        self.open.values().any(|request| request.is_counted)
    }

    pub(super) fn handle(&mut self, method: &str, session: &str, parameters: &Value) {
        match method {
            "Network.requestWillBeSent" => self.request_sent(session, parameters),
            "Network.requestServedFromCache" => self.answered_locally(session, parameters),
            "Network.responseReceived" => self.response_received(session, parameters),
            "Network.dataReceived" => {
                let bytes = parameters["dataLength"].as_u64().unwrap_or(0);
                if let Some(request) = self.find(session, parameters) {
                    request.body += bytes;
                }
            }
            "Network.loadingFinished" => self.finished(session, parameters),
            "Network.loadingFailed" => {
                // What the browser itself blocks is never sent.
                if parameters["blockedReason"].is_string() {
                    self.answered_locally(session, parameters);
                }
                self.remove(session, parameters);
            }
            _ => {}
        }
    }

    fn request_sent(&mut self, session: &str, parameters: &Value) {
        let redirect = &parameters["redirectResponse"];
        if redirect.is_object() && is_local(redirect) {
            self.answered_locally(session, parameters);
        }
        let url = parameters["request"]["url"].as_str().unwrap_or_default();
        let kind = parameters["type"].as_str().unwrap_or_default();
        let is_counted =
            url.starts_with("http") && kind != "Preflight" && !OPEN_ENDED.contains(&kind);
        if is_counted {
            tracing::trace!(url, kind, session, "counted a request");
        }
        self.requests += u64::from(is_counted);
        let request = OpenRequest {
            is_counted,
            ..OpenRequest::default()
        };
        self.open.insert(key(session, parameters), request);
    }

    fn response_received(&mut self, session: &str, parameters: &Value) {
        let response = &parameters["response"];
        if is_local(response) {
            self.answered_locally(session, parameters);
        }
        let Some(request) = self.find(session, parameters) else {
            return;
        };
        request.headers = whole(&response["encodedDataLength"]);
        request.is_encoded = header(response, "content-encoding").is_some();
        let is_chunked = header(response, "transfer-encoding").is_some();
        let length = header(response, "content-length").filter(|_| !is_chunked);
        request.length = length.and_then(|length| length.trim().parse().ok());
    }

    /// Notes that a request was answered by a cache or a service worker.
    fn answered_locally(&mut self, session: &str, parameters: &Value) {
        let request = self.find(session, parameters);
        let was_counted = request.is_some_and(|request| std::mem::take(&mut request.is_counted));
        self.requests -= u64::from(was_counted);
    }

    /// Adds the bytes of a body as they were transferred. The browser reports them
    /// with those of chunks, whose number depends on the network.
    fn finished(&mut self, session: &str, parameters: &Value) {
        let Some(request) = self.remove(session, parameters) else {
            return;
        };
        let all = whole(&parameters["encodedDataLength"]);
        let transferred = all.saturating_sub(request.headers);
        // The body of what a service worker passes on is not reported to the worker.
        if !request.is_counted || (request.body == 0 && transferred == 0) {
            return;
        }
        self.bytes += match request.length {
            Some(length) => length,
            None if !request.is_encoded && request.body > 0 => request.body,
            None => transferred,
        };
    }

    fn find(&mut self, session: &str, parameters: &Value) -> Option<&mut OpenRequest> {
        let own = key(session, parameters);
        // The request for a worker's script is sent by the page and ends in the worker.
        let key = if self.open.contains_key(&own) {
            own
        } else {
            key("", parameters)
        };
        self.open.get_mut(&key)
    }

    fn remove(&mut self, session: &str, parameters: &Value) -> Option<OpenRequest> {
        let own = self.open.remove(&key(session, parameters));
        own.or_else(|| self.open.remove(&key("", parameters)))
    }
}

fn key(session: &str, parameters: &Value) -> (String, String) {
    let id = parameters["requestId"].as_str().unwrap_or_default();
    (session.to_owned(), id.to_owned())
}

/// Whether a response came from a cache or a service worker.
fn is_local(response: &Value) -> bool {
    let sources = ["fromDiskCache", "fromServiceWorker", "fromPrefetchCache"];
    sources.iter().any(|source| response[source] == true)
}

fn header<'v>(response: &'v Value, name: &str) -> Option<&'v str> {
    let headers = response["headers"].as_object()?;
    let found = headers
        .iter()
        .find(|(key, _)| key.eq_ignore_ascii_case(name));
    found.and_then(|(_, value)| value.as_str())
}

/// A number that the browser reports as a fraction or below zero where it does
/// not know it.
fn whole(number: &Value) -> u64 {
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "a conversion saturates"
    )]
    number.as_f64().map_or(0, |number| number as u64)
}
