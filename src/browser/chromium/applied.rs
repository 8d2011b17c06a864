//! The settings that the browser and its open tab already have.

use serde_json::Value;

/// The emulation settings of the open tab. A new tab has none.
#[derive(Debug, Default)]
pub(super) struct Emulated {
    pub(super) media: Option<Value>,
    /// The user agent and the languages.
    pub(super) user_agent: (String, String),
    pub(super) locale: String,
    pub(super) time_zone: String,
    pub(super) touch: bool,
}

/// The credentials that the browser already has.
#[derive(Debug, Default)]
pub(super) struct SentCredentials {
    /// Whether the open tab sends the headers.
    pub(super) headers: bool,
    /// Whether the browser has the cookies.
    pub(super) cookies: bool,
    /// Whether the browser remembers the password.
    pub(super) password: bool,
}
