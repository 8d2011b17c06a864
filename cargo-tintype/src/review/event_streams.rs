//! One subscription to the events of the record for all event streams, and a
//! limit on their number.

use std::sync::Arc;
use std::time::Duration;

use tintype::internals::record::Records;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, broadcast, watch};
use tokio::time::sleep;

use crate::record_access::record_error;

/// The most event streams that are open at a time.
const MAX_STREAMS: usize = 100;
/// How often a record that is unavailable is tried again.
const RETRY_INTERVAL: Duration = Duration::from_secs(1);
/// Events that a slow stream may lag behind before it misses some.
const BUFFERED_EVENTS: usize = 1_024;

/// The subscription that all event streams share.
pub(super) struct EventStreams {
    permits: Arc<Semaphore>,
    subscription: watch::Sender<Subscription>,
    events: broadcast::Sender<Arc<str>>,
}

/// The state of the subscription.
#[derive(Clone)]
enum Subscription {
    Connecting,
    Listening,
    Problem(String),
}

/// What a stream is told.
pub(super) enum Notification {
    /// From now on no event is missed; some may have been missed before.
    Listening,
    /// The record is unavailable.
    Problem(String),
    /// An event as it was published.
    Event(Arc<str>),
}

impl EventStreams {
    pub(super) fn new() -> Self {
        Self {
            permits: Arc::new(Semaphore::new(MAX_STREAMS)),
            subscription: watch::Sender::new(Subscription::Connecting),
            events: broadcast::Sender::new(BUFFERED_EVENTS),
        }
    }

    /// Subscribes, again whenever the subscription is lost.
    pub(super) async fn follow(&self, records: &Records) {
        loop {
            match records.subscribe().await {
                Ok(mut published) => {
                    self.subscription.send_replace(Subscription::Listening);
                    while let Some(event) = published.recv().await {
                        // Sending fails while no stream is open.
                        let _ = self.events.send(event.into());
                    }
                    self.subscription.send_replace(Subscription::Connecting);
                }
                Err(error) => {
                    let text = format!("{:#}", record_error(error));
                    self.subscription.send_replace(Subscription::Problem(text));
                }
            }
            sleep(RETRY_INTERVAL).await;
        }
    }

    /// Opens a stream; `None` if too many are open.
    pub(super) fn open(&self) -> Option<Notifications> {
        let permit = Arc::clone(&self.permits).try_acquire_owned().ok()?;
        let events = self.events.subscribe();
        let mut subscription = self.subscription.subscribe();
        // The first notification tells the current state.
        subscription.mark_changed();
        Some(Notifications {
            subscription,
            events,
            _permit: permit,
        })
    }
}

/// The notifications of one stream.
pub(super) struct Notifications {
    subscription: watch::Receiver<Subscription>,
    events: broadcast::Receiver<Arc<str>>,
    _permit: OwnedSemaphorePermit,
}

impl Notifications {
    /// Waits for the next notification.
    pub(super) async fn next(&mut self) -> Notification {
        loop {
            tokio::select! {
                biased;
                Ok(()) = self.subscription.changed() => {
                    match self.subscription.borrow_and_update().clone() {
                        Subscription::Connecting => {}
                        Subscription::Listening => return Notification::Listening,
                        Subscription::Problem(text) => return Notification::Problem(text),
                    }
                }
                event = self.events.recv() => match event {
                    Ok(event) => return Notification::Event(event),
                    // Both ends belong to the server, which has not stopped.
                    Err(broadcast::error::RecvError::Closed) => std::future::pending::<()>().await,
                    Err(broadcast::error::RecvError::Lagged(_)) => return Notification::Listening,
                },
            }
        }
    }

    /// Waits until something may have happened in a run.
    pub(super) async fn wait_for(&mut self, run: &str) {
        while let Notification::Event(event) = self.next().await {
            if event.contains(run) {
                break;
            }
        }
        // One read of the record answers all notifications so far.
        while self.events.try_recv().is_ok() {}
    }
}
