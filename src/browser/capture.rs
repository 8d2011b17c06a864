//! Pictures: of the viewport, of a whole page in tiles, of an element.

use base64::Engine as _;
use image::{GenericImage, RgbaImage};
use serde::Deserialize;
use serde_json::{Value, json};

use super::error::BrowserError;
use super::session::Session;
use crate::manifest::{CaptureSettings, Screen, Target};

/// The tallest picture taken in one piece, in image pixels. Beyond 16,384,
/// browsers repeat what they have drawn or give up.
const TALLEST: u32 = 8_192;

/// How many frames are drawn for one picture at the most.
const FRAMES_WITHOUT_PICTURE: u32 = 10;

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
struct Frame {
    x: u32,
    y: u32,
    width: u32,
    height: u32,
}

impl Session {
    /// The picture that a story's settings ask for: a PNG, as the browser wrote
    /// it wherever it was drawn in one piece.
    ///
    /// # Errors
    /// When the target is not there, or the browser refuses or is gone.
    pub async fn capture(
        &mut self,
        settings: &CaptureSettings,
        screen: Screen,
    ) -> Result<Vec<u8>, BrowserError> {
        if !settings.mask.is_empty() {
            let mask = format!("__tintype.mask({})", json!(settings.mask));
            self.evaluate::<u32>(&mask).await?;
        }
        let picture = self.target(settings, screen).await;
        if !settings.mask.is_empty() {
            self.evaluate::<Value>("__tintype.unmask()").await?;
        }
        picture
    }

    async fn target(
        &mut self,
        settings: &CaptureSettings,
        screen: Screen,
    ) -> Result<Vec<u8>, BrowserError> {
        if settings.target == Target::Viewport {
            return self.picture().await;
        }
        // What lies below the viewport is drawn once the viewport reaches that
        // far; it stays so until the picture is taken.
        let page: Area = self.evaluate("__tintype.extent()").await?;
        let height = (page.height.ceil() as u32).max(screen.viewport.height);
        self.set_size(screen, height, None).await?;
        let frame = match &settings.target {
            Target::Element(selector) => self.element(selector, settings.padding, height).await,
            Target::Page | Target::Viewport => Ok(Frame {
                x: 0,
                y: 0,
                width: screen.viewport.width,
                height,
            }),
        };
        let picture = match frame {
            Ok(frame) => self.pieces(screen, height, frame).await,
            Err(error) => Err(error),
        };
        self.set_size(screen, screen.viewport.height, None).await?;
        picture
    }

    /// Where an element is, with its padding. An edge between two pixels takes
    /// both in.
    async fn element(
        &self,
        selector: &str,
        padding: u32,
        height: u32,
    ) -> Result<Frame, BrowserError> {
        let script = format!("__tintype.box({})", json!(selector));
        let found: Option<Area> = self.evaluate(&script).await?;
        let area = found.ok_or_else(|| BrowserError::NoTarget {
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
            return Err(BrowserError::NoTarget {
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
        &self,
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
            self.set_size(screen, height, Some(clip(piece))).await?;
            self.frame().await?;
            pieces.push(self.picture().await?);
            top += piece.height;
        }
        match <[Vec<u8>; 1]>::try_from(pieces) {
            Ok([picture]) => Ok(picture),
            Err(pieces) => join(&pieces),
        }
    }

    /// What is visible in this moment. After a change of size the first frames
    /// may come without a picture.
    async fn picture(&self) -> Result<Vec<u8>, BrowserError> {
        for _ in 0..FRAMES_WITHOUT_PICTURE {
            if let Some(picture) = self.frame_with_picture().await? {
                return Ok(picture);
            }
        }
        Err(refused("the browser drew no picture".to_owned()))
    }

    async fn frame_with_picture(&self) -> Result<Option<Vec<u8>>, BrowserError> {
        let format = json!({ "format": "png", "optimizeForSpeed": true });
        let (answer, field) = if self.drives_frames() {
            let shot = json!({ "screenshot": format });
            let answer = self.cdp("HeadlessExperimental.beginFrame", shot).await?;
            (answer, "screenshotData")
        } else {
            let answer = self.cdp("Page.captureScreenshot", format).await?;
            (answer, "data")
        };
        let text = answer[field].as_str().unwrap_or_default();
        if text.is_empty() {
            return Ok(None);
        }
        base64::engine::general_purpose::STANDARD
            .decode(text)
            .map(Some)
            .map_err(|error| refused(format!("its picture is not base64: {error}")))
    }
}

/// As the emulation command wants it.
fn clip(frame: Frame) -> Value {
    json!({ "x": frame.x, "y": frame.y, "width": frame.width, "height": frame.height, "scale": 1 })
}

/// Joins pieces of the same width, top to bottom.
fn join(pieces: &[Vec<u8>]) -> Result<Vec<u8>, BrowserError> {
    let decoded = pieces
        .iter()
        .map(|piece| image::load_from_memory(piece).map(|image| image.to_rgba8()))
        .collect::<Result<Vec<_>, _>>()
        .map_err(|error| refused(error.to_string()))?;
    let width = decoded.iter().map(RgbaImage::width).max().unwrap_or(0);
    let height = decoded.iter().map(RgbaImage::height).sum();
    let mut whole = RgbaImage::new(width, height);
    let mut top = 0;
    for piece in &decoded {
        whole
            .copy_from(piece, 0, top)
            .map_err(|error| refused(error.to_string()))?;
        top += piece.height();
    }
    crate::compare::encode_png(&whole).map_err(|error| refused(error.to_string()))
}

fn refused(reason: String) -> BrowserError {
    BrowserError::Refused {
        command: "capture".to_owned(),
        reason,
    }
}
