//! Captures the target of a story: the viewport, the page or an element.

use super::element::capture_element;
use super::screenshot::{Screenshot, enclosing, masked, page_area, reject_too_large};
use crate::browser::error::BrowserError;
use crate::manifest::{CaptureSettings, Screen, Target};

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
    if let Target::Element(selector) = &settings.target {
        return capture_element(page, settings, screen, selector).await;
    }
    let whole = enclosing(page_area(page).await?);
    masked(page, settings, screen, Some(page.drawable(screen, whole))).await
}
