//! Starts everything, gives the outcomes, ends everything.

use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::available_parallelism;

use tokio::runtime::Runtime;
use tokio::task::JoinHandle;

use super::folders;
use super::hooks::Hooks;
use super::network::{self, Connected};
use super::queue::Queue;
use super::stage::{self, Outcome, Stage};
use super::{interrupt, runner, surroundings, worker};
use crate::browser::{self, Browser, find};
use crate::cache::{self, Cache, Context, Hit};
use crate::login::{KeyError, Logins, Seal};
use crate::manifest::{AccessError, Manifest};
use crate::model::{
    Environment, Event, ImageHashes, Reason, RunFile, Status, Summary, VisualTestResult,
    VisualTestRun, now_ms, rfc3339,
};
use crate::plan::Snapshot;
use crate::record::{RecordError, RecordReport, RecordSettings, Recorder, host};
use crate::report::Sink;
use crate::serve::{ServeError, Service, Stories};
use crate::settings::{Cache as CacheUse, Settings, Update};

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
    /// What the stories' server wants to see is not there.
    #[error("failed to get into the stories' server: {0}")]
    Access(#[from] AccessError),
}

/// What the test target gives to a run.
#[derive(Clone, Debug, Default)]
pub struct Given {
    /// Served instead of what the manifest names.
    pub service: Option<Service>,
    /// Run around each story.
    pub hooks: Hooks,
}

/// A run under way.
pub struct Conductor {
    runtime: Runtime,
    stage: Arc<Stage>,
    run: VisualTestRun,
    workers: Vec<JoinHandle<()>>,
    interrupted: Arc<AtomicBool>,
    /// Dropped last: pages may still ask for something.
    _stories: Stories,
}

/// A run that has ended.
#[derive(Debug)]
pub struct RunReport {
    /// Its document.
    pub run: VisualTestRun,
    /// What this process found out, in the plan's order.
    pub results: Vec<VisualTestResult>,
    /// The same with what other processes of the run have written so far.
    pub whole: RunFile,
    /// What became of the record.
    pub record: RecordReport,
    /// The folder with images and reports.
    pub folder: PathBuf,
    /// Stories whose results cannot be used again, with the reason.
    pub uncacheable: BTreeMap<String, String>,
}

impl Conductor {
    /// Starts browsers, record and story server, and begins to work.
    ///
    /// # Errors
    /// When one of them cannot be had. A browser that does not start fails the
    /// snapshots instead, each with the reason.
    pub fn start(
        manifest: Arc<Manifest>,
        snapshots: Vec<Snapshot>,
        settings: Settings,
        given: Given,
        sinks: Vec<Arc<dyn Sink>>,
    ) -> Result<Self, RunError> {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(2)
            .thread_name("tintype")
            .enable_all()
            .build()?;
        // Listening comes first: a signal may arrive while the browser starts.
        let signal = runtime.spawn(interrupt::interrupted());
        let (stage, run, stories, first) =
            runtime.block_on(open(manifest, snapshots, settings, given, sinks))?;
        let queue = Arc::new(Queue::new(
            &stage.snapshots,
            |index| stage.is_finished(index),
            |engine| Browser::starts_with_look(engine, &stage.manifest.browser),
        ));
        let stop = Arc::new(AtomicBool::new(false));
        let interrupted = Arc::new(AtomicBool::new(false));
        let entered = runtime.enter();
        let mut first = first;
        let workers: Vec<_> = (0..sessions(&stage, queue.len()))
            .map(|_| {
                let (stage, queue, stop) =
                    (Arc::clone(&stage), Arc::clone(&queue), Arc::clone(&stop));
                tokio::spawn(worker::work(stage, first.take(), queue, stop))
            })
            .collect();
        tokio::spawn(leave_on_signal(
            signal,
            Arc::clone(&stage),
            Arc::clone(&queue),
            stop,
            Arc::clone(&interrupted),
            workers.iter().map(JoinHandle::abort_handle).collect(),
        ));
        drop(entered);
        Ok(Self {
            runtime,
            stage,
            run,
            workers,
            interrupted,
            _stories: stories,
        })
    }

    /// Waits for the outcome of the snapshot with this index in the selection.
    pub fn wait(&self, index: usize) -> Outcome {
        self.stage.wait(index)
    }

    /// Where the run takes place, as far as it is known.
    pub fn environment(&self) -> Environment {
        self.stage.environment()
    }

    /// Where the record is, in one line.
    pub fn record(&self) -> String {
        self.stage.recorder.describe()
    }

    /// Ends the run: everything written, every process gone.
    pub fn finish(self) -> RunReport {
        let interrupted = self.interrupted.load(Ordering::Relaxed);
        let Self {
            runtime,
            stage,
            mut run,
            workers,
            ..
        } = self;
        let record = runtime.block_on(async {
            for worker in workers {
                // A worker that panicked or was cut short has no more to say:
                // what it left open is told below.
                let _ = worker.await;
            }
            abandon(&stage, "the worker that had it was lost");
            close(&stage, &mut run, interrupted).await
        });
        let results = stage.results();
        let own = RunFile {
            run: run.clone(),
            results: results.clone(),
        };
        let mut record = record;
        let whole = folders::merge(own.clone(), &stage.folder).unwrap_or_else(|error| {
            let folder = stage.folder.display();
            let warning = format!("failed to write run.json in {folder}: {error}");
            record.warnings.push(warning);
            own
        });
        folders::prune(&stage.manifest.state_dir().join("runs"));
        // A hung connection must not keep the process.
        runtime.shutdown_timeout(std::time::Duration::from_secs(1));
        RunReport {
            run,
            results,
            whole,
            record,
            folder: stage.folder.clone(),
            uncacheable: stage.uncacheable(),
        }
    }
}

type Opened = (Arc<Stage>, VisualTestRun, Stories, Option<Connected>);

/// Opens all that a run needs, what can be at once.
async fn open(
    manifest: Arc<Manifest>,
    snapshots: Vec<Snapshot>,
    mut settings: Settings,
    given: Given,
    sinks: Vec<Arc<dyn Sink>>,
) -> Result<Opened, RunError> {
    let Given { service, hooks } = given;
    let credentials = manifest.access.fill_in(|name| std::env::var(name).ok())?;
    if !hooks.is_empty() && hooks.key().is_none() {
        // What hooks do is no file that could be looked at.
        settings.cache = CacheUse::Off;
    }
    let (mut environment, served) = tokio::join!(
        surroundings::environment(&manifest.root, settings.ci),
        Stories::open(&manifest, service, &credentials, settings.nextest),
    );
    let stories = served?;
    let (cache, build) = open_cache(&manifest, &settings, &environment, &hooks).await;
    let hits = cache.lookup(&snapshots).await;
    let open = snapshots
        .iter()
        .zip(&hits)
        .filter(|(snapshot, hit)| snapshot.skip.is_none() && hit.is_none())
        .filter(|(snapshot, _)| browser::refuse(snapshot, &manifest).is_ok());
    // The queue begins with the same.
    let engine = open.map(|(snapshot, _)| snapshot.browser).min();
    let first = if let Some(engine) = engine {
        // A failure is told by the worker that tries again.
        let slot = stage::slot(&manifest, &settings);
        network::open(engine, &manifest, slot.as_ref(), stories.base(), &snapshots)
            .await
            .ok()
    } else {
        environment.browser = build;
        None
    };
    let base = stories.base().to_owned();
    if let Some(Connected { session, .. }) = &first {
        environment.browser = Some(session.info().browser.clone());
        environment.driver = Some(session.info().driver.clone());
    }
    let place = RecordSettings::from_env(&manifest.state_dir())?;
    settings.run_id = place.run_id(settings.run_id);
    let logins = Logins::new(&base, Seal::from_env()?, &place);
    let run = VisualTestRun::start(settings.run_id.clone(), environment.clone());
    let count = snapshots.len() as u64;
    let recorder = Recorder::open(place, run.clone(), count, settings.nextest).await?;
    let worker = format!("{}:{}", host(), std::process::id());
    let stage = Arc::new(Stage::new(
        manifest,
        settings,
        snapshots,
        base,
        Arc::new(credentials),
        hooks,
        recorder,
        cache,
        logins,
        environment,
        sinks,
        worker,
    ));
    if let Some(Connected { session, .. }) = &first {
        stage.met(session.name(), session.info());
    }
    tracing::info!(run = %stage.run_id, base = stage.base, "the run has started");
    stage.emit(&Event::RunStarted(Box::new(run.clone())));
    if stage.settings.nextest {
        runner::watch(&stage.folder, &stage.run_id);
    }
    for (index, snapshot) in stage.snapshots.iter().enumerate() {
        if let Some(reason) = &snapshot.skip {
            skip(&stage, index, reason);
        } else if let Some(hit) = &hits[index] {
            unchanged(&stage, index, hit);
        }
    }
    Ok((stage, run, stories, first))
}

/// The cache for this machine's browsers, and their builds.
async fn open_cache(
    manifest: &Manifest,
    settings: &Settings,
    environment: &Environment,
    hooks: &Hooks,
) -> (Cache, Option<String>) {
    let (mut browsers, mut switches, mut builds) = (Vec::new(), Vec::new(), Vec::new());
    for &engine in &manifest.browser.names {
        let programs = find(&manifest.browser, engine).ok();
        let program = programs.as_ref().map(|programs| programs.browser.as_path());
        let build = program.map(|program| cache::build(program, &manifest.state_dir()));
        // Chromium and its headless shell have one version, but do not draw
        // alike.
        let kind = program.and_then(Path::file_name);
        browsers.push(format!("{build:?} {kind:?}"));
        switches.extend(manifest.browser.switches(engine));
        builds.extend(build);
    }
    let mut context = Context::here(browsers.join(", "), switches, environment.fonts.clone());
    context.hooks = hooks.key().map(str::to_owned);
    let builds = (!builds.is_empty()).then(|| builds.join(", "));
    (Cache::open(manifest, settings, &context).await, builds)
}

/// A snapshot of which nothing has changed since it passed.
fn unchanged(stage: &Stage, index: usize, hit: &Hit) {
    let mut result = stage.result(index, Status::Passed);
    result.cached = true;
    result.diff_ratio = Some(0.0);
    result.duration_ms = Some(0);
    result.baseline = Some(stage.manifest.relative(&stage.snapshots[index].baseline));
    result.sha256 = Some(ImageHashes {
        baseline: Some(hit.baseline_sha256.clone()),
        ..ImageHashes::default()
    });
    stage.finish(index, result, None);
}

/// As many sessions as the user says, or one for each core, but none without
/// work.
fn sessions(stage: &Stage, groups: usize) -> usize {
    let cores = available_parallelism().map_or(1, usize::from);
    stage.manifest.browser.sessions.unwrap_or(cores).min(groups)
}

/// Ends the run in good order when a signal asks for it.
async fn leave_on_signal(
    signal: JoinHandle<()>,
    stage: Arc<Stage>,
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
    abandon(&stage, "interrupted");
    // Whoever asks twice means it.
    interrupt::interrupted().await;
    std::process::exit(130);
}

/// Marks whatever has no final status as skipped.
fn abandon(stage: &Stage, reason: &str) {
    for index in 0..stage.snapshots.len() {
        if !stage.is_finished(index) {
            skip(stage, index, reason);
        }
    }
}

fn skip(stage: &Stage, index: usize, reason: &str) {
    let mut result = stage.result(index, Status::Skipped);
    result.message = Some(reason.to_owned());
    stage.finish(index, result, Some(reason.to_owned()));
}

/// Tells everybody that the run has ended and lets the record finish it.
async fn close(stage: &Stage, run: &mut VisualTestRun, interrupted: bool) -> RecordReport {
    let now = now_ms();
    let summary = stage.summary();
    run.summary = summary;
    run.environment = stage.environment();
    run.end_time = Some(rfc3339(now));
    run.duration = Some(u64::try_from(now - run.timestamp).unwrap_or(0));
    let reason = reason(stage, &summary, interrupted);
    run.reason = Some(reason);
    stage.tell(&Event::RunFinished(Box::new(run.clone())));
    // Under nextest no single process knows what the run came to; but that it
    // was interrupted it knows.
    let word = (!stage.settings.nextest || interrupted).then_some(reason);
    let (mut record, warnings) = tokio::join!(stage.recorder.finish(word), stage.cache.flush());
    record.warnings.extend(warnings);
    record
}

fn reason(stage: &Stage, summary: &Summary, interrupted: bool) -> Reason {
    let planned = stage.snapshots.iter().any(|s| s.skip.is_none());
    let compared = summary.total - summary.skipped;
    if interrupted {
        Reason::Interrupted
    } else if planned && compared == 0 {
        Reason::Failed
    } else if stage.settings.update != Update::No && summary.failed == 0 {
        // What is new has been accepted.
        Reason::Passed
    } else {
        summary.reason()
    }
}
