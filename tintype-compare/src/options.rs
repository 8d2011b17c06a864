//! What counts as a difference, and how much of it is tolerated.

use serde::Serialize;

use crate::region::Region;

/// What counts as a difference, and how much of it is tolerated.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct Options {
    /// How far apart two colours may be and still count as equal, from 0
    /// (every difference counts) to 1 (nothing does).
    ///
    /// A pixel differs when `0.5053·y² + 0.299·i² + 0.1957·q² > 35215·t²`,
    /// where `y`, `i`, `q` is the difference of the two colours in YIQ: the
    /// measure of the npm package `pixelmatch` 7. At 0.1 a grey may change by
    /// 26 of 255 steps, at 0.2 by 52.
    pub threshold: f64,
    /// Whether pixels that look like anti-aliasing count.
    pub antialiasing: Antialiasing,
    /// The most pixels that may differ. `None` sets no such limit; with
    /// neither limit set, no pixel may differ.
    pub max_diff_pixels: Option<u64>,
    /// The largest share of the compared pixels that may differ, 0 to 1.
    /// `None` sets no such limit. Where both limits are set, the stricter one
    /// decides.
    pub max_diff_ratio: Option<f64>,
    /// Rectangles that are not compared, in image pixels. What reaches beyond
    /// the image is cut off.
    pub ignore: Vec<Region>,
    /// Recognise blocks of rows that only moved up or down, and report the
    /// move instead of everything that it displaced.
    #[serde(rename = "moved")]
    pub detect_moves: bool,
    /// A second opinion on how visible the difference is.
    pub perceptual: Perceptual,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            threshold: 0.1,
            antialiasing: Antialiasing::default(),
            max_diff_pixels: None,
            max_diff_ratio: None,
            ignore: Vec::new(),
            detect_moves: false,
            perceptual: Perceptual::default(),
        }
    }
}

/// Whether pixels that look like anti-aliasing count as different.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Antialiasing {
    /// They are told apart and do not count.
    #[default]
    Ignore,
    /// They count like any other pixel.
    Count,
}

/// A second opinion on the difference, asked only where pixels differ.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Perceptual {
    /// It is not asked.
    #[default]
    Off,
    /// It is reported and decides nothing.
    Report,
    /// A difference beyond the limits is tolerated all the same when no more
    /// than `max_delta_e` (CIEDE2000, at the 99th percentile of the differing
    /// pixels) can be seen of it. 1 is barely visible side by side, 2.3 a just
    /// noticeable difference.
    Decide {
        /// The largest colour difference that is tolerated.
        max_delta_e: f64,
    },
}

impl Options {
    /// How many of `compared` pixels may differ: the stricter of the two
    /// limits, and none where neither is set.
    pub fn tolerated(&self, compared: u64) -> u64 {
        let by_ratio = self.max_diff_ratio.map(|ratio| within(ratio, compared));
        match (self.max_diff_pixels, by_ratio) {
            (Some(pixels), Some(by_ratio)) => pixels.min(by_ratio),
            (Some(limit), None) | (None, Some(limit)) => limit,
            (None, None) => 0,
        }
    }

    /// The largest squared YIQ distance that still counts as equal.
    pub(super) fn max_delta(&self) -> f64 {
        // What is no number tolerates nothing.
        let threshold = if self.threshold.is_nan() {
            0.0
        } else {
            self.threshold.clamp(0.0, 1.0)
        };
        // Written in this order because pixelmatch is: the result is the same
        // to the last bit.
        35215.0 * threshold * threshold
    }
}

/// The largest number of pixels whose share of `compared` is at most `ratio`.
fn within(ratio: f64, compared: u64) -> u64 {
    let near = (ratio.clamp(0.0, 1.0) * compared as f64).floor() as u64;
    // The product may be rounded to just below a whole number.
    let next = near + 1;
    if next <= compared && next as f64 / compared as f64 <= ratio {
        next
    } else {
        near
    }
}
