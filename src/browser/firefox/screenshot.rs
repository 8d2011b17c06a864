//! Takes screenshots of a page of Firefox.

use serde_json::json;

use super::page::FirefoxPage;
use crate::browser::error::BrowserError;
use crate::browser::page::{Frame, Page, Screenshot, image};
use crate::manifest::Screen;

impl Screenshot for FirefoxPage {
    async fn set_layout_size(&self, screen: Screen, height: u32) -> Result<(), BrowserError> {
        let size = json!({
            "context": self.tab.id,
            "viewport": { "width": screen.viewport.width, "height": height },
            "devicePixelRatio": screen.scale,
        });
        self.bidi("browsingContext.setViewport", size)
            .await
            .map(drop)
    }

    async fn take_screenshot(
        &self,
        _screen: Screen,
        _height: u32,
        part: Option<Frame>,
    ) -> Result<Vec<u8>, BrowserError> {
        self.frame().await?;
        let mut shot = json!({ "context": self.tab.id, "origin": "viewport" });
        if let Some(Frame {
            x,
            y,
            width,
            height,
        }) = part
        {
            shot["origin"] = json!("document");
            shot["clip"] =
                json!({ "type": "box", "x": x, "y": y, "width": width, "height": height });
        }
        let answer = self.bidi("browsingContext.captureScreenshot", shot).await?;
        image::decode_base64(answer["data"].as_str().unwrap_or_default())
    }
}
