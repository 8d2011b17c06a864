//! Starts everything, gives the outcomes, ends everything.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::available_parallelism;

use tokio::runtime::Runtime;
use tokio::task::JoinHandle;

use super::context::{RunContext, SnapshotOutcome};
use super::setup::{Setup, open};
use super::{interrupt, session_loop, teardown};
use crate::browser::Browser;
use crate::cache::Hit;
use crate::config::{Config, UpdateMode};
use crate::events::{Bus, Event, RunReport, RunSetup};
use crate::login::KeyError;
use crate::manifest::{CredentialsError, Manifest};
use crate::model::VisualTestRun;
use crate::plan::Snapshot;
use crate::record::RecordError;
use crate::schedule::Prefetch;
use crate::schedule::{Queue, Reply, by_name};
use crate::serve::{ServeError, Service, Stories};
use crate::snapshot::Hooks;

/// Why a run could not begin. Tests that never began have not failed; the run
/// has.
#[derive(Debug, thiserror::Error)]
pub enum RunError {
    /// No threads, no port.
    #[error("failed to start the run: {0}")]
    Start(#[from] io::Error),
    /// The record refuses.
    #[error("failed to open the record: {0}")]
    Record(#[from] RecordError),
    /// Nobody serves the stories.
    #[error("failed to serve the stories: {0}")]
    Serve(#[from] ServeError),
    /// The key for log-ins is none.
    #[error("failed to share log-ins: {0}")]
    LoginKey(#[from] KeyError),
    /// A signal came first.
    #[error("interrupted before the run had begun")]
    Interrupted,
    /// What the stories' server wants to see is not there.
    #[error("failed to get into the stories' server: {0}")]
    Access(#[from] CredentialsError),
}

/// What the test target gives to a run.
#[derive(Clone, Debug, Default)]
pub struct RunOptions {
    /// Served instead of what the manifest names.
    pub service: Option<Service>,
    /// Run around each story.
    pub hooks: Hooks,
}

/// Which of its snapshots a run is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scheduling {
    /// All of them, from the start.
    All,
    /// Those that [`RunHandle::request`] asks for, when it does.
    OnRequest,
}

/// A run under way.
pub struct RunHandle {
    runtime: Runtime,
    context: Arc<RunContext>,
    run: VisualTestRun,
    queue: Arc<Queue>,
    /// What needs no browser, by the snapshot's index.
    hits: Vec<Option<Hit>>,
    workers: Vec<JoinHandle<()>>,
    interrupted: Arc<AtomicBool>,
    /// Closed last: pages may still ask for something.
    stories: Stories,
}

impl RunHandle {
    /// Starts browsers, record and story server, and begins to work on what
    /// there is a scheduling for.
    ///
    /// # Errors
    /// When one of them cannot be had. A browser that does not start fails the
    /// snapshots instead, each with the reason.
    pub fn start(
        manifest: Arc<Manifest>,
        snapshots: Vec<Snapshot>,
        scheduling: Scheduling,
        config: Config,
        given: RunOptions,
        bus: Bus,
    ) -> Result<Self, RunError> {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(2)
            .thread_name("tintype")
            .thread_stack_size(STACK)
            .enable_all()
            .build()?;
        // Listening comes first: a signal may arrive while the browser starts.
        let mut signal = runtime.spawn(interrupt::interrupted());
        let opening = open(manifest, snapshots, scheduling, config, given, bus);
        let Setup {
            context,
            run,
            hits,
            stories,
            mut first,
        } = runtime.block_on(async {
            tokio::select! {
                opened = opening => opened,
                // What was started until now ends with what is dropped here.
                _ = &mut signal => Err(RunError::Interrupted),
            }
        })?;
        context.publish(Event::RunReady(Arc::new(RunSetup {
            planned: context
                .snapshots
                .iter()
                .filter(|s| s.skip.is_none())
                .count(),
            environment: context.environment(),
            record: context.recorder.describe(),
        })));
        let queue = Arc::new(match scheduling {
            Scheduling::All => Queue::new(
                &context.snapshots,
                |index| context.is_finished(index),
                |engine| Browser::needs_restart_for_theme(engine, &context.manifest.browser),
            ),
            Scheduling::OnRequest => Queue::open(ahead(&context, &hits)),
        });
        let stop = Arc::new(AtomicBool::new(false));
        let interrupted = Arc::new(AtomicBool::new(false));
        let entered = runtime.enter();
        let groups = (scheduling == Scheduling::All).then(|| queue.len());
        let workers: Vec<_> = (0..sessions(&context, groups))
            .map(|number| {
                let (context, queue, stop) =
                    (Arc::clone(&context), Arc::clone(&queue), Arc::clone(&stop));
                tokio::spawn(session_loop::work(
                    number,
                    context,
                    first.take(),
                    queue,
                    stop,
                ))
            })
            .collect();
        tokio::spawn(leave_on_signal(
            signal,
            Arc::clone(&context),
            Arc::clone(&queue),
            stop,
            Arc::clone(&interrupted),
            workers.iter().map(JoinHandle::abort_handle).collect(),
        ));
        drop(entered);
        Ok(Self {
            runtime,
            context,
            run,
            queue,
            hits,
            workers,
            interrupted,
            stories,
        })
    }

    /// Waits for the outcome of the snapshot with this index in the selection.
    pub fn wait(&self, index: usize) -> SnapshotOutcome {
        self.context.wait(index)
    }

    /// Has a snapshot done, again if it has been done before, and waits for its
    /// outcome. Who asks for what is being done already waits for the same.
    pub fn request(&self, index: usize) -> SnapshotOutcome {
        if self.context.ask(index) {
            self.meet(index);
        }
        self.context.wait(index)
    }

    /// Gives what needs no browser, or was done already, and has a session do
    /// the rest.
    fn meet(&self, index: usize) {
        if let Some(hit) = &self.hits[index] {
            return self.context.unchanged(index, hit);
        }
        match self.queue.ask(index) {
            Reply::Coming => {}
            Reply::Done(judged) => self.context.deliver(index, *judged),
            Reply::Closed => self.context.skip(index, INTERRUPTED),
        }
    }

    /// Marks a snapshot that was asked for as skipped, if it has no outcome
    /// yet: whoever asked is gone.
    pub fn give_up(&self, index: usize) {
        if !self.context.is_finished(index) {
            self.interrupted.store(true, Ordering::Relaxed);
            self.context.skip(index, INTERRUPTED);
        }
    }

    /// Gives up whatever was asked for and has no outcome yet. Nobody asks for
    /// anything from now on.
    pub fn interrupt(&self) {
        self.queue.drain();
        let abandoned = self.context.abandon(INTERRUPTED) > 0;
        // A worker may still be busy with what was given up before.
        if self.interrupted.fetch_or(abandoned, Ordering::Relaxed) || abandoned {
            self.workers.iter().for_each(JoinHandle::abort);
        }
    }

    /// Writes everything so far and publishes it as [`Event::RunPaused`].
    pub fn pause(&self) {
        let mut run = self.run.clone();
        let interrupted = self.interrupted.load(Ordering::Relaxed);
        teardown::conclude(&self.context, &mut run, interrupted);
        let record = self.runtime.block_on(teardown::written(&self.context));
        let report = teardown::report(&self.context, run, record);
        self.context.publish(Event::RunPaused(Arc::new(report)));
    }

    /// Ends the run: writes everything, ends every process, and publishes
    /// [`Event::RunEnded`].
    pub fn finish(self) -> Arc<RunReport> {
        let interrupted = self.interrupted.load(Ordering::Relaxed);
        let Self {
            runtime,
            context,
            mut run,
            queue,
            workers,
            stories,
            ..
        } = self;
        queue.close();
        let record = runtime.block_on(async {
            for worker in workers {
                // A worker that was cut short has no more to say.
                let _ = worker.await;
            }
            for index in context.asked() {
                context.lose(index);
            }
            teardown::conclude(&context, &mut run, interrupted);
            let record = teardown::close(&context, &run, interrupted).await;
            stories.close().await;
            record
        });
        let report = Arc::new(teardown::report(&context, run, record));
        context.publish(Event::RunEnded(Arc::clone(&report)));
        // A hung connection must not keep the process.
        runtime.shutdown_timeout(std::time::Duration::from_secs(1));
        report
    }
}

/// Bytes of stack for each thread, as the main thread has: what a story may go
/// through nests deep, and without optimisation each level takes its room
/// several times over.
const STACK: usize = 8 << 20;

/// What is said of a snapshot that nobody waits for any more.
const INTERRUPTED: &str = "interrupted";

/// What may be done before anybody asks for it: what does nothing but show
/// itself, is known to nobody, and needs no other browser.
fn ahead(context: &RunContext, hits: &[Option<Hit>]) -> Prefetch {
    let snapshots = &context.snapshots;
    let looks = |engine| Browser::needs_restart_for_theme(engine, &context.manifest.browser);
    let acts = !context.hooks.is_empty() || context.config.update == UpdateMode::All;
    let one_engine = snapshots
        .windows(2)
        .all(|two| two[0].browser == two[1].browser);
    Prefetch::new(
        by_name(snapshots, looks),
        sessions(context, None),
        |index| {
            let story = &snapshots[index].story;
            let shows = story.steps.is_empty() && story.login.is_none();
            let is_plain = shows && snapshots[index].known_failure.is_none();
            is_plain && !acts && one_engine && hits[index].is_none()
        },
    )
}

/// As many sessions as the user says, or one for each core, but none without
/// work.
fn sessions(context: &RunContext, groups: Option<usize>) -> usize {
    let cores = available_parallelism().map_or(1, usize::from);
    let wanted = context.manifest.browser.sessions.unwrap_or(cores);
    groups.map_or(wanted, |groups| wanted.min(groups))
}

/// Ends the run in good order when a signal asks for it.
async fn leave_on_signal(
    signal: JoinHandle<()>,
    context: Arc<RunContext>,
    queue: Arc<Queue>,
    stop: Arc<AtomicBool>,
    interrupted: Arc<AtomicBool>,
    workers: Vec<tokio::task::AbortHandle>,
) {
    let _ = signal.await;
    interrupted.store(true, Ordering::Relaxed);
    stop.store(true, Ordering::Relaxed);
    queue.drain();
    for worker in workers {
        worker.abort();
    }
    context.abandon(INTERRUPTED);
    // Whoever asks twice means it.
    interrupt::interrupted().await;
    std::process::exit(130);
}
