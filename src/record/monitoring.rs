//! Reads windows, machines and alerts, and changes alerts.

use std::sync::Arc;

use super::alert_log::{AlertChange, AlertEntry};
use super::coordination::{Coordination, LockReply, LockRequest};
use super::error::RecordError;
use super::records::Records;
use super::windows::{Gauges, MetricsWindow, NodeReport, WindowLength};
use crate::model::RunId;

/// How long one process may evaluate the rules of a project, in milliseconds.
const EVALUATION_LEASE_MS: u64 = 10_000;

impl Records {
    /// The windows of the project that start from `from` on and not after `to`, both
    /// in milliseconds since the Unix epoch, oldest first, with every outcome that
    /// the record has.
    ///
    /// # Errors
    /// When the store cannot be reached.
    pub async fn windows(
        &self,
        length: WindowLength,
        from: i64,
        to: i64,
    ) -> Result<Vec<MetricsWindow>, RecordError> {
        self.store().fold_outcomes().await?;
        let project = self.project.as_deref().unwrap_or_default();
        Ok(self.store().windows(project, length, from, to).await?)
    }

    /// The log of the project's alerts, oldest first.
    ///
    /// # Errors
    /// When the store cannot be reached.
    pub async fn alerts(&self) -> Result<Vec<AlertEntry>, RecordError> {
        let mut entries = self.store().alerts().await?;
        if let Some(project) = &self.project {
            entries.retain(|entry| entry.change.project == *project);
        }
        Ok(entries)
    }

    /// The state of machines that took part in runs within five minutes.
    ///
    /// # Errors
    /// When the store cannot be reached.
    pub async fn nodes(&self, hosts: &[String]) -> Result<Vec<NodeReport>, RecordError> {
        Ok(self.store().nodes(hosts).await?)
    }

    /// Notes the state of this machine.
    ///
    /// # Errors
    /// When the store cannot be reached.
    pub(crate) async fn note_node(&self, journal_lag: u64) -> Result<(), RecordError> {
        let node = NodeReport::of_this_machine(self.config().host(), journal_lag);
        Ok(self.store().note_node(&node).await?)
    }

    /// Measures the server and returns its time, in milliseconds since the Unix
    /// epoch. Later reads see at least what the record had at that time.
    ///
    /// # Errors
    /// When the store cannot be reached.
    pub(crate) async fn measure(&self, journal_lag: u64) -> Result<i64, RecordError> {
        let now = self.store().server_time().await?;
        if let Some(server) = self.server_info().await? {
            let gauges = Gauges {
                memory: server.used_memory,
                memory_limit: server.max_memory,
                evicted_before: server.evicted_keys,
                evicted: server.evicted_keys,
                journal_lag,
            };
            self.store().note_gauges(now, &gauges).await?;
        }
        Ok(now)
    }

    /// Changes an alert. Returns whether this call changed its state.
    ///
    /// # Errors
    /// When the store cannot be reached.
    pub(crate) async fn change_alert(&self, change: &AlertChange) -> Result<bool, RecordError> {
        Ok(self.store().change_alert(change).await?)
    }

    /// Begins to evaluate the rules of the project. `None` while another process
    /// does.
    ///
    /// # Errors
    /// When the store cannot be reached.
    pub(crate) async fn begin_evaluation(&self) -> Result<Option<EvaluationLock>, RecordError> {
        let project = self.project.as_deref().unwrap_or_default();
        let lock = EvaluationLock {
            locks: self.config().coordination(&RunId("alerts".to_owned())),
            request: LockRequest {
                name: format!("alerts.{project}"),
                slots: 1,
                owner: uuid::Uuid::now_v7().simple().to_string(),
                lease_ms: EVALUATION_LEASE_MS,
            },
        };
        match lock.locks.acquire(&lock.request).await? {
            LockReply::Held { .. } => Ok(Some(lock)),
            LockReply::Waiting { .. } => {
                lock.end().await?;
                Ok(None)
            }
        }
    }
}

/// The right to evaluate the rules of a project, until its lease ends.
pub(crate) struct EvaluationLock {
    locks: Arc<dyn Coordination>,
    request: LockRequest,
}

impl EvaluationLock {
    /// Lets another process evaluate them.
    ///
    /// # Errors
    /// When the store cannot be reached.
    pub(crate) async fn end(self) -> Result<(), RecordError> {
        Ok(self.locks.release(&self.request).await?)
    }
}
