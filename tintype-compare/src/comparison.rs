//! The verdict on two images.

use image::RgbaImage;
use serde::Serialize;

use super::engine::{self, PixelCriteria, RowSink};
use super::layout::Layout;
use super::mask::Mask;
use super::options::{Options, Perceptual};
use super::perceptual::{self, PerceptualDifference};
use super::pixel_view::PixelView;
use super::regions::{self, RegionClusters};
use super::row_alignment::RowMove;
use crate::region::Region;

/// What came of a comparison.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Verdict {
    /// No pixel differs (after masks and anti-aliasing).
    Same,
    /// Pixels differ, no more than the options tolerate; or nothing but the
    /// height of some rows does, and moves are tolerated.
    WithinTolerance,
    /// More pixels differ than the options tolerate.
    Different,
    /// Width or height differ, which no limit tolerates.
    SizeMismatch,
}

/// What two images differ in, as plain data.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Comparison {
    /// The outcome.
    pub verdict: Verdict,
    /// Pixels that differ and count. Where sizes differ, every pixel that only
    /// one of the images has is among them.
    pub differing: u64,
    /// Pixels that differ and look like anti-aliasing, and so do not count.
    pub antialiased: u64,
    /// Pixels that were looked at: all but the ignored ones.
    pub compared: u64,
    /// Width and height of the baseline in pixels.
    pub baseline_size: (u32, u32),
    /// Width and height of the current image in pixels.
    pub current_size: (u32, u32),
    /// Bounding boxes of differing pixels that lie close together, largest
    /// first, 50 at most.
    pub regions: Vec<Region>,
    /// Blocks of rows that are the same at another height, highest first. Only
    /// looked for with [`Options::detect_moves`].
    pub moves: Vec<RowMove>,
    /// How visible the difference is, where [`Options::perceptual`] asks.
    pub visibility: Option<PerceptualDifference>,
    /// What was asked.
    pub options: Options,
}

impl Comparison {
    /// Differing ÷ compared pixels, 0 to 1; 0 where nothing was compared.
    pub fn diff_ratio(&self) -> f64 {
        if self.compared == 0 {
            return 0.0;
        }
        self.differing as f64 / self.compared as f64
    }

    /// Whether the verdict lets a test pass.
    pub fn passes(&self) -> bool {
        matches!(self.verdict, Verdict::Same | Verdict::WithinTolerance)
    }

    /// Of two images of one size, by what was counted in them.
    pub(super) fn from_tally(tally: Tally, size: (u32, u32), options: &Options) -> Self {
        let same = Self::identical(size, options);
        let verdict = match tally.differing {
            0 => Verdict::Same,
            few if few <= options.tolerated(same.compared) => Verdict::WithinTolerance,
            _ => Verdict::Different,
        };
        Self {
            verdict,
            differing: tally.differing,
            antialiased: tally.antialiased,
            regions: tally.clusters.into_regions(),
            ..same
        }
    }

    /// Of two images that are the same.
    pub(super) fn identical(size: (u32, u32), options: &Options) -> Self {
        let masked = Mask::new(&options.ignore, size.0, size.1).area();
        Self {
            verdict: Verdict::Same,
            differing: 0,
            antialiased: 0,
            compared: area(size) - masked,
            baseline_size: size,
            current_size: size,
            regions: Vec::new(),
            moves: Vec::new(),
            visibility: None,
            options: options.clone(),
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
    judge_layout(
        &layout,
        (baseline.dimensions(), current.dimensions()),
        options,
    )
}

/// Asks the engine, and weighs what it finds.
pub(super) fn judge_layout(
    layout: &Layout<'_>,
    (baseline_size, current_size): ((u32, u32), (u32, u32)),
    options: &Options,
) -> Comparison {
    let width = baseline_size.0.max(current_size.0);
    let mut tally = Tally::new(width, 0);
    for part in &layout.parts {
        let criteria = PixelCriteria::new(options, &part.mask);
        for found in engine::compare(part.pair, &criteria, || Tally::new(width, part.top)) {
            tally.merge(&found);
        }
    }
    let mut regions = tally.clusters.into_regions();
    regions.extend(&layout.beyond);
    regions::sort(&mut regions);
    let differing = tally.differing + layout.beyond_pixels;
    let visibility = match options.perceptual {
        Perceptual::Off => None,
        _ => perceptual::measure(layout, options),
    };
    let tolerated = options.tolerated(layout.compared);
    let verdict = match differing {
        _ if baseline_size != current_size => Verdict::SizeMismatch,
        0 if layout.moves.is_empty() => Verdict::Same,
        few if few <= tolerated || is_below_delta_e(visibility, options) => {
            Verdict::WithinTolerance
        }
        _ => Verdict::Different,
    };
    Comparison {
        verdict,
        differing,
        antialiased: tally.antialiased,
        compared: layout.compared,
        baseline_size,
        current_size,
        regions,
        moves: layout.moves.clone(),
        visibility,
        options: options.clone(),
    }
}

/// Whether the second opinion was asked to decide, and tolerates.
fn is_below_delta_e(visibility: Option<PerceptualDifference>, options: &Options) -> bool {
    match (options.perceptual, visibility) {
        (Perceptual::Decide { max_delta_e }, Some(visibility)) => visibility.p99 <= max_delta_e,
        _ => false,
    }
}

/// Counts, and remembers where.
pub(super) struct Tally {
    /// The first row of the part that is counted.
    top: usize,
    differing: u64,
    antialiased: u64,
    clusters: RegionClusters,
}

impl Tally {
    pub(super) fn new(width: u32, top: usize) -> Self {
        Self {
            top,
            differing: 0,
            antialiased: 0,
            clusters: RegionClusters::new(width),
        }
    }

    pub(super) fn merge(&mut self, other: &Self) {
        self.differing += other.differing;
        self.antialiased += other.antialiased;
        self.clusters.merge(&other.clusters);
    }
}

impl RowSink for Tally {
    fn row(&mut self, y: usize, differing: &[u64], antialiased: &[u64]) {
        self.differing += count(differing);
        self.antialiased += count(antialiased);
        self.clusters.add_row((self.top + y) as u32, differing);
    }
}

fn count(row: &[u64]) -> u64 {
    row.iter().map(|word| u64::from(word.count_ones())).sum()
}

fn area((width, height): (u32, u32)) -> u64 {
    u64::from(width) * u64::from(height)
}
