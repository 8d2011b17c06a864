//! One browser process, one driver process and the WebDriver session in it.
//!
//! Each session has a driver of its own: a chromedriver serves its sessions one
//! after the other. The browser is started here and not by the driver, so that
//! it can be supervised, and so that a hung driver does not take it along.

use std::future::Future;
use std::path::Path;
use std::time::Duration;

use fantoccini::{Client, ClientBuilder};
use hyper_util::client::legacy::connect::HttpConnector;
use serde_json::{Value, json};
use tempfile::TempDir;

use super::error::BrowserError;
use super::find::Programs;
use super::guard::Guarded;
use super::{chromium, find};
use crate::manifest::BrowserSettings;

/// How long a program may take to start, or a session to open.
const START_LIMIT: Duration = Duration::from_secs(15);

/// How often a start that was not answered in time is tried.
const STARTS: u32 = 2;

/// A session and the processes behind it.
#[derive(Debug)]
pub(super) struct Driver {
    pub(super) client: Client,
    pub(super) capabilities: Value,
    /// Whether the browser's frames can be driven.
    pub(super) frames: bool,
    processes: Vec<Guarded>,
}

impl Driver {
    /// Starts a browser and a driver, or opens a session on a WebDriver that is
    /// up, and waits until it answers. Profiles go below `scratch`.
    pub(super) async fn open(
        settings: &BrowserSettings,
        scratch: &Path,
    ) -> Result<Self, BrowserError> {
        let Some(address) = &settings.webdriver else {
            let programs = find(settings)?;
            let Programs { browser, driver } = &programs;
            tracing::info!(?browser, ?driver, "starting a browser");
            return Self::patiently(settings, &programs, scratch).await;
        };
        Self::remote(settings, address).await
    }

    /// Once in some hundred starts a browser and a driver never find each
    /// other. They are told from slow ones by time alone, and tried again.
    async fn patiently(
        settings: &BrowserSettings,
        programs: &Programs,
        scratch: &Path,
    ) -> Result<Self, BrowserError> {
        let mut starts = 1;
        loop {
            match Self::local(settings, programs, scratch).await {
                Err(BrowserError::Hung { command, limit }) if starts < STARTS => {
                    tracing::warn!(command, ?limit, "the browser did not start; trying again");
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
        let options = json!({ "debuggerAddress": format!("127.0.0.1:{debugger}") });
        let address = format!("http://127.0.0.1:{port}");
        let client = within("new session", connect(&address, options)).await??;
        Ok(Self {
            capabilities: capabilities(&client),
            client,
            frames: chromium::drives_frames(&programs.browser),
            processes: vec![browser, driver],
        })
    }

    async fn remote(settings: &BrowserSettings, address: &str) -> Result<Self, BrowserError> {
        let arguments = chromium::remote_arguments(settings);
        let client = within(
            "new session",
            connect(address, json!({ "args": arguments })),
        )
        .await??;
        Ok(Self {
            capabilities: capabilities(&client),
            client,
            frames: false,
            processes: Vec::new(),
        })
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
async fn within<T>(what: &str, step: impl Future<Output = T>) -> Result<T, BrowserError> {
    tokio::time::timeout(START_LIMIT, step)
        .await
        .map_err(|_| BrowserError::Hung {
            command: what.to_owned(),
            limit: START_LIMIT,
        })
}

async fn connect(address: &str, options: Value) -> Result<Client, BrowserError> {
    let mut connector = HttpConnector::new();
    // Commands are small and each waits for its answer.
    connector.set_nodelay(true);
    let wanted = json!({
        "goog:chromeOptions": options,
        "unhandledPromptBehavior": "dismiss",
        "pageLoadStrategy": "normal",
    });
    let Value::Object(wanted) = wanted else {
        unreachable!("a literal object")
    };
    ClientBuilder::new(connector)
        .capabilities(wanted)
        .connect(address)
        .await
        .map_err(|error| BrowserError::Session(error.to_string()))
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
    start(program, &arguments, &profile, DEBUGGER).await
}

/// Starts the driver; returns its port.
async fn start_driver(program: &Path, scratch: &Path) -> Result<(Guarded, u16), BrowserError> {
    let own = folder(program, scratch)?;
    let arguments = driver_arguments();
    start(program, &arguments, &own, LISTENING).await
}

/// A folder of its own for a process; its guard removes it.
fn folder(program: &Path, scratch: &Path) -> Result<std::path::PathBuf, BrowserError> {
    std::fs::create_dir_all(scratch)
        .and_then(|()| TempDir::with_prefix_in("browser-", scratch))
        .map(TempDir::keep)
        .map_err(|error| BrowserError::Start {
            program: program.to_owned(),
            reason: format!("no folder for it in {}: {error}", scratch.display()),
        })
}

/// Starts a program and reads the port that it announces behind `mark`.
async fn start(
    program: &Path,
    arguments: &[String],
    scratch: &Path,
    mark: &str,
) -> Result<(Guarded, u16), BrowserError> {
    let failed = |reason: String| BrowserError::Start {
        program: program.to_owned(),
        reason,
    };
    let mut process =
        Guarded::spawn(program, arguments, scratch).map_err(|error| failed(error.to_string()))?;
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
