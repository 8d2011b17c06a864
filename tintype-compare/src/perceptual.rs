//! Measures how visible the difference is, in CIEDE2000.

use empfindung::cie00;
use lab::Lab;
use serde::Serialize;

use super::engine::{self, PixelCriteria, RowBits, RowSink, set_bits};
use super::layout::Layout;
use super::options::Options;
use super::pixel_view::ImagePair;

/// Steps of a histogram of colour differences: hundredths, up to 128.
const HISTOGRAM_STEPS: usize = 12_800;

/// How visible the differing pixels are, in CIEDE2000: 1 is barely visible
/// side by side, 2.3 a just noticeable difference, 100 black against white.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct PerceptualDifference {
    /// The mean over the differing pixels.
    pub mean: f64,
    /// The 99th percentile, rounded up to a hundredth.
    pub p99: f64,
    /// The largest of them.
    pub max: f64,
}

/// Measures all pixels that differ. `None` if no pixel differs, or if one image
/// has pixels that the other does not have.
pub(super) fn measure(layout: &Layout<'_>, options: &Options) -> Option<PerceptualDifference> {
    if layout.beyond_pixels > 0 {
        return None;
    }
    let mut all = DeltaEHistogram::default();
    for part in &layout.parts {
        let new = || DeltaECollector {
            pair: part.pair,
            seen: DeltaEHistogram::default(),
        };
        for collector in engine::compare(part.pair, &PixelCriteria::new(options, &part.mask), new) {
            all.merge(&collector.seen);
        }
    }
    all.visibility()
}

struct DeltaEHistogram {
    steps: Vec<u64>,
    sum: f64,
    max: f64,
}

impl Default for DeltaEHistogram {
    fn default() -> Self {
        Self {
            steps: vec![0; HISTOGRAM_STEPS + 1],
            sum: 0.0,
            max: 0.0,
        }
    }
}

impl DeltaEHistogram {
    fn add(&mut self, delta_e: f64) {
        self.steps[((delta_e * 100.0).ceil() as usize).min(HISTOGRAM_STEPS)] += 1;
        self.sum += delta_e;
        self.max = self.max.max(delta_e);
    }

    fn merge(&mut self, other: &Self) {
        self.steps
            .iter_mut()
            .zip(&other.steps)
            .for_each(|(sum, n)| *sum += n);
        self.sum += other.sum;
        self.max = self.max.max(other.max);
    }

    fn visibility(&self) -> Option<PerceptualDifference> {
        let count: u64 = self.steps.iter().sum();
        let wanted = (count * 99).div_ceil(100);
        let mut below = 0;
        let step = self.steps.iter().position(|n| {
            below += n;
            below >= wanted
        });
        (count > 0).then(|| PerceptualDifference {
            mean: self.sum / count as f64,
            max: self.max,
            p99: step.unwrap_or(HISTOGRAM_STEPS) as f64 / 100.0,
        })
    }
}

struct DeltaECollector<'a> {
    pair: ImagePair<'a>,
    seen: DeltaEHistogram,
}

impl RowSink for DeltaECollector<'_> {
    fn row(&mut self, y: usize, bits: &RowBits) {
        for x in set_bits(&bits.differing) {
            let [a, b] = [self.pair.a, self.pair.b].map(|view| lab(view.pixel(x, y)));
            self.seen.add(cie00::diff(a, b).into());
        }
    }
}

/// A colour as it looks on white paper.
fn lab([r, g, b, alpha]: [u8; 4]) -> Lab {
    let blend = |channel: u8| {
        let (channel, alpha) = (u32::from(channel), u32::from(alpha));
        ((channel * alpha + 255 * (255 - alpha) + 127) / 255) as u8
    };
    Lab::from_rgb(&[r, g, b].map(blend))
}
