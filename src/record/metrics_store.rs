//! The operations of a store that keeps windows, machines and alerts.
//!
//! Every one of them stores absolute values and can be repeated.

use super::alert_log::{AlertChange, AlertEntry};
use super::store_future::StoreFuture;
use super::windows::{Gauges, MetricsWindow, NodeReport, WindowLength};

/// Keeps windows, machines and alerts.
pub trait MetricsStore: Send + Sync {
    /// The time of the server, in milliseconds since the Unix epoch.
    fn server_time(&self) -> StoreFuture<'_, i64>;

    /// Moves buffered outcomes into their windows, and returns their number.
    fn fold_outcomes(&self) -> StoreFuture<'_, usize>;

    /// The windows of a project that start from `from` on and not after `to`, both
    /// in milliseconds since the Unix epoch, oldest first. Windows without anything
    /// are left out.
    fn windows<'a>(
        &'a self,
        project: &'a str,
        length: WindowLength,
        from: i64,
        to: i64,
    ) -> StoreFuture<'a, Vec<MetricsWindow>>;

    /// Notes measurements in the window of the minute `at`. Of the journal lags of
    /// a minute the highest counts.
    fn note_gauges<'a>(&'a self, at: i64, gauges: &'a Gauges) -> StoreFuture<'a, ()>;

    /// Notes the state of a machine, for five minutes.
    fn note_node<'a>(&'a self, node: &'a NodeReport) -> StoreFuture<'a, ()>;

    /// The state of these machines, without those that reported none for five
    /// minutes.
    fn nodes<'a>(&'a self, hosts: &'a [String]) -> StoreFuture<'a, Vec<NodeReport>>;

    /// Changes the state of an alert. Returns false if it has this state, or a newer
    /// one.
    fn change_alert<'a>(&'a self, change: &'a AlertChange) -> StoreFuture<'a, bool>;

    /// The log of alerts, oldest first.
    fn alerts(&self) -> StoreFuture<'_, Vec<AlertEntry>>;
}
