//! Reads the layout digest of a page, and the rules behind it.

use serde::Deserialize;
use serde_json::json;

use super::traits::Page;
use crate::browser::error::BrowserError;
use crate::manifest::{CaptureSettings, Screen, Target};
use crate::model::CauseSource;

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

/// The rule that declares a property of an element.
#[derive(Clone, Debug, Deserialize)]
pub(crate) struct FoundRule {
    pub(crate) selector: String,
    /// The path of its file on the story server; empty without a file.
    pub(crate) file: String,
    /// Its place, if the browser tells it.
    #[serde(skip)]
    pub(crate) place: Option<CauseSource>,
}

/// The rules that declare properties of elements, which are given by their index
/// in the last layout digest. `None` where no rule is found.
pub(in crate::browser) async fn declaring_rules(
    page: &impl Page,
    properties: &[(usize, String)],
) -> Result<Vec<Option<FoundRule>>, BrowserError> {
    page.call("declaringRules", &[json!(properties)]).await
}
