//! The state of a page that all engines share.

use std::sync::Arc;

use super::storage_state::StorageState;
use crate::manifest::{Credentials, Device, Screen};
use crate::model::PerformedStep;

/// The story that a page shows, and the settings that it is shown with.
#[derive(Debug, Default)]
pub(in crate::browser) struct PageState {
    /// The address of the loaded story; empty in a new page.
    pub(in crate::browser) address: String,
    /// The emulated screen.
    pub(in crate::browser) screen: Option<Screen>,
    /// The device to emulate from the next load on.
    pub(in crate::browser) device: Device,
    /// Whether steps have been performed since the story was loaded.
    pub(in crate::browser) has_acted: bool,
    /// The steps that were performed last.
    pub(in crate::browser) steps: Vec<PerformedStep>,
    /// The credentials for the server of the stories.
    pub(in crate::browser) access: Access,
    /// The cookies and storage of the login that the story uses.
    pub(in crate::browser) storage_state: Option<StorageState>,
}

impl PageState {
    /// Starts the story at `address`.
    pub(in crate::browser) fn begin_story(&mut self, address: &str) {
        address.clone_into(&mut self.address);
        self.has_acted = false;
    }

    /// Resets what belongs to a tab: a new one is open.
    pub(in crate::browser) fn reset_tab(&mut self) {
        self.address.clear();
        self.screen = None;
        self.has_acted = false;
    }
}

/// Credentials and the server that they are for.
#[derive(Clone, Debug, Default)]
pub(in crate::browser) struct Access {
    /// The server's address, without a trailing slash.
    pub(in crate::browser) base: String,
    pub(in crate::browser) credentials: Arc<Credentials>,
}
