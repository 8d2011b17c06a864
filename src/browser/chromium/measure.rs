//! Measures a page by what the browser reports of it.

use std::time::Duration;

use serde_json::json;

use super::devtools::DevTools;
use super::page::ChromiumPage;
use crate::browser::error::BrowserError;
use crate::manifest::CaptureSettings;
use crate::model::Measurements;

/// How long the ends of bodies are waited for.
const END_OF_BODIES: Duration = Duration::from_millis(500);

impl ChromiumPage {
    /// Counts the requests of the next page in the open tab, if it is measured. Its
    /// cache is empty and not off: without a cache, the number of requests for a file
    /// that a page uses twice depends on the time of the first answer.
    pub(super) async fn start_measuring(
        &mut self,
        capture: &CaptureSettings,
    ) -> Result<(), BrowserError> {
        if !capture.measure {
            return Ok(());
        }
        self.cdp("Network.clearBrowserCache", json!({})).await?;
        let cached = json!({ "cacheDisabled": false });
        self.cdp("Network.setCacheDisabled", cached).await?;
        self.cache_is_off = false;
        let Some(devtools) = &self.devtools else {
            return Ok(());
        };
        devtools.events().count_traffic();
        // The time of the processor, which virtual time does not change.
        let domain = json!({ "timeDomain": "threadTicks" });
        self.cdp("Performance.enable", domain).await.map(drop)
    }

    /// Adds requests, bytes, console errors and the time of scripts.
    pub(super) async fn add_browser_counts(
        &self,
        measured: &mut Measurements,
    ) -> Result<(), BrowserError> {
        let Some(events) = self.devtools.as_ref().map(DevTools::events) else {
            return Ok(());
        };
        let metrics = self.cdp("Performance.getMetrics", json!({})).await?;
        let metrics = metrics["metrics"].as_array();
        let script = metrics.into_iter().flatten();
        let script = script.filter(|metric| metric["name"] == "ScriptDuration");
        let seconds = script.filter_map(|metric| metric["value"].as_f64()).next();
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "a conversion saturates"
        )]
        let ms = seconds.map(|seconds| (seconds * 1000.0).round() as u64);
        measured.script_ms = ms;
        // The end of a body may be reported after the page has read it.
        events.traffic_ended(END_OF_BODIES).await;
        if let Some((requests, bytes)) = events.traffic() {
            (measured.requests, measured.bytes) = (Some(requests), Some(bytes));
        }
        measured.console_errors = Some(events.console().errors());
        Ok(())
    }
}
