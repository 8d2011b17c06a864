//! Works on the pixels of screenshots: joins pieces and paints masks.

use base64::Engine as _;
use image::{GenericImage, Rgba, RgbaImage};

use crate::browser::error::BrowserError;

/// The colour of masks.
const MASK: Rgba<u8> = Rgba([255, 0, 255, 255]);

/// A rectangle in pixels of an image; its edges may be between two pixels or
/// outside of the image.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct PixelArea {
    pub(super) left: f64,
    pub(super) top: f64,
    pub(super) right: f64,
    pub(super) bottom: f64,
}

/// The error of a screenshot that the browser did not provide.
pub(in crate::browser) fn failed(reason: String) -> BrowserError {
    BrowserError::Refused {
        command: "the screenshot".to_owned(),
        reason,
    }
}

/// Decodes the base64 text of a screenshot.
pub(in crate::browser) fn decode_base64(text: &str) -> Result<Vec<u8>, BrowserError> {
    base64::engine::general_purpose::STANDARD
        .decode(text)
        .map_err(|error| failed(format!("the screenshot is not valid base64: {error}")))
}

/// Decodes a PNG of the browser.
pub(in crate::browser) fn decode_png(png: &[u8]) -> Result<RgbaImage, BrowserError> {
    tintype_compare::decode_png(png)
        .map_err(|problem| failed(format!("the screenshot is invalid: {problem}")))
}

pub(in crate::browser) fn encode_png(image: &RgbaImage) -> Result<Vec<u8>, BrowserError> {
    tintype_compare::encode_png(image).map_err(|error| failed(error.to_string()))
}

/// A piece of a screenshot, its place in it and its width in CSS pixels.
#[derive(Debug)]
pub(super) struct Piece {
    pub(super) left: u32,
    pub(super) top: u32,
    pub(super) width: u32,
    pub(super) png: Vec<u8>,
}

/// Puts pieces together.
pub(super) fn compose(pieces: &[Piece]) -> Result<Vec<u8>, BrowserError> {
    let mut decoded = Vec::with_capacity(pieces.len());
    let (mut width, mut height) = (0, 0);
    for piece in pieces {
        let image = decode_png(&piece.png)?;
        let scale = f64::from(image.width()) / f64::from(piece.width.max(1));
        let place = |length: u32| (f64::from(length) * scale).round() as u32;
        let (left, top) = (place(piece.left), place(piece.top));
        width = width.max(left + image.width());
        height = height.max(top + image.height());
        decoded.push((image, left, top));
    }
    let mut whole = RgbaImage::new(width, height);
    for (image, left, top) in &decoded {
        whole
            .copy_from(image, *left, *top)
            .map_err(|error| failed(error.to_string()))?;
    }
    encode_png(&whole)
}

/// Paints masks over an image. A pixel that an area touches is covered.
pub(super) fn paint_masks(image: &mut RgbaImage, areas: &[PixelArea]) {
    // Positions within a hundredth of an edge are on the edge.
    const SLACK: f64 = 0.01;
    let (width, height) = image.dimensions();
    for area in areas {
        let clamp = |value: f64, end: u32| value.clamp(0.0, f64::from(end)) as u32;
        let (left, right) = (area.left + SLACK, area.right - SLACK);
        let (top, bottom) = (area.top + SLACK, area.bottom - SLACK);
        for y in clamp(top.floor(), height)..clamp(bottom.ceil(), height) {
            for x in clamp(left.floor(), width)..clamp(right.ceil(), width) {
                image.put_pixel(x, y, MASK);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{MASK, PixelArea, paint_masks};
    use image::{Rgba, RgbaImage};

    fn masked(left: f64, top: f64, right: f64, bottom: f64) -> Vec<(u32, u32)> {
        let mut image = RgbaImage::from_pixel(4, 3, Rgba([0; 4]));
        let area = PixelArea {
            left,
            top,
            right,
            bottom,
        };
        paint_masks(&mut image, &[area]);
        let pixels = image.enumerate_pixels();
        let masked = pixels.filter(|(_, _, pixel)| **pixel == MASK);
        masked.map(|(x, y, _)| (x, y)).collect()
    }

    #[test]
    fn masks_cover_every_pixel_that_they_touch() {
        assert_eq!(masked(1.0, 1.0, 3.0, 2.0), [(1, 1), (2, 1)]);
        assert_eq!(masked(1.9, 0.5, 2.1, 0.6), [(1, 0), (2, 0)]);
        assert_eq!(masked(1.0, 1.0, 2.004, 2.0), [(1, 1)]);
    }

    #[test]
    fn masks_outside_of_the_image_are_ignored() {
        assert_eq!(masked(-5.0, -5.0, 0.0, 0.0), []);
        assert_eq!(masked(4.0, 0.0, 9.0, 3.0), []);
        assert_eq!(masked(3.0, 2.0, 99.0, 99.0), [(3, 2)]);
    }
}
