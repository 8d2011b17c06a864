//! Follows the events of a run.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::timeout;

use super::error::RecordError;
use super::store::Store;
use super::stream::{EventNotifications, StreamEntry};
use crate::model::RunId;

/// How many events one request reads.
const PAGE: usize = 500;
/// How often the stream is read without a notification, as notifications can
/// be missed.
const POLL_INTERVAL: Duration = Duration::from_secs(1);

/// The events of a run in order, without gaps.
pub struct EventFollower {
    store: Arc<dyn Store>,
    run: RunId,
    after: String,
    notifications: Option<EventNotifications>,
    page: std::vec::IntoIter<StreamEntry>,
}

impl EventFollower {
    pub(super) fn new(store: Arc<dyn Store>, run: RunId, after: String) -> Self {
        Self {
            store,
            run,
            after,
            notifications: None,
            page: Vec::new().into_iter(),
        }
    }

    /// Waits for the next event.
    ///
    /// # Errors
    /// When the store cannot be reached; the next call continues at the same
    /// event.
    pub async fn next(&mut self) -> Result<StreamEntry, RecordError> {
        loop {
            if let Some(entry) = self.page.next() {
                self.after.clone_from(&entry.id);
                return Ok(entry);
            }
            if self.notifications.is_none() {
                self.notifications = self.store.subscribe(Some(&self.run)).await.ok();
            }
            let page = self.store.events(&self.run, &self.after, PAGE).await?;
            if page.is_empty() {
                self.wait_for_notification().await;
            }
            self.page = page.into_iter();
        }
    }

    async fn wait_for_notification(&mut self) {
        let Some(notifications) = &mut self.notifications else {
            tokio::time::sleep(POLL_INTERVAL).await;
            return;
        };
        if let Ok(None) = timeout(POLL_INTERVAL, notifications.recv()).await {
            self.notifications = None;
            return;
        }
        // One read of the stream answers all notifications so far.
        while notifications.try_recv().is_ok() {}
    }
}
