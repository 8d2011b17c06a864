//! What page code has read of its look.

use serde::Deserialize;

/// The parts of its look that a page has read, without listening to their
/// changes. Where that is unknown, it is taken to have read all.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
pub(crate) struct LookReads {
    /// Size and scale of the viewport.
    pub(crate) viewport: bool,
    /// The theme, and other media features.
    pub(crate) theme: bool,
}

impl LookReads {
    /// Everything.
    pub(crate) const ALL: Self = Self {
        viewport: true,
        theme: true,
    };
}
