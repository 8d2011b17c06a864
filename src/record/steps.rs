//! The execution store: completed steps of a story, kept so that a run that
//! is taken up again goes on where it was.

use std::sync::Arc;
use std::time::Duration;

use serde::Serialize;
use serde::de::DeserializeOwned;

use super::error::RecordError;
use super::store::{StepKey, Store};
use crate::model::RunId;

/// For how long a step is kept unless another time is asked for.
pub const KEPT: Duration = Duration::from_secs(24 * 60 * 60);

/// The completed steps of one subject of a run: a story, a snapshot, a log-in.
#[derive(Clone)]
pub struct Steps {
    store: Arc<dyn Store>,
    run: RunId,
    subject: String,
}

impl Steps {
    pub(super) fn new(store: Arc<dyn Store>, run: RunId, subject: String) -> Self {
        Self {
            store,
            run,
            subject,
        }
    }

    /// Keeps what a step came to for the time `ttl`.
    ///
    /// # Errors
    /// When the value cannot be written as JSON, or the store cannot be
    /// reached.
    pub async fn keep<T: Serialize>(
        &self,
        step: &str,
        value: &T,
        ttl: Duration,
    ) -> Result<(), RecordError> {
        let text = serde_json::to_string(value).map_err(|e| self.wrong::<T>("write", step, &e))?;
        Ok(self.store.put(&self.key(step), &text, ttl).await?)
    }

    /// What a step came to, if it was completed and its time is not over.
    ///
    /// # Errors
    /// When what was kept is not a `T`; the error names the step and the type.
    /// When the store cannot be reached.
    pub async fn recall<T: DeserializeOwned>(&self, step: &str) -> Result<Option<T>, RecordError> {
        let text = self.store.get(&self.key(step)).await?;
        text.map(|text| serde_json::from_str(&text))
            .transpose()
            .map_err(|e| self.wrong::<T>("read", step, &e))
    }

    fn key(&self, step: &str) -> StepKey {
        StepKey {
            run: self.run.clone(),
            subject: self.subject.clone(),
            step: step.to_owned(),
        }
    }

    fn wrong<T>(&self, what: &'static str, step: &str, error: &serde_json::Error) -> RecordError {
        RecordError::Step {
            what,
            key: format!("{}:step:{}:{step}", self.run, self.subject),
            kind: std::any::type_name::<T>(),
            problem: error.to_string(),
        }
    }
}
