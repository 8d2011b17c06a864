//! Comparing two pictures.

use serde::Serialize;

/// How two pictures are compared.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Options {
    /// YIQ distance per pixel above which it differs, 0 to 1.
    pub threshold: f64,
    /// Whether anti-aliased pixels count as differing.
    pub antialiasing: bool,
    /// At most this many differing pixels are tolerated.
    pub max_diff_pixels: Option<u64>,
    /// At most this part of all compared pixels may differ, 0 to 1.
    pub max_diff_ratio: Option<f64>,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            threshold: 0.1,
            antialiasing: false,
            max_diff_pixels: None,
            max_diff_ratio: None,
        }
    }
}
