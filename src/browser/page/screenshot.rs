//! Takes screenshots of the viewport, and of parts of a page in pieces.

use std::future::Future;

use serde::Deserialize;
use serde_json::json;

use super::image::{Piece, PixelArea, compose, decode_png, encode_png, paint_masks};
use super::traits::Page;
use crate::browser::error::BrowserError;
use crate::manifest::{CaptureSettings, Screen};
use tintype_compare::MAX_PIXELS;

/// The maximum height of one piece, in image pixels. Beyond 16,384, browsers
/// repeat content or fail.
const MAX_PIECE_HEIGHT: u32 = 16_384;

/// A rectangle in CSS pixels of the page.
#[derive(Clone, Copy, Debug, Deserialize)]
pub(super) struct Area {
    pub(super) x: f64,
    pub(super) y: f64,
    pub(super) width: f64,
    pub(super) height: f64,
}

/// A rectangle in whole CSS pixels of the page. Pages that are written from
/// right to left have content at negative places.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::browser) struct Frame {
    pub(in crate::browser) x: i32,
    pub(in crate::browser) y: i32,
    pub(in crate::browser) width: u32,
    pub(in crate::browser) height: u32,
}

/// A page that can be captured.
pub(in crate::browser) trait Screenshot: Page {
    /// Makes the viewport this high, in an engine that draws nothing beyond it.
    fn stretch_viewport(
        &self,
        _screen: Screen,
        _height: u32,
    ) -> impl Future<Output = Result<(), BrowserError>> + Send {
        async { Ok(()) }
    }

    /// What of a part of the page the engine can draw.
    fn drawable(&self, _screen: Screen, part: Frame) -> Frame {
        part
    }

    /// Takes a screenshot of the viewport.
    fn capture_viewport(
        &self,
        screen: Screen,
    ) -> impl Future<Output = Result<Vec<u8>, BrowserError>> + Send;

    /// Takes a screenshot of a part of the page, which may be beyond the viewport.
    fn capture_part(
        &self,
        screen: Screen,
        part: Frame,
    ) -> impl Future<Output = Result<Vec<u8>, BrowserError>> + Send;
}

/// The screenshot of a part of the page, or of the viewport, with its masks.
pub(super) async fn masked(
    page: &impl Screenshot,
    settings: &CaptureSettings,
    screen: Screen,
    part: Option<Frame>,
) -> Result<Vec<u8>, BrowserError> {
    let masks: Option<MaskAreas> = if settings.mask.is_empty() {
        None
    } else {
        let selectors = [json!(settings.mask)];
        Some(page.call("maskAreas", &selectors).await?)
    };
    let picture = match part {
        None => page.capture_viewport(screen).await?,
        Some(part) => capture_pieces(page, screen, part).await?,
    };
    match masks {
        Some(masks) if !masks.areas.is_empty() => masks.paint(&picture, part, screen),
        _ => Ok(picture),
    }
}

/// The visible areas of masked elements.
#[derive(Debug, Deserialize)]
struct MaskAreas {
    /// In CSS pixels of the page.
    areas: Vec<Area>,
    /// The place of the viewport in the page.
    scroll: [f64; 2],
    /// The zoom factor of a mobile viewport.
    zoom: f64,
}

impl MaskAreas {
    /// Paints the areas over the screenshot of a part of the page, or of the
    /// viewport.
    fn paint(
        &self,
        picture: &[u8],
        part: Option<Frame>,
        screen: Screen,
    ) -> Result<Vec<u8>, BrowserError> {
        let mut image = decode_png(picture)?;
        let ([x, y], scale) = match part {
            Some(part) => ([part.x.into(), part.y.into()], 1.0 / f64::from(part.width)),
            None => (self.scroll, self.zoom / f64::from(screen.viewport.width)),
        };
        let scale = scale * f64::from(image.width());
        let areas: Vec<PixelArea> = self
            .areas
            .iter()
            .map(|area| PixelArea {
                left: (area.x - x) * scale,
                top: (area.y - y) * scale,
                right: (area.x + area.width - x) * scale,
                bottom: (area.y + area.height - y) * scale,
            })
            .collect();
        paint_masks(&mut image, &areas);
        encode_png(&image)
    }
}

/// The place and size of the page, which is scrolled to its top.
pub(super) async fn page_area(page: &impl Page) -> Result<Area, BrowserError> {
    let mut captured: CapturedPage = page.call("capturedPage", &[]).await?;
    if captured.has_scrolled {
        // Listeners may change its size.
        page.frame().await?;
        captured = page.call("capturedPage", &[]).await?;
    }
    Ok(captured.area)
}

/// The whole pixels that an area touches.
pub(super) fn enclosing(area: Area) -> Frame {
    let (x, y) = (area.x.floor(), area.y.floor());
    Frame {
        x: x as i32,
        y: y as i32,
        width: ((area.x + area.width).ceil() - x) as u32,
        height: ((area.y + area.height).ceil() - y) as u32,
    }
}

/// Rejects a screenshot that would be too large to compare.
pub(super) fn reject_too_large(
    frame: Frame,
    screen: Screen,
    what: &str,
) -> Result<(), BrowserError> {
    let scaled = |length: u32| (f64::from(length) * screen.scale).ceil() as u64;
    let (width, height) = (scaled(frame.width), scaled(frame.height));
    if width.saturating_mul(height) <= MAX_PIXELS {
        return Ok(());
    }
    Err(BrowserError::TooLarge {
        target: what.to_owned(),
        width,
        height,
        most: MAX_PIXELS,
    })
}

/// The page that is captured.
#[derive(Debug, Deserialize)]
struct CapturedPage {
    #[serde(flatten)]
    area: Area,
    /// Whether it was scrolled to its top.
    #[serde(rename = "hasScrolled")]
    has_scrolled: bool,
}

/// Captures a part of the page in as few pieces as possible.
async fn capture_pieces(
    page: &impl Screenshot,
    screen: Screen,
    whole: Frame,
) -> Result<Vec<u8>, BrowserError> {
    let most = piece_height(screen.scale);
    let mut pieces = Vec::new();
    let mut top = 0;
    while top < whole.height {
        let part = Frame {
            y: whole.y + top as i32,
            height: (whole.height - top).min(most),
            ..whole
        };
        pieces.push(Piece {
            left: 0,
            top,
            width: part.width,
            png: page.capture_part(screen, part).await?,
        });
        top += part.height;
    }
    match <[Piece; 1]>::try_from(pieces) {
        Ok([piece]) => Ok(piece.png),
        Err(pieces) => compose(&pieces),
    }
}

/// The largest height of a piece in CSS pixels.
fn piece_height(scale: f64) -> u32 {
    let most = ((f64::from(MAX_PIECE_HEIGHT) / scale) as u32).max(1);
    round_to_pixels(most, scale)
}

/// The largest length up to this one, in CSS pixels, that is a whole number of
/// image pixels: otherwise two pieces have a row of the image in common.
pub(super) fn round_to_pixels(most: u32, scale: f64) -> u32 {
    let is_whole = |length: &u32| {
        let pixels = f64::from(*length) * scale;
        (pixels - pixels.round()).abs() < 1e-6
    };
    let lengths = (most.saturating_sub(1_000).max(1)..=most).rev();
    lengths.into_iter().find(is_whole).unwrap_or(most)
}
