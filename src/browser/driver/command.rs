//! Sends WebDriver commands with a time limit and classifies their errors.

use std::future::Future;
use std::time::Duration;

use fantoccini::error::CmdError;

use super::session::Driver;
use crate::browser::error::BrowserError;

/// The time limit of a command that does not have the story's own.
pub(in crate::browser) const COMMAND_TIMEOUT: Duration = Duration::from_secs(20);

/// Messages of drivers and hubs whose session cannot be used any more.
const FATAL_MESSAGES: &[&str] = &[
    "invalid session id",
    "disconnected",
    "not reachable",
    "crashed",
    "no such window",
    "closed",
    // geckodriver without a browser.
    "Failed to decode response from marionette",
    "Tried to run command without establishing a connection",
    // A hub that has lost its node.
    "Unable to find session",
    "NoSuchSessionException",
    "unable to forward",
    "Unable to execute request for an existing session",
    "Connection refused",
    "Connection reset",
];

impl Driver {
    /// Sends a command and waits for its response.
    pub(in crate::browser) async fn command<T>(
        &self,
        name: &str,
        future: impl Future<Output = Result<T, CmdError>>,
    ) -> Result<T, BrowserError> {
        self.command_within(name, COMMAND_TIMEOUT, future).await
    }

    /// Sends a command with another time limit.
    pub(in crate::browser) async fn command_within<T>(
        &self,
        name: &str,
        limit: Duration,
        future: impl Future<Output = Result<T, CmdError>>,
    ) -> Result<T, BrowserError> {
        tracing::trace!(command = name, "sending a command");
        match tokio::time::timeout(limit, future).await {
            Ok(Ok(value)) => Ok(value),
            Ok(Err(error)) => Err(self.classify(name, &error)),
            Err(_) => Err(BrowserError::Timeout {
                command: format!("`{name}`"),
                limit,
            }),
        }
    }

    fn classify(&self, command: &str, error: &CmdError) -> BrowserError {
        let disconnected = match error {
            CmdError::Standard(answer) => {
                let text = answer.to_string();
                FATAL_MESSAGES.iter().any(|message| text.contains(message))
            }
            _ => true,
        };
        if disconnected {
            self.disconnected(command, error.to_string())
        } else {
            BrowserError::Refused {
                command: format!("`{command}`"),
                reason: error.to_string(),
            }
        }
    }

    /// The error for a broken connection, with the last output of browser and
    /// driver.
    pub(in crate::browser) fn disconnected(
        &self,
        command: &str,
        mut reason: String,
    ) -> BrowserError {
        let output = self.last_output();
        if !output.is_empty() {
            reason = format!("{reason}; its last output:\n{output}");
        }
        if let Some(address) = &self.remote {
            reason = format!("{reason} (the WebDriver at {address})");
        }
        BrowserError::Disconnected {
            command: format!("`{command}`"),
            reason,
        }
    }
}
