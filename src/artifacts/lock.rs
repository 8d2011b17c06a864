//! A lock in the store, so that two processes do not prune at the same time.

use std::time::Duration;

use object_store::PutMode;

use super::error::ArtifactError;
use super::store::{ArtifactStore, age};

const KEY: &str = "locks/prune";

/// A lock that has not been renewed for this long is of a process that died.
const EXPIRY: Duration = Duration::from_secs(600);

/// The lock of this process. A process that dies leaves it until it expires.
pub(super) struct StoreLock {
    store: ArtifactStore,
    holder: String,
}

impl StoreLock {
    /// Takes the lock, unless another process has it.
    pub(super) async fn take(store: &ArtifactStore) -> Result<Self, ArtifactError> {
        let lock = Self {
            store: store.clone(),
            holder: format!("process {} ({})", std::process::id(), uuid::Uuid::now_v7()),
        };
        for _ in 0..2 {
            if lock.create().await? {
                return Ok(lock);
            }
            let found = store.head(KEY).await?;
            if found.is_some_and(|meta| age(&meta) < EXPIRY) {
                break;
            }
            store.delete(KEY).await?;
        }
        let holder = store.read(KEY).await?.unwrap_or_default();
        Err(ArtifactError::Locked {
            store: store.name().to_owned(),
            holder: String::from_utf8_lossy(&holder).into_owned(),
        })
    }

    /// Creates the object, unless it is there.
    async fn create(&self) -> Result<bool, ArtifactError> {
        let content = self.holder.clone().into_bytes();
        let created = self
            .store
            .objects()
            .put_opts(
                &self.store.path(KEY),
                content.into(),
                PutMode::Create.into(),
            )
            .await;
        match created {
            Ok(_) => Ok(true),
            Err(object_store::Error::AlreadyExists { .. }) => Ok(false),
            Err(error) => Err(self.store.failed("take the lock", &error)),
        }
    }

    /// Keeps the lock from expiring. Fails if another process has taken it.
    pub(super) async fn renew(&self) -> Result<(), ArtifactError> {
        let found = self.store.read(KEY).await?.unwrap_or_default();
        if found != self.holder.as_bytes() {
            return Err(ArtifactError::Locked {
                store: self.store.name().to_owned(),
                holder: String::from_utf8_lossy(&found).into_owned(),
            });
        }
        self.store.write(KEY, found).await
    }

    pub(super) async fn release(self) -> Result<(), ArtifactError> {
        let found = self.store.read(KEY).await?.unwrap_or_default();
        if found == self.holder.as_bytes() {
            self.store.delete(KEY).await?;
        }
        Ok(())
    }
}
