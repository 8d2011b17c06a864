//! A metric with its threshold.

use super::{oklab, yiq};
use crate::kernels::{CHUNK, ChunkEstimate};
use crate::options::Metric;
use crate::simd;

/// Decides which colours differ.
#[derive(Clone, Copy)]
pub(crate) struct ColourThreshold {
    metric: Metric,
    threshold: f64,
    /// The largest squared YIQ distance that counts as equal.
    max_yiq: f64,
}

impl ColourThreshold {
    /// A threshold that is not a number tolerates nothing.
    pub(crate) fn new(metric: Metric, threshold: f64) -> Self {
        let threshold = if threshold.is_nan() {
            0.0
        } else {
            threshold.clamp(0.0, 1.0)
        };
        Self {
            metric,
            threshold,
            // In `pixelmatch`'s order: the result agrees to the last bit.
            max_yiq: yiq::MAX_DELTA * threshold * threshold,
        }
    }

    pub(crate) fn metric(&self) -> Metric {
        self.metric
    }

    /// Whether two colours at one place differ.
    pub(crate) fn differs(&self, p: [u8; 4], q: [u8; 4], pixel_index: usize) -> bool {
        match self.metric {
            Metric::Oklab => oklab::differs(p, q, pixel_index, self.threshold),
            Metric::Yiq => yiq::squared_distance(p, q, pixel_index) > self.max_yiq,
        }
    }

    /// Decides a chunk of pixels at once, except those too close to the
    /// threshold.
    pub(crate) fn estimate(&self, a: &[u32; CHUNK], b: &[u32; CHUNK]) -> ChunkEstimate {
        if self.threshold == 0.0 {
            return simd::unequal(a, b);
        }
        match self.metric {
            Metric::Oklab => simd::estimate_oklab(a, b, self.threshold as f32),
            Metric::Yiq => simd::estimate_yiq(a, b, self.max_yiq),
        }
    }
}

/// The approximate distance of two colours at one place: the threshold from
/// which they are equal.
pub(crate) fn distance(metric: Metric, p: [u8; 4], q: [u8; 4], pixel_index: usize) -> f64 {
    match metric {
        Metric::Oklab => oklab::distance(p, q, pixel_index),
        Metric::Yiq => (yiq::squared_distance(p, q, pixel_index) / yiq::MAX_DELTA).sqrt(),
    }
}
