//! Health and metrics of the record.

use std::fmt::Write as _;
use std::time::Instant;

use serde::Serialize;

use super::error::RecordError;
use super::journal::Journal;
use super::journal_folder::journals;
use super::records::Records;
use super::server_info::ServerInfo;
use crate::model::VisualTestRun;
use crate::redis::StoreErrorKind;

/// Whether the record can be reached.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Health {
    /// Whether it answered.
    pub healthy: bool,
    /// How long the answer took, in milliseconds.
    pub response_time: u64,
}

/// Metrics in the text format of Prometheus.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Metrics {
    text: String,
}

impl Metrics {
    /// Adds a metric: its name, `counter` or `gauge`, its help text, its value.
    pub fn add(&mut self, name: &str, kind: &str, help: &str, value: impl std::fmt::Display) {
        self.add_family(name, kind, help, [(Vec::new(), value)]);
    }

    /// Adds a metric with a sample for each set of labels. Without samples nothing is
    /// added.
    pub(super) fn add_family<'l, V: std::fmt::Display>(
        &mut self,
        name: &str,
        kind: &str,
        help: &str,
        samples: impl IntoIterator<Item = (Vec<(&'l str, &'l str)>, V)>,
    ) {
        let mut samples = samples.into_iter().peekable();
        if samples.peek().is_none() {
            return;
        }
        let help = help.replace('\\', "\\\\").replace('\n', "\\n");
        let _ = writeln!(
            self.text,
            "# HELP tintype_{name} {help}\n# TYPE tintype_{name} {kind}"
        );
        for (labels, value) in samples {
            let labels = labels
                .iter()
                .map(|(label, value)| format!("{label}=\"{}\"", label_value(value)));
            let labels = labels.collect::<Vec<_>>().join(",");
            let labels = if labels.is_empty() {
                labels
            } else {
                format!("{{{labels}}}")
            };
            let _ = writeln!(self.text, "tintype_{name}{labels} {value}");
        }
    }

    /// The text exposition format.
    pub fn text(&self) -> &str {
        &self.text
    }
}

/// The value of a label, escaped for the text format.
fn label_value(value: &str) -> String {
    let value = value.replace('\\', "\\\\").replace('"', "\\\"");
    value.replace('\n', "\\n")
}

impl Records {
    /// Measures whether and how fast the record answers.
    pub async fn health(&self) -> Health {
        let started = Instant::now();
        let healthy = self.store().server_info().await.is_ok();
        Health {
            healthy,
            response_time: u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX),
        }
    }

    /// The server's own information; `None` where the record is in memory.
    ///
    /// # Errors
    /// When the server cannot be reached.
    pub async fn server_info(&self) -> Result<Option<ServerInfo>, RecordError> {
        Ok(self.store().server_info().await?)
    }

    /// Metrics of the record and its server; only `record_healthy` and the
    /// response time if it does not answer.
    ///
    /// # Errors
    /// When the connection is lost meanwhile.
    pub async fn metrics(&self) -> Result<Metrics, RecordError> {
        let mut metrics = Metrics::default();
        let health = self.health().await;
        metrics.add(
            "record_healthy",
            "gauge",
            "Whether the record answers.",
            u8::from(health.healthy),
        );
        metrics.add(
            "record_response_seconds",
            "gauge",
            "How long an answer takes.",
            std::time::Duration::from_millis(health.response_time).as_secs_f64(),
        );
        if health.healthy {
            self.add_contents(&mut metrics).await?;
        }
        Ok(metrics)
    }

    async fn add_contents(&self, metrics: &mut Metrics) -> Result<(), RecordError> {
        let (mut count, mut open, mut snapshots) = (0_u64, 0_u64, 0_u64);
        let (mut pages, mut newest) = (self.pages(), None);
        while let Some(page) = pages.next().await? {
            for run in &page {
                count += 1;
                open += u64::from(run.reason.is_none());
                snapshots = snapshots.saturating_add(run.summary.total);
            }
            newest = newest.or_else(|| page.into_iter().next());
        }
        metrics.add("runs", "gauge", "Runs in the record.", count);
        metrics.add("runs_open", "gauge", "Runs that have not ended.", open);
        metrics.add(
            "snapshots",
            "gauge",
            "Final results in the record.",
            snapshots,
        );
        if let Some(newest) = newest {
            self.add_newest(metrics, &newest).await?;
            self.add_nodes(metrics, &newest.run_id).await?;
        }
        self.add_windows(metrics).await?;
        self.add_alerts(metrics).await?;
        let pending = self.pending_operations().await?;
        metrics.add(
            "journal_pending_operations",
            "gauge",
            "Operations in journals of this machine that the record does not have yet.",
            pending,
        );
        if let Some(server) = self.server_info().await? {
            metrics.add(
                "server_memory_bytes",
                "gauge",
                "Memory that the server uses.",
                server.used_memory,
            );
            metrics.add(
                "server_memory_limit_bytes",
                "gauge",
                "Memory that the server may use; 0 for no limit.",
                server.max_memory,
            );
            metrics.add(
                "server_evicted_keys_total",
                "counter",
                "Keys that the server has evicted because its memory was full.",
                server.evicted_keys,
            );
        }
        Ok(())
    }

    /// Adds the cache hits of the newest run.
    async fn add_newest(
        &self,
        metrics: &mut Metrics,
        newest: &VisualTestRun,
    ) -> Result<(), RecordError> {
        let tests = self.tests(&newest.run_id).await?;
        let hits = tests.iter().filter(|test| test.cached).count();
        let done = tests.iter().filter(|test| test.status.is_final()).count();
        metrics.add(
            "newest_run_snapshots",
            "gauge",
            "Final results of the newest run.",
            done,
        );
        metrics.add(
            "newest_run_cache_hits",
            "gauge",
            "Snapshots of the newest run that passed from the cache.",
            hits,
        );
        Ok(())
    }

    /// The number of operations in journals of this machine that the record
    /// does not have yet.
    ///
    /// # Errors
    /// When the store cannot be reached.
    pub async fn pending_operations(&self) -> Result<u64, RecordError> {
        let Some(folder) = self.config().journals() else {
            return Ok(0);
        };
        let mut pending = 0;
        for path in journals(folder, None) {
            let (join, operations, _) = match Journal::read_all(&path) {
                Ok(read) => read,
                Err(error) => {
                    self.store().skipped().add("a journal", error);
                    continue;
                }
            };
            if join.place == self.config().destination() {
                let applied = match self.store().applied(&join).await {
                    Err(error) if error.kind == StoreErrorKind::WrongType => 0,
                    applied => applied?,
                };
                pending += (operations.len() as u64).saturating_sub(applied);
            }
        }
        Ok(pending)
    }
}

#[cfg(test)]
mod tests {
    use super::Metrics;

    #[test]
    fn labels_and_help_are_escaped() {
        let mut metrics = Metrics::default();
        let hostile = "a\"} 1\nb\\";
        metrics.add_family(
            "alerts",
            "gauge",
            "one\ntwo\\",
            [(vec![("alert", hostile)], 1)],
        );
        metrics.add_family::<u64>("none", "gauge", "None.", []);
        insta::assert_snapshot!(metrics.text(), @r#"
        # HELP tintype_alerts one\ntwo\\
        # TYPE tintype_alerts gauge
        tintype_alerts{alert="a\"} 1\nb\\"} 1
        "#);
    }
}
