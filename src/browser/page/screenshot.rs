//! Pictures: of the viewport, of a whole page in tiles, of an element.

use std::future::Future;

use base64::Engine as _;
use image::{GenericImage, RgbaImage};
use serde::Deserialize;
use serde_json::{Value, json};

use super::traits::Page;
use crate::browser::error::BrowserError;
use crate::manifest::{CaptureSettings, Screen, Target};
use tintype_compare::MAX_PIXELS;

/// The tallest picture taken in one piece, in image pixels. Beyond 16,384,
/// browsers repeat what they have drawn or give up.
const TALLEST: u32 = 8_192;

/// A rectangle in CSS pixels of the page.
#[derive(Clone, Copy, Debug, Deserialize)]
struct Area {
    x: f64,
    y: f64,
    width: f64,
    height: f64,
}

/// The same in whole CSS pixels.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::browser) struct Frame {
    pub(in crate::browser) x: u32,
    pub(in crate::browser) y: u32,
    pub(in crate::browser) width: u32,
    pub(in crate::browser) height: u32,
}

/// A page of which pictures can be taken.
pub(in crate::browser) trait Screenshot: Page {
    /// Lays the page out at the screen's width and this height.
    fn set_layout_size(
        &self,
        screen: Screen,
        height: u32,
    ) -> impl Future<Output = Result<(), BrowserError>> + Send;

    /// Draws a frame of the page that is laid out at this height, and takes
    /// its picture: of a part, or of all that is visible.
    fn take_screenshot(
        &self,
        screen: Screen,
        height: u32,
        part: Option<Frame>,
    ) -> impl Future<Output = Result<Vec<u8>, BrowserError>> + Send;
}

/// The picture that a story's settings ask for: a PNG, as the browser wrote it
/// wherever it was drawn in one piece.
///
/// # Errors
/// When the target is not there, or the browser refuses or is gone.
pub(in crate::browser) async fn capture(
    page: &impl Screenshot,
    settings: &CaptureSettings,
    screen: Screen,
) -> Result<Vec<u8>, BrowserError> {
    let viewport = screen.viewport;
    if settings.target == Target::Viewport {
        return masked(page, settings, screen, viewport.height).await;
    }
    // What lies below the viewport is drawn once the viewport reaches that
    // far; it stays so until the picture is taken.
    let extent: Area = page.call("pageExtent", &[]).await?;
    let height = (extent.height.ceil() as u32).max(viewport.height);
    if settings.target == Target::Page {
        refuse_too_large(whole(screen, height), screen, "the page")?;
    }
    page.set_layout_size(screen, height).await?;
    let picture = masked(page, settings, screen, height).await;
    page.set_layout_size(screen, viewport.height).await?;
    picture
}

/// The picture of a page that is laid out at this height. What shall be masked
/// is covered where it is now.
async fn masked(
    page: &impl Screenshot,
    settings: &CaptureSettings,
    screen: Screen,
    height: u32,
) -> Result<Vec<u8>, BrowserError> {
    if settings.mask.is_empty() {
        return target(page, settings, screen, height).await;
    }
    page.call::<u32>("addMasks", &[json!(settings.mask)])
        .await?;
    let picture = target(page, settings, screen, height).await;
    page.call::<Value>("removeMasks", &[]).await?;
    picture
}

async fn target(
    page: &impl Screenshot,
    settings: &CaptureSettings,
    screen: Screen,
    height: u32,
) -> Result<Vec<u8>, BrowserError> {
    let frame = match &settings.target {
        Target::Viewport => return page.take_screenshot(screen, height, None).await,
        Target::Page => whole(screen, height),
        Target::Element(selector) => {
            let frame = element(page, selector, settings.padding, height).await?;
            refuse_too_large(frame, screen, &format!("`{selector}`"))?;
            frame
        }
    };
    pieces(page, screen, height, frame).await
}

fn whole(screen: Screen, height: u32) -> Frame {
    Frame {
        x: 0,
        y: 0,
        width: screen.viewport.width,
        height,
    }
}

/// Nobody could compare such a picture, and drawing it takes gigabytes.
fn refuse_too_large(frame: Frame, screen: Screen, what: &str) -> Result<(), BrowserError> {
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

/// Where an element is, with its padding. An edge between two pixels takes
/// both in.
async fn element(
    page: &impl Page,
    selector: &str,
    padding: u32,
    height: u32,
) -> Result<Frame, BrowserError> {
    let found: Option<Area> = page.call("elementBox", &[json!(selector)]).await?;
    let area = found.ok_or_else(|| BrowserError::TargetNotFound {
        selector: selector.to_owned(),
    })?;
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
        return Err(BrowserError::TargetNotFound {
            selector: format!("{selector} (it has no size)"),
        });
    }
    Ok(Frame {
        x: x as u32,
        y: y as u32,
        width: (right - x) as u32,
        height: (bottom - y) as u32,
    })
}

/// A part of the page in as few pieces as can be drawn exactly.
async fn pieces(
    page: &impl Screenshot,
    screen: Screen,
    height: u32,
    whole: Frame,
) -> Result<Vec<u8>, BrowserError> {
    let most = ((f64::from(TALLEST) / screen.scale) as u32).max(1);
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

/// A picture as drivers send it.
pub(in crate::browser) fn decode(text: &str) -> Result<Vec<u8>, BrowserError> {
    base64::engine::general_purpose::STANDARD
        .decode(text)
        .map_err(|error| failed(format!("its picture is not base64: {error}")))
}

/// Joins pieces of the same width, top to bottom.
fn join(pieces: &[Vec<u8>]) -> Result<Vec<u8>, BrowserError> {
    let decoded = pieces
        .iter()
        .map(|piece| image::load_from_memory(piece).map(|image| image.to_rgba8()))
        .collect::<Result<Vec<_>, _>>()
        .map_err(|error| failed(error.to_string()))?;
    let width = decoded.iter().map(RgbaImage::width).max().unwrap_or(0);
    let height = decoded.iter().map(RgbaImage::height).sum();
    let mut whole = RgbaImage::new(width, height);
    let mut top = 0;
    for piece in &decoded {
        whole
            .copy_from(piece, 0, top)
            .map_err(|error| failed(error.to_string()))?;
        top += piece.height();
    }
    tintype_compare::encode_png(&whole).map_err(|error| failed(error.to_string()))
}

pub(in crate::browser) fn failed(reason: String) -> BrowserError {
    BrowserError::Refused {
        command: "capture".to_owned(),
        reason,
    }
}
