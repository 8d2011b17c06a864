//! Takes screenshots of a page of Chromium.

use std::time::Duration;

use serde::Deserialize;
use serde_json::{Value, json};

use super::page::ChromiumPage;
use crate::browser::error::BrowserError;
use crate::browser::page::{Frame, Page, Screenshot, image};
use crate::manifest::Screen;

/// The most frames that are issued for one screenshot.
const MAX_FRAMES: u32 = 100;

/// After this many frames there is a pause before each: the machine is busy.
const EAGER_FRAMES: u32 = 8;

/// That pause, in real time.
const FRAME_PAUSE: Duration = Duration::from_millis(20);

impl Screenshot for ChromiumPage {
    /// After a change of size, the first frames may have no screenshot.
    async fn capture_viewport(&self, _screen: Screen) -> Result<Vec<u8>, BrowserError> {
        for frames in 0..MAX_FRAMES {
            if frames >= EAGER_FRAMES {
                tokio::time::sleep(FRAME_PAUSE).await;
            }
            if let Some(picture) = self.capture_frame().await? {
                return Ok(picture);
            }
        }
        Err(image::failed("the browser returned no image".to_owned()))
    }

    /// The layout stays that of the viewport.
    async fn capture_part(&self, _screen: Screen, part: Frame) -> Result<Vec<u8>, BrowserError> {
        let view: View = self.call("startCapture", &[]).await?;
        let command = json!({
            "format": "png",
            "optimizeForSpeed": true,
            "captureBeyondViewport": true,
            "clip": {
                "x": f64::from(part.x) - view.x,
                "y": f64::from(part.y) - view.y,
                "width": part.width,
                "height": part.height,
                "scale": view.zoom,
            },
        });
        let shot = self.cdp("Page.captureScreenshot", command);
        let answer = self.issue_frames_while(shot).await?;
        // The events of the change back.
        self.frame().await?;
        self.call::<Value>("endCapture", &[]).await?;
        image::decode_base64(answer["data"].as_str().unwrap_or_default())
    }
}

/// How the browser sees the page.
#[derive(Debug, Deserialize)]
struct View {
    /// The place of the page's upper left corner, from which clips are counted.
    x: f64,
    y: f64,
    /// The zoom factor of a mobile viewport.
    zoom: f64,
}

impl ChromiumPage {
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
