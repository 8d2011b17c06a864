//! A rectangle of an image.

use serde::{Deserialize, Serialize};

/// A rectangle of an image, in image pixels from the top left corner.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Region {
    /// Distance of its left edge from the image's.
    pub x: u32,
    /// Distance of its top edge from the image's.
    pub y: u32,
    /// Width.
    pub width: u32,
    /// Height.
    pub height: u32,
}
