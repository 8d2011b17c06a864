//! The picture of a difference.

use image::codecs::png::{CompressionType, FilterType, PngEncoder};
use image::{ExtendedColorType, ImageEncoder, Rgba, RgbaImage};

use super::comparison::Comparison;
use super::decode::MOST_PIXELS;
use super::engine::{self, Sink, set_bits};
use super::error::CompareError;
use super::layout::{Layout, union};
use super::mask::Mask;
use super::options::Options;
use super::view::View;
use crate::region::Region;

/// Where only one image has pixels, their grey is multiplied by this.
const BEYOND: [u8; 3] = [255, 120, 120];
/// What is left of the picture's own contrast behind the marks.
const FADE: f32 = 0.1;

/// Numbers of colours. From 0 on: white, and what is darker by so much, of which
/// `FADE` leaves a tenth of all greys.
const GREYS: u8 = 32;
/// The bit of the same greys where only one image has pixels.
const TINTED: u8 = GREYS;
const DIFFERING: u8 = 2 * GREYS;
const ANTIALIASED: u8 = DIFFERING + 1;
const HATCH: u8 = DIFFERING + 2;

/// What the numbers stand for.
fn palette() -> Vec<[u8; 3]> {
    let greys = (0..GREYS).map(|darker| [255 - darker; 3]);
    let tint = |grey: [u8; 3]| {
        let channel = |c: usize| (u16::from(grey[c]) * u16::from(BEYOND[c]) / 255) as u8;
        [0, 1, 2].map(channel)
    };
    let marks = [[255, 0, 0], [255, 255, 0], [120, 120, 200]];
    greys.clone().chain(greys.map(tint)).chain(marks).collect()
}

/// A picture of few colours: a byte for each pixel, row-major.
pub(super) struct Drawing {
    width: usize,
    height: usize,
    colours: Vec<u8>,
}

impl Comparison {
    /// As [`Inspection::picture`](super::Inspection::picture), from and to
    /// pixels.
    ///
    /// # Errors
    /// When the smallest image that holds both would be too large.
    pub fn draw(
        &self,
        baseline: &RgbaImage,
        current: &RgbaImage,
    ) -> Result<RgbaImage, CompareError> {
        let drawing = draw(View::of(baseline), View::of(current), &self.options)?;
        let palette = palette();
        let (width, height) = (drawing.width as u32, drawing.height as u32);
        Ok(RgbaImage::from_fn(width, height, |x, y| {
            let colour = drawing.colours[y as usize * drawing.width + x as usize];
            let [r, g, b] = palette[usize::from(colour)];
            Rgba([r, g, b, 255])
        }))
    }
}

/// The picture of a difference.
///
/// # Errors
/// When the smallest image that holds both would be too large.
pub(super) fn draw(
    baseline: View<'_>,
    current: View<'_>,
    options: &Options,
) -> Result<Drawing, CompareError> {
    let (width, height) = union(baseline, current);
    if width as u64 * height as u64 > MOST_PIXELS {
        return Err(CompareError::TooLarge {
            width,
            height,
            limit: MOST_PIXELS,
        });
    }
    let mut drawing = Drawing {
        width,
        height,
        colours: vec![0; width * height],
    };
    let layout = Layout::new(baseline, current, None, options);
    drawing.fade(current);
    for region in &layout.beyond {
        drawing.tint(*region);
    }
    drawing.hatch(&Mask::new(&options.ignore, width as u32, height as u32));
    for part in &layout.parts {
        for marks in engine::compare(part.pair, &options.question(&part.mask), Marks::default) {
            marks.paint(&mut drawing, part.top);
        }
    }
    Ok(drawing)
}

impl Drawing {
    fn row(&mut self, y: usize) -> &mut [u8] {
        &mut self.colours[y * self.width..][..self.width]
    }

    fn part(&mut self, y: u32, region: Region) -> &mut [u8] {
        &mut self.row(y as usize)[region.x as usize..][..region.width as usize]
    }

    /// Draws an image in grey, mostly white.
    fn fade(&mut self, view: View<'_>) {
        let (width, height) = view.size();
        let mut pixels = vec![0; width];
        for y in 0..height {
            view.load(y, 0..width, &mut pixels);
            for (colour, pixel) in self.row(y).iter_mut().zip(&pixels) {
                let [r, g, b, a] = pixel.to_le_bytes().map(f32::from);
                let luma = r * 0.299 + g * 0.587 + b * 0.114;
                let grey = (255.0 + (luma - 255.0) * FADE * a / 255.0) as u8;
                *colour = 255 - grey;
            }
        }
    }

    /// Colours what only one image has, so that its content can still be seen.
    fn tint(&mut self, region: Region) {
        for y in region.y..region.y + region.height {
            for colour in self.part(y, region) {
                *colour |= TINTED;
            }
        }
    }

    /// Slanting lines, eight pixels apart.
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

    /// Encodes the drawing fast rather than small.
    ///
    /// # Errors
    /// When a side of it is zero.
    pub(super) fn encode(&self) -> Result<Vec<u8>, CompareError> {
        let mut bytes = Vec::new();
        let mut encoder = png::Encoder::new(&mut bytes, self.width as u32, self.height as u32);
        encoder.set_color(png::ColorType::Indexed);
        encoder.set_palette(palette().concat());
        encoder.set_compression(png::Compression::Fastest);
        encoder.set_filter(png::Filter::Adaptive);
        let written = encoder.write_header().and_then(|mut writer| {
            writer.write_image_data(&self.colours)?;
            writer.finish()
        });
        let failed = |error: png::EncodingError| CompareError::Encode(error.to_string());
        written.map(|()| bytes).map_err(failed)
    }
}

/// Encodes an image fast rather than small.
///
/// # Errors
/// When a side of the image is zero.
pub fn encode_png(image: &RgbaImage) -> Result<Vec<u8>, CompareError> {
    let mut bytes = Vec::new();
    PngEncoder::new_with_quality(&mut bytes, CompressionType::Fast, FilterType::Adaptive)
        .write_image(
            image,
            image.width(),
            image.height(),
            ExtendedColorType::Rgba8,
        )
        .map_err(|error| CompareError::Encode(error.to_string()))?;
    Ok(bytes)
}

/// The rows that the engine tells of.
#[derive(Default)]
struct Marks(Vec<(usize, [Box<[u64]>; 2])>);

impl Sink for Marks {
    fn row(&mut self, y: usize, differing: &[u64], antialiased: &[u64]) {
        self.0.push((y, [differing.into(), antialiased.into()]));
    }
}

impl Marks {
    fn paint(&self, drawing: &mut Drawing, top: usize) {
        for (y, rows) in &self.0 {
            for (row, colour) in rows.iter().zip([DIFFERING, ANTIALIASED]) {
                for x in set_bits(row) {
                    drawing.row(top + y)[x] = colour;
                }
            }
        }
    }
}
