//! Tracks what a page does from the events that the browser reports: requests
//! in flight, workers, script contexts, errors and the passing of virtual time.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use serde_json::Value;
use tokio::sync::Notify;

use super::traffic::{OPEN_ENDED, TrafficCounter};
use crate::browser::page::ConsoleLog;
use crate::model::{PageError, PageErrorKind};

/// The most errors that are kept for one page.
const MAX_ERRORS: usize = 20;

/// Kinds of requests that `wait-for-network = false` does not wait for.
const BY_SCRIPT: [&str; 2] = ["Fetch", "XHR"];

/// The current state of a page.
#[derive(Debug, Default)]
pub(super) struct PageEvents {
    state: Mutex<PageEventState>,
    changed: Notify,
}

#[derive(Debug, Default)]
struct PageEventState {
    disconnected: bool,
    budget_expired: bool,
    loaded: bool,
    requests: BTreeMap<(String, String), PageRequest>,
    workers: BTreeMap<String, String>,
    contexts: BTreeMap<i64, bool>,
    /// The loader of the document that each frame shows, by the frame's id.
    loaders: BTreeMap<String, String>,
    errors: Vec<PageError>,
    /// The style sheets by id, on a connection that asks for styles.
    sheets: BTreeMap<String, Value>,
    console: ConsoleLog,
    /// Counts requests, if the page is measured.
    traffic: Option<TrafficCounter>,
}

#[derive(Clone, Debug)]
struct PageRequest {
    url: String,
    kind: String,
    /// The loader of the document that sent it; empty in a worker.
    loader: String,
    /// Its response has begun.
    is_answered: bool,
}

impl PageEvents {
    /// Forgets the page that was shown before a navigation.
    pub(super) fn start_navigation(&self) {
        let mut state = self.lock();
        state.loaded = false;
        state.requests.clear();
        state.errors.clear();
        state.console = ConsoleLog::default();
        state.traffic = state.traffic.take().map(|_| TrafficCounter::default());
    }

    /// Counts the requests of pages from now on.
    pub(super) fn count_traffic(&self) {
        self.lock().traffic = Some(TrafficCounter::default());
    }

    /// The number of requests of the page, and the bytes of their bodies, if they
    /// are counted.
    pub(super) fn traffic(&self) -> Option<(u64, u64)> {
        self.lock().traffic.as_ref().map(TrafficCounter::counts)
    }

    /// The console of the page.
    pub(super) fn console(&self) -> ConsoleLog {
        self.lock().console.clone()
    }

    /// The header of a style sheet.
    pub(super) fn sheet(&self, id: &str) -> Option<Value> {
        self.lock().sheets.get(id).cloned()
    }

    pub(super) fn clear_budget_expired(&self) {
        self.lock().budget_expired = false;
    }

    /// Waits until the budget of virtual time is used up. Returns whether it is
    /// after `limit`.
    pub(super) async fn budget_expired(&self, limit: Duration) -> bool {
        self.wait_until(limit, |state| state.budget_expired).await
    }

    /// Waits until every counted request has ended, at most `limit`: a body that the
    /// page does not read never ends.
    pub(super) async fn traffic_ended(&self, limit: Duration) -> bool {
        let has_ended = |state: &PageEventState| {
            let traffic = state.traffic.as_ref();
            traffic.is_none_or(|traffic| !traffic.has_open_requests())
        };
        self.wait_until(limit, has_ended).await
    }

    /// Waits for a condition, or the end of the connection. Returns whether either
    /// came within `limit`.
    async fn wait_until(&self, limit: Duration, is_met: impl Fn(&PageEventState) -> bool) -> bool {
        let met = async {
            loop {
                let changed = self.changed.notified();
                {
                    let state = self.lock();
                    if is_met(&state) || state.disconnected {
                        return;
                    }
                }
                changed.await;
            }
        };
        tokio::time::timeout(limit, met).await.is_ok()
    }

    /// Whether the page's `load` event has been fired.
    pub(super) fn is_loaded(&self) -> bool {
        self.lock().loaded
    }

    /// The addresses of requests in flight. Requests by scripts are left out
    /// where `by_script` is false; those that may stay open always are.
    pub(super) fn requests_in_flight(&self, by_script: bool) -> Vec<String> {
        let state = self.lock();
        let waited = |request: &&PageRequest| {
            let kind = request.kind.as_str();
            !OPEN_ENDED.contains(&kind) && (by_script || !BY_SCRIPT.contains(&kind))
        };
        let urls = state.requests.values().filter(waited);
        urls.map(|request| request.url.clone()).collect()
    }

    /// The ids of requests in flight that the page itself has sent, like
    /// [`requests_in_flight`](Self::requests_in_flight).
    pub(super) fn page_requests(&self, by_script: bool) -> Vec<String> {
        let state = self.lock();
        let is_waited_for =
            |kind: &str| !OPEN_ENDED.contains(&kind) && (by_script || !BY_SCRIPT.contains(&kind));
        let requests = state
            .requests
            .iter()
            .filter(|((session, _), request)| session.is_empty() && is_waited_for(&request.kind))
            // A body that the page does not read never ends.
            .filter(|(_, request)| !(request.kind == "Fetch" && request.is_answered));
        requests.map(|((_, id), _)| id.clone()).collect()
    }

    /// Whether the document of a frame is on its way.
    pub(super) fn has_document_requests(&self) -> bool {
        let state = self.lock();
        let mut requests = state.requests.values();
        requests.any(|request| request.kind == "Document")
    }

    /// The sessions of the page's workers, with the name of each.
    pub(super) fn workers(&self) -> Vec<(String, String)> {
        let state = self.lock();
        let workers = state.workers.iter();
        workers.map(|(id, url)| (id.clone(), url.clone())).collect()
    }

    /// Whether a worker has requests in flight.
    pub(super) fn has_worker_requests(&self) -> bool {
        let state = self.lock();
        state
            .requests
            .keys()
            .any(|(session, _)| !session.is_empty())
    }

    /// The contexts in which scripts of the page's frames run.
    pub(super) fn contexts(&self) -> Vec<i64> {
        self.lock().contexts.keys().copied().collect()
    }

    /// Failed requests to the origin of `address`, uncaught exceptions and
    /// console errors so far.
    pub(super) fn errors(&self, address: &str) -> Vec<PageError> {
        let mut errors = self.lock().errors.clone();
        errors.retain(|error| {
            let url = error.url.as_deref().unwrap_or(address);
            error.kind != PageErrorKind::Request || have_one_origin(url, address)
        });
        errors
    }

    pub(super) fn disconnected(&self) {
        self.lock().disconnected = true;
        self.changed.notify_waiters();
    }

    pub(super) fn handle(&self, event: &Value) {
        let parameters = &event["params"];
        let session = text(&event["sessionId"]);
        let mut state = self.lock();
        let method = event["method"].as_str().unwrap_or_default();
        if let Some(traffic) = &mut state.traffic {
            traffic.handle(method, &session, parameters);
        }
        match method {
            "Emulation.virtualTimeBudgetExpired" => state.budget_expired = true,
            "Page.loadEventFired" => state.loaded = true,
            "Page.frameStartedNavigating" => {}
            "Page.frameNavigated" => {
                let frame = &parameters["frame"];
                state.document_shown(text(&frame["id"]), &text(&frame["loaderId"]));
            }
            "Page.frameDetached" if parameters["reason"] != "swap" => {
                state.frame_removed(&text(&parameters["frameId"]));
            }
            "CSS.styleSheetAdded" => {
                let header = &parameters["header"];
                let id = text(&header["styleSheetId"]);
                state.sheets.insert(id, header.clone());
            }
            "Network.requestWillBeSent" => state.request_sent(session, parameters),
            "Network.responseReceived" => state.response_received(&session, parameters),
            "Network.loadingFinished" => {
                state.end_request(session, parameters);
            }
            "Network.loadingFailed" => state.loading_failed(&session, parameters),
            "Target.attachedToTarget" => {
                let info = &parameters["targetInfo"];
                if text(&info["type"]).contains("worker") {
                    let url = text(&info["url"]);
                    state.workers.insert(text(&parameters["sessionId"]), url);
                }
            }
            "Target.detachedFromTarget" => {
                let gone = text(&parameters["sessionId"]);
                state.workers.remove(&gone);
                state.requests.retain(|(session, _), _| *session != gone);
            }
            "Runtime.executionContextCreated" if session.is_empty() => {
                let context = &parameters["context"];
                let is_default = context["auxData"]["isDefault"] == true;
                if let (true, Some(id)) = (is_default, context["id"].as_i64()) {
                    state.contexts.insert(id, true);
                }
            }
            "Runtime.executionContextDestroyed" if session.is_empty() => {
                if let Some(id) = parameters["executionContextId"].as_i64() {
                    state.contexts.remove(&id);
                }
            }
            "Runtime.executionContextsCleared" if session.is_empty() => state.contexts.clear(),
            "Runtime.exceptionThrown" => {
                let details = &parameters["exceptionDetails"];
                let text_of = details["exception"]["description"].as_str();
                let text_of = text_of.or_else(|| details["text"].as_str());
                let url = details["url"].as_str().filter(|url| !url.is_empty());
                state
                    .console
                    .add_error("exception", text_of.unwrap_or_default());
                state.note(
                    PageErrorKind::Exception,
                    first_line(text_of),
                    url.map(str::to_owned),
                );
            }
            "Runtime.exceptionRevoked" => state.console.revoke_error(),
            "Runtime.consoleAPICalled" => state.console_called(parameters),
            _ => return,
        }
        drop(state);
        self.changed.notify_waiters();
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, PageEventState> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl PageEventState {
    fn request_sent(&mut self, session: String, parameters: &Value) {
        let url = text(&parameters["request"]["url"]);
        // Those carry their content in the address.
        if url.starts_with("data:") || url.starts_with("blob:") {
            return;
        }
        let kind = text(&parameters["type"]);
        self.requests.insert(
            key(session, parameters),
            PageRequest {
                url,
                kind,
                loader: text(&parameters["loaderId"]),
                is_answered: false,
            },
        );
    }

    fn response_received(&mut self, session: &str, parameters: &Value) {
        let request = self.requests.get_mut(&key(session.to_owned(), parameters));
        if let Some(request) = request {
            request.is_answered = true;
        }
        let status = parameters["response"]["status"].as_u64().unwrap_or(0);
        let is_document = parameters["type"] == "Document";
        let url = text(&parameters["response"]["url"]);
        // A document that fails is a separate error.
        if status >= 400 && !(is_document && session.is_empty() && !self.loaded) {
            let words = text(&parameters["response"]["statusText"]);
            let message = format!("{status} {words}").trim_end().to_owned();
            self.note(PageErrorKind::Request, message, Some(url));
        }
    }

    /// Removes a request that has ended. That for a worker's script is sent by
    /// the page and ends in the worker.
    fn end_request(&mut self, session: String, parameters: &Value) {
        if self.requests.remove(&key(session, parameters)).is_none() {
            self.requests.remove(&key(String::new(), parameters));
        }
    }

    /// A frame shows another document. The requests of the one before are over:
    /// Chromium does not report the end of a document that leads elsewhere
    /// while it is parsed.
    fn document_shown(&mut self, frame: String, loader: &str) {
        let before = self.loaders.insert(frame, loader.to_owned());
        if let Some(before) = before.filter(|before| *before != loader) {
            self.end_requests_of(&before);
        }
    }

    fn frame_removed(&mut self, frame: &str) {
        if let Some(loader) = self.loaders.remove(frame) {
            self.end_requests_of(&loader);
        }
    }

    fn end_requests_of(&mut self, loader: &str) {
        self.requests.retain(|_, request| request.loader != loader);
    }

    fn loading_failed(&mut self, session: &str, parameters: &Value) {
        let request = self.requests.remove(&key(session.to_owned(), parameters));
        let request = request.or_else(|| {
            // The worker's own script, without which it never runs.
            let request = self.requests.remove(&key(String::new(), parameters))?;
            self.workers.remove(session);
            Some(request)
        });
        let canceled = parameters["canceled"] == true;
        let reason = text(&parameters["errorText"]);
        let is_noted = |url: &str| {
            self.errors
                .iter()
                .any(|error| error.url.as_deref() == Some(url))
        };
        if let (Some(request), false) = (request, canceled || reason == "net::ERR_ABORTED")
            && !is_noted(&request.url)
        {
            self.note(PageErrorKind::Request, reason, Some(request.url));
        }
    }

    fn console_called(&mut self, parameters: &Value) {
        let shown = parameters["args"].as_array().into_iter().flatten();
        let shown: Vec<String> = shown.map(console_argument).collect();
        let shown = shown.join(" ");
        let level = text(&parameters["type"]);
        if level != "error" {
            return self.console.add(&level, &shown);
        }
        self.console.add_error(&level, &shown);
        self.note(PageErrorKind::Console, first_line(Some(&shown)), None);
    }

    fn note(&mut self, kind: PageErrorKind, message: String, url: Option<String>) {
        let error = PageError { kind, message, url };
        if self.errors.len() < MAX_ERRORS && !self.errors.contains(&error) {
            self.errors.push(error);
        }
    }
}

fn key(session: String, parameters: &Value) -> (String, String) {
    (session, text(&parameters["requestId"]))
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

fn first_line(text: Option<&str>) -> String {
    let line = text.unwrap_or_default().lines().next().unwrap_or_default();
    line.chars().take(300).collect()
}

fn console_argument(argument: &Value) -> String {
    match &argument["value"] {
        Value::Null => text(&argument["description"]),
        Value::String(text) => text.clone(),
        value => value.to_string(),
    }
}

fn have_one_origin(one: &str, other: &str) -> bool {
    let origin = |address: &str| url::Url::parse(address).ok().map(|url| url.origin());
    origin(one) == origin(other)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn send(events: &PageEvents, loader: &str, id: &str, kind: &str) {
        events.handle(&json!({ "method": "Network.requestWillBeSent", "params": {
            "requestId": id, "loaderId": loader, "type": kind,
            "request": { "url": format!("http://host/{id}") } } }));
    }

    fn show(events: &PageEvents, frame: &str, loader: &str) {
        events.handle(&json!({ "method": "Page.frameNavigated", "params": {
            "frame": { "id": frame, "loaderId": loader } } }));
    }

    #[test]
    fn the_requests_of_a_document_end_when_another_takes_its_place() {
        let events = PageEvents::default();
        send(&events, "first", "first", "Document");
        show(&events, "main", "first");
        send(&events, "first", "image", "Image");
        send(&events, "child", "child", "Document");
        show(&events, "frame", "child");
        send(&events, "second", "second", "Document");
        let in_flight = || events.requests_in_flight(true);
        assert_eq!(in_flight().len(), 4);
        show(&events, "main", "second");
        assert_eq!(in_flight(), ["http://host/child", "http://host/second"]);
        // The same document again, after it has changed its address.
        show(&events, "main", "second");
        assert_eq!(in_flight().len(), 2);
    }

    #[test]
    fn the_requests_of_a_removed_frame_end_with_it() {
        let events = PageEvents::default();
        show(&events, "frame", "child");
        send(&events, "child", "image", "Image");
        events.handle(&json!({ "method": "Page.frameDetached", "params": {
            "frameId": "frame", "reason": "swap" } }));
        assert_eq!(events.requests_in_flight(true).len(), 1);
        events.handle(&json!({ "method": "Page.frameDetached", "params": {
            "frameId": "frame", "reason": "remove" } }));
        assert_eq!(events.requests_in_flight(true), [""; 0]);
    }
}
