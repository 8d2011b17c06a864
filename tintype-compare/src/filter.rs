//! Filters rows for compression (PNG specification, third edition, chapter 9).

/// The filters, by their number in the file.
const FILTERS: u8 = 5;

/// The most bytes of a pixel that are filtered.
const MAX_BYTES_PER_PIXEL: usize = 4;

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
        let mut least = u32::MAX;
        for filter in 0..FILTERS {
            apply(
                filter,
                self.bytes_per_pixel,
                &self.above,
                row,
                &mut self.trial,
            );
            let sum: u32 = self.trial[1..]
                .iter()
                .map(|byte| u32::from(byte.cast_signed().unsigned_abs()))
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
    out.resize(row.len() + 1, filter);
    let start = row.len().min(bytes_per_pixel);
    let (first, others) = out[1..].split_at_mut(start);
    // The pixels to the left of the first one are zero.
    let zeros = &[0; MAX_BYTES_PER_PIXEL][..start];
    let end = row.len() - start;
    apply_to(
        filter,
        [&row[..start], zeros, &above[..start], zeros],
        first,
    );
    apply_to(
        filter,
        [&row[start..], &row[..end], &above[start..], &above[..end]],
        others,
    );
}

/// Filters bytes whose neighbours to the left, above, and above to the left are
/// these. Loops over slices of one length, which become vector instructions.
fn apply_to(filter: u8, [row, left, above, corner]: [&[u8]; 4], out: &mut [u8]) {
    let bytes = out.iter_mut().zip(row);
    match filter {
        1 => bytes
            .zip(left)
            .for_each(|((out, byte), left)| *out = byte.wrapping_sub(*left)),
        2 => bytes
            .zip(above)
            .for_each(|((out, byte), up)| *out = byte.wrapping_sub(*up)),
        3 => bytes
            .zip(left)
            .zip(above)
            .for_each(|(((out, byte), left), up)| {
                let mean = (u16::from(*left) + u16::from(*up)) / 2;
                *out = byte.wrapping_sub(mean as u8);
            }),
        4 => bytes.zip(left).zip(above).zip(corner).for_each(
            |((((out, byte), left), up), corner)| {
                *out = byte.wrapping_sub(paeth(*left, *up, *corner));
            },
        ),
        _ => out.copy_from_slice(row),
    }
}

/// The neighbour that is nearest to `left + up - corner`.
fn paeth(left: u8, up: u8, corner: u8) -> u8 {
    let [a, b, c] = [left, up, corner].map(i16::from);
    let (to_left, to_up, to_corner) = ((b - c).abs(), (a - c).abs(), (a + b - 2 * c).abs());
    // Without a branch.
    let nearer = if to_up <= to_corner { up } else { corner };
    if (to_left <= to_up) & (to_left <= to_corner) {
        left
    } else {
        nearer
    }
}
