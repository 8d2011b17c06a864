//! Reads the layout digest of a page.

use serde_json::json;

use super::traits::Page;
use crate::browser::error::BrowserError;
use crate::manifest::{CaptureSettings, Screen, Target};

/// The layout digest of what was captured with these settings, as JSON of
/// `scripts/page/digest.js`; boxes are in pixels of the image. `None` if the
/// captured element is no longer on the page.
pub(in crate::browser) async fn layout_digest(
    page: &impl Page,
    settings: &CaptureSettings,
    screen: Screen,
) -> Result<Option<String>, BrowserError> {
    let target = match &settings.target {
        Target::Viewport => json!("viewport"),
        Target::Page => json!("page"),
        Target::Element(selector) => json!({ "element": selector }),
    };
    let arguments = [target, json!(settings.padding), json!(screen.scale)];
    page.call("layoutDigest", &arguments).await
}
