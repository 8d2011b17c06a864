//! Counts the requests of a page and the bytes of their bodies, from the events
//! that Firefox reports.

use std::collections::BTreeSet;

use serde_json::Value;

/// The destinations of requests that may stay open, or whose end Firefox does not
/// report.
pub(super) const NOT_AWAITED: [&str; 5] = ["audio", "video", "track", "object", "embed"];

/// The initiators of requests that may stay open.
const OPEN_ENDED: [&str; 3] = ["beacon", "eventsource", "ping"];

/// The requests that went to the network since the page was loaded.
#[derive(Debug, Default)]
pub(super) struct RequestCounter {
    requests: u64,
    bytes: u64,
    /// The ids of counted requests that have not ended.
    open: BTreeSet<String>,
}

impl RequestCounter {
    /// The number of requests, and the bytes of the bodies of their responses.
    pub(super) fn counts(&self) -> (u64, u64) {
        (self.requests, self.bytes)
    }

    pub(super) fn handle(&mut self, method: &str, parameters: &Value) {
        let request = &parameters["request"];
        let id = request["request"].as_str().unwrap_or_default();
        match method {
            "network.beforeRequestSent" if is_counted(request) => {
                let url = request["url"].as_str();
                tracing::trace!(url, "counted a request");
                self.requests += 1;
                self.open.insert(id.to_owned());
            }
            "network.responseStarted" => {
                let kind = parameters["response"]["mimeType"].as_str();
                let is_stream = kind.is_some_and(|kind| kind.starts_with("text/event-stream"));
                if is_stream && self.open.remove(id) {
                    self.requests -= 1;
                }
            }
            "network.responseCompleted" => {
                if !self.open.remove(id) {
                    return;
                }
                let response = &parameters["response"];
                if response["fromCache"] == true {
                    self.requests -= 1;
                } else if !is_redirect(response) {
                    self.bytes += response["bodySize"].as_u64().unwrap_or(0);
                }
            }
            "network.fetchError" => {
                self.open.remove(id);
            }
            _ => {}
        }
    }
}

/// Browsers do not read the body of a redirect.
fn is_redirect(response: &Value) -> bool {
    matches!(response["status"].as_u64(), Some(301..=303 | 307 | 308))
}

fn is_counted(request: &Value) -> bool {
    let text = |key: &str| request[key].as_str().unwrap_or_default();
    let headers = request["headers"].as_array().into_iter().flatten();
    let mut names = headers.filter_map(|header| header["name"].as_str());
    let is_preflight = text("method") == "OPTIONS"
        && names.any(|name| name.eq_ignore_ascii_case("access-control-request-method"));
    // Firefox looks for an icon by itself.
    let is_icon = request["initiatorType"].is_null() && text("url").ends_with("/favicon.ico");
    text("url").starts_with("http")
        && !is_icon
        && !is_preflight
        && !NOT_AWAITED.contains(&text("destination"))
        && !OPEN_ENDED.contains(&text("initiatorType"))
}
