//! Which browser and driver programs this machine has.

use std::env;
use std::path::{Path, PathBuf};

use super::BrowserError;
use crate::manifest::BrowserSettings;

/// The programs of one engine.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Programs {
    /// The browser.
    pub browser: PathBuf,
    /// Its WebDriver.
    pub driver: PathBuf,
}

/// Chromium by any of its names, the headless shell first: it is the one whose
/// frames can be driven, and it starts fastest. Absolute paths come before the
/// wrapper scripts that distributions put on the PATH.
const BROWSERS: &[&str] = &[
    "/usr/lib/chromium/chromium-headless-shell",
    "chrome-headless-shell",
    "chromium-headless-shell",
    "/usr/lib/chromium/chromium",
    "chromium",
    "chromium-browser",
    "google-chrome-stable",
    "google-chrome",
    "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
    "/Applications/Chromium.app/Contents/MacOS/Chromium",
];

const DRIVERS: &[&str] = &[
    "chromedriver",
    "/usr/lib/chromium-browser/chromedriver",
    "/usr/lib/chromium/chromedriver",
];

/// Finds Chromium and its driver: the manifest's word first, then the names
/// that they go by.
///
/// # Errors
/// When either is not there; the message says what to install.
pub fn find(settings: &BrowserSettings) -> Result<Programs, BrowserError> {
    Ok(Programs {
        browser: one(
            "browser",
            settings.binary.as_deref(),
            BROWSERS,
            "install `chromium` and `chromium-headless-shell` (Debian), or set `browser.binary` in the manifest",
        )?,
        driver: one(
            "driver",
            settings.driver.as_deref(),
            DRIVERS,
            "install `chromium-driver` (Debian) or `chromedriver`, or set `browser.driver` in the manifest",
        )?,
    })
}

fn one(
    what: &'static str,
    told: Option<&Path>,
    names: &[&str],
    advice: &'static str,
) -> Result<PathBuf, BrowserError> {
    let looked_for = || told.map_or_else(|| names.join(", "), |told| told.display().to_string());
    let found = match told {
        Some(told) => on_path(told),
        None => names.iter().find_map(|name| on_path(Path::new(name))),
    };
    found.ok_or_else(|| BrowserError::Missing {
        what,
        looked_for: looked_for(),
        advice,
    })
}

/// A program by its path, or by its bare name in the folders of `PATH`.
fn on_path(name: &Path) -> Option<PathBuf> {
    if name.components().count() > 1 {
        return name.is_file().then(|| name.to_owned());
    }
    let path = env::var_os("PATH")?;
    env::split_paths(&path)
        .map(|folder| folder.join(name))
        .find(|candidate| candidate.is_file())
}
