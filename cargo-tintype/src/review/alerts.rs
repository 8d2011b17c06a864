//! Evaluates the alert rules while the server runs, so that alerts are resolved
//! between runs, too.

use std::time::Duration;

use tintype::internals::alerts::{Notifier, evaluate};
use tintype::internals::manifest::Manifest;

use super::state::App;
use crate::record_access::warn;

/// How often the rules are evaluated.
const INTERVAL: Duration = Duration::from_secs(15);

/// Evaluates the rules until the future is dropped. A record in memory sees no other
/// processes.
pub(super) async fn evaluate_regularly(app: &App, manifest: &Manifest) {
    let records = &app.source.records;
    if records.is_memory() {
        return std::future::pending().await;
    }
    let notifier = Notifier::new(&manifest.alerts);
    loop {
        let lag = records.pending_operations().await.unwrap_or(0);
        let done = evaluate(records, &manifest.project, &manifest.alerts, lag).await;
        // Requests report a record that is unavailable.
        for change in done.map(|done| done.changes).unwrap_or_default() {
            notifier.send(&change);
        }
        notifier.take_failures().iter().for_each(|text| warn(text));
        tokio::time::sleep(INTERVAL).await;
    }
}
