//! Starts browser and driver programs and opens WebDriver sessions.

use std::future::Future;
use std::path::{Path, PathBuf};
use std::time::Duration;

use fantoccini::error::NewSessionError;
use fantoccini::{Client, ClientBuilder};
use hyper_util::client::legacy::connect::HttpConnector;
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::browser::error::BrowserError;
use crate::manifest::{BrowserProxy, BrowserSettings};
use crate::process::Supervised;

/// The time limit for starting a program or opening a session.
const START_TIMEOUT: Duration = Duration::from_secs(15);

/// The time limit for a driver that starts the browser itself. Firefox needs
/// seconds, and many more on a loaded machine.
const LAUNCH_TIMEOUT: Duration = Duration::from_secs(60);

/// The time limit for a session in the queue of a hub: longer than Selenium's
/// own limit, whose message is more specific.
const QUEUE_TIMEOUT: Duration = Duration::from_secs(330);

/// Applies the time limit of a start-up step. `step` names it in the error.
pub(in crate::browser) async fn within<T>(
    step: &str,
    future: impl Future<Output = T>,
) -> Result<T, BrowserError> {
    within_limit(START_TIMEOUT, step, future).await
}

async fn within_limit<T>(
    limit: Duration,
    step: &str,
    future: impl Future<Output = T>,
) -> Result<T, BrowserError> {
    tokio::time::timeout(limit, future)
        .await
        .map_err(|_| BrowserError::Timeout {
            command: step.to_owned(),
            limit,
        })
}

/// The capability that sends requests of a browser through a proxy.
pub(in crate::browser) fn proxy_capability(proxy: &BrowserProxy) -> Value {
    let address = proxy.address.to_string();
    let direct: Vec<String> = proxy.direct.iter().map(ToString::to_string).collect();
    json!({
        "proxyType": "manual",
        "httpProxy": address,
        "sslProxy": address,
        "noProxy": direct,
    })
}

/// Opens a session on a local driver that starts the browser itself.
pub(in crate::browser) async fn launch(
    address: &str,
    capabilities: Value,
) -> Result<Client, BrowserError> {
    let session = connect(address, capabilities);
    within_limit(LAUNCH_TIMEOUT, "a new WebDriver session", session).await?
}

/// Opens a session on a local driver.
pub(in crate::browser) async fn connect(
    address: &str,
    capabilities: Value,
) -> Result<Client, BrowserError> {
    new_session(address, capabilities)
        .await
        .map_err(|error| BrowserError::Session(error.to_string()))
}

/// Opens a session on a remote WebDriver. A hub queues it until a node is
/// free.
pub(in crate::browser) async fn connect_remote(
    address: &str,
    capabilities: Value,
) -> Result<Client, BrowserError> {
    let session = tokio::time::timeout(QUEUE_TIMEOUT, new_session(address, capabilities)).await;
    let reason = match session {
        Ok(Ok(client)) => return Ok(client),
        Ok(Err(
            error @ (NewSessionError::Failed(_)
            | NewSessionError::FailedC(_)
            | NewSessionError::Lost(_)),
        )) => format!("the connection failed: {error}"),
        Ok(Err(NewSessionError::SessionNotCreated(error))) if timed_out(&error.to_string()) => {
            format!("no node became free in time: {error}")
        }
        Ok(Err(error)) => error.to_string(),
        Err(_) => format!("timed out after {} s", QUEUE_TIMEOUT.as_secs()),
    };
    Err(BrowserError::Remote {
        address: address.to_owned(),
        reason,
    })
}

/// Whether a hub's message says that its queue timed out.
fn timed_out(reason: &str) -> bool {
    reason.contains("timed out") || reason.contains("timeout")
}

async fn new_session(address: &str, capabilities: Value) -> Result<Client, NewSessionError> {
    let mut connector = HttpConnector::new();
    // Commands are small, and each waits for its response.
    connector.set_nodelay(true);
    let Value::Object(capabilities) = capabilities else {
        unreachable!("capabilities are an object")
    };
    ClientBuilder::new(connector)
        .capabilities(capabilities)
        .connect(address)
        .await
}

/// Creates a scratch folder for a process; the process's supervisor removes it.
pub(in crate::browser) fn scratch_folder(
    program: &Path,
    scratch: &Path,
) -> Result<PathBuf, BrowserError> {
    std::fs::create_dir_all(scratch)
        .and_then(|()| TempDir::with_prefix_in("browser-", scratch))
        .map(TempDir::keep)
        .map_err(|error| BrowserError::Start {
            program: program.to_owned(),
            reason: format!(
                "failed to create a folder in {}: {error}",
                scratch.display()
            ),
        })
}

/// Starts a program with further variables (`NAME=value`) and reads the port
/// that it prints after `marker`. With an image in the settings, it runs there.
pub(in crate::browser) async fn start_program(
    settings: &BrowserSettings,
    environment: &[String],
    program: &Path,
    arguments: &[String],
    scratch: &Path,
    marker: &str,
) -> Result<(Supervised, u16), BrowserError> {
    let failed = |reason: String| BrowserError::Start {
        program: program.to_owned(),
        reason,
    };
    let container = settings.container.as_deref();
    let contained = container.map(|it| it.command(settings, environment, program, arguments));
    let spawned = match &contained {
        None => Supervised::spawn_with_env(environment, program, arguments, scratch),
        Some(it) => {
            Supervised::spawn_with_env(&it.environment, &it.program, &it.arguments, scratch)
        }
    };
    let mut process = spawned.map_err(|error| failed(error.to_string()))?;
    let announced = within(
        &format!("{} to start", program.display()),
        process.wait_for_marker(marker),
    )
    .await?;
    let port = announced.as_deref().and_then(leading_number);
    match port {
        Some(port) => Ok((process, port)),
        None => Err(failed(format!(
            "it exited with this output:\n{}",
            process.last_output()
        ))),
    }
}

fn leading_number(text: &str) -> Option<u16> {
    let digits = text
        .find(|c: char| !c.is_ascii_digit())
        .unwrap_or(text.len());
    text[..digits].parse().ok()
}
