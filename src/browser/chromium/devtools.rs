//! A DevTools connection to one page of a browser that runs on this machine.
//!
//! Unlike commands through the driver, several commands can be in flight at
//! once, and the browser reports events.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use futures_util::stream::SplitSink;
use futures_util::{SinkExt as _, StreamExt as _};
use serde_json::{Value, json};
use tokio::net::TcpStream;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::protocol::WebSocketConfig;
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, connect_async_with_config};

use super::page_events::PageEvents;

type DevToolsSocket = WebSocketStream<MaybeTlsStream<TcpStream>>;
type Outgoing = Arc<tokio::sync::Mutex<SplitSink<DevToolsSocket, Message>>>;
type Reply = Result<Value, DevToolsError>;
type Replies = Arc<Mutex<Option<HashMap<u64, oneshot::Sender<Reply>>>>>;

/// The reason why a command failed.
#[derive(Debug, thiserror::Error)]
pub(super) enum DevToolsError {
    /// The browser rejected the command.
    #[error("{0}")]
    Rejected(String),
    /// The connection is broken.
    #[error("{0}")]
    Disconnected(String),
    /// There was no reply in time.
    #[error("no reply within {} s", .0.as_secs_f32())]
    Timeout(Duration),
}

/// A connection to one page.
#[derive(Debug)]
pub(super) struct DevTools {
    outgoing: Outgoing,
    replies: Replies,
    last_id: AtomicU64,
    events: Arc<PageEvents>,
    reader: JoinHandle<()>,
}

impl DevTools {
    /// Connects to the page `target` of the browser whose debugger listens at
    /// `debugger` (`127.0.0.1:1234`).
    pub(super) async fn connect(debugger: &str, target: &str) -> Result<Self, DevToolsError> {
        // A screenshot of a whole page is one message.
        let config = WebSocketConfig::default()
            .max_message_size(None)
            .max_frame_size(None);
        let address = format!("ws://{debugger}/devtools/page/{target}");
        let connected = connect_async_with_config(address, Some(config), true).await;
        let (socket, _) =
            connected.map_err(|error| DevToolsError::Disconnected(error.to_string()))?;
        let (outgoing, mut incoming) = socket.split();
        let replies: Replies = Arc::new(Mutex::new(Some(HashMap::new())));
        let events = Arc::new(PageEvents::default());
        let outgoing = Arc::new(tokio::sync::Mutex::new(outgoing));
        let (waiting, received) = (Arc::clone(&replies), Arc::clone(&events));
        let answers = Arc::clone(&outgoing);
        let reader = tokio::spawn(async move {
            while let Some(Ok(message)) = incoming.next().await {
                let Ok(text) = message.to_text() else {
                    continue;
                };
                let Ok(message) = serde_json::from_str::<Value>(text) else {
                    continue;
                };
                if message["method"] == "Inspector.targetCrashed" {
                    break;
                }
                start_worker(&message, &answers).await;
                dispatch(message, &waiting, &received);
            }
            // Dropped senders report the broken connection.
            lock(&waiting).take();
            received.disconnected();
        });
        Ok(Self {
            outgoing,
            replies,
            last_id: AtomicU64::new(0),
            events,
            reader,
        })
    }

    /// The state of the page as its events describe it.
    pub(super) fn events(&self) -> &PageEvents {
        &self.events
    }

    /// Sends a command and waits for its reply.
    pub(super) async fn call(&self, method: &str, parameters: Value, limit: Duration) -> Reply {
        self.call_in(None, method, parameters, limit).await
    }

    /// Sends a command to a worker's session and waits for its reply.
    pub(super) async fn call_in(
        &self,
        session: Option<&str>,
        method: &str,
        parameters: Value,
        limit: Duration,
    ) -> Reply {
        let id = self.last_id.fetch_add(1, Ordering::Relaxed) + 1;
        let (sender, reply) = oneshot::channel();
        match lock(&self.replies).as_mut() {
            Some(replies) => replies.insert(id, sender),
            None => return Err(closed()),
        };
        let mut command = json!({ "id": id, "method": method, "params": parameters });
        if let Some(session) = session {
            command["sessionId"] = json!(session);
        }
        let message = Message::text(command.to_string());
        let exchange = async {
            let sent = self.outgoing.lock().await.send(message).await;
            sent.map_err(|error| DevToolsError::Disconnected(error.to_string()))?;
            reply.await.unwrap_or_else(|_| Err(closed()))
        };
        let outcome = tokio::time::timeout(limit, exchange).await;
        outcome.unwrap_or(Err(DevToolsError::Timeout(limit)))
    }
}

impl Drop for DevTools {
    fn drop(&mut self) {
        self.reader.abort();
    }
}

/// Observes a worker's requests from its first on. A worker waits for it.
async fn start_worker(event: &Value, outgoing: &Outgoing) {
    if event["method"] != "Target.attachedToTarget" {
        return;
    }
    let commands = [
        ("Network.enable", json!({})),
        ("Target.setAutoAttach", auto_attach()),
        ("Runtime.runIfWaitingForDebugger", json!({})),
    ];
    let session = &event["params"]["sessionId"];
    for (method, parameters) in commands {
        // No reply is waited for: nothing has this number.
        let command =
            json!({ "id": 0, "method": method, "params": parameters, "sessionId": session });
        let _ = outgoing
            .lock()
            .await
            .send(Message::text(command.to_string()))
            .await;
    }
}

/// Attaches to every worker of a page before it starts.
pub(super) fn auto_attach() -> Value {
    json!({ "autoAttach": true, "flatten": true, "waitForDebuggerOnStart": true })
}

fn dispatch(mut message: Value, replies: &Replies, events: &PageEvents) {
    let Some(id) = message["id"].as_u64() else {
        events.handle(&message);
        return;
    };
    let sender = lock(replies)
        .as_mut()
        .and_then(|replies| replies.remove(&id));
    let Some(sender) = sender else {
        return;
    };
    let reply = match message.get("error") {
        Some(error) => Err(DevToolsError::Rejected(describe(error))),
        None => Ok(message["result"].take()),
    };
    // A command that timed out has no receiver any more.
    let _ = sender.send(reply);
}

fn describe(error: &Value) -> String {
    let text = |field: &str| error[field].as_str().unwrap_or_default();
    match text("data") {
        "" => text("message").to_owned(),
        data => format!("{} ({data})", text("message")),
    }
}

fn closed() -> DevToolsError {
    DevToolsError::Disconnected("the DevTools connection to the page was closed".to_owned())
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
