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
    async fn stretch_viewport(&self, screen: Screen, height: u32) -> Result<(), BrowserError> {
        self.set_size((screen.viewport.width, height)).await
    }

    /// The window is as wide as the viewport.
    fn drawable(&self, screen: Screen, part: Frame) -> Frame {
        let right = i64::from(part.x) + i64::from(part.width);
        let (x, right) = (part.x.max(0), right.min(screen.viewport.width.into()));
        let width = u32::try_from(right - i64::from(x)).unwrap_or(0).max(1);
        Frame { x, width, ..part }
    }

    async fn capture_viewport(&self, _screen: Screen) -> Result<Vec<u8>, BrowserError> {
        self.frame().await?;
        let driver = &self.driver;
        driver
            .command("screenshot", driver.client.screenshot())
            .await
    }

    async fn capture_part(&self, screen: Screen, part: Frame) -> Result<Vec<u8>, BrowserError> {
        let picture = self.capture_viewport(screen).await?;
        crop(&picture, part, screen.scale.ceil())
    }
}

impl WebKitPage {
    /// Sets the size of the viewport. The window has a frame and a toolbar around
    /// the page: its size is adjusted until the page has the right one.
    pub(super) async fn set_size(&self, wanted: (u32, u32)) -> Result<(), BrowserError> {
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
}

/// Crops a screenshot that has `scale` pixels for each CSS pixel.
fn crop(picture: &[u8], part: Frame, scale: f64) -> Result<Vec<u8>, BrowserError> {
    let whole = image::decode_png(picture)?;
    let scaled = |length: u32| (f64::from(length) * scale) as u32;
    let place = |length: i32| scaled(u32::try_from(length).unwrap_or(0));
    let (x, y) = (place(part.x), place(part.y));
    let part = crop_imm(
        &whole,
        x,
        y,
        scaled(part.width).min(whole.width().saturating_sub(x)),
        scaled(part.height).min(whole.height().saturating_sub(y)),
    );
    image::encode_png(&part.to_image())
}
