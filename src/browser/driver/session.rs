//! One WebDriver session and the processes behind it.
//!
//! Each session has its own driver process, because a chromedriver serves
//! its sessions one after the other.

use fantoccini::Client;
use serde_json::Value;

use super::start::within;
use crate::process::Supervised;

/// A WebDriver session and the processes behind it.
#[derive(Debug)]
pub(in crate::browser) struct Driver {
    pub(in crate::browser) client: Client,
    pub(in crate::browser) capabilities: Value,
    /// Whether the browser's frames can be driven.
    pub(in crate::browser) drives_frames: bool,
    /// The address of a remote WebDriver.
    pub(in crate::browser) remote: Option<String>,
    processes: Vec<Supervised>,
}

impl Driver {
    /// A session on a driver that this process has started.
    pub(in crate::browser) fn local(client: Client, processes: Vec<Supervised>) -> Self {
        Self {
            capabilities: capabilities(&client),
            client,
            drives_frames: false,
            remote: None,
            processes,
        }
    }

    /// A session on a remote WebDriver.
    pub(in crate::browser) fn remote(client: Client, address: &str) -> Self {
        Self {
            remote: Some(address.to_owned()),
            ..Self::local(client, Vec::new())
        }
    }

    /// The last output of browser and driver, for an error message.
    pub(in crate::browser) fn last_output(&self) -> String {
        self.processes
            .iter()
            .map(Supervised::last_output)
            .filter(|output| !output.is_empty())
            .collect::<Vec<_>>()
            .join("\n")
    }

    /// Ends the session on a remote WebDriver, so that another one can start.
    pub(in crate::browser) async fn release_remote(&self) {
        if self.remote.is_some() {
            // The session may have ended already.
            let _ = within("close", self.client.clone().close()).await;
        }
    }

    /// Ends session and processes. Local processes are killed, which is faster
    /// than closing their session; nothing of them is kept.
    pub(in crate::browser) async fn close(self) {
        if self.processes.is_empty() {
            let _ = within("close", self.client.close()).await;
            return;
        }
        for process in self.processes {
            process.stop().await;
        }
    }
}

fn capabilities(client: &Client) -> Value {
    client
        .capabilities()
        .and_then(|capabilities| serde_json::to_value(capabilities).ok())
        .unwrap_or_default()
}
