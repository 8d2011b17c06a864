//! The picture of a difference.

use image::codecs::png::{CompressionType, FilterType, PngEncoder};
use image::{ExtendedColorType, ImageEncoder, Rgba, RgbaImage};

use super::comparison::Comparison;
use super::engine::{self, Sink, set_bits};
use super::error::CompareError;
use super::layout::{Layout, union};
use super::mask::Mask;
use super::options::Options;
use super::view::View;
use crate::region::Region;

const DIFFERING: Rgba<u8> = Rgba([255, 0, 0, 255]);
const ANTIALIASED: Rgba<u8> = Rgba([255, 255, 0, 255]);
const HATCH: Rgba<u8> = Rgba([120, 120, 200, 255]);
/// Where only one image has pixels.
const BEYOND: Rgba<u8> = Rgba([255, 120, 120, 255]);
/// What is left of the picture's own contrast behind the marks.
const FADE: f32 = 0.1;

impl Comparison {
    /// As [`Inspection::picture`](super::Inspection::picture), from and to
    /// pixels.
    pub fn draw(&self, baseline: &RgbaImage, current: &RgbaImage) -> RgbaImage {
        draw(View::of(baseline), View::of(current), &self.options)
    }
}

/// The picture of a difference.
pub(super) fn draw(baseline: View<'_>, current: View<'_>, options: &Options) -> RgbaImage {
    let (width, height) = union(baseline, current);
    let mut canvas = RgbaImage::from_pixel(width as u32, height as u32, Rgba([255; 4]));
    let layout = Layout::new(baseline, current, None, options);
    draw_faded(&mut canvas, current);
    for region in &layout.beyond {
        tint(&mut canvas, *region);
    }
    hatch(
        &mut canvas,
        &Mask::new(&options.ignore, width as u32, height as u32),
    );
    for part in &layout.parts {
        for marks in engine::compare(part.pair, &options.question(&part.mask), Marks::default) {
            marks.paint(&mut canvas, part.top);
        }
    }
    canvas
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

/// Draws an image in grey, mostly white.
fn draw_faded(canvas: &mut RgbaImage, view: View<'_>) {
    let (width, height) = view.size();
    let mut pixels = vec![0; width];
    for (y, row) in canvas.rows_mut().take(height).enumerate() {
        view.load(y, 0..width, &mut pixels);
        for (out, pixel) in row.zip(&pixels) {
            let [r, g, b, a] = pixel.to_le_bytes().map(f32::from);
            let luma = r * 0.299 + g * 0.587 + b * 0.114;
            let grey = (255.0 + (luma - 255.0) * FADE * a / 255.0) as u8;
            *out = Rgba([grey, grey, grey, 255]);
        }
    }
}

/// Colours what only one image has, so that its content can still be seen.
fn tint(canvas: &mut RgbaImage, region: Region) {
    for y in region.y..region.y + region.height {
        for x in region.x..region.x + region.width {
            let pixel = canvas.get_pixel_mut(x, y);
            for (channel, colour) in pixel.0.iter_mut().zip(BEYOND.0) {
                *channel = (u16::from(*channel) * u16::from(colour) / 255) as u8;
            }
        }
    }
}

/// Slanting lines, eight pixels apart.
fn hatch(canvas: &mut RgbaImage, mask: &Mask) {
    for region in mask.regions() {
        for y in region.y..region.y + region.height {
            for x in (region.x..region.x + region.width).filter(|x| (x + y) % 8 < 2) {
                canvas.put_pixel(x, y, HATCH);
            }
        }
    }
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
    fn paint(&self, canvas: &mut RgbaImage, top: usize) {
        for (y, rows) in &self.0 {
            for (row, colour) in rows.iter().zip([DIFFERING, ANTIALIASED]) {
                for x in set_bits(row) {
                    canvas.put_pixel(x as u32, (top + y) as u32, colour);
                }
            }
        }
    }
}
