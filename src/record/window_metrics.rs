//! Metrics of the last five minutes, of alerts and of machines.

use std::collections::{BTreeMap, BTreeSet};

use super::alert_log::AlertState;
use super::error::RecordError;
use super::metrics::Metrics;
use super::records::Records;
use super::windows::{NodeReport, OutcomeCounts, WindowLength};
use crate::model::RunId;

/// The time that the metrics of outcomes are about, in milliseconds.
const WINDOW: i64 = 5 * 60_000;

/// A field of the state of a machine.
type NodeField = fn(&NodeReport) -> Option<f64>;

impl Records {
    /// Adds the outcomes of the last five minutes.
    pub(super) async fn add_windows(&self, metrics: &mut Metrics) -> Result<(), RecordError> {
        let now = self.store().server_time().await?;
        let from = WindowLength::Minute.start(now) + 60_000 - WINDOW;
        let mut counts = OutcomeCounts::default();
        for window in self.windows(WindowLength::Minute, from, now).await? {
            counts.merge(&window.counts);
        }
        let project = self.project.as_deref().unwrap_or_default();
        let by_status = [
            ("passed", counts.passed),
            ("failed", counts.failed),
            ("changed", counts.changed),
            ("new", counts.new),
            ("skipped", counts.skipped),
        ];
        metrics.add_family(
            "window_snapshots",
            "gauge",
            "Outcomes of the last five minutes.",
            by_status
                .map(|(status, count)| (vec![("project", project), ("status", status)], count)),
        );
        metrics.add_family(
            "window_flaky_snapshots",
            "gauge",
            "Outcomes of the last five minutes that passed, but not at the first attempt.",
            [(vec![("project", project)], counts.flaky)],
        );
        for (name, share, help) in [
            (
                "window_duration_median_seconds",
                0.5,
                "Median duration of the last five minutes.",
            ),
            (
                "window_duration_p95_seconds",
                0.95,
                "95th percentile of the durations of the last five minutes.",
            ),
        ] {
            let value = counts.quantile(share);
            let value = value.map(|ms| std::time::Duration::from_millis(ms).as_secs_f64());
            let samples = value.map(|value| (vec![("project", project)], value));
            metrics.add_family(name, "gauge", help, samples);
        }
        Ok(())
    }

    /// Adds every alert of the log: 1 if it is raised, otherwise 0.
    pub(super) async fn add_alerts(&self, metrics: &mut Metrics) -> Result<(), RecordError> {
        let log = self.alerts().await?;
        let states = log.iter().map(|entry| {
            let alert = (entry.change.project.as_str(), entry.change.name.as_str());
            (alert, entry.change.state)
        });
        let states: BTreeMap<_, _> = states.collect();
        metrics.add_family(
            "alert_raised",
            "gauge",
            "Whether an alert is raised.",
            states.iter().map(|((project, alert), state)| {
                let is_raised = u8::from(*state == AlertState::Raised);
                (vec![("project", *project), ("alert", *alert)], is_raised)
            }),
        );
        Ok(())
    }

    /// Adds the machines that took part in a run.
    pub(super) async fn add_nodes(
        &self,
        metrics: &mut Metrics,
        run: &RunId,
    ) -> Result<(), RecordError> {
        let tests = self.tests(run).await?;
        let workers = tests.iter().filter_map(|test| test.worker.as_deref());
        let hosts = workers.map(|worker| worker.rsplit_once(':').map_or(worker, |(host, _)| host));
        let hosts: BTreeSet<_> = hosts.map(str::to_owned).collect();
        let nodes = self.nodes(&Vec::from_iter(hosts)).await?;
        #[expect(
            clippy::cast_precision_loss,
            reason = "a metric is a floating-point number"
        )]
        let families: [(&str, &str, NodeField); 4] = [
            (
                "node_load",
                "Runnable processes per core of a machine.",
                |node| node.load,
            ),
            (
                "node_memory_available_bytes",
                "Available memory of a machine.",
                |node| node.memory_available.map(|bytes| bytes as f64),
            ),
            ("node_memory_total_bytes", "Memory of a machine.", |node| {
                node.memory_total.map(|bytes| bytes as f64)
            }),
            (
                "node_journal_pending_operations",
                "Operations that a machine has not sent yet.",
                |node| Some(node.journal_lag as f64),
            ),
        ];
        for (name, help, field) in families {
            let samples = nodes
                .iter()
                .filter_map(|node| Some((vec![("host", node.host.as_str())], field(node)?)));
            metrics.add_family(name, "gauge", help, samples);
        }
        Ok(())
    }
}
