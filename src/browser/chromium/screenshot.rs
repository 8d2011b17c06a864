//! Takes screenshots of a page of Chromium.

use serde_json::{Value, json};

use super::page::ChromiumPage;
use crate::browser::error::BrowserError;
use crate::browser::page::{Frame, Page, Screenshot, image};
use crate::manifest::Screen;

/// The most frames that are issued for one screenshot.
const MAX_FRAMES: u32 = 10;

impl Screenshot for ChromiumPage {
    async fn set_layout_size(&self, screen: Screen, height: u32) -> Result<(), BrowserError> {
        self.set_size(screen, height, None).await
    }

    async fn take_screenshot(
        &self,
        screen: Screen,
        height: u32,
        part: Option<Frame>,
    ) -> Result<Vec<u8>, BrowserError> {
        if let Some(part) = part {
            self.set_size(screen, height, Some(clip(part))).await?;
            self.frame().await?;
        }
        self.capture_visible().await
    }
}

impl ChromiumPage {
    /// Captures the visible part. After a change of size, the first frames may
    /// have no screenshot.
    async fn capture_visible(&self) -> Result<Vec<u8>, BrowserError> {
        for _ in 0..MAX_FRAMES {
            if let Some(picture) = self.capture_frame().await? {
                return Ok(picture);
            }
        }
        Err(image::failed("the browser returned no image".to_owned()))
    }

    async fn capture_frame(&self) -> Result<Option<Vec<u8>>, BrowserError> {
        let format = json!({ "format": "png", "optimizeForSpeed": true });
        let (answer, field) = if self.drives_frames() {
            (self.issue_frame(Some(format)).await?, "screenshotData")
        } else {
            let answer = self.cdp("Page.captureScreenshot", format).await?;
            (answer, "data")
        };
        let text = answer[field].as_str().unwrap_or_default();
        if text.is_empty() {
            return Ok(None);
        }
        image::decode_base64(text).map(Some)
    }
}

/// The clip of the emulation command.
fn clip(frame: Frame) -> Value {
    json!({ "x": frame.x, "y": frame.y, "width": frame.width, "height": frame.height, "scale": 1 })
}
