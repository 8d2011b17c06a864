//! Measures a page.

use super::traits::Page;
use crate::browser::error::BrowserError;
use crate::manifest::CaptureSettings;
use crate::model::Measurements;

/// Measures the page from its load to now. What the engine does not report is
/// absent.
pub(in crate::browser) async fn measure(
    page: &impl Page,
    capture: &CaptureSettings,
) -> Result<Measurements, BrowserError> {
    let mut measured: Measurements = page.call("pageMeasurements", &[]).await?;
    measured.virtual_time = capture.virtual_time;
    page.add_counts(&mut measured).await?;
    Ok(measured)
}
