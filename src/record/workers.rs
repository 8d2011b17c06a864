//! Reads the workers and queues of a shared run for people, and sends their
//! commands.

use super::documents::{document_error, run_name};
use super::error::RecordError;
use super::records::Records;
use super::shared_run::{SharedRun, WorkerCommand};
use crate::model::RunId;

impl Records {
    /// The workers and queues of a run. Invalid documents of workers are
    /// skipped.
    ///
    /// # Errors
    /// When the store cannot be reached.
    pub async fn shared_run(&self, id: &RunId) -> Result<SharedRun, RecordError> {
        let read = self.store().shared_run(id).await;
        read.map_err(|error| document_error(error, || format!("the queue of {}", run_name(id))))
    }

    /// Sends a command to a worker of a run, which reads it within seconds.
    /// Returns false if the run has no such worker.
    ///
    /// # Errors
    /// When the store cannot be reached.
    pub async fn command_worker(
        &self,
        id: &RunId,
        worker: &str,
        command: WorkerCommand,
    ) -> Result<bool, RecordError> {
        Ok(self.store().command_worker(id, worker, command).await?)
    }

    /// Sends a command to all workers of a run that are not lost, and returns
    /// their names.
    ///
    /// # Errors
    /// When the store cannot be reached.
    pub async fn command_all(
        &self,
        id: &RunId,
        command: WorkerCommand,
    ) -> Result<Vec<String>, RecordError> {
        let mut reached = Vec::new();
        for status in self.shared_run(id).await?.workers {
            if !status.lost && self.command_worker(id, &status.worker, command).await? {
                reached.push(status.worker);
            }
        }
        Ok(reached)
    }
}
