//! Two images in memory, row by row, whatever way their pixels are stored.

use image::RgbaImage;

use super::rows::Rows;

/// Pixels in memory, of 3 (red, green, blue) or 4 bytes (and alpha).
#[derive(Clone, Copy)]
pub(super) struct View<'a> {
    source: Source<'a>,
    /// The source's row that is the first one here.
    top: usize,
    bytes_per_pixel: usize,
    width: usize,
    height: usize,
}

#[derive(Clone, Copy)]
enum Source<'a> {
    Image(&'a RgbaImage),
    Rows(&'a Rows),
}

impl<'a> View<'a> {
    pub(super) fn of(image: &'a RgbaImage) -> Self {
        Self {
            source: Source::Image(image),
            top: 0,
            bytes_per_pixel: 4,
            width: image.width() as usize,
            height: image.height() as usize,
        }
    }

    pub(super) fn of_rows(
        rows: &'a Rows,
        bytes_per_pixel: usize,
        (width, height): (usize, usize),
    ) -> Self {
        Self {
            source: Source::Rows(rows),
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

    /// What is left from row `top` on.
    pub(super) fn from(self, top: usize) -> Self {
        self.part(top, (self.width, self.height - top))
    }

    /// The stored bytes of a row.
    pub(super) fn row(&self, y: usize) -> &'a [u8] {
        let length = self.width * self.bytes_per_pixel;
        match self.source {
            Source::Image(image) => {
                let stride = image.width() as usize * 4;
                &image.as_raw()[(self.top + y) * stride..][..length]
            }
            Source::Rows(rows) => &rows.stored(self.top + y)[1..=length],
        }
    }

    /// Writes a row as RGBA, red in the lowest byte.
    pub(super) fn load(&self, y: usize, out: &mut [u32]) {
        let row = self.row(y);
        if self.bytes_per_pixel == 4 {
            let (pixels, _) = row.as_chunks::<4>();
            for (out, pixel) in out.iter_mut().zip(pixels) {
                *out = u32::from_le_bytes(*pixel);
            }
        } else {
            let (pixels, _) = row.as_chunks::<3>();
            for (out, [r, g, b]) in out.iter_mut().zip(pixels) {
                *out = u32::from_le_bytes([*r, *g, *b, 255]);
            }
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

/// Two images of one size.
#[derive(Clone, Copy)]
pub(super) struct Pair<'a> {
    pub(super) a: View<'a>,
    pub(super) b: View<'a>,
    /// Rows that are known to be equal, if anything is known of them.
    pub(super) known: Option<&'a [bool]>,
    /// The first row that is judged, and the one after the last. The others
    /// are there to be looked at.
    pub(super) rows: (usize, usize),
}

impl<'a> Pair<'a> {
    /// What both images have, from the top left corner.
    pub(super) fn overlap(a: View<'a>, b: View<'a>) -> Self {
        let size = (a.width.min(b.width), a.height.min(b.height));
        Self {
            a: a.part(0, size),
            b: b.part(0, size),
            known: None,
            rows: (0, size.1),
        }
    }

    pub(super) fn size(&self) -> (usize, usize) {
        self.a.size()
    }

    /// Whether a row is equal in both. Rows that are stored in two ways may be
    /// equal and not be told so here.
    pub(super) fn row_is_equal(&self, y: usize) -> bool {
        match self.known {
            Some(known) => known[y],
            None => {
                self.a.bytes_per_pixel == self.b.bytes_per_pixel && self.a.row(y) == self.b.row(y)
            }
        }
    }
}
