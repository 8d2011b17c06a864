//! The names of the browser engines.

use serde::Serialize;

/// A browser engine.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
pub enum BrowserName {
    /// Chromium or Chrome, driven by chromedriver.
    Chromium,
    /// Firefox, driven by geckodriver.
    Firefox,
    /// WebKit, driven by WebKitWebDriver.
    Webkit,
}

impl BrowserName {
    /// Every engine.
    pub const ALL: [Self; 3] = [Self::Chromium, Self::Firefox, Self::Webkit];

    /// The name in the manifest, in `TINTYPE_BROWSER` and in story ids.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Chromium => "chromium",
            Self::Firefox => "firefox",
            Self::Webkit => "webkit",
        }
    }

    /// The engine with this name.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|each| each.as_str() == name)
    }

    /// The names of several engines, separated by commas.
    pub(crate) fn list(names: &[Self]) -> String {
        let names: Vec<_> = names.iter().map(|name| name.as_str()).collect();
        names.join(", ")
    }
}
