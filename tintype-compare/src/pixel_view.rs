//! Reads two images row by row, for every layout of their pixels in memory.

use std::ops::Range;

use image::RgbaImage;

use super::band::Band;
use super::png_rows::PngRows;
use super::simd;

/// Pixels in memory, of 3 (red, green, blue) or 4 bytes (and alpha).
#[derive(Clone, Copy)]
pub(super) struct PixelView<'a> {
    source: PixelSource<'a>,
    /// The source's row that is the first one here.
    top: usize,
    bytes_per_pixel: usize,
    width: usize,
    height: usize,
}

#[derive(Clone, Copy)]
enum PixelSource<'a> {
    Image(&'a RgbaImage),
    Rows(&'a PngRows),
    Band(&'a Band),
}

impl<'a> PixelView<'a> {
    pub(super) fn of(image: &'a RgbaImage) -> Self {
        Self {
            source: PixelSource::Image(image),
            top: 0,
            bytes_per_pixel: 4,
            width: image.width() as usize,
            height: image.height() as usize,
        }
    }

    /// The pixels of a PNG's rows. Only restored rows may be read.
    pub(super) fn of_rows(rows: &'a PngRows) -> Self {
        let (width, height) = rows.size();
        Self {
            source: PixelSource::Rows(rows),
            top: 0,
            bytes_per_pixel: rows.bytes_per_pixel(),
            width,
            height,
        }
    }

    /// An image of which only a band's rows are available.
    pub(super) fn of_band(
        band: &'a Band,
        bytes_per_pixel: usize,
        (width, height): (usize, usize),
    ) -> Self {
        Self {
            source: PixelSource::Band(band),
            top: 0,
            bytes_per_pixel,
            width,
            height,
        }
    }

    pub(super) fn size(&self) -> (usize, usize) {
        (self.width, self.height)
    }

    /// The part of `width` columns from the left and `height` rows from `top`.
    pub(super) fn part(self, top: usize, (width, height): (usize, usize)) -> Self {
        debug_assert!(width <= self.width && top + height <= self.height);
        Self {
            top: self.top + top,
            width,
            height,
            ..self
        }
    }

    /// The rows from `top` on.
    pub(super) fn from(self, top: usize) -> Self {
        self.part(top, (self.width, self.height - top))
    }

    /// The stored bytes of a row.
    pub(super) fn row(&self, y: usize) -> &'a [u8] {
        let length = self.width * self.bytes_per_pixel;
        match self.source {
            PixelSource::Image(image) => {
                let stride = image.width() as usize * 4;
                &image.as_raw()[(self.top + y) * stride..][..length]
            }
            PixelSource::Rows(rows) => &rows.stored(self.top + y)[1..=length],
            PixelSource::Band(band) => &band.row(self.top + y)[..length],
        }
    }

    /// The stored bytes of some rows, where they lie together.
    fn block(&self, rows: Range<usize>) -> Option<&'a [u8]> {
        match self.source {
            PixelSource::Image(image) if image.width() as usize == self.width => {
                let stride = self.width * 4;
                let rows = self.top + rows.start..self.top + rows.end;
                Some(&image.as_raw()[rows.start * stride..rows.end * stride])
            }
            _ => None,
        }
    }

    /// Writes columns of a row as RGBA, red in the lowest byte.
    pub(super) fn load(&self, y: usize, columns: Range<usize>, out: &mut [u32]) {
        let row = &self.row(y)[columns.start * self.bytes_per_pixel..];
        let row = &row[..columns.len() * self.bytes_per_pixel];
        if self.bytes_per_pixel == 4 {
            let (pixels, _) = row.as_chunks::<4>();
            for (out, pixel) in out.iter_mut().zip(pixels) {
                *out = u32::from_le_bytes(*pixel);
            }
        } else {
            simd::widen(row, out);
        }
    }

    /// One pixel as RGBA.
    pub(super) fn pixel(&self, x: usize, y: usize) -> [u8; 4] {
        match self.row(y)[x * self.bytes_per_pixel..][..self.bytes_per_pixel] {
            [r, g, b] => [r, g, b, 255],
            [r, g, b, a] => [r, g, b, a],
            _ => unreachable!("a pixel has three or four bytes"),
        }
    }
}

/// Pixels of a row that are compared at once.
const COLUMN_STEP: usize = 64;

/// Two images of one size.
#[derive(Clone, Copy)]
pub(super) struct ImagePair<'a> {
    pub(super) a: PixelView<'a>,
    pub(super) b: PixelView<'a>,
    /// The rows that are known to be equal, if any are.
    pub(super) equal_rows: Option<&'a [bool]>,
    /// The first row that is compared, and the one after the last. The others
    /// are context.
    pub(super) rows: (usize, usize),
}

impl<'a> ImagePair<'a> {
    /// The common area of both images, from the top left corner.
    pub(super) fn overlap(a: PixelView<'a>, b: PixelView<'a>) -> Self {
        let size = (a.width.min(b.width), a.height.min(b.height));
        Self {
            a: a.part(0, size),
            b: b.part(0, size),
            equal_rows: None,
            rows: (0, size.1),
        }
    }

    pub(super) fn size(&self) -> (usize, usize) {
        self.a.size()
    }

    /// Whether some rows have equal bytes that lie together in both images.
    pub(super) fn block_is_equal(&self, rows: Range<usize>) -> bool {
        match (self.a.block(rows.clone()), self.b.block(rows)) {
            (Some(a), Some(b)) => a == b,
            _ => false,
        }
    }

    /// Whether a row is equal in both. Rows that are stored in two ways may be
    /// equal without being recognised here.
    pub(super) fn row_is_equal(&self, y: usize) -> bool {
        match self.equal_rows {
            Some(equal_rows) => equal_rows[y],
            None => {
                self.a.bytes_per_pixel == self.b.bytes_per_pixel && self.a.row(y) == self.b.row(y)
            }
        }
    }

    /// Whether a row differs. Widens `columns` to where it does, in steps of
    /// [`COLUMN_STEP`] pixels.
    pub(super) fn row_differs(&self, y: usize, columns: &mut Range<usize>) -> bool {
        if self.row_is_equal(y) {
            return false;
        }
        let bytes = self.a.bytes_per_pixel;
        if bytes != self.b.bytes_per_pixel {
            *columns = 0..self.a.width;
            return true;
        }
        let (a, b) = (self.a.row(y), self.b.row(y));
        let (left, right) = (columns.start * bytes, columns.end * bytes);
        let steps = |row: &'a [u8]| row.chunks(COLUMN_STEP * bytes);
        let unlike = |(a, b): (&[u8], &[u8])| a != b;
        if let Some(first) = steps(&a[..left]).zip(steps(&b[..left])).position(unlike) {
            columns.start = first * COLUMN_STEP;
        }
        let ends = steps(&a[right..]).zip(steps(&b[right..]));
        if let Some(last) = ends.map(unlike).rposition(|unlike| unlike) {
            columns.end = (columns.end + (last + 1) * COLUMN_STEP).min(self.a.width);
        }
        true
    }
}
