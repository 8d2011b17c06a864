//! Opens all that a run needs.

use std::path::Path;
use std::sync::Arc;

use super::context::RunContext;
use super::environment;
use super::handle::{RunError, RunOptions, Scheduling};
use super::network::{self, Connected};
use crate::browser::{self, find};
use crate::cache::{self, Cache, Context, Hit};
use crate::config::{CacheMode, Config};
use crate::events::Bus;
use crate::login::{Logins, Seal};
use crate::manifest::Manifest;
use crate::model::{Environment, RecordedEvent, VisualTestRun};
use crate::plan::Snapshot;
use crate::record::{RecordConfig, Recorder, host_name};
use crate::redis::RedisTarget;
use crate::serve::Stories;
use crate::snapshot::Hooks;

/// What a run begins with.
pub(super) struct Setup {
    pub(super) context: Arc<RunContext>,
    pub(super) run: VisualTestRun,
    /// What needs no browser, by the snapshot's index.
    pub(super) hits: Vec<Option<Hit>>,
    pub(super) stories: Stories,
    /// A browser that is up already.
    pub(super) first: Option<Connected>,
}

/// Opens all that a run needs, what can be at once.
pub(super) async fn open(
    manifest: Arc<Manifest>,
    snapshots: Vec<Snapshot>,
    scheduling: Scheduling,
    mut config: Config,
    given: RunOptions,
    bus: Bus,
) -> Result<Setup, RunError> {
    let RunOptions { service, hooks } = given;
    let credentials = manifest
        .credentials
        .fill_in(|name| std::env::var(name).ok())?;
    if !hooks.is_empty() && hooks.key().is_none() {
        // What hooks do is no file that could be looked at.
        config.cache = CacheMode::Off;
    }
    let record = RecordConfig::from_env(&manifest.state_dir())?;
    // A process that has one test of many must not end what others need.
    let alone = config.nextest && scheduling == Scheduling::All;
    let (mut environment, served) = tokio::join!(
        environment::environment(&manifest.root, config.ci),
        Stories::open(&manifest, service, &credentials, alone),
    );
    let stories = served?;
    let (cache, build) = open_cache(&manifest, &config, &environment, &hooks, record.redis());
    let hits = cache.lookup(&snapshots).await;
    let open = snapshots.iter().zip(&hits).filter(|(snapshot, hit)| {
        snapshot.skip.is_none() && hit.is_none() && browser::refuse(snapshot, &manifest).is_ok()
    });
    // The queue begins with the same.
    let engine = open.map(|(snapshot, _)| snapshot.browser).min();
    let mut refused = None;
    let first = if let Some(engine) = engine.filter(|_| scheduling == Scheduling::All) {
        let first = network::open(engine, &manifest, stories.base(), &snapshots).await;
        // A failure is told by the worker that tries again.
        first
            .map_err(|error| refused = Some((engine, error.to_string())))
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
    config.run_id = record.run_id(config.run_id);
    let logins = Logins::new(&base, Seal::from_env()?, record.redis());
    let run = VisualTestRun::start(config.run_id.clone(), environment.clone());
    let count = snapshots.len() as u64;
    let recorder = Recorder::open(record, run.clone(), count, config.nextest)?;
    bus.subscribe(Arc::new(recorder.clone()));
    let worker = format!("{}:{}", host_name(), std::process::id());
    let context = Arc::new(RunContext::new(
        manifest,
        config,
        snapshots,
        base,
        Arc::new(credentials),
        hooks,
        recorder,
        cache,
        logins,
        environment,
        bus,
        worker,
    ));
    if let Some(Connected { session, .. }) = &first {
        context.met(session.name(), session.info());
    }
    if let Some((engine, reason)) = refused {
        context
            .engine_health
            .failed(engine, context.redacted(&reason));
    }
    tracing::info!(run = %context.run_id, base = context.base, "the run has started");
    context.publish(RecordedEvent::RunStarted(Box::new(run.clone())));
    if scheduling == Scheduling::All {
        settle_without_browser(&context, &hits);
    }
    Ok(Setup {
        context,
        run,
        hits,
        stories,
        first,
    })
}

/// Gives the outcomes of all that needs no browser.
fn settle_without_browser(context: &RunContext, hits: &[Option<Hit>]) {
    for (index, snapshot) in context.snapshots.iter().enumerate() {
        context.ask(index);
        if let Some(reason) = &snapshot.skip {
            context.skip(index, reason);
        } else if let Some(hit) = &hits[index] {
            context.unchanged(index, hit);
        }
    }
}

/// The cache for this machine's browsers, and their builds. A `webdriver` has
/// browsers of its own.
fn open_cache(
    manifest: &Manifest,
    config: &Config,
    environment: &Environment,
    hooks: &Hooks,
    redis: &RedisTarget,
) -> (Cache, Option<String>) {
    let (mut browsers, mut switches, mut builds) = (Vec::new(), Vec::new(), Vec::new());
    let names = manifest.browser.names.iter();
    for &engine in names.filter(|_| manifest.browser.webdriver.is_none()) {
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
    let folder = manifest.state_dir().join("cache");
    let cache = Cache::open(folder, manifest, config, &context, Some(redis));
    (cache, builds)
}
