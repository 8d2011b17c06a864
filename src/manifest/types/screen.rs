//! Viewports with their scale.

use serde::Serialize;

use crate::model::Viewport;

/// A viewport and its scale.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Screen {
    /// Width × height in CSS pixels.
    pub viewport: Viewport,
    /// Device pixels per CSS pixel.
    pub scale: f64,
    /// Whether the viewport `<meta>` of the page applies, as on a phone.
    pub mobile: bool,
    /// Whether the device has a touchscreen instead of a mouse.
    pub touch: bool,
}
