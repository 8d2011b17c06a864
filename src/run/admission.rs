//! Admits groups to the queue that wait for other stories, for a lock, or for
//! all engines of their story.
//!
//! Sessions take only admitted groups, so that they never wait with a browser.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use tokio::task::JoinSet;
use tokio::time::timeout;

use super::admission_notice::{AdmissionNotice, AdmissionNotices};
use super::context::RunContext;
use super::session_loop::RunQueue;
use super::story_locks::{self, HeldLock};
use crate::cache::CachedPass;
use crate::config::UpdateMode;
use crate::events::{Event, LockWait};
use crate::manifest::StoryLock;
use crate::model::{RecordedEvent, Status};
use crate::record::coordination::LockRequest;
use crate::redis::StoreError;
use crate::schedule::{DependencyOutcome, Gate, GateAction, RequestReply, UnitId};
use crate::snapshot::catch_panic;

/// How long the end of a run waits until its locks are released. Otherwise they
/// expire.
const RELEASE_TIMEOUT: Duration = Duration::from_secs(2);

/// Moves groups from the gate to the queue.
pub(super) struct Admission {
    pub(super) context: Arc<RunContext>,
    pub(super) queue: Arc<RunQueue>,
    pub(super) hits: Arc<Vec<Option<CachedPass>>>,
    pub(super) gate: Gate,
    pub(super) locks: UnitLocks,
    /// Whether the queue is closed once every group was admitted.
    pub(super) closes_queue: bool,
}

/// The locks that units hold or wait for.
#[derive(Default)]
pub(super) struct UnitLocks {
    requests: HashMap<UnitId, LockRequest>,
    held: HashMap<UnitId, HeldLock>,
    acquiring: JoinSet<(UnitId, LockRequest, Result<HeldLock, StoreError>)>,
}

impl Admission {
    /// Runs until all groups have their outcomes, or the run ends. A panic fails
    /// the snapshots that wait, since tests wait for them.
    pub(super) async fn run(self, notices: AdmissionNotices) {
        let (context, queue) = (Arc::clone(&self.context), Arc::clone(&self.queue));
        if let Err(panic) = catch_panic(|| self.run_until_panic(notices)).await {
            tracing::error!(panic, "the admission of groups panicked");
            queue.drain();
            for index in context.results.requested() {
                context.fail_panicked(index);
            }
        }
    }

    async fn run_until_panic(mut self, mut notices: AdmissionNotices) {
        loop {
            self.act();
            if self.closes_queue && !self.gate.is_pending() {
                self.queue.close();
                if self.gate.has_ended() {
                    break;
                }
            }
            tokio::select! {
                notice = notices.recv() => match notice {
                    None | Some(AdmissionNotice::RunEnds) => break,
                    Some(notice) => self.handle(notice).await,
                },
                Some(Ok((unit, request, reply))) = self.locks.acquiring.join_next() => {
                    self.lock_acquired(unit, request, reply).await;
                }
            }
        }
        self.locks.acquiring.shutdown().await;
        let units: Vec<UnitId> = self.locks.requests.keys().copied().collect();
        for unit in units {
            self.release(unit).await;
        }
    }

    async fn handle(&mut self, notice: AdmissionNotice) {
        match notice {
            AdmissionNotice::Finished(index, status) => {
                let barriers = &self.context.site.barriers;
                barriers.end(&self.context.snapshots[index]).await;
                let accepts_new = self.context.config.run.update != UpdateMode::No;
                let outcome = DependencyOutcome::of(status, accepts_new);
                if let Some(unit) = self.gate.note(index, outcome) {
                    self.release(unit).await;
                }
            }
            AdmissionNotice::Requested(index) => {
                let others = self.gate.request(index);
                self.request_ahead(&others);
            }
            AdmissionNotice::Claimed(indices) => self.gate.claim(&indices),
            AdmissionNotice::RunEnds => {}
        }
    }

    /// Does what the gate says. A request can make more possible.
    fn act(&mut self) {
        loop {
            let actions = self.gate.actions();
            if actions.is_empty() {
                return;
            }
            actions.into_iter().for_each(|action| self.apply(action));
        }
    }

    fn apply(&mut self, action: GateAction) {
        match action {
            GateAction::Start(groups) => self.queue.add_first(groups),
            GateAction::Acquire(unit, lock) => self.acquire(unit, &lock),
            GateAction::Skip(indices, reason) => {
                for index in indices {
                    self.context.skip(index, &reason);
                }
            }
            GateAction::Request(indices) => self.request_ahead(&indices),
        }
    }

    /// Captures snapshots that no test has requested yet. A later request gets
    /// the same result.
    fn request_ahead(&mut self, indices: &[usize]) {
        for &index in indices {
            if !self.context.results.request_ahead(index) {
                continue;
            }
            if self.gate.has(index) {
                let others = self.gate.request(index);
                self.request_ahead(&others);
            } else {
                serve_request(&self.context, &self.queue, &self.hits, index);
            }
        }
    }

    fn acquire(&mut self, unit: UnitId, lock: &Arc<StoryLock>) {
        let request = story_locks::request(lock, &self.context.identity.worker);
        self.locks.requests.insert(unit, request.clone());
        let indices = self.gate.open(unit);
        let Some(&first) = indices.first() else {
            return;
        };
        let story = &self.context.snapshots[first].story;
        let limit = story.capture.timeout;
        let wait = LockWait {
            story: story.id.clone(),
            lock: lock.name.clone(),
            before: 0,
        };
        let (lost, context) = (wait.clone(), Arc::clone(&self.context));
        let bus = self.context.services.bus.clone();
        let on_loss = move || bus.publish(Event::Warning(lost.loss()));
        let on_wait = move |before| {
            let wait = LockWait {
                before,
                ..wait.clone()
            };
            publish_wait(&context, &indices, wait);
        };
        let locks = Arc::clone(&self.context.services.coordination);
        self.locks.acquiring.spawn(async move {
            let held = story_locks::acquire(locks, &request, limit, on_wait, on_loss).await;
            (unit, request, held)
        });
    }

    async fn lock_acquired(
        &mut self,
        unit: UnitId,
        request: LockRequest,
        reply: Result<HeldLock, StoreError>,
    ) {
        match reply {
            // It was interrupted before the grant arrived.
            Ok(held) if self.gate.open(unit).is_empty() => {
                self.locks.requests.insert(unit, request);
                drop(held);
                self.release(unit).await;
            }
            Ok(held) => {
                self.locks.held.insert(unit, held);
                if let GateAction::Start(groups) = self.gate.granted(unit) {
                    self.queue.add_first(groups);
                }
            }
            Err(error) => {
                let message = format!("failed to acquire the lock `{}`: {error}", request.name);
                let message = self.context.site.redact(&message);
                for index in self.gate.open(unit) {
                    self.context.end(index, Status::Failed, &message);
                }
            }
        }
    }

    async fn release(&mut self, unit: UnitId) {
        drop(self.locks.held.remove(&unit));
        if let Some(request) = self.locks.requests.remove(&unit) {
            let released = self.context.services.coordination.release(&request);
            // An unreleased lock expires.
            let _ = timeout(RELEASE_TIMEOUT, released).await;
        }
    }
}

/// Answers a request from the cache or from a prefetch, or queues it.
pub(super) fn serve_request(
    context: &RunContext,
    queue: &RunQueue,
    hits: &[Option<CachedPass>],
    index: usize,
) {
    if let Some(hit) = &hits[index] {
        return context.pass_cached(index, hit);
    }
    match queue.request(index) {
        RequestReply::Pending => {}
        RequestReply::Done(finished) => context.deliver(index, *finished),
        RequestReply::Closed => context.skip(index, super::INTERRUPTED),
    }
}

/// Publishes that snapshots wait for a lock.
fn publish_wait(context: &RunContext, indices: &[usize], wait: LockWait) {
    tracing::info!("{wait}");
    for &index in indices {
        let mut result = context.result(index, Status::Running);
        result.message = Some(wait.to_string());
        let changes = serde_json::json!({ "waitsFor": wait.lock, "before": wait.before });
        context.services.bus.publish(RecordedEvent::TestUpdated {
            result: Box::new(result),
            changes: changes.as_object().cloned().unwrap_or_default(),
        });
    }
    context.services.bus.publish(Event::LockWaiting(wait));
}
