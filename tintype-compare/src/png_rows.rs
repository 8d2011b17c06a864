//! The rows of a PNG, each restored only on demand.
//!
//! A row is stored as its difference from the one above. Rows lie in bands: one
//! that holds the whole image, or many small ones that are released as soon as
//! they are not needed.

use std::ops::Range;

use super::buffer_pool::Buffer;
use super::png_chunks::PlainPng;
use super::unfilter;

/// Inflated rows, each filtered until it is restored in its place.
pub(super) struct PngRows {
    /// From the top. `None` for released bands.
    bands: Vec<Option<Buffer>>,
    /// A band has `1 << shift` rows; the last one may have fewer.
    shift: u32,
    stride: usize,
    width: usize,
    height: usize,
    bytes_per_pixel: usize,
    restored: Vec<bool>,
}

impl PngRows {
    /// No rows yet, for bands of `1 << shift` rows.
    pub(super) fn new(png: &PlainPng<'_>, shift: u32) -> Self {
        Self {
            bands: Vec::new(),
            shift,
            stride: png.stride(),
            width: png.width,
            height: png.height,
            bytes_per_pixel: png.bytes_per_pixel,
            restored: vec![false; png.height],
        }
    }

    /// All rows in one band. `None` if the data is damaged.
    pub(super) fn inflate(png: &PlainPng<'_>) -> Option<Self> {
        let mut rows = Self::new(png, usize::BITS - 1);
        rows.push(png.bands(png.height)?.next()?)?;
        Some(rows)
    }

    /// Takes the next band and returns the rows in it. `None` if one of
    /// them has a filter that does not exist.
    pub(super) fn push(&mut self, band: Buffer) -> Option<Range<usize>> {
        let start = self.bands.len() << self.shift;
        let rows = start..start + band.len() / self.stride;
        self.bands.push(Some(band));
        rows.clone().all(|y| self.filter(y) <= 4).then_some(rows)
    }

    /// Releases a band.
    pub(super) fn forget(&mut self, band: usize) {
        self.bands[band] = None;
    }

    /// The number of bands that were not released.
    #[cfg(test)]
    pub(super) fn bands_kept(&self) -> usize {
        self.bands.iter().flatten().count()
    }

    /// Width and height in pixels.
    pub(super) fn size(&self) -> (usize, usize) {
        (self.width, self.height)
    }

    /// 3 or 4.
    pub(super) fn bytes_per_pixel(&self) -> usize {
        self.bytes_per_pixel
    }

    /// The current bytes of a row, with its filter byte.
    pub(super) fn stored(&self, y: usize) -> &[u8] {
        let (band, row) = self.place(y);
        let band = self.bands[band].as_ref();
        &band.expect("the row was released")[row * self.stride..][..self.stride]
    }

    /// A row's band, and its number there.
    fn place(&self, y: usize) -> (usize, usize) {
        (y >> self.shift, y & ((1 << self.shift) - 1))
    }

    fn filter(&self, y: usize) -> u8 {
        self.stored(y)[0]
    }

    /// Whether a row does not depend on the one above (no filter, or Sub).
    pub(super) fn is_independent(&self, y: usize) -> bool {
        self.filter(y) <= 1
    }

    /// Whether no row above is needed to restore this one, or those below it.
    pub(super) fn is_anchor(&self, y: usize) -> bool {
        self.restored[y] || self.is_independent(y)
    }

    /// Restores every row.
    pub(super) fn restore_all(&mut self) {
        for y in 0..self.height {
            self.restore_below(y);
        }
    }

    /// Restores a row, and those above that it depends on.
    pub(super) fn restore(&mut self, y: usize) {
        let mut start = y;
        while start > 0 && !self.is_anchor(start) && !self.restored[start - 1] {
            start -= 1;
        }
        for row in start..=y {
            self.restore_below(row);
        }
    }

    /// Restores a row whose upper neighbour is restored, or not needed.
    pub(super) fn restore_below(&mut self, y: usize) {
        if std::mem::replace(&mut self.restored[y], true) {
            return;
        }
        let (band, row) = self.place(y);
        let (before, band) = self.bands.split_at_mut(band);
        let band = band[0].as_mut().expect("the row was released");
        let (above, row) = band[..(row + 1) * self.stride].split_at_mut(row * self.stride);
        let (filter, row) = row.split_first_mut().expect("a row has a filter");
        let zeros;
        let above = match before.last() {
            _ if !above.is_empty() => &above[above.len() - row.len()..],
            Some(Some(before)) => &before[before.len() - row.len()..],
            // The first row, or an independent one.
            _ => {
                zeros = vec![0; row.len()];
                &zeros
            }
        };
        restore(*filter, above, row, self.bytes_per_pixel).expect("filters have been checked");
    }

    /// Copies a restored row from an image in which it is equal.
    pub(super) fn copy(&mut self, y: usize, from: &Self) {
        if !std::mem::replace(&mut self.restored[y], true) {
            let (band, row) = self.place(y);
            let band = self.bands[band].as_mut().expect("the row was released");
            let pixels = &mut band[row * self.stride..][1..self.stride];
            pixels.copy_from_slice(&from.stored(y)[1..]);
        }
    }
}

/// Undoes a row's filter; `above` is the finished row above. `None` if there is
/// no such filter.
pub(super) fn restore(
    filter: u8,
    above: &[u8],
    row: &mut [u8],
    bytes_per_pixel: usize,
) -> Option<()> {
    match bytes_per_pixel {
        _ if filter > 4 => return None,
        3 => unfilter::row::<3>(filter, above, row),
        _ => unfilter::row::<4>(filter, above, row),
    }
    Some(())
}
