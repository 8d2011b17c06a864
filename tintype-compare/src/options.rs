//! Defines what counts as a difference and how much is tolerated.

use serde::Serialize;

use crate::region::Region;

/// Defines what counts as a difference and how much is tolerated.
///
/// Every limit that is set must hold. Without any, no pixel may differ.
///
/// ```
/// use tintype_compare::{Antialiasing, DiffWindow, Options};
///
/// let options = Options::default()
///     .threshold(0.05)
///     .antialiasing(Antialiasing::Count)
///     .max_diff_pixels(100)
///     .max_diff_window(DiffWindow::new(16, 20));
/// assert_eq!(options.tolerated(1_000_000), 100);
/// ```
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub struct Options {
    /// How the distance of two colours is measured.
    pub metric: Metric,
    /// The largest distance of two colours that count as equal, from 0 (every
    /// difference counts) to 1 (black and white are equal).
    pub threshold: f64,
    /// Whether pixels that look like anti-aliasing count.
    pub antialiasing: Antialiasing,
    /// The most pixels that may differ.
    pub max_diff_pixels: Option<u64>,
    /// The largest share of the compared pixels that may differ, 0 to 1.
    pub max_diff_ratio: Option<f64>,
    /// The most pixels that may differ close together.
    pub max_diff_window: Option<DiffWindow>,
    /// Rectangles that are not compared, in image pixels. Parts outside the
    /// image are cut off.
    pub ignore: Vec<Region>,
    /// Recognise blocks of rows that only moved up or down, and report the
    /// move instead of everything that it displaced.
    #[serde(rename = "moved")]
    pub detect_moves: bool,
    /// Measure how visible the difference is, and limit it.
    pub perceptual: Perceptual,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            metric: Metric::default(),
            threshold: 0.1,
            antialiasing: Antialiasing::default(),
            max_diff_pixels: None,
            max_diff_ratio: None,
            max_diff_window: None,
            ignore: Vec::new(),
            detect_moves: false,
            perceptual: Perceptual::default(),
        }
    }
}

/// How the distance of two colours is measured.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Metric {
    /// As the npm package `pixelmatch` 8: the HyAB distance in OKLab with
    /// toe-corrected lightness. At threshold 0.1 a grey may change by about a
    /// tenth of the way from black to white as the eye sees it.
    #[default]
    Oklab,
    /// As the npm package `pixelmatch` 7: a pixel differs when
    /// `0.5053·y² + 0.299·i² + 0.1957·q² > 35215·t²`, where `y`, `i`, `q` is
    /// the difference of the two colours in YIQ. At threshold 0.1 a grey may
    /// change by 26 of 255 steps, at 0.2 by 52.
    Yiq,
}

/// Whether pixels that look like anti-aliasing count as different.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Antialiasing {
    /// They are counted apart and do not count as different.
    #[default]
    Ignore,
    /// They count like any other pixel.
    Count,
}

/// A limit on differences that lie close together.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub struct DiffWindow {
    /// Width and height of a square window in pixels. A window larger than the
    /// image is as large as its shorter side.
    pub size: u32,
    /// The most pixels that may differ in any such window.
    pub pixels: u64,
}

impl DiffWindow {
    /// At most `pixels` in any square of `size` by `size` pixels.
    pub fn new(size: u32, pixels: u64) -> Self {
        Self { size, pixels }
    }
}

/// How visible the differing pixels are, by their colour difference in
/// CIEDE2000: 1 is barely visible side by side, 2.3 a just noticeable
/// difference, 100 black against white.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Perceptual {
    /// Not measured.
    #[default]
    Off,
    /// Measured and reported, without a limit.
    Report,
    /// No differing pixel may differ by more.
    Limit {
        /// The largest colour difference that is tolerated.
        max_delta_e: f64,
    },
}

impl Options {
    /// No tolerance at all: threshold 0, anti-aliasing counts.
    pub fn exact() -> Self {
        Self {
            threshold: 0.0,
            antialiasing: Antialiasing::Count,
            ..Self::default()
        }
    }

    /// Sets how the distance of two colours is measured.
    #[must_use]
    pub fn metric(mut self, metric: Metric) -> Self {
        self.metric = metric;
        self
    }

    /// Sets the largest distance of two colours that count as equal, 0 to 1.
    #[must_use]
    pub fn threshold(mut self, threshold: f64) -> Self {
        self.threshold = threshold;
        self
    }

    /// Sets whether pixels that look like anti-aliasing count.
    #[must_use]
    pub fn antialiasing(mut self, antialiasing: Antialiasing) -> Self {
        self.antialiasing = antialiasing;
        self
    }

    /// Limits the number of pixels that differ.
    #[must_use]
    pub fn max_diff_pixels(mut self, pixels: u64) -> Self {
        self.max_diff_pixels = Some(pixels);
        self
    }

    /// Limits the share of the compared pixels that differ, 0 to 1.
    #[must_use]
    pub fn max_diff_ratio(mut self, ratio: f64) -> Self {
        self.max_diff_ratio = Some(ratio);
        self
    }

    /// Limits the pixels that differ close together.
    #[must_use]
    pub fn max_diff_window(mut self, window: DiffWindow) -> Self {
        self.max_diff_window = Some(window);
        self
    }

    /// Adds rectangles that are not compared.
    #[must_use]
    pub fn ignore(mut self, regions: impl IntoIterator<Item = Region>) -> Self {
        self.ignore.extend(regions);
        self
    }

    /// Sets whether blocks of rows that only moved up or down are recognised.
    #[must_use]
    pub fn detect_moves(mut self, detect: bool) -> Self {
        self.detect_moves = detect;
        self
    }

    /// Sets whether the visibility of the difference is measured and limited.
    #[must_use]
    pub fn perceptual(mut self, perceptual: Perceptual) -> Self {
        self.perceptual = perceptual;
        self
    }

    /// How many of `compared` pixels may differ: the stricter of
    /// `max_diff_pixels` and `max_diff_ratio`, and none if no limit is set at
    /// all.
    pub fn tolerated(&self, compared: u64) -> u64 {
        let by_ratio = self.max_diff_ratio.map(|ratio| within(ratio, compared));
        match (self.max_diff_pixels, by_ratio) {
            (Some(pixels), Some(by_ratio)) => pixels.min(by_ratio),
            (Some(limit), None) | (None, Some(limit)) => limit,
            (None, None) if self.limits_by_place_or_colour() => compared,
            (None, None) => 0,
        }
    }

    /// Whether there is a limit other than on the number of pixels.
    pub(super) fn limits_by_place_or_colour(&self) -> bool {
        self.max_diff_window.is_some() || matches!(self.perceptual, Perceptual::Limit { .. })
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
