//! Captures an element, in slices if it is larger than its scroll container.

use serde::Deserialize;
use serde_json::json;

use super::image::{Piece, compose};
use super::screenshot::{
    Area, Frame, Screenshot, enclosing, masked, reject_too_large, round_to_pixels,
};
use super::traits::Page;
use crate::browser::error::BrowserError;
use crate::manifest::{CaptureSettings, Screen};

/// The most slices of one element.
const MAX_SLICES: usize = 500;

/// The element that is captured.
#[derive(Debug, Deserialize)]
struct CaptureTarget {
    /// Why the element cannot be captured.
    problem: Option<String>,
    /// The part of it that is visible.
    #[serde(flatten)]
    area: Option<Area>,
    /// The page that it is in.
    page: Option<Area>,
    /// Its size, if its scroll container cuts it.
    sliced: Option<Size>,
    /// Whether it was scrolled into view.
    #[serde(default, rename = "hasScrolled")]
    has_scrolled: bool,
}

/// In CSS pixels.
#[derive(Clone, Copy, Debug, Deserialize)]
struct Size {
    width: u32,
    height: u32,
}

/// Takes the screenshot of an element, which is scrolled into view in its scroll
/// containers.
pub(super) async fn capture_element(
    page: &impl Screenshot,
    settings: &CaptureSettings,
    screen: Screen,
    selector: &str,
) -> Result<Vec<u8>, BrowserError> {
    let target = find_target(page, selector).await?;
    let what = format!("`{selector}`");
    if let Some(Size { width, height }) = target.sliced {
        let size = Frame {
            x: 0,
            y: 0,
            width,
            height,
        };
        reject_too_large(size, screen, &what)?;
        return capture_slices(page, settings, screen, selector, size).await;
    }
    let (Some(area), Some(whole)) = (target.area, target.page) else {
        return Err(invisible(selector, "it has no box".to_owned()));
    };
    let frame = enclosing(padded(area, whole, settings.padding.into()));
    reject_too_large(frame, screen, &what)?;
    masked(page, settings, screen, Some(page.drawable(screen, frame))).await
}

async fn find_target(page: &impl Page, selector: &str) -> Result<CaptureTarget, BrowserError> {
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
    match target.problem {
        Some(problem) => Err(invisible(selector, problem)),
        None => Ok(target),
    }
}

fn invisible(selector: &str, reason: String) -> BrowserError {
    BrowserError::TargetNotVisible {
        selector: selector.to_owned(),
        reason,
    }
}

/// The part of an area that is in the page, with a margin. Only to the right,
/// the margin may be outside of the page.
fn padded(area: Area, page: Area, around: f64) -> Area {
    let (x, y) = ((area.x - around).max(page.x), (area.y - around).max(page.y));
    let right = (area.x + area.width).min(page.x + page.width) + around;
    let bottom = (area.y + area.height + around).min(page.y + page.height);
    Area {
        x,
        y,
        width: right - x,
        height: bottom - y,
    }
}

/// Scrolls through an element in its scroll containers and joins what they show.
async fn capture_slices(
    page: &impl Screenshot,
    settings: &CaptureSettings,
    screen: Screen,
    selector: &str,
    whole: Frame,
) -> Result<Vec<u8>, BrowserError> {
    let mut slices: Vec<Piece> = Vec::new();
    let mut top = 0;
    while top < whole.height {
        let (mut left, mut bottom) = (0, whole.height);
        while left < whole.width {
            let shown = show_slice(page, selector, [left, top]).await?;
            let width = slice_length(shown.width, whole.width - left, screen.scale);
            let height = slice_length(shown.height, whole.height - top, screen.scale);
            if width == 0 || height == 0 || slices.len() == MAX_SLICES {
                return Err(not_shown(selector, [left, top]));
            }
            let frame = Frame {
                width,
                height,
                ..enclosing(shown)
            };
            slices.push(Piece {
                left,
                top,
                width,
                png: masked(page, settings, screen, Some(frame)).await?,
            });
            left += width;
            bottom = bottom.min(top + height);
        }
        top = bottom;
    }
    compose(&slices)
}

/// The part of the element from this place on that is visible.
async fn show_slice(
    page: &impl Page,
    selector: &str,
    [left, top]: [u32; 2],
) -> Result<Area, BrowserError> {
    let arguments = [json!(selector), json!(left), json!(top)];
    let _: Option<Area> = page.call("captureSlice", &arguments).await?;
    // Listeners may move it again.
    page.frame().await?;
    let shown: Option<Area> = page.call("captureSlice", &arguments).await?;
    shown.ok_or_else(|| not_shown(selector, [left, top]))
}

/// The length of a slice in CSS pixels: all that remains, or whole image pixels.
fn slice_length(shown: f64, remaining: u32, scale: f64) -> u32 {
    if shown >= f64::from(remaining) {
        return remaining;
    }
    round_to_pixels(shown.max(0.0) as u32, scale)
}

fn not_shown(selector: &str, [left, top]: [u32; 2]) -> BrowserError {
    let reason = format!(
        "it is larger than its scroll container, which does not show the part from {left},{top} on"
    );
    invisible(selector, reason)
}
