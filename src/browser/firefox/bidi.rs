//! WebDriver BiDi: JSON commands over a WebSocket. Each has an id that its answer
//! repeats.

use std::time::Duration;

use futures_util::{SinkExt as _, StreamExt as _};
use serde_json::{Value, json};
use tokio::net::TcpStream;
use tokio::sync::Mutex;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::protocol::WebSocketConfig;
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, connect_async_with_config};

/// A connection to one browser.
#[derive(Debug)]
pub(super) struct Bidi(Mutex<Link>);

#[derive(Debug)]
struct Link {
    socket: WebSocketStream<MaybeTlsStream<TcpStream>>,
    last: u64,
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
        Ok(Self(Mutex::new(Link { socket, last: 0 })))
    }

    /// Sends a command and waits for its answer.
    pub(super) async fn ask(
        &self,
        method: &str,
        parameters: Value,
        limit: Duration,
    ) -> Result<Value, BidiError> {
        let mut link = self.0.lock().await;
        match tokio::time::timeout(limit, link.exchange(method, parameters)).await {
            Ok(answer) => answer,
            Err(_) => Err(BidiError::Hung(limit)),
        }
    }
}

impl Link {
    async fn exchange(&mut self, method: &str, parameters: Value) -> Result<Value, BidiError> {
        self.last += 1;
        let command = json!({ "id": self.last, "method": method, "params": parameters });
        let sent = self.socket.send(Message::text(command.to_string())).await;
        sent.map_err(|error| BidiError::Gone(error.to_string()))?;
        // Events, and answers to commands that timed out, are skipped.
        while let Some(message) = self.socket.next().await {
            let message = message.map_err(|error| BidiError::Gone(error.to_string()))?;
            let Ok(text) = message.to_text() else {
                continue;
            };
            let Ok(mut answer) = serde_json::from_str::<Value>(text) else {
                continue;
            };
            if answer["id"] != self.last {
                continue;
            }
            if answer["type"] == "error" {
                return Err(command_error(&answer));
            }
            return Ok(answer["result"].take());
        }
        Err(BidiError::Gone("the connection was closed".to_owned()))
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
