//! Filters rows for compression (PNG specification, third edition, chapter 9).

/// The filters, by their number in the file.
const FILTERS: u8 = 5;

/// How the filters of an image are chosen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum FilterChoice {
    /// The same filter for all rows.
    Fixed(u8),
    /// For each row the filter with the smallest sum of absolute differences.
    Adaptive,
}

/// No filter.
pub(super) const NONE: FilterChoice = FilterChoice::Fixed(0);
/// Differences from the pixel above.
pub(super) const UP: FilterChoice = FilterChoice::Fixed(2);
/// Differences from the nearest of three neighbours.
pub(super) const PAETH: FilterChoice = FilterChoice::Fixed(4);

/// Filters one row after the other.
pub(super) struct RowFilter {
    choice: FilterChoice,
    bytes_per_pixel: usize,
    /// The last row, unfiltered.
    above: Vec<u8>,
    filtered: Vec<u8>,
    trial: Vec<u8>,
}

impl RowFilter {
    /// `above` is the row above the first one.
    pub(super) fn new(choice: FilterChoice, bytes_per_pixel: usize, above: Vec<u8>) -> Self {
        Self {
            choice,
            bytes_per_pixel,
            above,
            filtered: Vec::new(),
            trial: Vec::new(),
        }
    }

    /// The filtered row, with its filter's number before it.
    pub(super) fn filter(&mut self, row: &[u8]) -> &[u8] {
        match self.choice {
            FilterChoice::Fixed(filter) => {
                apply(
                    filter,
                    self.bytes_per_pixel,
                    &self.above,
                    row,
                    &mut self.filtered,
                );
            }
            FilterChoice::Adaptive => self.choose(row),
        }
        self.above.clear();
        self.above.extend_from_slice(row);
        &self.filtered
    }

    fn choose(&mut self, row: &[u8]) {
        let mut least = u64::MAX;
        for filter in 0..FILTERS {
            apply(
                filter,
                self.bytes_per_pixel,
                &self.above,
                row,
                &mut self.trial,
            );
            let sum = self.trial[1..]
                .iter()
                .map(|byte| u64::from(byte.cast_signed().unsigned_abs()))
                .sum();
            if sum < least {
                least = sum;
                std::mem::swap(&mut self.filtered, &mut self.trial);
            }
        }
    }
}

/// Writes a row, filtered, with the filter's number before it.
fn apply(filter: u8, bytes_per_pixel: usize, above: &[u8], row: &[u8], out: &mut Vec<u8>) {
    out.clear();
    out.push(filter);
    let start = row.len().min(bytes_per_pixel);
    // The pixel to the left of the first one is zero.
    let lefts = || std::iter::repeat_n(&0, start).chain(row);
    let pairs = || row.iter().zip(above);
    match filter {
        1 => out.extend(
            row.iter()
                .zip(lefts())
                .map(|(byte, left)| byte.wrapping_sub(*left)),
        ),
        2 => out.extend(pairs().map(|(byte, up)| byte.wrapping_sub(*up))),
        3 => out.extend(pairs().zip(lefts()).map(|((byte, up), left)| {
            let mean = (u16::from(*left) + u16::from(*up)) / 2;
            byte.wrapping_sub(mean as u8)
        })),
        4 => {
            let corners = std::iter::repeat_n(&0, start).chain(above);
            let neighbours = pairs().zip(lefts()).zip(corners);
            out.extend(
                neighbours.map(|(((byte, up), left), corner)| {
                    byte.wrapping_sub(paeth(*left, *up, *corner))
                }),
            );
        }
        _ => out.extend_from_slice(row),
    }
}

/// The neighbour that is nearest to `left + up - corner`.
fn paeth(left: u8, up: u8, corner: u8) -> u8 {
    let [a, b, c] = [left, up, corner].map(i16::from);
    let (to_left, to_up, to_corner) = ((b - c).abs(), (a - c).abs(), (a + b - 2 * c).abs());
    if to_left <= to_up && to_left <= to_corner {
        left
    } else if to_up <= to_corner {
        up
    } else {
        corner
    }
}
