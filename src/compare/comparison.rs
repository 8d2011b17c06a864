//! The verdict on two images.

use image::RgbaImage;
use serde::Serialize;

use super::decode::{self, DecodedPair};
use super::engine::{self, Question, Sink};
use super::error::{CompareError, Side};
use super::mask::Mask;
use super::options::Options;
use super::regions::{self, Clusters};
use super::view::{Pair, View};
use crate::model::Region;

/// What came of a comparison.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Verdict {
    /// No pixel differs (after masks and anti-aliasing).
    Same,
    /// Pixels differ, no more than the options tolerate.
    WithinTolerance,
    /// More pixels differ than the options tolerate.
    Different,
    /// Width or height differ, which no limit tolerates.
    SizeMismatch,
}

/// What two images differ in. Compares as plain data; the picture and the
/// sweep are made on demand from the same two files.
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

    fn identical(size: (u32, u32), options: &Options) -> Self {
        let masked = Mask::new(&options.ignore, size.0, size.1).area();
        Self {
            verdict: Verdict::Same,
            differing: 0,
            antialiased: 0,
            compared: area(size) - masked,
            baseline_size: size,
            current_size: size,
            regions: Vec::new(),
            options: options.clone(),
        }
    }
}

/// Compares two encoded PNGs. Equal bytes are equal images: they are not even
/// decoded.
///
/// # Errors
/// When one of them is no PNG, damaged, or too large to decode.
pub fn compare_png(
    baseline: &[u8],
    current: &[u8],
    options: &Options,
) -> Result<Comparison, CompareError> {
    if baseline == current {
        let size = decode::size(baseline).map_err(|problem| problem.of(Side::Baseline))?;
        return Ok(Comparison::identical(size, options));
    }
    let pair = DecodedPair::to_compare(baseline, current)?;
    Ok(compare_views(
        pair.baseline.view(),
        pair.current.view(),
        pair.known.as_deref(),
        options,
    ))
}

/// Compares two decoded images.
pub fn compare_images(baseline: &RgbaImage, current: &RgbaImage, options: &Options) -> Comparison {
    compare_views(View::of(baseline), View::of(current), None, options)
}

fn compare_views(
    baseline: View<'_>,
    current: View<'_>,
    known: Option<&[bool]>,
    options: &Options,
) -> Comparison {
    let pair = Pair {
        known,
        ..Pair::overlap(baseline, current)
    };
    let (baseline_size, current_size) = (size(baseline), size(current));
    let overlap = size(pair.a);
    let mask = Mask::new(&options.ignore, overlap.0, overlap.1);
    let tally = engine::compare(pair, &question(options, &mask), || Tally::new(overlap.0))
        .into_iter()
        .reduce(|all, part| all.merge(&part))
        .unwrap_or_else(|| Tally::new(overlap.0));
    let beyond = area(baseline_size) + area(current_size) - 2 * area(overlap);
    let compared = area(overlap) - mask.area() + beyond;
    let mut regions = tally.clusters.into_regions();
    regions.extend(strips(overlap, union(baseline_size, current_size)));
    regions::sort(&mut regions);
    let differing = tally.differing + beyond;
    Comparison {
        verdict: verdict(
            baseline_size == current_size,
            differing,
            options.tolerated(compared),
        ),
        differing,
        antialiased: tally.antialiased,
        compared,
        baseline_size,
        current_size,
        regions,
        options: options.clone(),
    }
}

pub(super) fn size(view: View<'_>) -> (u32, u32) {
    let (width, height) = view.size();
    (width as u32, height as u32)
}

fn verdict(same_size: bool, differing: u64, tolerated: u64) -> Verdict {
    match differing {
        _ if !same_size => Verdict::SizeMismatch,
        0 => Verdict::Same,
        few if few <= tolerated => Verdict::WithinTolerance,
        _ => Verdict::Different,
    }
}

pub(super) fn question<'a>(options: &Options, mask: &'a Mask) -> Question<'a> {
    Question {
        max_delta: options.max_delta(),
        antialiasing: options.antialiasing,
        mask,
    }
}

/// Counts, and remembers where.
struct Tally {
    differing: u64,
    antialiased: u64,
    clusters: Clusters,
}

impl Tally {
    fn new(width: u32) -> Self {
        Self {
            differing: 0,
            antialiased: 0,
            clusters: Clusters::new(width),
        }
    }

    fn merge(mut self, other: &Self) -> Self {
        self.differing += other.differing;
        self.antialiased += other.antialiased;
        self.clusters.merge(&other.clusters);
        self
    }
}

impl Sink for Tally {
    fn row(&mut self, y: usize, differing: &[u64], antialiased: &[u64]) {
        self.differing += count(differing);
        self.antialiased += count(antialiased);
        self.clusters.add_row(y as u32, differing);
    }
}

fn count(row: &[u64]) -> u64 {
    row.iter().map(|word| u64::from(word.count_ones())).sum()
}

fn area((width, height): (u32, u32)) -> u64 {
    u64::from(width) * u64::from(height)
}

pub(super) fn union(a: (u32, u32), b: (u32, u32)) -> (u32, u32) {
    (a.0.max(b.0), a.1.max(b.1))
}

/// What lies right of and below the part that both images have.
fn strips(overlap: (u32, u32), union: (u32, u32)) -> impl Iterator<Item = Region> {
    let right = Region {
        x: overlap.0,
        y: 0,
        width: union.0 - overlap.0,
        height: union.1,
    };
    let below = Region {
        x: 0,
        y: overlap.1,
        width: overlap.0,
        height: union.1 - overlap.1,
    };
    [right, below]
        .into_iter()
        .filter(|region| region.width > 0 && region.height > 0)
}
