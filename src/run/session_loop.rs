//! A session that pulls story groups until none is left, and replaces its
//! browser when it breaks.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use super::attempts::Attempts;
use super::context::RunContext;
use super::network::{self, Connected};
use crate::browser::{self, BrowserError};
use crate::manifest::BrowserName;
use crate::model::{RecordedEvent, Status};
use crate::report;
use crate::schedule::PrefetchOutcome;
use crate::schedule::{Group, Queue, SessionId, Work};
use crate::snapshot::SessionPage;
use crate::snapshot::judge::{self, FinishedSnapshot};
use crate::snapshot::known_failure;
use crate::snapshot::panics::caught;

/// A browser that breaks under a snapshot gets that snapshot once more, even
/// where the manifest asks for no retries: that is the machine's fault.
const BROKEN_BROWSERS: u32 = 1;

/// Works until the queue is empty or `stop` is set. A session that is open
/// already may be given; otherwise one is opened for the first group. A panic
/// fails what was in hand, and a new browser goes on with the rest: somebody
/// waits for it.
pub(super) async fn work(
    session: SessionId,
    context: Arc<RunContext>,
    mut first: Option<Connected>,
    queue: Arc<Queue>,
    stop: Arc<AtomicBool>,
) {
    loop {
        let shift = || shift(session, Arc::clone(&context), first.take(), &queue, &stop);
        match caught(shift).await {
            Ok(()) => return,
            Err(panic) => tracing::error!(session, panic, "a worker panicked"),
        }
    }
}

async fn shift(
    session: SessionId,
    context: Arc<RunContext>,
    first: Option<Connected>,
    queue: &Queue,
    stop: &AtomicBool,
) {
    let session_page = first.map(|first| SessionPage::new(Arc::clone(&context), first));
    let mut worker = SessionLoop {
        context,
        session_page,
        page: None,
    };
    let mut backwards = false;
    while !stop.load(Ordering::Relaxed) {
        let mut group = match queue.take(session).await {
            None => break,
            Some(Work::Asked(group)) => group,
            Some(Work::Prefetch(index)) => {
                worker.ahead(index, queue, stop).await;
                continue;
            }
        };
        // A story begins on the screen on which the one before has ended.
        if backwards {
            group.0.reverse();
        }
        backwards = !backwards;
        worker.group(&group, stop).await;
    }
    worker.leave_page().await;
    worker.end_browser().await;
}

struct SessionLoop {
    context: Arc<RunContext>,
    session_page: Option<SessionPage>,
    /// The story and the engine of the page that is open.
    page: Option<(String, BrowserName)>,
}

impl SessionLoop {
    async fn group(&mut self, group: &Group, stop: &AtomicBool) {
        let context = Arc::clone(&self.context);
        let _held = Held {
            context: &context,
            indices: &group.0,
        };
        for &index in &group.0 {
            if stop.load(Ordering::Relaxed) {
                return;
            }
            // Whoever asked for it may have left.
            if self.context.is_finished(index) {
                continue;
            }
            self.switch_to(index).await;
            self.context.started(index);
            let judged = self.snapshot(index).await;
            self.context.finish(index, judged.result, judged.message);
        }
    }

    /// Does what somebody may ask for, and does it properly where somebody has
    /// by then and it did not pass at once.
    async fn ahead(&mut self, index: usize, queue: &Queue, stop: &AtomicBool) {
        let context = Arc::clone(&self.context);
        let _held = HeldAhead {
            context: &context,
            queue,
            index,
        };
        self.switch_to(index).await;
        let judged = self.capture_fast(index).await;
        match queue.finish_prefetch(index, judged.map(Box::new)) {
            PrefetchOutcome::Stored => {}
            PrefetchOutcome::Wanted(judged) => context.deliver(index, *judged),
            PrefetchOutcome::Undone => self.group(&Group(vec![index]), stop).await,
        }
    }

    /// Whatever goes wrong here is told when somebody asks.
    async fn capture_fast(&mut self, index: usize) -> Option<FinishedSnapshot> {
        let judged = self.session_page.as_mut()?.capture_fast(index).await;
        if judged.as_ref().is_err_and(BrowserError::is_fatal) {
            self.end_browser().await;
        }
        judged.ok().flatten()
    }

    /// Leaves the page of another story, which shall be remembered by itself.
    async fn switch_to(&mut self, index: usize) {
        let snapshot = &self.context.snapshots[index];
        let page = Some((snapshot.story.id.clone(), snapshot.browser));
        if self.page != page {
            self.leave_page().await;
            self.page = page;
        }
    }

    async fn leave_page(&mut self) {
        if let Some(session_page) = &mut self.session_page {
            session_page.leave_page().await;
        }
    }

    /// A snapshot with as many attempts as it may have.
    async fn snapshot(&mut self, index: usize) -> FinishedSnapshot {
        let mut attempts = Attempts::begin();
        let mut broken = 0;
        if let Some(reason) = self.given_up(index) {
            return self.without_browser(index, reason);
        }
        loop {
            let attempt = attempts.number();
            let error = match self.attempt(index, attempt).await {
                Ok(judged) => return attempts.end(self.weighed(index, judged)),
                Err(BrowserError::Skipped(reason)) => return self.left_out(index, &reason),
                Err(error) => error,
            };
            let snapshot = &self.context.snapshots[index].identifier;
            let told = self.context.redacted(&error.to_string());
            tracing::warn!(%snapshot, attempt, error = told, "an attempt failed");
            let fatal = error.is_fatal();
            if fatal {
                self.end_browser().await;
                broken += 1;
            }
            let hopeless = matches!(
                error,
                BrowserError::NotFound { .. } | BrowserError::Unsupported { .. }
            );
            let retries = self.context.manifest.retries;
            let again = attempt <= retries || (fatal && broken <= BROKEN_BROWSERS);
            if hopeless || !again || self.given_up(index).is_some() {
                let failed = self.failed(index, attempt, &error);
                // A machine without a browser is no failure of the story.
                let machine = fatal || hopeless;
                let judged = if machine {
                    failed
                } else {
                    self.weighed(index, failed)
                };
                return attempts.end(judged);
            }
            attempts.failed(&told);
            self.tell_retry(index, attempts.number(), &told);
        }
    }

    /// Why there is no browser for a snapshot, where nobody tries again.
    fn given_up(&self, index: usize) -> Option<String> {
        let engine = self.context.snapshots[index].browser;
        self.context.engine_health.given_up(engine)
    }

    fn without_browser(&self, index: usize, reason: String) -> FinishedSnapshot {
        let mut result = self.context.result(index, Status::Failed);
        result.message = Some(reason);
        FinishedSnapshot {
            message: Some(report::failure(&result, None)),
            result,
        }
    }

    /// A snapshot that its own story leaves out.
    fn left_out(&self, index: usize, reason: &str) -> FinishedSnapshot {
        let mut result = self.context.result(index, Status::Skipped);
        let reason = self.context.redacted(reason);
        result.message = Some(reason.clone());
        FinishedSnapshot {
            result,
            message: Some(reason),
        }
    }

    /// What it came to, measured by what is known of it.
    fn weighed(&self, index: usize, judged: FinishedSnapshot) -> FinishedSnapshot {
        match &self.context.snapshots[index].known_failure {
            Some(reason) => known_failure::weigh(reason, judged),
            None => judged,
        }
    }

    async fn attempt(
        &mut self,
        index: usize,
        attempt: u32,
    ) -> Result<FinishedSnapshot, BrowserError> {
        let snapshot = &self.context.snapshots[index];
        browser::refuse(snapshot, &self.context.manifest)?;
        let engine = snapshot.browser;
        if let Some(other) = self.session_page.take_if(|p| p.engine() != engine) {
            other.close().await;
        }
        if self.session_page.is_none() {
            let context = &self.context;
            let connected =
                network::open(engine, &context.manifest, &context.base, &context.snapshots).await;
            let connected = connected.inspect_err(|error| {
                let reason = context.redacted(&error.to_string());
                context.engine_health.failed(engine, reason);
            })?;
            context.met(engine, connected.session.info());
            self.session_page = Some(SessionPage::new(Arc::clone(context), connected));
        }
        match &mut self.session_page {
            Some(session_page) => session_page.capture_snapshot(index, attempt).await,
            None => unreachable!("it was just set"),
        }
    }

    /// Ends the browser; the next snapshot gets another.
    async fn end_browser(&mut self) {
        if let Some(session_page) = self.session_page.take() {
            session_page.close().await;
        }
    }

    fn failed(&self, index: usize, attempt: u32, error: &BrowserError) -> FinishedSnapshot {
        let mut result = self.context.result(index, Status::Failed);
        result.attempt = Some(attempt);
        let mut message = self.context.redacted(&error.to_string());
        if attempt > 1 {
            message = format!("{message} (attempt {attempt})");
        }
        result.message = Some(message);
        match error {
            BrowserError::Unstable(unstable) => {
                judge::keep_unstable(&self.context, index, &mut result, unstable);
            }
            BrowserError::Step(unmet) => {
                judge::keep_unmet(&self.context, index, &mut result, unmet);
            }
            _ => {}
        }
        FinishedSnapshot {
            message: Some(report::failure(&result, None)),
            result,
        }
    }

    fn tell_retry(&self, index: usize, attempt: u32, error: &str) {
        let mut result = self.context.result(index, Status::Running);
        result.attempt = Some(attempt);
        let changes = serde_json::json!({ "attempt": attempt, "after": error });
        self.context.publish(RecordedEvent::TestUpdated {
            result: Box::new(result),
            changes: changes.as_object().cloned().unwrap_or_default(),
        });
    }
}

/// Fails what a worker that panics has in its hands: somebody waits for it.
struct Held<'a> {
    context: &'a RunContext,
    indices: &'a [usize],
}

impl Drop for Held<'_> {
    fn drop(&mut self) {
        if !std::thread::panicking() {
            return;
        }
        for &index in self.indices {
            if self.context.is_asked(index) {
                self.context.lose(index);
            }
        }
    }
}

/// The same of a snapshot that was worked on ahead, which is done again where
/// somebody asks for it later.
struct HeldAhead<'a> {
    context: &'a RunContext,
    queue: &'a Queue,
    index: usize,
}

impl Drop for HeldAhead<'_> {
    fn drop(&mut self) {
        let (queue, index) = (self.queue, self.index);
        if std::thread::panicking()
            && matches!(queue.finish_prefetch(index, None), PrefetchOutcome::Undone)
        {
            self.context.lose(index);
        }
    }
}
