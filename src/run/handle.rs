//! Starts a run, returns the results, ends the run.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::available_parallelism;
use std::time::Duration;

use tokio::runtime::Runtime;
use tokio::task::{AbortHandle, JoinHandle};

use super::admission::{Admission, UnitLocks, serve_request};
use super::admission_notice::AdmissionNotice;
use super::connect::BrowserConnection;
use super::context::RunContext;
use super::error::RunError;
use super::gate::{gate, sessions_needed};
use super::options::{RunOptions, Scheduling};
use super::session_loop::{RunQueue, run_session};
use super::setup::{Setup, open};
use super::shared_work::{Cancellation, RunningWorker};
use super::{INTERRUPTED, cleanup, teardown};
use crate::browser::Browser;
use crate::cache::CachedPass;
use crate::config::{Config, UpdateMode};
use crate::events::{Bus, Event, RunReport};
use crate::manifest::Manifest;
use crate::model::VisualTestRun;
use crate::plan::Snapshot;
use crate::process;
use crate::schedule::{Prefetch, Queue, by_test_name, is_gated};
use crate::serve::StoryServer;
use crate::snapshot::FinishedSnapshot;

/// A run in progress.
pub(crate) struct RunHandle {
    runtime: Runtime,
    context: Arc<RunContext>,
    run: VisualTestRun,
    queue: Arc<RunQueue>,
    /// Snapshots that the cache passes, by index.
    hits: Arc<Vec<Option<CachedPass>>>,
    sessions: Vec<JoinHandle<()>>,
    /// The worker in a run that several machines share.
    worker: Option<RunningWorker>,
    canceled: Arc<Cancellation>,
    /// Admits groups that wait for something, if there are any.
    admission: Option<JoinHandle<()>>,
    interrupted: Arc<AtomicBool>,
    /// Closed last, since pages may still send requests.
    stories: StoryServer,
}

impl RunHandle {
    /// Starts browsers, record and story server, and, with [`Scheduling::All`],
    /// begins to capture snapshots.
    ///
    /// # Errors
    /// When record or story server cannot be started. A browser that does not
    /// start fails the snapshots instead.
    pub(crate) fn start(
        manifest: Arc<Manifest>,
        snapshots: Arc<Vec<Snapshot>>,
        scheduling: Scheduling,
        config: Config,
        options: RunOptions,
        bus: Bus,
    ) -> Result<Self, RunError> {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(2)
            .thread_name("tintype")
            .thread_stack_size(STACK_SIZE)
            .enable_all()
            .build()?;
        let needed = sessions_needed(&manifest, &snapshots)?;
        // A signal may arrive while the first browser starts.
        let mut signal = runtime.spawn(process::interrupted());
        let opening = open(manifest, snapshots, scheduling, config, options, bus);
        let Setup {
            context,
            run,
            hits,
            stories,
            first,
            shared,
            notices,
        } = runtime.block_on(async {
            tokio::select! {
                setup = opening => setup,
                // Dropping `opening` stops everything that it has started.
                _ = &mut signal => Err(RunError::Interrupted),
            }
        })?;
        let hits = Arc::new(hits);
        let mut gate = gate(&context, scheduling);
        let queue = Arc::new(match scheduling {
            Scheduling::All if shared.is_some() => Queue::on_request(Prefetch::default()),
            Scheduling::All => Queue::of_plan(
                &context.snapshots,
                |index| context.results.is_finished(index) || gate.has(index),
                |engine| Browser::needs_restart_for_theme(engine, &context.site.manifest.browser),
                gate.is_empty(),
            ),
            Scheduling::OnRequest => Queue::on_request(prefetch(&context, &hits)),
        });
        let groups = match &shared {
            Some(shared) => Some(shared.plan.groups.len()),
            None => (scheduling == Scheduling::All).then(|| queue.len() + gate.len()),
        };
        let stop = Arc::new(AtomicBool::new(false));
        let interrupted = Arc::new(AtomicBool::new(false));
        let entered = runtime.enter();
        let count = session_count(&context, groups).max(needed);
        gate.set_sessions(count);
        let admission = (!gate.is_empty()).then(|| {
            let admission = Admission {
                context: Arc::clone(&context),
                queue: Arc::clone(&queue),
                hits: Arc::clone(&hits),
                gate,
                locks: UnitLocks::default(),
                closes_queue: scheduling == Scheduling::All && shared.is_none(),
            };
            tokio::spawn(admission.run(notices))
        });
        let sessions = start_sessions(count, &context, first, &queue, &stop);
        let canceled = Arc::new(Cancellation::default());
        let worker = shared.map(|shared| {
            RunningWorker::start(
                shared,
                &context,
                &queue,
                &hits,
                count,
                Arc::clone(&canceled),
            )
        });
        let interruption = Interruption {
            context: Arc::clone(&context),
            queue: Arc::clone(&queue),
            stop,
            interrupted: Arc::clone(&interrupted),
            sessions: sessions.iter().map(JoinHandle::abort_handle).collect(),
            canceled: Arc::clone(&canceled),
        };
        tokio::spawn(interruption.await_signal(signal));
        drop(entered);
        Ok(Self {
            runtime,
            context,
            run,
            queue,
            hits,
            sessions,
            worker,
            canceled,
            admission,
            interrupted,
            stories,
        })
    }

    /// Waits for the result of the snapshot with this index in the selection.
    pub(crate) fn wait(&self, index: usize) -> FinishedSnapshot {
        self.context.results.wait(index)
    }

    /// Has a snapshot captured, again if it was captured before, and waits for
    /// its result. Concurrent requests share one capture.
    pub(crate) fn request(&self, index: usize) -> FinishedSnapshot {
        let context = &self.context;
        if !context.results.take_ahead(index) && context.results.request(index) {
            let is_gated = is_gated(&context.snapshots[index]) && self.hits[index].is_none();
            if is_gated && self.admission.is_some() {
                let sent = context.notices.send(AdmissionNotice::Requested(index));
                if sent.is_err() {
                    context.fail_panicked(index);
                }
            } else {
                serve_request(context, &self.queue, &self.hits, index);
            }
        }
        context.results.wait(index)
    }

    /// Skips a requested snapshot that has no result yet, because the test that
    /// requested it has ended.
    pub(crate) fn cancel(&self, index: usize) {
        if !self.context.results.is_finished(index) {
            self.interrupted.store(true, Ordering::Relaxed);
            self.context.skip(index, INTERRUPTED);
        }
    }

    /// Skips every requested snapshot that has no result yet, and accepts no
    /// more requests.
    pub(crate) fn interrupt(&self) {
        self.queue.drain();
        let has_skipped = self.context.skip_requested(INTERRUPTED) > 0;
        // A session may still work on a snapshot that was canceled before.
        if self.interrupted.fetch_or(has_skipped, Ordering::Relaxed) || has_skipped {
            self.sessions.iter().for_each(JoinHandle::abort);
        }
    }

    /// Writes everything so far and publishes it as [`Event::RunPaused`].
    pub(crate) fn pause(&self) {
        let mut run = self.run.clone();
        let interrupted = self.interrupted.load(Ordering::Relaxed);
        teardown::update_document(&self.context, &mut run, interrupted);
        let record = self.runtime.block_on(teardown::flush(&self.context));
        let results = self.context.results.results();
        let report = teardown::report(&self.context, run, results, record);
        let bus = &self.context.services.bus;
        bus.publish(Event::RunPaused(Arc::new(report)));
    }

    /// Ends the run: writes everything, ends every process, and publishes
    /// [`Event::RunEnded`].
    pub(crate) fn finish(self) -> Arc<RunReport> {
        let interrupted = self.interrupted.load(Ordering::Relaxed);
        let Self {
            runtime,
            context,
            mut run,
            queue,
            sessions,
            worker,
            canceled,
            admission,
            stories,
            ..
        } = self;
        queue.close();
        let record = runtime.block_on(async {
            if let Some(worker) = worker {
                worker.stop().await;
            }
            for session in sessions {
                // An aborted session has no result.
                let _ = session.await;
            }
            for index in context.results.requested() {
                context.fail_panicked(index);
            }
            let _ = context.notices.send(AdmissionNotice::RunEnds);
            if let Some(admission) = admission {
                let _ = admission.await;
            }
            teardown::update_document(&context, &mut run, interrupted);
            let reason = teardown::own_reason(&context, &run, interrupted, canceled.is_set());
            let mut record = teardown::close(&context, &run, reason).await;
            stories.close().await;
            if record.reason.is_some() {
                let records = context.services.recorder.records();
                let manifest = &context.site.manifest;
                let warning = cleanup::clean_up(manifest, &records, &run.run_id).await;
                record.warnings.extend(warning);
            }
            record
        });
        let results = context.results.take();
        let report = Arc::new(teardown::report(&context, run, results, record));
        let bus = &context.services.bus;
        bus.publish(Event::RunEnded(Arc::clone(&report)));
        // A hung connection must not block the end of the process.
        runtime.shutdown_timeout(Duration::from_secs(1));
        report
    }
}

/// Bytes of stack for each thread, as many as the main thread has: the futures
/// of a snapshot nest deeply, and are several times larger without
/// optimization.
const STACK_SIZE: usize = 8 << 20;

/// The message of a snapshot that was skipped because the run was canceled.
const CANCELED: &str = "the run was canceled";

/// The prefetcher for the snapshots of a run. Only plain snapshots are
/// eligible: without steps, log-in, hooks, updates, known failure, cache hit or
/// a second engine.
fn prefetch(context: &RunContext, hits: &[Option<CachedPass>]) -> Prefetch<Box<FinishedSnapshot>> {
    let snapshots = &context.snapshots;
    let site = &context.site;
    let looks = |engine| Browser::needs_restart_for_theme(engine, &site.manifest.browser);
    let has_effects = !site.hooks.is_empty() || context.config.run.update == UpdateMode::All;
    let has_one_engine = snapshots
        .windows(2)
        .all(|two| two[0].browser == two[1].browser);
    let stories = by_test_name(snapshots, looks);
    Prefetch::new(stories, session_count(context, None), |index| {
        let story = &snapshots[index].story;
        let only_shows = story.steps.is_empty() && story.login.is_none();
        let only_shows = only_shows && !is_gated(&snapshots[index]);
        let is_as_expected =
            snapshots[index].known_failure.is_none() && snapshots[index].quarantines.is_empty();
        let is_plain = only_shows && is_as_expected;
        is_plain && !has_effects && has_one_engine && hits[index].is_none()
    })
}

/// The configured number of sessions, or one per core, but no more than there
/// are groups.
fn session_count(context: &RunContext, groups: Option<usize>) -> usize {
    let cores = available_parallelism().map_or(1, usize::from);
    let count = context.site.manifest.browser.sessions.unwrap_or(cores);
    groups.map_or(count, |groups| count.min(groups))
}

/// Starts sessions in the current runtime; the first one gets the connection.
fn start_sessions(
    count: usize,
    context: &Arc<RunContext>,
    mut first: Option<BrowserConnection>,
    queue: &Arc<RunQueue>,
    stop: &Arc<AtomicBool>,
) -> Vec<JoinHandle<()>> {
    let start = |number| {
        let (context, queue, stop) = (Arc::clone(context), Arc::clone(queue), Arc::clone(stop));
        tokio::spawn(run_session(number, context, first.take(), queue, stop))
    };
    (0..count).map(start).collect()
}

/// Everything that a signal stops.
struct Interruption {
    context: Arc<RunContext>,
    queue: Arc<RunQueue>,
    stop: Arc<AtomicBool>,
    interrupted: Arc<AtomicBool>,
    sessions: Vec<AbortHandle>,
    canceled: Arc<Cancellation>,
}

impl Interruption {
    /// Ends the run in an orderly way at the first signal, and the process at
    /// the second.
    async fn await_signal(self, signal: JoinHandle<()>) {
        let reason = tokio::select! {
            _ = signal => INTERRUPTED,
            () = self.canceled.requested() => CANCELED,
        };
        self.interrupted.store(true, Ordering::Relaxed);
        self.stop.store(true, Ordering::Relaxed);
        self.queue.drain();
        for session in &self.sessions {
            session.abort();
        }
        self.context.skip_requested(reason);
        process::interrupted().await;
        std::process::exit(130);
    }
}
