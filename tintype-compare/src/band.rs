//! A few restored rows of an image, with the rows around them that a
//! comparison needs.

use super::buffer_pool::Buffer;
use super::inflate::Bands;
use super::png_chunks::PlainPng;
use super::png_rows;

/// Rows above and below a row that are needed to classify it.
const CONTEXT: usize = 2;

/// The most rows of a band that are copies.
pub(super) const COPIED_ROWS: usize = 2 * CONTEXT;

/// Consecutive restored rows. The last two of them are context: they are
/// compared with the next band, which begins with copies of the last four.
pub(super) struct Band {
    bytes: Buffer,
    stride: usize,
    /// The first row of the band.
    start: usize,
    /// The first row that is not a copy.
    first: usize,
}

impl Band {
    /// The pixels of a row.
    pub(super) fn row(&self, y: usize) -> &[u8] {
        &self.bytes[(y - self.start) * self.stride..][1..self.stride]
    }

    /// The rows that can be compared in this band and not in the one above, of
    /// an image of `height` rows: the first one, and the one after the last.
    pub(super) fn judged(&self, height: usize) -> (usize, usize) {
        let end = self.start + self.bytes.len() / self.stride;
        let below = if end == height { 0 } else { CONTEXT };
        (
            self.first.saturating_sub(CONTEXT),
            end.saturating_sub(below),
        )
    }
}

/// The bands of an image, from the top.
pub(super) struct RestoredBands<'a> {
    bands: Bands<'a>,
    stride: usize,
    bytes_per_pixel: usize,
    /// The first row that has not been restored yet.
    next: usize,
    /// The last restored rows.
    above: Vec<u8>,
}

impl<'a> RestoredBands<'a> {
    /// Bands of `rows` rows. `None` if the data is damaged.
    pub(super) fn new(png: &PlainPng<'a>, rows: usize) -> Option<Self> {
        Some(Self {
            bands: png.bands(rows)?,
            stride: png.stride(),
            bytes_per_pixel: png.bytes_per_pixel,
            next: 0,
            above: Vec::new(),
        })
    }

    /// Whether there are no more rows to come.
    pub(super) fn have_ended(&self) -> bool {
        self.bands.next_length() == 0
    }

    fn restore(&self, bytes: &mut [u8]) -> Option<()> {
        for start in (self.above.len()..bytes.len()).step_by(self.stride) {
            let (above, row) = bytes[..start + self.stride].split_at_mut(start);
            let (filter, row) = row.split_first_mut()?;
            let zeros;
            let above = if start == 0 {
                zeros = vec![0; row.len()];
                &zeros
            } else {
                &above[start - row.len()..]
            };
            png_rows::restore(*filter, above, row, self.bytes_per_pixel)?;
        }
        Some(())
    }
}

impl Iterator for RestoredBands<'_> {
    type Item = Band;

    /// `None` at the end, and if the data is damaged.
    fn next(&mut self) -> Option<Band> {
        let copied = self.above.len();
        let mut bytes = Buffer::take(copied + self.bands.next_length());
        bytes[..copied].copy_from_slice(&self.above);
        self.bands.fill(&mut bytes[copied..])?;
        self.restore(&mut bytes)?;
        let strip = Band {
            stride: self.stride,
            start: self.next - copied / self.stride,
            first: self.next,
            bytes,
        };
        self.next += (strip.bytes.len() - copied) / self.stride;
        let kept = strip.bytes.len().min(COPIED_ROWS * self.stride);
        self.above.clear();
        self.above
            .extend_from_slice(&strip.bytes[strip.bytes.len() - kept..]);
        Some(strip)
    }
}
