//! Takes screenshots of a page of Firefox.

use serde_json::{Value, json};

use super::page::FirefoxPage;
use crate::browser::error::BrowserError;
use crate::browser::page::{Frame, Page, Screenshot, image};
use crate::manifest::Screen;

impl Screenshot for FirefoxPage {
    async fn capture_viewport(&self, _screen: Screen) -> Result<Vec<u8>, BrowserError> {
        self.capture_area(json!({ "origin": "viewport" })).await
    }

    async fn capture_part(&self, _screen: Screen, part: Frame) -> Result<Vec<u8>, BrowserError> {
        let Frame {
            x,
            y,
            width,
            height,
        } = part;
        let clip = json!({ "type": "box", "x": x, "y": y, "width": width, "height": height });
        self.capture_area(json!({ "origin": "document", "clip": clip }))
            .await
    }
}

impl FirefoxPage {
    /// Sets the size of the viewport.
    pub(super) async fn set_size(&self, screen: Screen) -> Result<(), BrowserError> {
        let size = json!({
            "context": self.tab.id,
            "viewport": { "width": screen.viewport.width, "height": screen.viewport.height },
            "devicePixelRatio": screen.scale,
        });
        self.bidi("browsingContext.setViewport", size)
            .await
            .map(drop)
    }

    async fn capture_area(&self, mut area: Value) -> Result<Vec<u8>, BrowserError> {
        self.frame().await?;
        area["context"] = json!(self.tab.id);
        let answer = self.bidi("browsingContext.captureScreenshot", area).await?;
        image::decode_base64(answer["data"].as_str().unwrap_or_default())
    }
}
