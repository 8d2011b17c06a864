//! Commands of the WebDriver protocol: each with its time, each error with a
//! meaning.

use std::future::Future;
use std::time::Duration;

use fantoccini::error::CmdError;

use super::driver::Driver;
use super::error::BrowserError;

/// How long one command may take beyond a story's own time.
pub(super) const COMMAND_LIMIT: Duration = Duration::from_secs(20);

/// What drivers say when the session is of no more use.
const SIGNS_OF_DEATH: &[&str] = &[
    "invalid session id",
    "disconnected",
    "not reachable",
    "crashed",
    "no such window",
    "closed",
    // geckodriver, when its browser is gone.
    "Failed to decode response from marionette",
    "Tried to run command without establishing a connection",
    // A hub that has lost the node.
    "Unable to find session",
    "NoSuchSessionException",
    "unable to forward",
    "Unable to execute request for an existing session",
    "Connection refused",
    "Connection reset",
];

impl Driver {
    /// Waits for a command's answer.
    pub(super) async fn ask<T>(
        &self,
        name: &str,
        command: impl Future<Output = Result<T, CmdError>>,
    ) -> Result<T, BrowserError> {
        self.ask_within(name, COMMAND_LIMIT, command).await
    }

    /// The same for a command that may take another time.
    pub(super) async fn ask_within<T>(
        &self,
        name: &str,
        limit: Duration,
        command: impl Future<Output = Result<T, CmdError>>,
    ) -> Result<T, BrowserError> {
        tracing::trace!(command = name, "asking the browser");
        match tokio::time::timeout(limit, command).await {
            Ok(Ok(value)) => Ok(value),
            Ok(Err(error)) => Err(self.classify(name, &error)),
            Err(_) => Err(BrowserError::Hung {
                command: name.to_owned(),
                limit,
            }),
        }
    }

    fn classify(&self, command: &str, error: &CmdError) -> BrowserError {
        let gone = match error {
            CmdError::Standard(answer) => {
                let text = answer.to_string();
                SIGNS_OF_DEATH.iter().any(|sign| text.contains(sign))
            }
            _ => true,
        };
        if gone {
            self.gone(command, error.to_string())
        } else {
            BrowserError::Refused {
                command: command.to_owned(),
                reason: error.to_string(),
            }
        }
    }

    /// A broken connection, with the last words of whoever was at its end.
    pub(super) fn gone(&self, command: &str, mut reason: String) -> BrowserError {
        let words = self.last_words();
        if !words.is_empty() {
            reason = format!("{reason}; its last words:\n{words}");
        }
        if let Some(address) = &self.remote {
            reason = format!("{reason} (the WebDriver at {address})");
        }
        BrowserError::Gone {
            command: command.to_owned(),
            reason,
        }
    }
}
