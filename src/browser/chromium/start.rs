//! Starts Chromium and its driver.
//!
//! The browser is started here and not by the driver, so that it can be
//! supervised and survives a hung driver.

use std::path::Path;

use serde_json::{Value, json};
use uuid::Uuid;

use super::arguments;
use crate::browser::driver::{
    self, Driver, Programs, connect, connect_remote, find, profile_folder, scratch_folder,
    start_program,
};
use crate::browser::error::BrowserError;
use crate::manifest::BrowserSettings;
use crate::model::BrowserName;
use crate::process::Supervised;

/// The number of attempts to start browser and driver.
const ATTEMPTS: u32 = 2;

/// Precedes the port in the browser's output.
const DEBUGGER_MARKER: &str = "DevTools listening on ws://127.0.0.1:";

/// Precedes the port in the driver's output.
const DRIVER_MARKER: &str = "started successfully on port ";

/// Starts Chromium and a driver, or opens a session on a remote WebDriver.
/// Profiles are created in `scratch`.
pub(super) async fn start(
    settings: &BrowserSettings,
    scratch: &Path,
) -> Result<Driver, BrowserError> {
    let Some(address) = &settings.webdriver else {
        let programs = find(settings, BrowserName::Chromium)?;
        let Programs { browser, driver } = &programs;
        tracing::info!(?browser, ?driver, "starting a browser");
        return start_with_retry(settings, &programs, scratch).await;
    };
    start_remote(settings, address).await
}

/// About once in a hundred starts, browser and driver fail to connect, and only
/// a time limit detects it. A driver also exits when its port is in use on
/// IPv6. Both are retried.
async fn start_with_retry(
    settings: &BrowserSettings,
    programs: &Programs,
    scratch: &Path,
) -> Result<Driver, BrowserError> {
    let mut attempts = 1;
    loop {
        match start_local(settings, programs, scratch).await {
            Err(error @ (BrowserError::Timeout { .. } | BrowserError::Start { .. }))
                if attempts < ATTEMPTS =>
            {
                tracing::warn!(%error, "the browser did not start; retrying");
                attempts += 1;
            }
            outcome => return outcome,
        }
    }
}

async fn start_local(
    settings: &BrowserSettings,
    programs: &Programs,
    scratch: &Path,
) -> Result<Driver, BrowserError> {
    let (browser, driver) = tokio::join!(
        start_browser(settings, &programs.browser, scratch),
        start_driver(settings, &programs.driver, scratch),
    );
    let ((browser, debugger_port), (driver, address)) = (browser?, driver?);
    let options = json!({ "debuggerAddress": format!("127.0.0.1:{debugger_port}") });
    let session = connect(&address, capabilities(&options));
    let client = driver::within("a new WebDriver session", session).await??;
    let mut driver = Driver::local(client, vec![browser, driver]);
    driver.drives_frames = arguments::drives_frames(&programs.browser);
    Ok(driver)
}

async fn start_remote(settings: &BrowserSettings, address: &str) -> Result<Driver, BrowserError> {
    let options = json!({ "args": arguments::remote_arguments(settings) });
    let mut capabilities = capabilities(&options);
    // A hub chooses the node by it.
    capabilities["browserName"] = json!("chrome");
    let client = connect_remote(address, capabilities).await?;
    Ok(Driver::remote(client, address))
}

/// The capabilities for chromedriver, with these options for the browser.
fn capabilities(options: &Value) -> Value {
    json!({
        "goog:chromeOptions": options,
        "unhandledPromptBehavior": "dismiss",
        "pageLoadStrategy": "normal",
    })
}

/// Starts the browser and returns the port of its debugger.
async fn start_browser(
    settings: &BrowserSettings,
    program: &Path,
    scratch: &Path,
) -> Result<(Supervised, u16), BrowserError> {
    let profile = scratch_folder(program, scratch)?;
    let folder = profile_folder(settings, &profile);
    let arguments = arguments::local_arguments(program, &folder, settings);
    let marker = DEBUGGER_MARKER;
    start_program(settings, &[], program, &arguments, &profile, marker).await
}

/// Starts the driver and returns its address. Its path is random: the driver
/// accepts requests from every page that this machine serves.
async fn start_driver(
    settings: &BrowserSettings,
    program: &Path,
    scratch: &Path,
) -> Result<(Supervised, String), BrowserError> {
    let folder = scratch_folder(program, scratch)?;
    let path = Uuid::now_v7().simple();
    let base = format!("--url-base=/{path}");
    let arguments = ["--port=0", "--log-level=WARNING", &base].map(str::to_owned);
    let marker = DRIVER_MARKER;
    let started = start_program(settings, &[], program, &arguments, &folder, marker);
    let (driver, port) = started.await?;
    Ok((driver, format!("http://127.0.0.1:{port}/{path}/")))
}
