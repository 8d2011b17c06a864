//! Takes screenshots of a page of WebKit.

use std::time::Duration;

use ::image::imageops::crop_imm;

use super::page::WebKitPage;
use crate::browser::error::BrowserError;
use crate::browser::page::{Frame, Page, Screenshot, image};
use crate::manifest::Screen;

/// The number of attempts to resize the window.
const MAX_RESIZES: u32 = 40;

/// The pause after a resize of the window.
const RESIZE_PAUSE: Duration = Duration::from_millis(5);

impl Screenshot for WebKitPage {
    /// The window has a frame and a toolbar around the page: its size is adjusted
    /// until the page has the right one.
    async fn set_layout_size(&self, screen: Screen, height: u32) -> Result<(), BrowserError> {
        let wanted = (screen.viewport.width, height);
        let driver = &self.driver;
        let mut inner = self.size().await?;
        let mut asked = wanted;
        for _ in 0..MAX_RESIZES {
            if inner == wanted {
                return Ok(());
            }
            let window = driver.client.get_window_size();
            let outer = driver.command("window size", window).await?;
            let fit = |outer: u64, inner: u32, wanted: u32| {
                (i64::from(wanted) + outer as i64 - i64::from(inner)).max(1) as u32
            };
            asked = (
                fit(outer.0, inner.0, wanted.0),
                fit(outer.1, inner.1, wanted.1),
            );
            let resize = driver.client.set_window_size(asked.0, asked.1);
            driver.command("window size", resize).await?;
            tokio::time::sleep(RESIZE_PAUSE).await;
            inner = self.size().await?;
        }
        Err(BrowserError::Refused {
            command: format!("the viewport {}x{}", wanted.0, wanted.1),
            reason: format!(
                "the page is {}x{} in a window of {}x{}",
                inner.0, inner.1, asked.0, asked.1
            ),
        })
    }

    async fn take_screenshot(
        &self,
        screen: Screen,
        _height: u32,
        part: Option<Frame>,
    ) -> Result<Vec<u8>, BrowserError> {
        self.frame().await?;
        let driver = &self.driver;
        let picture = driver
            .command("screenshot", driver.client.screenshot())
            .await?;
        match part {
            Some(part) => crop(&picture, part, screen.scale.ceil()),
            None => Ok(picture),
        }
    }
}

/// Crops a screenshot that has `scale` pixels for each CSS pixel.
fn crop(picture: &[u8], part: Frame, scale: f64) -> Result<Vec<u8>, BrowserError> {
    let whole = image::decode_png(picture)?;
    let scaled = |length: u32| (f64::from(length) * scale) as u32;
    let (x, y) = (scaled(part.x), scaled(part.y));
    let part = crop_imm(
        &whole,
        x,
        y,
        scaled(part.width).min(whole.width().saturating_sub(x)),
        scaled(part.height).min(whole.height().saturating_sub(y)),
    );
    image::encode_png(&part.to_image())
}
