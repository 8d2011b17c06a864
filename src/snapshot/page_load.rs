//! How a page was loaded.

use crate::browser::LookReads;
use crate::manifest::{Device, Screen};
use crate::plan::Snapshot;

/// The page and browser in which a story is loaded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum PageReuse {
    /// The current page; the browser may use its cache.
    Reuse,
    /// A new page in a browser without cache, cookies and storage.
    Fresh,
}

/// One load of a story, and the look that the page had meanwhile.
#[derive(Clone, Debug)]
pub(super) struct PageLoad {
    /// Loads of a session are numbered.
    pub(super) number: u64,
    pub(super) reuse: PageReuse,
    pub(super) theme: String,
    pub(super) device: Device,
    pub(super) screen: Screen,
    /// What the page has read of its look while it was loaded.
    pub(super) reads: LookReads,
}

impl PageLoad {
    /// Whether the page was loaded with the theme of a snapshot.
    pub(super) fn has_theme_of(&self, snapshot: &Snapshot) -> bool {
        self.theme == snapshot.theme.name && self.device == snapshot.device
    }

    /// Whether the page was loaded on the screen of a snapshot.
    pub(super) fn has_screen_of(&self, snapshot: &Snapshot) -> bool {
        self.screen == snapshot.screen
    }
}
