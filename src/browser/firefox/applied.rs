//! The tab that is open, and the settings that it already has.

/// A tab, and the container whose cookies, storage and cache it has.
#[derive(Debug, Default)]
pub(super) struct Tab {
    pub(super) id: String,
    pub(super) container: Option<String>,
    /// Whether the container has the credentials.
    pub(super) has_credentials: bool,
}
