//! Starts WebKitGTK through WebKitWebDriver, on a private display and with
//! separate GTK settings.

use std::fs;
use std::net::{Ipv4Addr, TcpListener};
use std::path::Path;
use std::time::Duration;

use serde_json::json;
use tokio::net::TcpStream;

use super::display::Display;
use crate::browser::driver::{self, Driver, Programs, find};
use crate::browser::error::BrowserError;
use crate::manifest::{BrowserSettings, ColorScheme, Screen, Theme};
use crate::model::BrowserName;
use crate::process::Supervised;

/// GTK settings, so that text does not depend on the desktop's.
const GTK_SETTINGS: &str = "[Settings]
gtk-overlay-scrolling=1
gtk-enable-animations=0
gtk-cursor-blink=0
gtk-xft-antialias=1
gtk-xft-hinting=0
gtk-xft-hintstyle=hintnone
gtk-xft-rgba=none
gtk-xft-dpi=98304
";

/// Buttons without a size, so that the browser's window can be narrow.
const GTK_STYLE: &str =
    "toolbar, headerbar, entry, button, box, toolitem, image, notebook, tab, label {
  min-width: 0; min-height: 0; margin: 0; padding: 0; border-width: 0;
}
toolbar image, button image { -gtk-icon-transform: scale(0); }
";

/// The environment variables of driver and browser.
const ENVIRONMENT: &[&str] = &[
    "GDK_BACKEND=x11",
    // No desktop services are used.
    "NO_AT_BRIDGE=1",
    "GTK_A11Y=none",
    "GSETTINGS_BACKEND=memory",
    "GTK_USE_PORTAL=0",
    // The software rasteriser draws the same on every machine of a kind.
    "LIBGL_ALWAYS_SOFTWARE=1",
    // With some tiles drawn by the GPU, even in software, two screenshots of one
    // page differed from tile to tile.
    "WEBKIT_SKIA_ENABLE_CPU_RENDERING=1",
];

/// The number of attempts to start the driver, whose port may be taken.
const ATTEMPTS: u32 = 3;

/// The settings that are fixed when the browser starts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct LaunchStyle {
    pub(super) dark: bool,
    /// Device pixels per CSS pixel.
    pub(super) scale: u32,
}

impl LaunchStyle {
    pub(super) fn of(theme: &Theme, screen: Screen) -> Self {
        Self {
            dark: theme.color_scheme == Some(ColorScheme::Dark),
            scale: screen.scale.ceil() as u32,
        }
    }
}

/// Starts a driver and a browser with these settings.
pub(super) async fn start(
    settings: &BrowserSettings,
    scratch: &Path,
    display: &Display,
    style: LaunchStyle,
) -> Result<Driver, BrowserError> {
    let programs = find(settings, BrowserName::Webkit)?;
    let Programs { browser, driver } = &programs;
    tracing::info!(?browser, ?driver, ?style, "starting a browser");
    let mut attempts = 1;
    let (process, port) = loop {
        match start_driver(driver, scratch, display, style).await {
            Err(BrowserError::Start { reason, .. }) if attempts < ATTEMPTS => {
                tracing::warn!(reason, "the driver did not start; retrying");
                attempts += 1;
            }
            outcome => break outcome?,
        }
    };
    let address = format!("http://127.0.0.1:{port}");
    let client = driver::launch(&address, wanted(settings, browser, style)).await?;
    Ok(Driver::local(client, vec![process]))
}

fn wanted(settings: &BrowserSettings, browser: &Path, style: LaunchStyle) -> serde_json::Value {
    let mut arguments = vec!["--automation".to_owned()];
    if style.dark {
        arguments.push("--dark-mode".to_owned());
    }
    arguments.extend(settings.webkit.args.iter().cloned());
    if let Some(proxy) = &settings.proxy {
        // The proxy capability would need a proxy that supports TLS.
        arguments.push(format!("--proxy=http://{}", proxy.address));
    }
    json!({
        "webkitgtk:browserOptions": { "binary": browser, "args": arguments },
        "unhandledPromptBehavior": "dismiss",
        "pageLoadStrategy": "normal",
        // The driver would set a timer of the page.
        "timeouts": { "script": null },
    })
}

/// Starts the driver on a free port: it cannot choose one itself.
async fn start_driver(
    driver: &Path,
    scratch: &Path,
    display: &Display,
    style: LaunchStyle,
) -> Result<(Supervised, u16), BrowserError> {
    let failed = |reason: String| BrowserError::Start {
        program: driver.to_owned(),
        reason,
    };
    let own = driver::scratch_folder(driver, scratch)?;
    configure(&own).map_err(|error| failed(error.to_string()))?;
    let port = free_port().map_err(|error| failed(error.to_string()))?;
    let mut environment: Vec<String> = ENVIRONMENT.iter().map(|&set| set.to_owned()).collect();
    environment.push(format!("DISPLAY={}", display.name));
    environment.push(format!("GDK_SCALE={}", style.scale));
    for variable in ["XDG_CONFIG_HOME", "XDG_CACHE_HOME", "TMPDIR"] {
        environment.push(format!("{variable}={}", own.display()));
    }
    let arguments = [format!("--port={port}")];
    let mut process = Supervised::spawn_with_env(&environment, driver, &arguments, &own)
        .map_err(|error| failed(error.to_string()))?;
    let answers = driver::within("WebKitWebDriver to start", async {
        tokio::select! {
            () = answers(port) => true,
            () = process.wait_for_exit() => false,
        }
    });
    if answers.await? {
        Ok((process, port))
    } else {
        let output = process.last_output();
        Err(failed(format!("it exited with this output:\n{output}")))
    }
}

async fn answers(port: u16) {
    while TcpStream::connect((Ipv4Addr::LOCALHOST, port))
        .await
        .is_err()
    {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

fn free_port() -> std::io::Result<u16> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
    Ok(listener.local_addr()?.port())
}

/// Writes the GTK settings into the browser's configuration folder.
fn configure(own: &Path) -> std::io::Result<()> {
    let folder = own.join("gtk-3.0");
    fs::create_dir_all(&folder)?;
    fs::write(folder.join("settings.ini"), GTK_SETTINGS)?;
    fs::write(folder.join("gtk.css"), GTK_STYLE)
}

/// The start options that affect pixels.
pub(in crate::browser) fn switches(settings: &BrowserSettings) -> Vec<String> {
    let own = [GTK_SETTINGS, GTK_STYLE].into_iter();
    let mut switches: Vec<String> = own
        .chain(ENVIRONMENT.iter().copied())
        .map(str::to_owned)
        .collect();
    switches.extend(settings.webkit.args.iter().cloned());
    switches
}
