//! Counts differing pixels at other thresholds.

use serde::Serialize;

use super::comparison::{Comparison, Verdict};
use super::engine::{self, PixelCriteria, RowBits, RowSink, set_bits};
use super::layout::{Layout, LayoutPart};
use super::metric::{self, ColourThreshold};
use super::options::Metric;
use super::pixel_view::ImagePair;

/// The thresholds that are tried.
const THRESHOLDS: [f64; 11] = [0.0, 0.01, 0.02, 0.05, 0.1, 0.15, 0.2, 0.3, 0.5, 0.7, 1.0];

/// The resolution of the smallest passing threshold.
const THRESHOLD_STEPS: usize = 1000;

/// The number of pixels that differ at other thresholds, and the smallest
/// change of one setting with which the comparison passes.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct ThresholdSweep {
    /// Threshold and the number of pixels that differ there.
    pub counts: [(f64, u64); 11],
    /// The smallest threshold that passes with the current limits, rounded up
    /// to a thousandth. `None` if none does (the sizes differ).
    pub threshold: Option<f64>,
    /// The smallest `max_diff_pixels` that passes at the current threshold.
    pub max_diff_pixels: Option<u64>,
    /// The smallest `max_diff_ratio` that passes at the current threshold,
    /// rounded up to a millionth.
    pub max_diff_ratio: Option<f64>,
}

impl ThresholdSweep {
    /// Measures every differing pixel of a comparison once.
    pub(super) fn of(comparison: &Comparison, layout: &Layout<'_>) -> Self {
        let mut levels = vec![0; THRESHOLD_STEPS + 2];
        for LayoutPart { pair, mask, .. } in &layout.parts {
            let criteria = PixelCriteria {
                threshold: ColourThreshold::new(comparison.options.metric, 0.0),
                ..PixelCriteria::new(&comparison.options, mask)
            };
            let new = || ThresholdHistogram {
                pair: *pair,
                metric: comparison.options.metric,
                levels: vec![0; THRESHOLD_STEPS + 2],
            };
            for part in engine::compare(*pair, &criteria, new) {
                levels
                    .iter_mut()
                    .zip(part.levels)
                    .for_each(|(sum, n)| *sum += n);
            }
        }
        Self::from_levels(comparison, &levels, layout.beyond_pixels)
    }

    /// The sweep of two equal files.
    pub(super) fn of_equal(comparison: &Comparison) -> Self {
        Self::from_levels(comparison, &[0; THRESHOLD_STEPS + 2], 0)
    }

    /// `levels[k]` pixels pass from threshold `k / THRESHOLD_STEPS` on; `beyond` never.
    fn from_levels(comparison: &Comparison, levels: &[u64], beyond: u64) -> Self {
        let differing_at = |step: usize| beyond + levels[step + 1..].iter().sum::<u64>();
        // With another limit, only a threshold at which no pixel differs is sure
        // to pass.
        let tolerated = if comparison.options.limits_by_place_or_colour() {
            0
        } else {
            comparison.options.tolerated(comparison.compared)
        };
        let fits = comparison.verdict != Verdict::SizeMismatch;
        Self {
            counts: THRESHOLDS.map(|t| {
                (
                    t,
                    differing_at((t * THRESHOLD_STEPS as f64).round() as usize),
                )
            }),
            threshold: (0..=THRESHOLD_STEPS)
                .find(|step| fits && differing_at(*step) <= tolerated)
                .map(|step| step as f64 / THRESHOLD_STEPS as f64),
            max_diff_pixels: fits.then_some(comparison.differing),
            max_diff_ratio: fits.then(|| (comparison.diff_ratio() * 1e6).ceil() / 1e6),
        }
    }
}

struct ThresholdHistogram<'a> {
    pair: ImagePair<'a>,
    metric: Metric,
    levels: Vec<u64>,
}

impl RowSink for ThresholdHistogram<'_> {
    fn row(&mut self, y: usize, bits: &RowBits) {
        let ImagePair { a, b, .. } = self.pair;
        for x in set_bits(&bits.differing) {
            let colours = (a.pixel(x, y), b.pixel(x, y));
            let index = y * a.size().0 + x;
            self.levels[passing_step(self.metric, colours, index)] += 1;
        }
    }
}

/// The first step whose threshold lets two colours count as equal;
/// `THRESHOLD_STEPS + 1` if none does.
fn passing_step(metric: Metric, (p, q): ([u8; 4], [u8; 4]), pixel_index: usize) -> usize {
    let passes = |step: &usize| {
        let threshold = *step as f64 / THRESHOLD_STEPS as f64;
        !ColourThreshold::new(metric, threshold).differs(p, q, pixel_index)
    };
    // The distance may be rounded by one step; the comparison itself decides.
    let near = (metric::distance(metric, p, q, pixel_index) * THRESHOLD_STEPS as f64) as usize;
    (near.saturating_sub(1)..=THRESHOLD_STEPS)
        .find(passes)
        .unwrap_or(THRESHOLD_STEPS + 1)
}
