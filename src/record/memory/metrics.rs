//! Windows and alerts in memory.

use super::store::MemoryStore;
use crate::model::now_ms;
use crate::record::alert_log::{AlertChange, AlertEntry};
use crate::record::metrics_store::MetricsStore;
use crate::record::store::StoreFuture;
use crate::record::windows::{Gauges, MetricsWindow, NodeReport, WindowLength};

impl MetricsStore for MemoryStore {
    fn server_time(&self) -> StoreFuture<'_, i64> {
        self.reply(|_| now_ms())
    }

    fn fold_outcomes(&self) -> StoreFuture<'_, usize> {
        self.reply(|_| 0)
    }

    fn windows<'a>(
        &'a self,
        project: &'a str,
        length: WindowLength,
        from: i64,
        to: i64,
    ) -> StoreFuture<'a, Vec<MetricsWindow>> {
        self.reply(|state| state.metrics.of(project, length, from, to))
    }

    fn note_gauges<'a>(&'a self, _: i64, _: &'a Gauges) -> StoreFuture<'a, ()> {
        // There is no server to measure.
        self.reply(|_| ())
    }

    fn note_node<'a>(&'a self, _: &'a NodeReport) -> StoreFuture<'a, ()> {
        self.reply(|_| ())
    }

    fn nodes<'a>(&'a self, _: &'a [String]) -> StoreFuture<'a, Vec<NodeReport>> {
        self.reply(|_| Vec::new())
    }

    fn change_alert<'a>(&'a self, change: &'a AlertChange) -> StoreFuture<'a, bool> {
        self.reply(|state| state.metrics.change(change))
    }

    fn alerts(&self) -> StoreFuture<'_, Vec<AlertEntry>> {
        self.reply(|state| state.metrics.alerts.clone())
    }
}
