//! Tracks the requests in flight from the events that Firefox reports.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use serde_json::Value;

use super::traffic::{NOT_AWAITED, RequestCounter};
use crate::browser::page::ConsoleLog;

/// The events to subscribe to.
pub(super) const EVENTS: [&str; 5] = [
    "log.entryAdded",
    "network.beforeRequestSent",
    "network.responseStarted",
    "network.responseCompleted",
    "network.fetchError",
];

/// The initiators of requests by scripts.
const BY_SCRIPT: [&str; 2] = ["fetch", "xmlhttprequest"];

/// The requests and the console of a browser with one tab.
#[derive(Debug, Default)]
pub(super) struct Requests {
    /// Those in flight.
    open: Mutex<BTreeMap<String, Request>>,
    traffic: Mutex<RequestCounter>,
    console: Mutex<ConsoleLog>,
}

#[derive(Debug)]
struct Request {
    url: String,
    is_by_script: bool,
}

impl Requests {
    /// Forgets those of the page before.
    pub(super) fn clear(&self) {
        self.lock().clear();
        *lock(&self.traffic) = RequestCounter::default();
        *lock(&self.console) = ConsoleLog::default();
    }

    /// The number of requests since the page was loaded, and the bytes of their
    /// bodies.
    pub(super) fn traffic(&self) -> (u64, u64) {
        lock(&self.traffic).counts()
    }

    /// The console of the page.
    pub(super) fn console(&self) -> ConsoleLog {
        lock(&self.console).clone()
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
        let method = event["method"].as_str().unwrap_or_default();
        lock(&self.traffic).handle(method, parameters);
        match method {
            "log.entryAdded" => note_entry(&mut lock(&self.console), parameters),
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
        lock(&self.open)
    }
}

/// Adds an entry of the browser's log to the console of the page.
fn note_entry(console: &mut ConsoleLog, entry: &Value) {
    let text = |key: &str| entry[key].as_str().unwrap_or_default();
    match (text("type"), text("method"), text("level")) {
        ("console", "error", _) => console.add_error("error", text("text")),
        ("console", method, _) => console.add(method, text("text")),
        // Firefox reports it like an exception.
        (_, _, level) if text("text").starts_with("downloadable font:") => {
            console.add(level, text("text"));
        }
        ("javascript", _, "error") => console.add_error("exception", text("text")),
        (_, _, level) => console.add(level, text("text")),
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
