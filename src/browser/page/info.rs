//! Names of a browser, and the requests of a page.

/// Names and versions of a session's browser and driver.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BrowserInfo {
    /// `chromium 156.0.8078.79`
    pub browser: String,
    /// `chromedriver 156.0.8078.79`
    pub driver: String,
    /// Whether frames are driven, or the browser runs freely.
    pub drives_frames: bool,
}

/// The files that a page has loaded, as it reports them.
#[derive(Clone, Debug, Default, PartialEq, Eq, serde::Deserialize)]
pub struct PageResources {
    /// Addresses, each once.
    pub files: Vec<String>,
    /// Other inputs on which the page depends.
    pub untracked: Vec<String>,
}

/// The conditions that are checked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Thoroughness {
    /// The cheap ones only. The screenshot either equals its baseline or is not
    /// used.
    Quick,
    /// All of them, because the screenshot will be judged.
    Thorough,
}
