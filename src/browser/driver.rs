//! One browser process, one driver process and the WebDriver session in it.
//!
//! Each session has a driver of its own: a chromedriver serves its sessions one
//! after the other. The browser is started here and not by the driver, so that
//! it can be supervised, and so that a hung driver does not take it along.

use std::future::Future;
use std::net::SocketAddr;
use std::path::Path;
use std::time::Duration;

use fantoccini::error::NewSessionError;
use fantoccini::{Client, ClientBuilder};
use hyper_util::client::legacy::connect::HttpConnector;
use serde_json::{Value, json};
use tempfile::TempDir;

use super::error::BrowserError;
use super::find::Programs;
use super::guard::Guarded;
use super::{chromium, find};
use crate::manifest::{BrowserName, BrowserSettings};

/// How long a program may take to start, or a session to open.
const START_LIMIT: Duration = Duration::from_secs(15);

/// How long a driver may take to start a browser itself. Firefox takes seconds
/// for it, and many more on a machine that has much else to do.
const LAUNCH_LIMIT: Duration = Duration::from_secs(60);

/// How long a hub may let a session wait for a node: longer than Selenium's own
/// limit, whose message says more.
const QUEUE_LIMIT: Duration = Duration::from_secs(330);

/// How often a start that came to nothing is tried.
const STARTS: u32 = 2;

/// A session and the processes behind it.
#[derive(Debug)]
pub(super) struct Driver {
    pub(super) client: Client,
    pub(super) capabilities: Value,
    /// Whether the browser's frames can be driven.
    pub(super) frames: bool,
    /// The address of a WebDriver that was up already.
    pub(super) remote: Option<String>,
    processes: Vec<Guarded>,
}

impl Driver {
    /// A session of a driver of our own.
    pub(super) fn of(client: Client, processes: Vec<Guarded>) -> Self {
        Self {
            capabilities: capabilities(&client),
            client,
            frames: false,
            remote: None,
            processes,
        }
    }

    /// A session of a WebDriver that was up.
    pub(super) fn remote_of(client: Client, address: &str) -> Self {
        Self {
            remote: Some(address.to_owned()),
            ..Self::of(client, Vec::new())
        }
    }

    /// Starts Chromium and a driver, or opens a session on a WebDriver that is
    /// up, and waits until it answers. Profiles go below `scratch`.
    pub(super) async fn open(
        settings: &BrowserSettings,
        scratch: &Path,
    ) -> Result<Self, BrowserError> {
        let Some(address) = &settings.webdriver else {
            let programs = find(settings, BrowserName::Chromium)?;
            let Programs { browser, driver } = &programs;
            tracing::info!(?browser, ?driver, "starting a browser");
            return Self::patiently(settings, &programs, scratch).await;
        };
        Self::remote(settings, address).await
    }

    /// Once in some hundred starts a browser and a driver never find each
    /// other, which are told from slow ones by time alone; and a driver ends
    /// where another program has its port for IPv6. Both are tried again.
    async fn patiently(
        settings: &BrowserSettings,
        programs: &Programs,
        scratch: &Path,
    ) -> Result<Self, BrowserError> {
        let mut starts = 1;
        loop {
            match Self::local(settings, programs, scratch).await {
                Err(error @ (BrowserError::Hung { .. } | BrowserError::Start { .. }))
                    if starts < STARTS =>
                {
                    tracing::warn!(%error, "the browser did not start; trying again");
                    starts += 1;
                }
                outcome => return outcome,
            }
        }
    }

    async fn local(
        settings: &BrowserSettings,
        programs: &Programs,
        scratch: &Path,
    ) -> Result<Self, BrowserError> {
        let (browser, driver) = tokio::join!(
            start_browser(settings, &programs.browser, scratch),
            start_driver(&programs.driver, scratch),
        );
        let ((browser, debugger), (driver, port)) = (browser?, driver?);
        let wanted = attached(debugger);
        let address = format!("http://127.0.0.1:{port}");
        let client = within("new session", connect(&address, wanted)).await??;
        Ok(Self {
            frames: chromium::drives_frames(&programs.browser),
            ..Self::of(client, vec![browser, driver])
        })
    }

    async fn remote(settings: &BrowserSettings, address: &str) -> Result<Self, BrowserError> {
        let mut wanted = options(&json!({ "args": chromium::remote_arguments(settings) }));
        // A hub chooses the node by it.
        wanted["browserName"] = json!("chrome");
        let client = connect_remote(address, wanted).await?;
        Ok(Self::remote_of(client, address))
    }

    /// What the browser and its driver said last, for a message.
    pub(super) fn last_words(&self) -> String {
        self.processes
            .iter()
            .map(Guarded::last_words)
            .filter(|words| !words.is_empty())
            .collect::<Vec<_>>()
            .join("\n")
    }

    /// Ends a session of somebody else's driver, so that another may begin.
    pub(super) async fn give_back(&self) {
        if self.remote.is_some() {
            // It may well be gone already.
            let _ = within("close", self.client.clone().close()).await;
        }
    }

    /// Ends session and processes. Our own processes are simply ended: nothing
    /// of them is kept, and a session that is closed in form takes longer.
    pub(super) async fn close(self) {
        if self.processes.is_empty() {
            let _ = within("close", self.client.close()).await;
            return;
        }
        for process in self.processes {
            process.stop().await;
        }
    }
}

/// Gives a start-up step its time.
pub(super) async fn within<T>(
    what: &str,
    step: impl Future<Output = T>,
) -> Result<T, BrowserError> {
    within_limit(START_LIMIT, what, step).await
}

/// Gives a start-up step another time.
async fn within_limit<T>(
    limit: Duration,
    what: &str,
    step: impl Future<Output = T>,
) -> Result<T, BrowserError> {
    tokio::time::timeout(limit, step)
        .await
        .map_err(|_| BrowserError::Hung {
            command: what.to_owned(),
            limit,
        })
}

/// The capability by which a browser sends all its requests through a proxy.
pub(super) fn proxy(address: SocketAddr) -> Value {
    let address = address.to_string();
    json!({ "proxyType": "manual", "httpProxy": address, "sslProxy": address })
}

/// Has a driver of our own start a browser, and opens a session in it.
pub(super) async fn launch(address: &str, wanted: Value) -> Result<Client, BrowserError> {
    within_limit(LAUNCH_LIMIT, "new session", connect(address, wanted)).await?
}

/// What is asked of chromedriver, with these options for the browser.
fn options(options: &Value) -> Value {
    json!({
        "goog:chromeOptions": options,
        "unhandledPromptBehavior": "dismiss",
        "pageLoadStrategy": "normal",
    })
}

/// Chromium is up already, its debugger at this port.
fn attached(debugger: u16) -> Value {
    options(&json!({ "debuggerAddress": format!("127.0.0.1:{debugger}") }))
}

/// Opens a session with these capabilities on a driver of our own.
async fn connect(address: &str, wanted: Value) -> Result<Client, BrowserError> {
    new_session(address, wanted)
        .await
        .map_err(|error| BrowserError::Session(error.to_string()))
}

/// Opens a session on a WebDriver that is up. A hub lets it wait until a node
/// is free.
pub(super) async fn connect_remote(address: &str, wanted: Value) -> Result<Client, BrowserError> {
    let session = tokio::time::timeout(QUEUE_LIMIT, new_session(address, wanted)).await;
    let reason = match session {
        Ok(Ok(client)) => return Ok(client),
        Ok(Err(
            error @ (NewSessionError::Failed(_)
            | NewSessionError::FailedC(_)
            | NewSessionError::Lost(_)),
        )) => format!("it is not reached: {error}"),
        Ok(Err(NewSessionError::SessionNotCreated(error))) if timed_out(&error.to_string()) => {
            format!("no node of it became free in time: {error}")
        }
        Ok(Err(error)) => error.to_string(),
        Err(_) => format!("no session within {} s", QUEUE_LIMIT.as_secs()),
    };
    Err(BrowserError::Remote {
        address: address.to_owned(),
        reason,
    })
}

/// What a hub says when its own limit for the queue is over.
fn timed_out(reason: &str) -> bool {
    reason.contains("timed out") || reason.contains("timeout")
}

async fn new_session(address: &str, wanted: Value) -> Result<Client, NewSessionError> {
    let mut connector = HttpConnector::new();
    // Commands are small and each waits for its answer.
    connector.set_nodelay(true);
    let Value::Object(wanted) = wanted else {
        unreachable!("capabilities are an object")
    };
    ClientBuilder::new(connector)
        .capabilities(wanted)
        .connect(address)
        .await
}

fn capabilities(client: &Client) -> Value {
    client
        .capabilities()
        .and_then(|capabilities| serde_json::to_value(capabilities).ok())
        .unwrap_or_default()
}

/// Stands before the port in what the browser says.
const DEBUGGER: &str = "DevTools listening on ws://127.0.0.1:";

/// Stands before the port in what the driver says.
const LISTENING: &str = "started successfully on port ";

fn driver_arguments() -> [String; 2] {
    ["--port=0", "--log-level=WARNING"].map(str::to_owned)
}

/// Starts the browser; returns the port of its debugger.
async fn start_browser(
    settings: &BrowserSettings,
    program: &Path,
    scratch: &Path,
) -> Result<(Guarded, u16), BrowserError> {
    let profile = folder(program, scratch)?;
    let arguments = chromium::arguments(program, &profile, settings);
    start(&[], program, &arguments, &profile, DEBUGGER).await
}

/// Starts the driver; returns its port.
async fn start_driver(program: &Path, scratch: &Path) -> Result<(Guarded, u16), BrowserError> {
    let own = folder(program, scratch)?;
    let arguments = driver_arguments();
    start(&[], program, &arguments, &own, LISTENING).await
}

/// A folder of its own for a process; its guard removes it.
pub(super) fn folder(program: &Path, scratch: &Path) -> Result<std::path::PathBuf, BrowserError> {
    std::fs::create_dir_all(scratch)
        .and_then(|()| TempDir::with_prefix_in("browser-", scratch))
        .map(TempDir::keep)
        .map_err(|error| BrowserError::Start {
            program: program.to_owned(),
            reason: format!("no folder for it in {}: {error}", scratch.display()),
        })
}

/// Starts a program with further variables (`NAME=value`) and reads the port
/// that it announces behind `mark`.
pub(super) async fn start(
    environment: &[String],
    program: &Path,
    arguments: &[String],
    scratch: &Path,
    mark: &str,
) -> Result<(Guarded, u16), BrowserError> {
    let failed = |reason: String| BrowserError::Start {
        program: program.to_owned(),
        reason,
    };
    let mut process = Guarded::spawn_with(environment, program, arguments, scratch)
        .map_err(|error| failed(error.to_string()))?;
    let announced = within(
        &format!("start of {}", program.display()),
        process.announced(mark),
    )
    .await?;
    let port = announced.as_deref().and_then(leading_number);
    match port {
        Some(port) => Ok((process, port)),
        None => Err(failed(format!(
            "it ended at once, saying:\n{}",
            process.last_words()
        ))),
    }
}

fn leading_number(text: &str) -> Option<u16> {
    let digits = text
        .find(|c: char| !c.is_ascii_digit())
        .unwrap_or(text.len());
    text[..digits].parse().ok()
}
