//! Takes the place of `source_maps` without the feature `source-maps`: rules are
//! named with their places in the style sheets that the browser loaded.

use serde_json::Value;

use super::devtools::DevTools;
use crate::model::CauseSource;

/// No maps.
#[derive(Default)]
pub(super) struct SourceMaps {}

impl SourceMaps {
    /// No place in a source.
    #[expect(
        clippy::unused_async,
        clippy::needless_pass_by_ref_mut,
        reason = "it has the signature of the other module's"
    )]
    pub(super) async fn original(
        &mut self,
        _: &DevTools,
        _: &Value,
        _: (u32, u32),
    ) -> Option<CauseSource> {
        None
    }
}
