//! Compares two images and judges the result.

use image::RgbaImage;
use serde::Serialize;

use super::diff_window::DensestWindow;
use super::engine::{self, PixelCriteria};
use super::layout::Layout;
use super::mask::Mask;
use super::options::{Options, Perceptual};
use super::perceptual::{self, PerceptualDifference};
use super::pixel_view::PixelView;
use super::regions;
use super::row_alignment::RowMove;
use super::tally::Tally;
use crate::region::Region;

/// The result of a comparison.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Verdict {
    /// All compared pixels are the same.
    Same,
    /// Pixels differ, but all of them are within the threshold, look like
    /// anti-aliasing, or are no more than the limits allow; or blocks of rows
    /// only moved, and [`Options::detect_moves`] is set.
    WithinTolerance,
    /// Pixels differ, and a limit is exceeded.
    Different,
    /// Width or height differ. No limit tolerates that.
    SizeMismatch,
}

/// How two images differ, as plain data.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct Comparison {
    /// The verdict.
    pub verdict: Verdict,
    /// Pixels that differ and count. If the sizes differ, every pixel that only
    /// one of the images has is among them.
    pub differing: u64,
    /// Pixels that differ by more than the threshold, but look like
    /// anti-aliasing and therefore do not count.
    pub antialiased: u64,
    /// Pixels that are not the same, but differ by no more than the threshold.
    pub below_threshold: u64,
    /// Compared pixels: all but the ignored ones.
    pub compared: u64,
    /// Width and height of the baseline in pixels.
    pub baseline_size: (u32, u32),
    /// Width and height of the current image in pixels.
    pub current_size: (u32, u32),
    /// Bounding boxes of differing pixels that lie close together, largest
    /// first, at most 50. If no differing pixel counts, these are the boxes of
    /// the pixels that are tolerated.
    pub regions: Vec<Region>,
    /// Blocks of rows that are the same at another height, highest first. Only
    /// searched with [`Options::detect_moves`].
    pub moves: Vec<RowMove>,
    /// The window in which most pixels differ. Only searched with
    /// [`Options::max_diff_window`].
    pub densest_window: Option<DensestWindow>,
    /// How visible the difference is. Only measured with
    /// [`Options::perceptual`].
    pub visibility: Option<PerceptualDifference>,
    /// The options of the comparison.
    pub options: Options,
}

impl Comparison {
    /// Differing ÷ compared pixels, 0 to 1; 0 if no pixel was compared.
    pub fn diff_ratio(&self) -> f64 {
        if self.compared == 0 {
            return 0.0;
        }
        self.differing as f64 / self.compared as f64
    }

    /// Whether the images are the same or within tolerance.
    pub fn passes(&self) -> bool {
        matches!(self.verdict, Verdict::Same | Verdict::WithinTolerance)
    }

    /// The result for two images of one size, from their counts.
    pub(super) fn from_tally(tally: Tally, size: (u32, u32), options: &Options) -> Self {
        let mut comparison = Self::identical(size, options);
        comparison.count(tally, 0, &[]);
        comparison.verdict = comparison.judge();
        comparison
    }

    /// The result for two images that are the same.
    pub(super) fn identical(size: (u32, u32), options: &Options) -> Self {
        let masked = Mask::new(&options.ignore, size.0, size.1).area();
        Self::new((size, size), area(size) - masked, options)
    }

    /// A comparison in which no pixel differs.
    fn new(sizes: ((u32, u32), (u32, u32)), compared: u64, options: &Options) -> Self {
        Self {
            verdict: Verdict::Same,
            differing: 0,
            antialiased: 0,
            below_threshold: 0,
            compared,
            baseline_size: sizes.0,
            current_size: sizes.1,
            regions: Vec::new(),
            moves: Vec::new(),
            densest_window: None,
            visibility: None,
            options: options.clone(),
        }
    }

    /// Sets the counts of both images, and of the pixels that only one of them
    /// has.
    fn count(&mut self, tally: Tally, beyond_pixels: u64, beyond: &[Region]) {
        self.differing = tally.differing + beyond_pixels;
        self.antialiased = tally.antialiased;
        self.below_threshold = tally.below_threshold;
        self.regions = tally.differing_regions.into_regions();
        self.regions.extend(beyond);
        if self.differing == 0 {
            self.regions = tally.tolerated_regions.into_regions();
        }
        regions::sort(&mut self.regions);
        if let (Some(pixels), Some(window)) = (tally.pixels, self.options.max_diff_window) {
            let ((bw, bh), (cw, ch)) = (self.baseline_size, self.current_size);
            let size = (bw.min(cw) as usize, bh.min(ch).max(1) as usize);
            self.densest_window = pixels.densest_window(size, window.size);
        }
    }

    fn judge(&self) -> Verdict {
        let changed = self.differing + self.antialiased + self.below_threshold;
        if self.baseline_size != self.current_size {
            Verdict::SizeMismatch
        } else if changed == 0 && self.moves.is_empty() {
            Verdict::Same
        } else if self.differing == 0 || self.is_within_limits() {
            Verdict::WithinTolerance
        } else {
            Verdict::Different
        }
    }

    fn is_within_limits(&self) -> bool {
        self.differing <= self.options.tolerated(self.compared)
            && self.is_within_window_limit()
            && self.is_within_colour_limit()
    }

    pub(super) fn is_within_window_limit(&self) -> bool {
        let most = self.densest_window.map_or(0, |window| window.differing);
        self.options
            .max_diff_window
            .is_none_or(|limit| most <= limit.pixels)
    }

    pub(super) fn is_within_colour_limit(&self) -> bool {
        match self.options.perceptual {
            Perceptual::Limit { max_delta_e } => {
                let measured = self.visibility;
                measured.is_some_and(|measured| measured.max <= max_delta_e)
            }
            Perceptual::Off | Perceptual::Report => true,
        }
    }
}

/// Compares two decoded images.
pub fn compare_images(baseline: &RgbaImage, current: &RgbaImage, options: &Options) -> Comparison {
    let layout = Layout::new(
        PixelView::of(baseline),
        PixelView::of(current),
        None,
        options,
    );
    let sizes = (baseline.dimensions(), current.dimensions());
    compare_layout(&layout, sizes, options)
}

/// Compares the parts of two images that belong together.
pub(super) fn compare_layout(
    layout: &Layout<'_>,
    sizes: ((u32, u32), (u32, u32)),
    options: &Options,
) -> Comparison {
    let width = sizes.0.0.max(sizes.1.0);
    let mut tally = Tally::new(options, width, 0);
    for part in &layout.parts {
        let criteria = PixelCriteria::new(options, &part.mask);
        let new = || Tally::new(options, width, part.top);
        for found in engine::compare(part.pair, &criteria, new) {
            tally.merge(found);
        }
    }
    let mut comparison = Comparison::new(sizes, layout.compared, options);
    comparison.count(tally, layout.beyond_pixels, &layout.beyond);
    comparison.moves.clone_from(&layout.moves);
    if options.perceptual != Perceptual::Off {
        comparison.visibility = perceptual::measure(layout, options);
    }
    comparison.verdict = comparison.judge();
    comparison
}

fn area((width, height): (u32, u32)) -> u64 {
    u64::from(width) * u64::from(height)
}
