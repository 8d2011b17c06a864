//! A browser session that takes groups from the queue, and replaces its browser
//! when it breaks.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use super::connect::{BrowserConnection, connect};
use super::context::RunContext;
use super::engine_health::OpenSession;
use super::snapshot_run::{GroupRest, JudgedRun, SnapshotProgress, SnapshotRun};
use crate::browser::{self, BrowserError};
use crate::events::PartLog;
use crate::model::BrowserName;
use crate::model::{RecordedEvent, Status};
use crate::plan::Snapshot;
use crate::schedule::{PrefetchOutcome, Queue, SessionId, SnapshotGroup, Work};
use crate::snapshot::{
    Evidence, FinishedSnapshot, Looked, SecondLook, SessionPage, catch_panic, difference_hash,
    expect_failure, judge_look, look_at, quarantined, run_fast_path,
};

/// How often a snapshot is captured again because its browser broke, in
/// addition to the retries of the manifest: that is the fault of the machine.
const BROWSER_RETRIES: u32 = 1;

/// The queue of a run.
pub(super) type RunQueue = Queue<Box<FinishedSnapshot>>;

/// Captures groups until the queue is empty or `stop` is set. If there is no
/// `first` connection, one is opened for the first group. A panic fails the
/// current group, since tests wait for it, and a new browser continues with the
/// rest.
pub(super) async fn run_session(
    session: SessionId,
    context: Arc<RunContext>,
    mut first: Option<BrowserConnection>,
    queue: Arc<RunQueue>,
    stop: Arc<AtomicBool>,
) {
    loop {
        let run = || run_until_panic(session, Arc::clone(&context), first.take(), &queue, &stop);
        match catch_panic(run).await {
            Ok(()) => return,
            Err(panic) => tracing::error!(session, panic, "a browser session panicked"),
        }
    }
}

async fn run_until_panic(
    session: SessionId,
    context: Arc<RunContext>,
    first: Option<BrowserConnection>,
    queue: &RunQueue,
    stop: &AtomicBool,
) {
    let browser = first.map(|first| OpenBrowser::new(&context, first));
    let mut session_loop = SessionLoop {
        context,
        browser,
        story: None,
    };
    let mut backwards = false;
    while !stop.load(Ordering::Relaxed) {
        let mut group = match queue.take(session).await {
            None => break,
            Some(Work::Requested(group)) => group,
            Some(Work::Prefetch(index)) => {
                session_loop.prefetch(index, queue, stop).await;
                continue;
            }
        };
        // A story begins on the screen on which the previous one has ended.
        if backwards {
            group.0.reverse();
        }
        backwards = !backwards;
        session_loop.run_group(&group, stop).await;
    }
    session_loop.leave_page().await;
    session_loop.close_browser().await;
}

struct SessionLoop {
    context: Arc<RunContext>,
    browser: Option<OpenBrowser>,
    /// The story and the engine of the current page.
    story: Option<(String, BrowserName)>,
}

/// A session's page, and the count of its browser as open.
struct OpenBrowser {
    page: SessionPage,
    _open: OpenSession,
}

impl OpenBrowser {
    fn new(context: &RunContext, connection: BrowserConnection) -> Self {
        let BrowserConnection { browser, proxy } = connection;
        let site = Arc::clone(&context.site);
        Self {
            _open: context.engines.health.started(browser.name()),
            page: SessionPage::new(site, browser, proxy, context.caches()),
        }
    }
}

impl SessionLoop {
    /// Captures the snapshots of a story. Those that do not pass on the fast path
    /// are judged at the end, the last first, so that one fresh page can show
    /// several of them, in another order than at first.
    async fn run_group(&mut self, group: &SnapshotGroup, stop: &AtomicBool) {
        let context = Arc::clone(&self.context);
        let _guard = GroupGuard {
            context: &context,
            indices: &group.0,
        };
        let mut rest = GroupRest::default();
        for &index in &group.0 {
            if stop.load(Ordering::Relaxed) {
                break;
            }
            // The test that requested it may have ended.
            if context.results.is_finished(index) {
                continue;
            }
            self.switch_story(index).await;
            context.start(index);
            let may_wait = group.0.len() > 1 && rest.has_room();
            let progress = self.run_snapshot(SnapshotRun::start(index), may_wait).await;
            self.go_on(index, progress, &mut rest).await;
        }
        while let Some(run) = rest.waiting.pop() {
            if stop.load(Ordering::Relaxed) {
                break;
            }
            let index = run.index;
            let progress = self.run_snapshot(run, false).await;
            self.go_on(index, progress, &mut rest).await;
        }
        for judged in rest.judging {
            self.finish_judged(*judged).await;
        }
    }

    /// Finishes a snapshot, or keeps it for later.
    async fn go_on(&self, index: usize, progress: SnapshotProgress, rest: &mut GroupRest) {
        match progress {
            SnapshotProgress::Finished(finished) => {
                self.context.finish(index, finished.redacted());
            }
            SnapshotProgress::Waiting(run) => rest.waiting.push(*run),
            SnapshotProgress::Judging(judged) => rest.judging.push_back(judged),
        }
        if let Some(first) = rest.take_surplus() {
            self.finish_judged(first).await;
        }
    }

    async fn finish_judged(&self, judged: JudgedRun) {
        let JudgedRun {
            index,
            attempts,
            verdict,
        } = judged;
        let finished = attempts.end(self.apply_expectation(index, verdict.wait().await));
        self.context.finish(index, finished.redacted());
    }

    /// Captures a snapshot that a test may request. If a test has requested it
    /// by the end, and it did not pass on the fast path, it is captured in full.
    async fn prefetch(&mut self, index: usize, queue: &RunQueue, stop: &AtomicBool) {
        let context = Arc::clone(&self.context);
        let _guard = PrefetchGuard {
            context: &context,
            queue,
            index,
        };
        self.switch_story(index).await;
        let finished = self.run_fast_path(index).await;
        match queue.finish_prefetch(index, finished.map(Box::new)) {
            PrefetchOutcome::Stored => {}
            PrefetchOutcome::Requested(finished) => context.deliver(index, *finished),
            PrefetchOutcome::Retry => self.run_group(&SnapshotGroup(vec![index]), stop).await,
        }
    }

    /// Errors are reported when a test requests the snapshot.
    async fn run_fast_path(&mut self, index: usize) -> Option<FinishedSnapshot> {
        let page = &mut self.browser.as_mut()?.page;
        let context = &self.context;
        let log = PartLog::start();
        let job = context.job(index, log.clone());
        let finished = run_fast_path(page, job, &context.verdicts).await;
        let finished = finished.map(|finished| {
            finished.map(|mut finished| {
                finished.times = Some(Box::new(log.end()));
                finished
            })
        });
        self.observe_visits();
        if finished.as_ref().is_err_and(BrowserError::is_fatal) {
            self.close_browser().await;
        }
        finished.ok().flatten()
    }

    /// Leaves the page if it shows another story, so that each story is cached
    /// with its own files.
    async fn switch_story(&mut self, index: usize) {
        let snapshot = &self.context.snapshots[index];
        let story = Some((snapshot.story.id.clone(), snapshot.browser));
        if self.story != story {
            self.leave_page().await;
            self.story = story;
        }
    }

    async fn leave_page(&mut self) {
        if let Some(browser) = &mut self.browser {
            browser.page.leave().await;
        }
        self.observe_visits();
    }

    /// Passes the log of the pages that were left to the cache.
    fn observe_visits(&mut self) {
        let Some(browser) = &mut self.browser else {
            return;
        };
        let context = &self.context;
        for visit in browser.page.take_visits() {
            let (base, snapshots) = (&context.site.base, &context.snapshots);
            context.services.cache.observe(base, snapshots, visit);
        }
    }

    /// Captures a snapshot in as many attempts as it may have. If it may wait, its
    /// first look is returned, unless it passes.
    async fn run_snapshot(&mut self, mut run: SnapshotRun, may_wait: bool) -> SnapshotProgress {
        if let Some(reason) = self.given_up(run.index) {
            let failed = self.end(run.index, Status::Failed, reason);
            return SnapshotProgress::of(failed);
        }
        if may_wait {
            let looked = self.look_at(run.index, run.attempts.log()).await;
            let can_wait = matches!(&looked, Ok(Looked::Differs(look)) if look.can_wait());
            run.looked = Some(looked);
            if can_wait {
                return SnapshotProgress::Waiting(Box::new(run));
            }
        }
        self.finish_snapshot(run).await
    }

    async fn finish_snapshot(&mut self, run: SnapshotRun) -> SnapshotProgress {
        let SnapshotRun {
            index,
            mut attempts,
            mut looked,
        } = run;
        let mut broken_browsers = 0;
        loop {
            let attempt = attempts.number();
            let error = match self.attempt(index, attempts.log(), looked.take()).await {
                Ok(SecondLook::Finished(finished)) => {
                    let finished = self.apply_expectation(index, *finished);
                    return SnapshotProgress::of(attempts.end(finished));
                }
                Ok(SecondLook::Pending(verdict)) => {
                    return SnapshotProgress::Judging(Box::new(JudgedRun {
                        index,
                        attempts,
                        verdict: *verdict,
                    }));
                }
                Err(BrowserError::Skipped(reason)) => {
                    let reason = self.context.site.redact(&reason);
                    return SnapshotProgress::of(self.end(index, Status::Skipped, reason));
                }
                Err(error) => error,
            };
            let snapshot = &self.context.snapshots[index].identifier;
            let message = self.context.site.redact(&error.to_string());
            tracing::warn!(%snapshot, attempt, error = message, "an attempt failed");
            let fatal = error.is_fatal();
            if fatal {
                self.close_browser().await;
                broken_browsers += 1;
            }
            let hopeless = error.is_of_setup();
            let retries = self.context.site.manifest.retries;
            let again = attempt <= retries || (fatal && broken_browsers <= BROWSER_RETRIES);
            if hopeless || !again || self.given_up(index).is_some() {
                let evidence = self.evidence(index, &error).await;
                let failed = self.failed(index, attempt, &error, evidence);
                // A missing browser is not the known failure of the story.
                if fatal || hopeless {
                    return SnapshotProgress::of(attempts.end(failed));
                }
                let failed = self.apply_expectation(index, failed);
                return SnapshotProgress::of(attempts.end(failed));
            }
            attempts.fail(&message);
            self.publish_retry(index, attempts.number(), &message);
        }
    }

    /// Why no browser is started for a snapshot any more, if so.
    fn given_up(&self, index: usize) -> Option<String> {
        let engine = self.context.snapshots[index].browser;
        self.context.engines.health.given_up(engine)
    }

    fn end(&self, index: usize, status: Status, message: String) -> FinishedSnapshot {
        let result = self.context.result(index, status);
        FinishedSnapshot::with_message(result, status, message)
    }

    fn apply_expectation(&self, index: usize, finished: FinishedSnapshot) -> FinishedSnapshot {
        let snapshot = &self.context.snapshots[index];
        let finished = match &snapshot.known_failure {
            Some(reason) => expect_failure(reason, finished),
            None => finished,
        };
        let current = finished.result.current.clone();
        let difference = || self.difference(snapshot, &current?);
        quarantined(&snapshot.quarantines, difference, finished)
    }

    /// The fingerprint of the difference of a snapshot whose current image has
    /// been written.
    fn difference(&self, snapshot: &Snapshot, current: &str) -> Option<String> {
        let updater = &self.context.verdicts.updater;
        let baseline = updater.baselines.read(&snapshot.baseline).ok()??;
        let current = std::fs::read(updater.manifest.root.join(current)).ok()?;
        difference_hash(&baseline.bytes, &current, snapshot)
    }

    async fn attempt(
        &mut self,
        index: usize,
        log: PartLog,
        looked: Option<Result<Looked, BrowserError>>,
    ) -> Result<SecondLook, BrowserError> {
        let looked = match looked {
            Some(looked) => looked?,
            None => self.look_at(index, log.clone()).await?,
        };
        let look = match looked {
            Looked::Finished(finished) => return Ok(SecondLook::Finished(finished)),
            Looked::Differs(look) => *look,
        };
        let context = Arc::clone(&self.context);
        let page = self.open_page(index).await?;
        let judged = judge_look(page, context.job(index, log), look, &context.verdicts).await;
        self.observe_visits();
        judged
    }

    /// Captures a snapshot on the fast path.
    async fn look_at(&mut self, index: usize, log: PartLog) -> Result<Looked, BrowserError> {
        let context = Arc::clone(&self.context);
        let page = self.open_page(index).await?;
        let looked = look_at(page, context.job(index, log), &context.verdicts).await;
        self.observe_visits();
        looked
    }

    /// The page of a browser that can show a snapshot.
    async fn open_page(&mut self, index: usize) -> Result<&mut SessionPage, BrowserError> {
        let context = &self.context;
        let snapshot = &context.snapshots[index];
        browser::check_support(snapshot, &context.site.manifest)?;
        let engine = snapshot.browser;
        if let Some(other) = self.browser.take_if(|open| open.page.engine() != engine) {
            other.page.close().await;
        }
        let open = match self.browser.take() {
            Some(open) => open,
            None => open_browser(engine, context).await?,
        };
        Ok(&mut self.browser.insert(open).page)
    }

    /// Closes the browser. The next snapshot gets a new one.
    async fn close_browser(&mut self) {
        if let Some(browser) = self.browser.take() {
            browser.page.close().await;
        }
    }

    /// What helps to understand an error, if its page is still there.
    async fn evidence(&self, index: usize, error: &BrowserError) -> Option<Evidence> {
        let open = self.browser.as_ref().filter(|_| error.is_of_page())?;
        Some(open.page.evidence(&self.context.snapshots[index]).await)
    }

    fn failed(
        &self,
        index: usize,
        attempt: u32,
        error: &BrowserError,
        evidence: Option<Evidence>,
    ) -> FinishedSnapshot {
        let message = self.context.site.redact(&error.to_string());
        let mut failed = self.end(index, Status::Failed, message);
        failed.result.attempt = Some(attempt);
        let images = &self.context.verdicts.images;
        images.write_error(&mut failed.result, error);
        failed.result.error = Some(error.facts());
        if let Some(evidence) = evidence {
            images.write_evidence(&mut failed.result, evidence);
        }
        failed
    }

    fn publish_retry(&self, index: usize, attempt: u32, error: &str) {
        let mut result = self.context.result(index, Status::Running);
        result.attempt = Some(attempt);
        let changes = serde_json::json!({ "attempt": attempt, "after": error });
        self.context
            .services
            .bus
            .publish(RecordedEvent::TestUpdated {
                result: Box::new(result),
                changes: changes.as_object().cloned().unwrap_or_default(),
            });
    }
}

async fn open_browser(
    engine: BrowserName,
    context: &RunContext,
) -> Result<OpenBrowser, BrowserError> {
    let site = &context.site;
    let connection = connect(engine, &site.manifest, &site.base, &context.snapshots).await;
    let connection = connection.inspect_err(|error| {
        let reason = site.redact(&error.to_string());
        context.engines.health.failed(engine, reason);
    })?;
    context.engines.note(engine, connection.browser.info());
    Ok(OpenBrowser::new(context, connection))
}

/// Fails the snapshots of a group if the session panics, since tests wait for
/// them.
struct GroupGuard<'a> {
    context: &'a RunContext,
    indices: &'a [usize],
}

impl Drop for GroupGuard<'_> {
    fn drop(&mut self) {
        if !std::thread::panicking() {
            return;
        }
        for &index in self.indices {
            if self.context.results.is_requested(index) {
                self.context.fail_panicked(index);
            }
        }
    }
}

/// Fails a prefetched snapshot if the session panics and a test waits for it;
/// otherwise it is captured again when it is requested.
struct PrefetchGuard<'a> {
    context: &'a RunContext,
    queue: &'a RunQueue,
    index: usize,
}

impl Drop for PrefetchGuard<'_> {
    fn drop(&mut self) {
        if std::thread::panicking()
            && let PrefetchOutcome::Retry = self.queue.finish_prefetch(self.index, None)
        {
            self.context.fail_panicked(self.index);
        }
    }
}
