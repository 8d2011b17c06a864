//! Counts pixels and records their regions.

use super::diff_window::DifferingPixels;
use super::engine::{RowBits, RowSink};
use super::options::Options;
use super::regions::RegionClusters;

/// The counts of an image, or of a part of it.
pub(super) struct Tally {
    /// The first row of the part that is counted.
    top: usize,
    pub(super) differing: u64,
    pub(super) antialiased: u64,
    pub(super) below_threshold: u64,
    /// The regions in which pixels differ.
    pub(super) differing_regions: RegionClusters,
    /// The regions in which pixels are not equal and do not count.
    pub(super) tolerated_regions: RegionClusters,
    /// Kept only for a limit on windows.
    pub(super) pixels: Option<DifferingPixels>,
}

impl Tally {
    pub(super) fn new(options: &Options, width: u32, top: usize) -> Self {
        Self {
            top,
            differing: 0,
            antialiased: 0,
            below_threshold: 0,
            differing_regions: RegionClusters::new(width),
            tolerated_regions: RegionClusters::new(width),
            pixels: options.max_diff_window.map(|_| DifferingPixels::default()),
        }
    }

    pub(super) fn merge(&mut self, other: Self) {
        self.differing += other.differing;
        self.antialiased += other.antialiased;
        self.below_threshold += other.below_threshold;
        self.differing_regions.merge(&other.differing_regions);
        self.tolerated_regions.merge(&other.tolerated_regions);
        if let (Some(pixels), Some(theirs)) = (&mut self.pixels, other.pixels) {
            pixels.append(theirs);
        }
    }
}

impl RowSink for Tally {
    fn row(&mut self, y: usize, bits: &RowBits) {
        let y = self.top + y;
        self.differing += count(&bits.differing);
        self.antialiased += count(&bits.antialiased);
        self.below_threshold += count(&bits.below_threshold);
        self.differing_regions.add_row(y as u32, &bits.differing);
        self.tolerated_regions.add_row(y as u32, &bits.antialiased);
        self.tolerated_regions
            .add_row(y as u32, &bits.below_threshold);
        if let Some(pixels) = &mut self.pixels {
            pixels.add_row(y, &bits.differing);
        }
    }
}

fn count(row: &[u64]) -> u64 {
    row.iter().map(|word| u64::from(word.count_ones())).sum()
}
