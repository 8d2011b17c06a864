//! Finds bounding boxes of differing pixels that lie close together.

use crate::region::Region;

/// Side of a cell in pixels. Differing pixels in the same or in touching
/// cells belong to one region, so that the letters of a word are one.
const CELL: u32 = 16;

/// The most regions that are reported; noise would fill a report otherwise.
const MAX_REGIONS: usize = 50;

/// A coarse grid over the image. Every cell contains the bounding box of its
/// differing pixels.
#[derive(Debug, Default)]
pub(super) struct RegionClusters {
    columns: usize,
    cells: Vec<Option<Bounds>>,
}

#[derive(Clone, Copy, Debug)]
struct Bounds {
    left: u32,
    top: u32,
    right: u32,
    bottom: u32,
}

impl Bounds {
    fn join(self, other: Self) -> Self {
        Self {
            left: self.left.min(other.left),
            top: self.top.min(other.top),
            right: self.right.max(other.right),
            bottom: self.bottom.max(other.bottom),
        }
    }

    fn region(self) -> Region {
        Region {
            x: self.left,
            y: self.top,
            width: self.right - self.left + 1,
            height: self.bottom - self.top + 1,
        }
    }
}

impl RegionClusters {
    pub(super) fn new(width: u32) -> Self {
        Self {
            columns: width.div_ceil(CELL) as usize,
            cells: Vec::new(),
        }
    }

    /// Adds a row of differing pixels, one bit each.
    pub(super) fn add_row(&mut self, y: u32, differing: &[u64]) {
        let start = (y / CELL) as usize * self.columns;
        if self.cells.len() < start + self.columns {
            self.cells.resize(start + self.columns, None);
        }
        for (index, word) in differing.iter().enumerate().filter(|(_, word)| **word != 0) {
            for part in 0..64 / CELL {
                let bits = (word >> (part * CELL)) as u16;
                if bits != 0 {
                    let x = index as u32 * 64 + part * CELL;
                    let seen = Bounds {
                        left: x + bits.trailing_zeros(),
                        top: y,
                        right: x + 15 - bits.leading_zeros(),
                        bottom: y,
                    };
                    let cell = &mut self.cells[start + (x / CELL) as usize];
                    *cell = Some(cell.map_or(seen, |bounds| bounds.join(seen)));
                }
            }
        }
    }

    /// Adds the regions of another band of the same image.
    pub(super) fn merge(&mut self, other: &Self) {
        if self.cells.len() < other.cells.len() {
            self.cells.resize(other.cells.len(), None);
        }
        for (cell, theirs) in self.cells.iter_mut().zip(&other.cells) {
            *cell = match (*cell, *theirs) {
                (Some(a), Some(b)) => Some(a.join(b)),
                (a, b) => a.or(b),
            };
        }
    }

    /// The bounding boxes, largest area first.
    pub(super) fn into_regions(mut self) -> Vec<Region> {
        let mut regions: Vec<Region> = (0..self.cells.len())
            .filter_map(|index| self.flood(index))
            .map(Bounds::region)
            .collect();
        sort(&mut regions);
        regions
    }

    /// Empties a cell and all that touch it, and joins their boxes.
    fn flood(&mut self, start: usize) -> Option<Bounds> {
        let mut bounds = self.cells[start].take()?;
        let mut open = vec![start];
        while let Some(index) = open.pop() {
            let (x, y) = (index % self.columns, index / self.columns);
            for ny in y.saturating_sub(1)..=y + 1 {
                for nx in x.saturating_sub(1)..=(x + 1).min(self.columns - 1) {
                    let neighbour = ny * self.columns + nx;
                    if let Some(cell) = self.cells.get_mut(neighbour).and_then(Option::take) {
                        bounds = bounds.join(cell);
                        open.push(neighbour);
                    }
                }
            }
        }
        Some(bounds)
    }
}

/// Largest area first, then from the top left; the first [`MAX_REGIONS`] stay.
pub(super) fn sort(regions: &mut Vec<Region>) {
    regions.sort_by_key(|r| {
        (
            std::cmp::Reverse(u64::from(r.width) * u64::from(r.height)),
            r.y,
            r.x,
        )
    });
    regions.truncate(MAX_REGIONS);
}
