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

/// A rectangle in whole CSS pixels of the page.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::browser) struct Frame {
    pub(in crate::browser) x: u32,
    pub(in crate::browser) y: u32,
    pub(in crate::browser) width: u32,
    pub(in crate::browser) height: u32,
}

/// A page that can be captured.
pub(in crate::browser) trait Screenshot: Page {
    /// Sets the layout to the screen's width and this height.
    fn set_layout_size(
        &self,
        screen: Screen,
        height: u32,
    ) -> impl Future<Output = Result<(), BrowserError>> + Send;

    /// Takes a screenshot of a part of the page, which is laid out at this height,
    /// or of the viewport.
    fn take_screenshot(
        &self,
        screen: Screen,
        height: u32,
        part: Option<Frame>,
    ) -> impl Future<Output = Result<Vec<u8>, BrowserError>> + Send;
}

/// Takes the screenshot that a story's settings specify. The PNG is the
/// browser's own unless it has several pieces or masks.
pub(in crate::browser) async fn capture(
    page: &impl Screenshot,
    settings: &CaptureSettings,
    screen: Screen,
) -> Result<Vec<u8>, BrowserError> {
    let viewport = screen.viewport;
    if settings.target == Target::Viewport {
        return masked(page, settings, screen, viewport.height).await;
    }
    // Content below the viewport is drawn only if the viewport is as tall.
    let extent: Area = page.call("pageExtent", &[]).await?;
    let height = (extent.height.ceil() as u32).max(viewport.height);
    if settings.target == Target::Page {
        reject_too_large(page_frame(screen, height), screen, "the page")?;
    }
    page.set_layout_size(screen, height).await?;
    let picture = masked(page, settings, screen, height).await;
    page.set_layout_size(screen, viewport.height).await?;
    picture
}

/// The screenshot of a page that is laid out at this height, with its masks.
async fn masked(
    page: &impl Screenshot,
    settings: &CaptureSettings,
    screen: Screen,
    height: u32,
) -> Result<Vec<u8>, BrowserError> {
    let frame = match &settings.target {
        Target::Viewport => None,
        Target::Page => Some(page_frame(screen, height)),
        Target::Element(selector) => {
            let frame = element_frame(page, selector, settings.padding, height).await?;
            reject_too_large(frame, screen, &format!("`{selector}`"))?;
            Some(frame)
        }
    };
    let masks: Option<MaskAreas> = if settings.mask.is_empty() {
        None
    } else {
        let selectors = [json!(settings.mask)];
        Some(page.call("maskAreas", &selectors).await?)
    };
    let picture = match frame {
        None => page.take_screenshot(screen, height, None).await?,
        Some(frame) => capture_pieces(page, screen, height, frame).await?,
    };
    match masks {
        Some(masks) if !masks.areas.is_empty() => masks.paint(&picture, frame, screen),
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
        let width = part.map_or(screen.viewport.width, |part| part.width);
        let [x, y] = part.map_or(self.scroll, |part| [part.x.into(), part.y.into()]);
        let scale = f64::from(image.width()) / f64::from(width.max(1)) * self.zoom;
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

fn page_frame(screen: Screen, height: u32) -> Frame {
    Frame {
        x: 0,
        y: 0,
        width: screen.viewport.width,
        height,
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

/// The element that is captured.
#[derive(Debug, Deserialize)]
struct CaptureTarget {
    /// Why the element cannot be captured.
    problem: Option<String>,
    #[serde(flatten)]
    area: Option<Area>,
    /// Whether it was scrolled into view.
    #[serde(default, rename = "hasScrolled")]
    has_scrolled: bool,
}

/// The place of an element with its padding, in whole pixels that include its
/// edges. The element is scrolled into view in its scroll containers.
async fn element_frame(
    page: &impl Page,
    selector: &str,
    padding: u32,
    height: u32,
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
    let area = target
        .area
        .ok_or_else(|| invisible("it has no box".to_owned()))?;
    let around = f64::from(padding);
    let (x, y) = (
        (area.x - around).floor().max(0.0),
        (area.y - around).floor().max(0.0),
    );
    let right = (area.x + area.width + around).ceil();
    let bottom = (area.y + area.height + around)
        .ceil()
        .min(f64::from(height));
    if right <= x || bottom <= y {
        return Err(invisible("it is outside of the page".to_owned()));
    }
    Ok(Frame {
        x: x as u32,
        y: y as u32,
        width: (right - x) as u32,
        height: (bottom - y) as u32,
    })
}

/// Captures a part of the page in as few pieces as possible.
async fn capture_pieces(
    page: &impl Screenshot,
    screen: Screen,
    height: u32,
    whole: Frame,
) -> Result<Vec<u8>, BrowserError> {
    let most = ((f64::from(MAX_PIECE_HEIGHT) / screen.scale) as u32).max(1);
    let mut pieces = Vec::new();
    let mut top = 0;
    while top < whole.height {
        let piece = Frame {
            y: whole.y + top,
            height: (whole.height - top).min(most),
            ..whole
        };
        pieces.push(page.take_screenshot(screen, height, Some(piece)).await?);
        top += piece.height;
    }
    match <[Vec<u8>; 1]>::try_from(pieces) {
        Ok([picture]) => Ok(picture),
        Err(pieces) => join(&pieces),
    }
}
