//! Rectangles that are not compared.

use std::ops::Range;

use crate::region::Region;

/// Rectangles cut to an image, and the parts of each row that they cover.
#[derive(Debug)]
pub(super) struct Mask {
    regions: Vec<Region>,
    width: u32,
    height: u32,
}

impl Mask {
    pub(super) fn new(regions: &[Region], width: u32, height: u32) -> Self {
        let cut = |region: &Region| {
            let right = region.x.saturating_add(region.width).min(width);
            let bottom = region.y.saturating_add(region.height).min(height);
            (right > region.x && bottom > region.y).then(|| Region {
                width: right - region.x,
                height: bottom - region.y,
                ..*region
            })
        };
        Self {
            regions: regions.iter().filter_map(cut).collect(),
            width,
            height,
        }
    }

    /// The rectangles, cut to the image.
    pub(super) fn regions(&self) -> &[Region] {
        &self.regions
    }

    /// The same, seen from row `top` on.
    pub(super) fn below(&self, top: u32) -> Self {
        let moved = |region: &Region| {
            let bottom = (region.y + region.height).checked_sub(top)?;
            let y = region.y.saturating_sub(top);
            (bottom > y).then(|| Region {
                y,
                height: bottom - y,
                ..*region
            })
        };
        Self {
            regions: self.regions.iter().filter_map(moved).collect(),
            width: self.width,
            height: self.height.saturating_sub(top),
        }
    }

    /// The number of covered pixels, each counted once.
    pub(super) fn area(&self) -> u64 {
        if self.regions.is_empty() {
            return 0;
        }
        let covered = |y| u64::from(self.width) - self.open_in_row(y);
        (0..self.height).map(covered).sum()
    }

    /// The number of pixels of these rows that are not covered.
    pub(super) fn open_in(&self, rows: &Range<usize>) -> u64 {
        rows.clone().map(|y| self.open_in_row(y as u32)).sum()
    }

    /// The number of pixels of row `y` that are not covered.
    pub(super) fn open_in_row(&self, y: u32) -> u64 {
        if !self.regions.iter().any(|region| reaches(region, y)) {
            return self.width.into();
        }
        let mut row = vec![0; (self.width as usize).div_ceil(64)];
        for x in 0..self.width as usize {
            row[x / 64] |= 1_u64 << (x % 64);
        }
        self.clear(y, &mut row);
        row.iter().map(|word| u64::from(word.count_ones())).sum()
    }

    /// Clears the bits of row `y` that are covered; bit `x % 64` of word
    /// `x / 64` is column `x`.
    pub(super) fn clear(&self, y: u32, row: &mut [u64]) {
        for region in &self.regions {
            if reaches(region, y) {
                clear_span(row, region.x as usize, (region.x + region.width) as usize);
            }
        }
    }
}

fn reaches(region: &Region, y: u32) -> bool {
    (region.y..region.y + region.height).contains(&y)
}

fn clear_span(row: &mut [u64], from: usize, to: usize) {
    for (index, word) in row
        .iter_mut()
        .enumerate()
        .take(to.div_ceil(64))
        .skip(from / 64)
    {
        let low = from.saturating_sub(index * 64);
        let high = (to - index * 64).min(64);
        let below = |n: usize| if n == 64 { u64::MAX } else { (1 << n) - 1 };
        *word &= !(below(high) & !below(low));
    }
}
