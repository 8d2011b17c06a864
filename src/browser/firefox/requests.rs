//! Tracks the requests in flight from the events that Firefox reports.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use serde_json::Value;

/// The events to subscribe to.
pub(super) const EVENTS: [&str; 4] = [
    "network.beforeRequestSent",
    "network.responseStarted",
    "network.responseCompleted",
    "network.fetchError",
];

/// The initiators of requests by scripts.
const BY_SCRIPT: [&str; 2] = ["fetch", "xmlhttprequest"];

/// The destinations of requests that may stay open, or whose end Firefox does not
/// report.
const NOT_AWAITED: [&str; 5] = ["audio", "video", "track", "object", "embed"];

/// The requests in flight of a browser with one tab.
#[derive(Debug, Default)]
pub(super) struct Requests(Mutex<BTreeMap<String, Request>>);

#[derive(Debug)]
struct Request {
    url: String,
    is_by_script: bool,
}

impl Requests {
    /// Forgets those of the page before.
    pub(super) fn clear(&self) {
        self.lock().clear();
    }

    /// The addresses of requests in flight. Requests by scripts are left out
    /// where `by_script` is false; those that may stay open always are.
    pub(super) fn in_flight(&self, by_script: bool) -> Vec<String> {
        let requests = self.lock();
        let waited = requests
            .values()
            .filter(|request| by_script || !request.is_by_script);
        waited.map(|request| request.url.clone()).collect()
    }

    pub(super) fn handle(&self, event: &Value) {
        let parameters = &event["params"];
        let request = &parameters["request"];
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let id = text(&request["request"]);
        match event["method"].as_str().unwrap_or_default() {
            "network.beforeRequestSent" => {
                let url = text(&request["url"]);
                let destination = text(&request["destination"]);
                if url.starts_with("http") && !NOT_AWAITED.contains(&&*destination) {
                    let initiator = text(&request["initiatorType"]);
                    let is_by_script = BY_SCRIPT.contains(&&*initiator);
                    self.lock().insert(id, Request { url, is_by_script });
                }
            }
            "network.responseStarted" => {
                // Streams of events have no end.
                let kind = text(&parameters["response"]["mimeType"]);
                if kind.starts_with("text/event-stream") {
                    self.lock().remove(&id);
                }
            }
            "network.responseCompleted" | "network.fetchError" => {
                self.lock().remove(&id);
            }
            _ => {}
        }
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<String, Request>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
