//! Counts differing pixels that lie close together.

use std::collections::VecDeque;

use serde::Serialize;

use super::engine::set_bits;
use crate::region::Region;

/// The square window in which most pixels differ.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct DensestWindow {
    /// Its position. If several have the same count, the first in reading order
    /// of their lower right corners.
    pub region: Region,
    /// Pixels that differ in it.
    pub differing: u64,
}

/// The rows that differ, with a bit for each pixel: at most 1/32 of the image's
/// size as RGBA.
#[derive(Default)]
pub(super) struct DifferingPixels(Vec<(usize, Box<[u64]>)>);

impl DifferingPixels {
    pub(super) fn add_row(&mut self, y: usize, differing: &[u64]) {
        if differing.iter().any(|word| *word != 0) {
            self.0.push((y, differing.into()));
        }
    }

    pub(super) fn append(&mut self, other: Self) {
        self.0.extend(other.0);
    }

    /// Finds the window of `size` by `size` pixels with the most differing
    /// ones. `None` if no pixel differs.
    pub(super) fn densest_window(
        mut self,
        (width, height): (usize, usize),
        size: u32,
    ) -> Option<DensestWindow> {
        self.0.sort_unstable_by_key(|(y, _)| *y);
        let size = (size as usize).clamp(1, width.min(height).max(1));
        let last = self.0.last()?.0;
        let mut columns = vec![0_u32; width];
        let (mut inside, mut total, mut densest) = (VecDeque::new(), 0_u64, None);
        let mut rows = self.0.iter().peekable();
        // `bottom` is the lowest row of a window.
        let mut bottom = self.0.first()?.0;
        while bottom <= (last + size - 1).min(height - 1) {
            while let Some((_, row)) = inside
                .front()
                .copied()
                .filter(|(y, _): &(usize, _)| y + size <= bottom)
            {
                inside.pop_front();
                set_bits(row).for_each(|x| columns[x] -= 1);
                total -= count(row);
            }
            while let Some((y, row)) = rows.next_if(|(y, _)| *y <= bottom) {
                set_bits(row).for_each(|x| columns[x] += 1);
                total += count(row);
                inside.push_back((*y, row));
            }
            let most = densest.map_or(0, |found: DensestWindow| found.differing);
            // No window holds more than all windows of the same rows.
            if bottom + 1 >= size && total > most {
                let (left, differing) = densest_columns(&columns, size);
                if differing > most {
                    let region = Region {
                        x: left as u32,
                        y: (bottom + 1 - size) as u32,
                        width: size as u32,
                        height: size as u32,
                    };
                    densest = Some(DensestWindow { region, differing });
                }
            }
            bottom += 1;
            if inside.is_empty() {
                bottom = bottom.max(rows.peek().map_or(usize::MAX, |(y, _)| *y));
            }
        }
        densest
    }
}

/// The first `size` neighbouring columns with the largest sum.
fn densest_columns(columns: &[u32], size: usize) -> (usize, u64) {
    let mut sum: u64 = columns[..size].iter().map(|count| u64::from(*count)).sum();
    let mut densest = (0, sum);
    for left in 1..=columns.len() - size {
        sum += u64::from(columns[left + size - 1]);
        sum -= u64::from(columns[left - 1]);
        if sum > densest.1 {
            densest = (left, sum);
        }
    }
    densest
}

fn count(row: &[u64]) -> u64 {
    row.iter().map(|word| u64::from(word.count_ones())).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_densest_window_is_the_first_with_the_largest_count() {
        let mut state = 1_u32;
        let mut random = || {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            state >> 16
        };
        for round in 0..if cfg!(miri) { 5 } else { 300 } {
            let (width, height) = (1 + random() as usize % 90, 1 + random() as usize % 40);
            let rarity = [3, 40, 900][random() as usize % 3];
            let size = 1 + random() % 25;
            let mut pixels = DifferingPixels::default();
            let mut map = vec![vec![0_u64; width]; height];
            for (y, row) in map.iter_mut().enumerate().rev() {
                let mut bits = vec![0; width.div_ceil(64)];
                for (x, pixel) in row.iter_mut().enumerate() {
                    if random() % rarity == 0 {
                        *pixel = 1;
                        bits[x / 64] |= 1 << (x % 64);
                    }
                }
                pixels.add_row(y, &bits);
            }
            let found = pixels.densest_window((width, height), size);
            let n = (size as usize).min(width).min(height);
            let mut expected: Option<(u64, usize, usize)> = None;
            for y in 0..=height - n {
                for x in 0..=width - n {
                    let rows = map[y..y + n].iter();
                    let count = rows.flat_map(|row| &row[x..x + n]).sum();
                    if count > expected.map_or(0, |(most, ..)| most) {
                        expected = Some((count, x, y));
                    }
                }
            }
            let found = found.map(|window| {
                let (x, y) = (window.region.x as usize, window.region.y as usize);
                (window.differing, x, y)
            });
            assert_eq!(found, expected, "round {round}");
        }
    }
}
