//! Checkpoints: results of completed steps, so that a resumed run continues
//! after them.

use std::sync::Arc;
use std::time::Duration;

use serde::Serialize;
use serde::de::DeserializeOwned;

use super::error::RecordError;
use super::keys::CheckpointKey;
use super::store::Store;
use crate::model::RunId;

/// How long a checkpoint is kept by default.
pub const DEFAULT_TTL: Duration = Duration::from_secs(24 * 60 * 60);

/// The checkpoints of one subject of a run: a story, a snapshot, a login.
#[derive(Clone)]
pub struct Checkpoints {
    store: Arc<dyn Store>,
    run: RunId,
    subject: String,
}

impl Checkpoints {
    pub(super) fn new(store: Arc<dyn Store>, run: RunId, subject: String) -> Self {
        Self {
            store,
            run,
            subject,
        }
    }

    /// Saves the result of a step for the time `ttl`.
    ///
    /// # Errors
    /// When the value cannot be serialised or the store cannot be reached.
    pub async fn save<T: Serialize>(
        &self,
        step: &str,
        value: &T,
        ttl: Duration,
    ) -> Result<(), RecordError> {
        let text = serde_json::to_string(value).map_err(|e| self.invalid::<T>(step, &e))?;
        let key = self.key(step);
        Ok(self.store.put_checkpoint(&key, &text, ttl).await?)
    }

    /// Loads the result of a step; `None` if the step has not completed or the
    /// checkpoint has expired.
    ///
    /// # Errors
    /// When the saved value is not a `T`, or the store cannot be reached.
    pub async fn load<T: DeserializeOwned>(&self, step: &str) -> Result<Option<T>, RecordError> {
        let text = self.store.get_checkpoint(&self.key(step)).await?;
        text.map(|text| serde_json::from_str(&text))
            .transpose()
            .map_err(|e| self.invalid::<T>(step, &e))
    }

    fn key(&self, step: &str) -> CheckpointKey {
        CheckpointKey {
            run: self.run.clone(),
            subject: self.subject.clone(),
            step: step.to_owned(),
        }
    }

    fn invalid<T>(&self, step: &str, error: &serde_json::Error) -> RecordError {
        RecordError::Checkpoint {
            key: format!("{}:step:{}:{step}", self.run, self.subject),
            kind: std::any::type_name::<T>(),
            problem: error.to_string(),
        }
    }
}
