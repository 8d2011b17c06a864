//! Acquires the locks of stories, and renews them until they are released.

use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::task::JoinHandle;

use crate::manifest::StoryLock;
use crate::record::coordination::{Coordination, LOCK_LEASE_MS, LockReply, LockRequest};
use crate::redis::StoreError;

/// How often a lock that is held is renewed.
const RENEW_EVERY: Duration = Duration::from_secs(5);
/// How soon a renewal is repeated while the server is away.
const RETRY_AFTER: Duration = Duration::from_secs(1);
/// How often a request is repeated, for each holder and request before it.
const ASK_EVERY: Duration = Duration::from_millis(100);
/// The longest time between two repetitions.
const ASK_AT_LEAST_EVERY: Duration = Duration::from_secs(2);

/// A lock that is held, and renewed until this is dropped.
pub(super) struct HeldLock {
    renewal: JoinHandle<()>,
}

impl Drop for HeldLock {
    fn drop(&mut self) {
        self.renewal.abort();
    }
}

/// The request of a worker for the lock of a story.
pub(super) fn request(lock: &StoryLock, worker: &str) -> LockRequest {
    LockRequest {
        name: lock.name.clone(),
        slots: lock.slots,
        owner: format!("{worker} {}", uuid::Uuid::now_v7().simple()),
        lease_ms: LOCK_LEASE_MS,
    }
}

/// Waits for a lock. `on_wait` gets the number of those before the request whenever
/// it changes, and `on_loss` is called if the lock is lost before its release.
///
/// # Errors
/// When the server has been away for `limit`.
pub(super) async fn acquire(
    locks: Arc<dyn Coordination>,
    request: &LockRequest,
    limit: Duration,
    on_wait: impl Fn(u64) + Send,
    on_loss: impl Fn() + Send + 'static,
) -> Result<HeldLock, StoreError> {
    let (mut last, mut away_since) = (None, None);
    loop {
        match locks.acquire(request).await {
            Ok(LockReply::Held { token }) => {
                let renewal = tokio::spawn(renew(locks, request.clone(), token, on_loss));
                return Ok(HeldLock { renewal });
            }
            Ok(LockReply::Waiting { before }) => {
                away_since = None;
                if last.replace(before) != Some(before) {
                    on_wait(before);
                }
                let before = u32::try_from(before).unwrap_or(u32::MAX).max(1);
                let pause = ASK_EVERY.saturating_mul(before);
                tokio::time::sleep(pause.min(ASK_AT_LEAST_EVERY)).await;
            }
            Err(error) => {
                let since: Instant = *away_since.get_or_insert_with(Instant::now);
                if since.elapsed() >= limit {
                    return Err(error);
                }
                tokio::time::sleep(RETRY_AFTER.min(limit)).await;
            }
        }
    }
}

/// Renews a lock until it is lost.
async fn renew(locks: Arc<dyn Coordination>, request: LockRequest, token: u64, on_loss: impl Fn()) {
    let mut pause = RENEW_EVERY;
    loop {
        tokio::time::sleep(pause).await;
        pause = match locks.renew(&request, token).await {
            Ok(true) => RENEW_EVERY,
            Ok(false) => return on_loss(),
            Err(_) => RETRY_AFTER,
        };
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::time::Duration;

    use tokio::sync::oneshot;

    use super::{acquire, request};
    use crate::manifest::StoryLock;
    use crate::model::RunId;
    use crate::record::RecordConfig;
    use crate::record::coordination::{LockReply, LockRequest};

    #[tokio::test]
    async fn a_lost_lock_is_reported() {
        let lock = StoryLock {
            name: "staging".to_owned(),
            slots: 1,
        };
        let locks = RecordConfig::memory().coordination(&RunId("run-1".to_owned()));
        // It holds the lock for too short a time to renew it.
        let brief = LockRequest {
            lease_ms: 1,
            ..request(&lock, "ci-1:7")
        };
        let (lost, is_lost) = oneshot::channel();
        let lost = std::sync::Mutex::new(Some(lost));
        let on_loss = move || {
            let lost = lost.lock().unwrap().take();
            lost.unwrap().send(()).unwrap();
        };
        let limit = Duration::from_secs(1);
        let held = acquire(Arc::clone(&locks), &brief, limit, |_| (), on_loss).await;
        let other = request(&lock, "ci-2:8");
        while !matches!(locks.acquire(&other).await, Ok(LockReply::Held { .. })) {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        is_lost.await.unwrap();
        drop(held);
    }

    #[tokio::test]
    async fn those_before_a_request_are_counted() {
        let lock = StoryLock {
            name: "staging".to_owned(),
            slots: 1,
        };
        let locks = RecordConfig::memory().coordination(&RunId("run-1".to_owned()));
        let all = ["ci-1:7", "ci-1:7", "ci-2:8"].map(|worker| request(&lock, worker));
        for request in &all[..2] {
            locks.acquire(request).await.unwrap();
        }
        let (sender, mut told) = tokio::sync::mpsc::unbounded_channel();
        let (waiting, last) = (Arc::clone(&locks), all[2].clone());
        let acquiring = tokio::spawn(async move {
            let on_wait = |before| sender.send(before).unwrap();
            let limit = Duration::from_secs(1);
            acquire(waiting, &last, limit, on_wait, || ()).await.is_ok()
        });
        for (before, request) in [2, 1].into_iter().zip(&all) {
            assert_eq!(told.recv().await, Some(before));
            locks.release(request).await.unwrap();
        }
        assert!(acquiring.await.unwrap());
        assert_eq!(told.recv().await, None);
    }
}
