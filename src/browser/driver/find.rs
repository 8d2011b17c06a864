//! Finds browser and driver programs on this machine.

use std::path::{Path, PathBuf};

use crate::browser::error::BrowserError;
use crate::config::ProgramSearch;
use crate::manifest::BrowserSettings;
use crate::model::BrowserName;

/// The programs of one engine.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Programs {
    /// The browser.
    pub browser: PathBuf,
    /// Its WebDriver.
    pub driver: PathBuf,
}

/// The programs of an engine.
pub(super) struct Names {
    pub(super) browser: Program,
    /// The paths of the browser below the folders of applications, on systems
    /// that have such folders.
    applications: &'static [&'static str],
    pub(super) driver: Program,
}

/// The name for messages, the file names in their order, and how to install it.
pub(super) type Program = (&'static str, &'static [&'static str], &'static str);

/// The headless shell comes first: its frames can be driven, and it starts
/// fastest. Absolute paths come before the
/// wrapper scripts that distributions put on the PATH.
const CHROMIUM: Names = Names {
    browser: (
        "Chromium",
        &[
            "/usr/lib/chromium/chromium-headless-shell",
            "chrome-headless-shell",
            "chromium-headless-shell",
            "/usr/lib/chromium/chromium",
            "chromium",
            "chromium-browser",
            "google-chrome-stable",
            "google-chrome",
        ],
        "install `chromium` and `chromium-headless-shell` (Debian), or set `browser.binary` in the manifest",
    ),
    applications: if cfg!(target_os = "macos") {
        &[
            "Google Chrome.app/Contents/MacOS/Google Chrome",
            "Chromium.app/Contents/MacOS/Chromium",
        ]
    } else {
        &[
            "Google/Chrome/Application/chrome.exe",
            "Chromium/Application/chrome.exe",
        ]
    },
    driver: (
        "chromedriver",
        &[
            "chromedriver",
            "/usr/lib/chromium-browser/chromedriver",
            "/usr/lib/chromium/chromedriver",
        ],
        "install `chromium-driver` (Debian) or `chromedriver`, or set `browser.driver` in the manifest",
    ),
};

const FIREFOX: Names = Names {
    browser: (
        "Firefox",
        &["firefox-esr", "firefox"],
        "install `firefox-esr` (Debian) or `firefox`, or set `binary` in [browser.firefox] of the manifest",
    ),
    applications: if cfg!(target_os = "macos") {
        &["Firefox.app/Contents/MacOS/firefox"]
    } else {
        &["Mozilla Firefox/firefox.exe"]
    },
    driver: (
        "geckodriver",
        &["geckodriver", "~/.cargo/bin/geckodriver"],
        "install it with `cargo install geckodriver`, or set `driver` in [browser.firefox] of the manifest",
    ),
};

const WEBKIT: Names = Names {
    browser: (
        "WebKit browser",
        &[
            "/usr/lib/*/webkit2gtk-4.1/MiniBrowser",
            "/usr/lib/*/webkit2gtk-4.0/MiniBrowser",
            "/usr/lib/webkit2gtk-4.1/MiniBrowser",
            "/usr/libexec/webkit2gtk-4.1/MiniBrowser",
            "MiniBrowser",
        ],
        if cfg!(target_os = "linux") {
            "install `webkit2gtk-driver` (Debian), or set `binary` in [browser.webkit] of the manifest"
        } else {
            "WebKitGTK is available on Linux only: run the tests in a Linux container, or remove \
             `webkit` from `names` in [browser]"
        },
    ),
    applications: &[],
    driver: (
        "WebKitWebDriver",
        &["WebKitWebDriver"],
        "install `webkit2gtk-driver` (Debian), or set `driver` in [browser.webkit] of the manifest",
    ),
};

/// Finds an engine's browser and its driver: the paths in the manifest, or the
/// usual names; in the image of the manifest, if it has one.
///
/// # Errors
/// When either is missing; the message says what to install.
pub fn find(settings: &BrowserSettings, engine: BrowserName) -> Result<Programs, BrowserError> {
    if let Some(container) = &settings.container {
        return container.programs(engine);
    }
    let names = names_of(engine);
    let (browser, driver) = settings.configured(engine);
    let search = &settings.system.programs;
    Ok(Programs {
        browser: find_program(names.browser, names.applications, browser, search)?,
        driver: find_program(names.driver, &[], driver, search)?,
    })
}

pub(super) fn names_of(engine: BrowserName) -> Names {
    match engine {
        BrowserName::Chromium => CHROMIUM,
        BrowserName::Firefox => FIREFOX,
        BrowserName::Webkit => WEBKIT,
    }
}

/// The command that installs an engine and its driver, on Linux that of Debian.
pub fn install_command(engine: BrowserName) -> &'static str {
    match engine {
        BrowserName::Chromium if cfg!(target_os = "macos") => {
            "brew install --cask google-chrome chromedriver"
        }
        BrowserName::Firefox if cfg!(target_os = "macos") => {
            "brew install --cask firefox; brew install geckodriver"
        }
        BrowserName::Chromium if cfg!(windows) => {
            "winget install Google.Chrome Chromium.ChromeDriver"
        }
        BrowserName::Firefox if cfg!(windows) => {
            "winget install Mozilla.Firefox Mozilla.GeckoDriver"
        }
        BrowserName::Webkit if !cfg!(target_os = "linux") => {
            "use a Linux container: WebKitGTK is available on Linux only"
        }
        BrowserName::Chromium => "apt install chromium chromium-driver",
        BrowserName::Firefox => "apt install firefox-esr; cargo install geckodriver",
        BrowserName::Webkit => "apt install webkit2gtk-driver xvfb",
    }
}

/// Finds the virtual display server that WebKit draws on.
pub(in crate::browser) fn find_virtual_display(
    search: &ProgramSearch,
) -> Result<PathBuf, BrowserError> {
    let advice = "install `xvfb` (Debian): WebKit has no headless mode and draws on it";
    find_program(("virtual display", &["Xvfb"], advice), &[], None, search)
}

fn find_program(
    (what, names, advice): Program,
    applications: &[&str],
    configured: Option<&Path>,
    search: &ProgramSearch,
) -> Result<PathBuf, BrowserError> {
    let folders = search.applications.iter();
    let installed: Vec<_> = folders
        .flat_map(|folder| applications.iter().map(|path| folder.join(path)))
        .collect();
    let found = match configured {
        Some(path) => search.find(path),
        None => names
            .iter()
            .find_map(|name| resolve(name, search))
            .or_else(|| installed.iter().find_map(|path| search.find(path))),
    };
    let looked_for = || {
        let names = names.iter().map(|name| (*name).to_owned());
        let paths = installed.iter().map(|path| path.display().to_string());
        names.chain(paths).collect::<Vec<_>>().join(", ")
    };
    found.ok_or_else(|| BrowserError::NotFound {
        what,
        looked_for: configured.map_or_else(looked_for, |path| path.display().to_string()),
        advice,
    })
}

/// Finds a program by a name in which `~` is the home folder and `*` any one
/// folder.
fn resolve(name: &str, search: &ProgramSearch) -> Option<PathBuf> {
    if let Some(rest) = name.strip_prefix("~/") {
        return search.find(&search.home.as_ref()?.join(rest));
    }
    let Some((before, after)) = name.split_once("*/") else {
        return search.find(Path::new(name));
    };
    let folders = std::fs::read_dir(before).ok()?;
    let mut found: Vec<_> = folders
        .filter_map(|folder| search.find(&folder.ok()?.path().join(after)))
        .collect();
    found.sort();
    found.into_iter().next()
}
