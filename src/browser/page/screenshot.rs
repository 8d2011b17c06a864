//! Takes screenshots of the viewport, of a whole page in pieces, of an element.

use std::future::Future;

use serde::Deserialize;
use serde_json::json;

use super::image::{PixelArea, decode_png, encode_png, join, paint_masks};
use super::traits::Page;
use crate::browser::error::BrowserError;
use crate::manifest::{CaptureSettings, Screen, Target};
use tintype_compare::MAX_PIXELS;

/// The maximum height of one piece, in image pixels. Beyond 16,384, browsers
/// repeat content or fail.
const MAX_PIECE_HEIGHT: u32 = 8_192;

/// A rectangle in CSS pixels of the page.
#[derive(Clone, Copy, Debug, Deserialize)]
struct Area {
    x: f64,
    y: f64,
    width: f64,
    height: f64,
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

/// Takes the screenshot that a story's settings specify. The PNG is the
/// browser's own unless it has several pieces or masks.
pub(in crate::browser) async fn capture(
    page: &impl Screenshot,
    settings: &CaptureSettings,
    screen: Screen,
) -> Result<Vec<u8>, BrowserError> {
    if settings.target == Target::Viewport {
        return masked(page, settings, screen, None).await;
    }
    let extent = page_area(page).await?;
    let height = (extent.height.ceil() as u32).max(screen.viewport.height);
    if settings.target == Target::Page {
        reject_too_large(enclosing(extent), screen, "the page")?;
    }
    page.stretch_viewport(screen, height).await?;
    let picture = capture_target(page, settings, screen).await;
    page.stretch_viewport(screen, screen.viewport.height)
        .await?;
    picture
}

/// Captures the page or an element.
async fn capture_target(
    page: &impl Screenshot,
    settings: &CaptureSettings,
    screen: Screen,
) -> Result<Vec<u8>, BrowserError> {
    let frame = match &settings.target {
        Target::Element(selector) => {
            let frame = element_frame(page, selector, settings.padding).await?;
            reject_too_large(frame, screen, &format!("`{selector}`"))?;
            frame
        }
        Target::Page | Target::Viewport => enclosing(page_area(page).await?),
    };
    masked(page, settings, screen, Some(page.drawable(screen, frame))).await
}

/// The screenshot of a part of the page, or of the viewport, with its masks.
async fn masked(
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
async fn page_area(page: &impl Page) -> Result<Area, BrowserError> {
    let mut captured: CapturedPage = page.call("capturedPage", &[]).await?;
    if captured.has_scrolled {
        // Listeners may change its size.
        page.frame().await?;
        captured = page.call("capturedPage", &[]).await?;
    }
    Ok(captured.area)
}

/// The whole pixels that an area touches.
fn enclosing(area: Area) -> Frame {
    let (x, y) = (area.x.floor(), area.y.floor());
    Frame {
        x: x as i32,
        y: y as i32,
        width: ((area.x + area.width).ceil() - x) as u32,
        height: ((area.y + area.height).ceil() - y) as u32,
    }
}

/// Rejects a screenshot that would be too large to compare.
fn reject_too_large(frame: Frame, screen: Screen, what: &str) -> Result<(), BrowserError> {
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

/// The element that is captured.
#[derive(Debug, Deserialize)]
struct CaptureTarget {
    /// Why the element cannot be captured.
    problem: Option<String>,
    #[serde(flatten)]
    area: Option<Area>,
    /// The page that it is in.
    page: Option<Area>,
    /// Whether it was scrolled into view.
    #[serde(default, rename = "hasScrolled")]
    has_scrolled: bool,
}

/// The place of an element with its padding, in whole pixels that include its
/// edges, within the page. The element is scrolled into view in its scroll
/// containers.
async fn element_frame(
    page: &impl Page,
    selector: &str,
    padding: u32,
) -> Result<Frame, BrowserError> {
    let arguments = [json!(selector)];
    let mut target: Option<CaptureTarget> = page.call("captureTarget", &arguments).await?;
    if target.as_ref().is_some_and(|target| target.has_scrolled) {
        // Listeners may move it again.
        page.frame().await?;
        target = page.call("captureTarget", &arguments).await?;
    }
    let target = target.ok_or_else(|| BrowserError::TargetNotFound {
        selector: selector.to_owned(),
    })?;
    let invisible = |reason: String| BrowserError::TargetNotVisible {
        selector: selector.to_owned(),
        reason,
    };
    if let Some(problem) = target.problem {
        return Err(invisible(problem));
    }
    let (Some(area), Some(whole)) = (target.area, target.page) else {
        return Err(invisible("it has no box".to_owned()));
    };
    let around = f64::from(padding);
    let (left, top) = (
        (area.x - around).max(whole.x),
        (area.y - around).max(whole.y),
    );
    let right = (area.x + area.width + around).min(whole.x + whole.width);
    let bottom = (area.y + area.height + around).min(whole.y + whole.height);
    Ok(enclosing(Area {
        x: left,
        y: top,
        width: right - left,
        height: bottom - top,
    }))
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
        let piece = Frame {
            y: whole.y + top as i32,
            height: (whole.height - top).min(most),
            ..whole
        };
        pieces.push(page.capture_part(screen, piece).await?);
        top += piece.height;
    }
    match <[Vec<u8>; 1]>::try_from(pieces) {
        Ok([picture]) => Ok(picture),
        Err(pieces) => join(&pieces),
    }
}

/// The largest height of a piece in CSS pixels that is a whole number of image
/// pixels: otherwise two pieces have a row of the image in common.
fn piece_height(scale: f64) -> u32 {
    let most = ((f64::from(MAX_PIECE_HEIGHT) / scale) as u32).max(1);
    let is_whole = |height: &u32| {
        let pixels = f64::from(*height) * scale;
        (pixels - pixels.round()).abs() < 1e-6
    };
    let heights = (most.saturating_sub(1_000).max(1)..=most).rev();
    heights.into_iter().find(is_whole).unwrap_or(most)
}
