//! WebDriver BiDi: JSON commands over a WebSocket. Each has an id that its answer
//! repeats; events have none.

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

use super::requests::Requests;

type BidiSocket = WebSocketStream<MaybeTlsStream<TcpStream>>;
type Answer = Result<Value, BidiError>;
/// The senders of open commands; none once the connection is closed.
type Answers = Arc<Mutex<Option<HashMap<u64, oneshot::Sender<Answer>>>>>;

/// A connection to one browser.
#[derive(Debug)]
pub(super) struct Bidi {
    outgoing: tokio::sync::Mutex<SplitSink<BidiSocket, Message>>,
    answers: Answers,
    last_id: AtomicU64,
    requests: Arc<Requests>,
    reader: JoinHandle<()>,
}

/// Why a command failed.
#[derive(Debug, thiserror::Error)]
pub(super) enum BidiError {
    /// The browser's message.
    #[error("{0}")]
    Refused(String),
    /// The connection broke.
    #[error("{0}")]
    Gone(String),
    /// There was no answer in time.
    #[error("no answer within {} s", .0.as_secs_f32())]
    Hung(Duration),
}

impl Bidi {
    /// Connects to the address that a session's `webSocketUrl` names.
    pub(super) async fn connect(address: &str) -> Result<Self, BidiError> {
        // A screenshot of a whole page is one message.
        let config = WebSocketConfig::default()
            .max_message_size(None)
            .max_frame_size(None);
        // Commands are small, and each waits for its answer.
        let connected = connect_async_with_config(address, Some(config), true).await;
        let (socket, _) = connected.map_err(|error| BidiError::Gone(error.to_string()))?;
        let (outgoing, mut incoming) = socket.split();
        let answers: Answers = Arc::new(Mutex::new(Some(HashMap::new())));
        let requests = Arc::new(Requests::default());
        let (waiting, observed) = (Arc::clone(&answers), Arc::clone(&requests));
        let reader = tokio::spawn(async move {
            while let Some(Ok(message)) = incoming.next().await {
                let message = message.to_text().map(serde_json::from_str::<Value>);
                if let Ok(Ok(message)) = message {
                    dispatch(message, &waiting, &observed);
                }
            }
            // Dropped senders report the broken connection.
            lock(&waiting).take();
        });
        Ok(Self {
            outgoing: tokio::sync::Mutex::new(outgoing),
            answers,
            last_id: AtomicU64::new(0),
            requests,
            reader,
        })
    }

    /// The requests in flight, as the browser reports them.
    pub(super) fn requests(&self) -> &Requests {
        &self.requests
    }

    /// Sends a command and waits for its answer.
    pub(super) async fn ask(
        &self,
        method: &str,
        parameters: Value,
        limit: Duration,
    ) -> Result<Value, BidiError> {
        let id = self.last_id.fetch_add(1, Ordering::Relaxed) + 1;
        let (sender, answer) = oneshot::channel();
        match lock(&self.answers).as_mut() {
            Some(answers) => answers.insert(id, sender),
            None => return Err(closed()),
        };
        let command = json!({ "id": id, "method": method, "params": parameters });
        let exchange = async {
            let sent = self
                .outgoing
                .lock()
                .await
                .send(Message::text(command.to_string()))
                .await;
            sent.map_err(|error| BidiError::Gone(error.to_string()))?;
            answer.await.unwrap_or_else(|_| Err(closed()))
        };
        let outcome = tokio::time::timeout(limit, exchange).await;
        outcome.unwrap_or(Err(BidiError::Hung(limit)))
    }
}

impl Drop for Bidi {
    fn drop(&mut self) {
        self.reader.abort();
    }
}

/// Passes an answer to its command, and an event to the requests.
fn dispatch(mut message: Value, answers: &Answers, requests: &Requests) {
    let Some(id) = message["id"].as_u64() else {
        requests.handle(&message);
        return;
    };
    let sender = lock(answers)
        .as_mut()
        .and_then(|answers| answers.remove(&id));
    let answer = if message["type"] == "error" {
        Err(command_error(&message))
    } else {
        Ok(message["result"].take())
    };
    // A command that timed out has no receiver any more.
    if let Some(sender) = sender {
        let _ = sender.send(answer);
    }
}

/// The error of a command. Some mean that the session has ended.
fn command_error(answer: &Value) -> BidiError {
    let text = |field: &str| answer[field].as_str().unwrap_or_default().to_owned();
    let message = format!("{}: {}", text("error"), text("message"));
    match text("error").as_str() {
        "invalid session id" | "no such frame" => BidiError::Gone(message),
        _ => BidiError::Refused(message),
    }
}

fn closed() -> BidiError {
    BidiError::Gone("the connection was closed".to_owned())
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
