//! The resources that a page loaded.

/// The resources that a page loaded, as reported by the page and the server.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Loads {
    /// Paths below the root of the story server: percent-decoded, without
    /// query, with or without a leading `/`. Missing files (404) are included.
    pub files: Vec<String>,
    /// Inputs other than files, which prevent caching: "a request to https://…",
    /// "a service worker", "a web socket", "it reads the clock".
    pub untracked: Vec<String>,
}
