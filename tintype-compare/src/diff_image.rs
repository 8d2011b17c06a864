//! Draws the diff image.

use image::{Rgba, RgbaImage};

use super::comparison::Comparison;
use super::engine::{self, PixelCriteria, RowBits, RowSink, set_bits};
use super::error::CompareError;
use super::header::MAX_PIXELS;
use super::layout::{Layout, union};
use super::mask::Mask;
use super::options::Options;
use super::pixel_view::PixelView;
use crate::region::Region;

/// Where only one image has pixels, their grey is multiplied by this.
const ONE_SIDED_TINT: [u8; 3] = [255, 120, 120];
/// The contrast of the faded image behind the marks.
const FADED_CONTRAST: f32 = 0.1;

/// Indexes of colours. From 0 on: white and darker greys; `FADED_CONTRAST` leaves
/// a tenth of all greys.
const GREYS: u8 = 32;
/// The bit of the same greys where only one image has pixels.
const TINTED: u8 = GREYS;
const DIFFERING: u8 = 2 * GREYS;
const ANTIALIASED: u8 = DIFFERING + 1;
const BELOW_THRESHOLD: u8 = DIFFERING + 2;
const HATCH: u8 = DIFFERING + 3;

/// The colours by their indexes.
fn palette() -> Vec<[u8; 3]> {
    let greys = (0..GREYS).map(|darker| [255 - darker; 3]);
    let tint = |grey: [u8; 3]| {
        let channel = |c: usize| (u16::from(grey[c]) * u16::from(ONE_SIDED_TINT[c]) / 255) as u8;
        [0, 1, 2].map(channel)
    };
    let marks = [[255, 0, 0], [255, 255, 0], [0, 190, 255], [120, 120, 200]];
    greys.clone().chain(greys.map(tint)).chain(marks).collect()
}

/// An image with a palette: a byte for each pixel, row-major.
pub(super) struct DiffImage {
    width: usize,
    height: usize,
    colours: Vec<u8>,
}

impl Comparison {
    /// Draws the diff image of the compared images, as
    /// [`Inspection::diff_png`](super::Inspection::diff_png) does.
    ///
    /// # Errors
    /// When the smallest image that holds both would be too large.
    pub fn draw_diff(
        &self,
        baseline: &RgbaImage,
        current: &RgbaImage,
    ) -> Result<RgbaImage, CompareError> {
        let diff = draw(
            PixelView::of(baseline),
            PixelView::of(current),
            &self.options,
        )?;
        let palette = palette();
        let (width, height) = (diff.width as u32, diff.height as u32);
        Ok(RgbaImage::from_fn(width, height, |x, y| {
            let colour = diff.colours[y as usize * diff.width + x as usize];
            let [r, g, b] = palette[usize::from(colour)];
            Rgba([r, g, b, 255])
        }))
    }
}

/// Draws the diff image of two images.
///
/// # Errors
/// When the smallest image that holds both would be too large.
pub(super) fn draw(
    baseline: PixelView<'_>,
    current: PixelView<'_>,
    options: &Options,
) -> Result<DiffImage, CompareError> {
    let (width, height) = union(baseline, current);
    if width as u64 * height as u64 > MAX_PIXELS {
        return Err(CompareError::TooLarge {
            width,
            height,
            limit: MAX_PIXELS,
        });
    }
    let mut diff = DiffImage {
        width,
        height,
        colours: vec![0; width * height],
    };
    let layout = Layout::new(baseline, current, None, options);
    diff.draw_faded(current);
    for region in &layout.beyond {
        diff.tint(*region);
    }
    diff.hatch(&Mask::new(&options.ignore, width as u32, height as u32));
    for part in &layout.parts {
        for marks in engine::compare(
            part.pair,
            &PixelCriteria::new(options, &part.mask),
            MarkedRows::default,
        ) {
            marks.paint(&mut diff, part.top);
        }
    }
    Ok(diff)
}

impl DiffImage {
    /// The places of the pixels that differ or that only one image has.
    pub(super) fn differing(&self) -> Vec<(u32, u32)> {
        let is_one_sided = |colour: u8| (TINTED..2 * TINTED).contains(&colour);
        let pixels = self.colours.iter().enumerate();
        let differing =
            pixels.filter(|(_, colour)| **colour == DIFFERING || is_one_sided(**colour));
        differing
            .map(|(at, _)| ((at % self.width) as u32, (at / self.width) as u32))
            .collect()
    }

    fn row(&mut self, y: usize) -> &mut [u8] {
        &mut self.colours[y * self.width..][..self.width]
    }

    fn part(&mut self, y: u32, region: Region) -> &mut [u8] {
        &mut self.row(y as usize)[region.x as usize..][..region.width as usize]
    }

    /// Draws an image in grey, mostly white.
    fn draw_faded(&mut self, view: PixelView<'_>) {
        let (width, height) = view.size();
        let mut pixels = vec![0; width];
        for y in 0..height {
            view.load(y, 0..width, &mut pixels);
            for (colour, pixel) in self.row(y).iter_mut().zip(&pixels) {
                let [r, g, b, a] = pixel.to_le_bytes().map(f32::from);
                let luma = r * 0.299 + g * 0.587 + b * 0.114;
                let grey = (255.0 + (luma - 255.0) * FADED_CONTRAST * a / 255.0) as u8;
                *colour = 255 - grey;
            }
        }
    }

    /// Colours an area that only one image has; its content remains visible.
    fn tint(&mut self, region: Region) {
        for y in region.y..region.y + region.height {
            for colour in self.part(y, region) {
                *colour |= TINTED;
            }
        }
    }

    /// Draws diagonal lines, eight pixels apart.
    fn hatch(&mut self, mask: &Mask) {
        for region in mask.regions() {
            for y in region.y..region.y + region.height {
                for (x, colour) in (region.x..).zip(self.part(y, *region)) {
                    if (x + y) % 8 < 2 {
                        *colour = HATCH;
                    }
                }
            }
        }
    }

    /// Encodes the diff fast rather than small.
    ///
    /// # Errors
    /// When a side of it is zero.
    pub(super) fn encode(&self) -> Result<Vec<u8>, CompareError> {
        encode(
            self.width as u32,
            self.height as u32,
            &self.colours,
            |encoder| {
                encoder.set_color(png::ColorType::Indexed);
                encoder.set_palette(palette().concat());
                encoder.set_compression(png::Compression::Fastest);
            },
        )
    }
}

/// Encodes an image fast rather than small.
///
/// # Errors
/// When a side of the image is zero.
pub fn encode_png(image: &RgbaImage) -> Result<Vec<u8>, CompareError> {
    encode(image.width(), image.height(), image, |encoder| {
        encoder.set_color(png::ColorType::Rgba);
        encoder.set_compression(png::Compression::Fast);
    })
}

fn encode(
    width: u32,
    height: u32,
    data: &[u8],
    set_up: impl FnOnce(&mut png::Encoder<'_, &mut Vec<u8>>),
) -> Result<Vec<u8>, CompareError> {
    let mut bytes = Vec::new();
    let mut encoder = png::Encoder::new(&mut bytes, width, height);
    encoder.set_filter(png::Filter::Adaptive);
    set_up(&mut encoder);
    let written = encoder.write_header().and_then(|mut writer| {
        writer.write_image_data(data)?;
        writer.finish()
    });
    let failed = |error: png::EncodingError| CompareError::Encode(error.to_string());
    written.map(|()| bytes).map_err(failed)
}

/// Collects the rows that the engine reports.
#[derive(Default)]
struct MarkedRows(Vec<(usize, [Box<[u64]>; 3])>);

impl RowSink for MarkedRows {
    fn row(&mut self, y: usize, bits: &RowBits) {
        let rows = [&bits.differing, &bits.antialiased, &bits.below_threshold];
        self.0.push((y, rows.map(Clone::clone)));
    }
}

impl MarkedRows {
    fn paint(&self, diff: &mut DiffImage, top: usize) {
        for (y, rows) in &self.0 {
            for (row, colour) in rows.iter().zip([DIFFERING, ANTIALIASED, BELOW_THRESHOLD]) {
                for x in set_bits(row) {
                    diff.row(top + y)[x] = colour;
                }
            }
        }
    }
}
