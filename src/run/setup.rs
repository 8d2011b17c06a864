//! Opens everything that a run needs.

use std::path::Path;
use std::sync::{Arc, Mutex};

use tokio::sync::mpsc;

use super::admission_notice::{AdmissionNotice, AdmissionNotices};
use super::cache_observer::CacheObserver;
use super::connect::{BrowserConnection, connect};
use super::context::{RunContext, Services};
use super::engines::Engines;
use super::environment::{environment, with_branch};
use super::error::RunError;
use super::identity::RunIdentity;
use super::options::{RunOptions, Scheduling};
use super::plans::{recorded_plan, shared_plan};
use super::results::ResultTable;
use super::shared_work::JoinedRun;
use super::usual_times::usual_times;
use crate::alerts::AlertWatch;
use crate::baseline::Baselines;
use crate::browser::{self, BrowserError, find};
use crate::cache::{Cache, CacheContext, CachedPass, TestTargetFacts, browser_build};
use crate::config::{CacheMode, Config};
use crate::events::{Bus, Event, RunSetup};
use crate::login::Logins;
#[cfg(feature = "shared-logins")]
use crate::login::SharedLogins;
use crate::manifest::{Container, Manifest};
use crate::model::BrowserName;
use crate::model::{Environment, RecordedEvent, VisualTestRun, now_ms};
use crate::plan::{Plan, Snapshot};
use crate::record::{RecordConfig, RecordedPlan, Recorder};
use crate::serve::StoryServer;
use crate::snapshot::{Barriers, BaselineUpdater, ImageFolder, Site, Verdicts};

/// Everything that a run starts with.
pub(super) struct Setup {
    pub(super) context: Arc<RunContext>,
    pub(super) run: VisualTestRun,
    /// Snapshots that the cache passes, by index.
    pub(super) hits: Vec<Option<CachedPass>>,
    pub(super) stories: StoryServer,
    /// A browser that is open already.
    pub(super) first: Option<BrowserConnection>,
    /// The run that this process shares with other machines.
    pub(super) shared: Option<JoinedRun>,
    pub(super) notices: AdmissionNotices,
}

/// Opens everything that a run needs, concurrently where possible.
pub(super) async fn open(
    manifest: Arc<Manifest>,
    snapshots: Arc<Vec<Snapshot>>,
    scheduling: Scheduling,
    mut config: Config,
    options: RunOptions,
    bus: Bus,
) -> Result<Setup, RunError> {
    super::open_files::check()?;
    let RunOptions { service, hooks } = options;
    let credentials = manifest.credentials.fill_in(&config.variables)?;
    if !hooks.is_empty() && hooks.key().is_none() {
        // The cache cannot know whether the hooks have changed.
        config.run.cache = CacheMode::Off;
    }
    let manifest = with_container(manifest).await?;
    let record = RecordConfig::new(&manifest.state_dir(), &config)?;
    // A process with one of many tests must not stop a server that others use.
    let is_only_process = config.nextest.active && scheduling == Scheduling::All;
    let (mut environment, served) = tokio::join!(
        environment(&manifest, &config),
        StoryServer::open(&manifest, service, is_only_process),
    );
    environment = with_branch(environment, &manifest, &config);
    let stories = served?;
    let base = stories.base().to_owned();
    let (mut cache_context, builds) = cache_context(&manifest, &config, &environment);
    cache_context.hooks = hooks.key().map(str::to_owned);
    let folder = manifest.state_dir().join("cache");
    let facts = TestTargetFacts {
        tintype: cache_context.tintype.clone(),
        hooks: cache_context.hooks.clone(),
        has_hooks_without_key: !hooks.is_empty() && hooks.key().is_none(),
    };
    facts.write(&folder);
    let cache = Cache::open(
        folder,
        &manifest,
        &config,
        &cache_context,
        Some(record.redis()),
    );
    let hits = cache.lookup(&snapshots).await;
    let misses = cache.explain(&snapshots, &hits).await.into_iter();
    let misses = misses.map(|miss| Some(miss?.reason)).collect();
    let mut first = None;
    let shares_work = config.run.shares_work;
    let starts_now = scheduling == Scheduling::All && !shares_work;
    match first_engine(&snapshots, &hits, &manifest).filter(|_| starts_now) {
        None => environment.browser = all_builds(&builds),
        Some(engine) => {
            let connection = connect(engine, &manifest, &base, &snapshots).await;
            if let Ok(BrowserConnection { browser, .. }) = &connection {
                environment.browser = Some(browser.info().browser.clone());
                environment.driver = Some(browser.info().driver.clone());
            }
            first = Some((engine, connection));
        }
    }
    config.run.id = record.run_id(config.run.id);
    let worker = worker_name(&config);
    let mut run = VisualTestRun::start(config.run.id.clone(), environment.clone());
    run.project = Some(manifest.project.clone());
    let lineage = run.lineage();
    let shared = shares_work.then(|| {
        let commit = environment.git.as_ref().map(|git| git.commit.clone());
        let plan = shared_plan(&manifest, &snapshots, config.run.update, commit, &builds);
        let queue = record.shared_queue(&config.run.id, &worker, &plan.lanes());
        queue.map(|mut queue| {
            queue.set_lineage(lineage.clone());
            (queue, plan)
        })
    });
    let shared = shared.flatten();
    let coordination = record.coordination(&config.run.id);
    let local = RecordConfig::memory().coordination(&config.run.id);
    let round = format!("{:x}", now_ms());
    let site = Site {
        barriers: Barriers::new(local, Arc::clone(&coordination), &snapshots, round),
        manifest,
        credentials: Arc::new(credentials),
        hooks,
        logins: logins(&base, &config, &record),
        base,
    };
    let plan = if shares_work {
        RecordedPlan::shared(snapshots.len() as u64)
    } else {
        recorded_plan(&snapshots)
    };
    let is_shared = config.nextest.active || shares_work;
    let mut recorder = Recorder::join(record, run.clone(), plan, is_shared)?;
    let shared = match shared {
        None => None,
        Some((queue, plan)) => {
            let shared = JoinedRun::join(queue, plan, &recorder).await?;
            recorder = recorder.with_leases(Arc::clone(&shared.held));
            Some(shared)
        }
    };
    bus.subscribe(Arc::new(recorder.clone()));
    let project = &site.manifest.project;
    let alerts = AlertWatch::start(&recorder, &run.run_id, project, &site.manifest.alerts);
    let (sender, notices) = mpsc::unbounded_channel();
    let machine = &config.system.machine;
    let usual = usual_times(
        &snapshots,
        &recorder,
        lineage.as_ref(),
        &run.run_id,
        machine,
    )
    .await;
    let services = Services {
        alerts: Mutex::new(Some(alerts)),
        bus,
        recorder,
        cache: CacheObserver::new(cache, misses),
        coordination,
    };
    let unknown = config.unknown_variables();
    let mut context = context(
        config,
        snapshots,
        site,
        environment,
        services,
        worker,
        sender,
    );
    context.verdicts.usual = Arc::new(usual);
    let context = Arc::new(context);
    tracing::info!(run = %run.run_id, base = context.site.base, "the run has started");
    let joined = shared
        .as_ref()
        .map(|shared| shared.joined.describe(run.run_id.as_str()));
    publish_start(&context, &run, joined);
    if scheduling == Scheduling::All {
        warn_of_quarantines(&context);
        warn_of_variables(&context, &unknown);
    }
    if shares_work {
        (0..context.snapshots.len()).for_each(|index| {
            context.results.request(index);
        });
    } else if scheduling == Scheduling::All {
        finish_without_browser(&context, &hits);
    }
    Ok(Setup {
        first: first.and_then(|(engine, first)| note_first(&context, engine, first)),
        shared,
        context,
        run,
        hits,
        stories,
        notices,
    })
}

/// The manifest with its image looked into, if it has one.
async fn with_container(mut manifest: Arc<Manifest>) -> Result<Arc<Manifest>, RunError> {
    let opened = Container::open(&manifest.browser, &manifest.state_dir()).await?;
    if let Some(container) = opened {
        Arc::make_mut(&mut manifest).browser.container = Some(Arc::new(container));
    }
    Ok(manifest)
}

/// The engine of the snapshots that the queue starts with.
fn first_engine(
    snapshots: &[Snapshot],
    hits: &[Option<CachedPass>],
    manifest: &Manifest,
) -> Option<BrowserName> {
    let open = snapshots.iter().zip(hits).filter(|(snapshot, hit)| {
        snapshot.skip.is_none()
            && hit.is_none()
            && browser::check_support(snapshot, manifest).is_ok()
    });
    open.map(|(snapshot, _)| snapshot.browser).min()
}

/// Notes whether the first engine has started. A failure is not reported: a
/// session tries again.
fn note_first(
    context: &RunContext,
    engine: BrowserName,
    first: Result<BrowserConnection, BrowserError>,
) -> Option<BrowserConnection> {
    match first {
        Ok(connection) => {
            context.engines.note(engine, connection.browser.info());
            Some(connection)
        }
        Err(error) => {
            let reason = context.site.redact(&error.to_string());
            context.engines.health.failed(engine, reason);
            None
        }
    }
}

fn context(
    config: Config,
    snapshots: Arc<Vec<Snapshot>>,
    site: Site,
    environment: Environment,
    services: Services,
    worker: String,
    notices: mpsc::UnboundedSender<AdmissionNotice>,
) -> RunContext {
    let manifest = &site.manifest;
    let identity = RunIdentity {
        run_id: config.run.id.clone(),
        worker,
        folder: manifest.run_dir(&config.run.id),
    };
    let verdicts = Verdicts {
        images: ImageFolder::new(Arc::clone(manifest), identity.folder.clone()),
        updater: BaselineUpdater {
            manifest: Arc::clone(manifest),
            baselines: Baselines::of(manifest),
            update: config.run.update,
            run_id: config.run.id.clone(),
            bus: services.bus.clone(),
        },
        usual: Arc::default(),
    };
    RunContext {
        results: ResultTable::new(snapshots.len()),
        notices,
        config,
        snapshots,
        identity,
        site: Arc::new(site),
        verdicts,
        engines: Engines::new(environment),
        services,
    }
}

/// The name of this process in the record: `{host}:{pid}`. Containers can have the
/// same host and the same process id, which matters in a shared run.
/// The logins of the run, shared with other processes if there is a key.
fn logins(base: &str, config: &Config, record: &RecordConfig) -> Logins {
    #[cfg(feature = "shared-logins")]
    if let Some(key) = &config.secrets.login_key {
        return Logins::shared(SharedLogins::new(base, key, record.redis()));
    }
    let _ = (base, config, record);
    Logins::default()
}

fn worker_name(config: &Config) -> String {
    let name = format!("{}:{}", config.system.host, std::process::id());
    if !config.run.shares_work {
        return name;
    }
    let unique = uuid::Uuid::now_v7().simple().to_string();
    format!("{name}-{}", &unique[unique.len() - 6..])
}

fn publish_start(context: &RunContext, run: &VisualTestRun, joined: Option<String>) {
    let Services { bus, recorder, .. } = &context.services;
    bus.publish(RecordedEvent::RunStarted(Box::new(run.clone())));
    let planned = context.snapshots.iter().filter(|s| s.skip.is_none());
    bus.publish(Event::RunReady(Arc::new(RunSetup {
        planned: planned.count(),
        environment: run.environment.clone(),
        record: recorder.describe(),
        joined,
    })));
}

/// Warns of quarantines that have ended or are about no snapshot.
fn warn_of_quarantines(context: &RunContext) {
    let manifest = &context.site.manifest;
    if manifest.quarantines.is_empty() {
        return;
    }
    // The run may have only some of the snapshots.
    let plan = Plan::from_manifest(manifest).unwrap_or_default();
    for warning in plan.quarantine_warnings(manifest) {
        context.services.bus.publish(Event::Warning(warning));
    }
}

/// Warns of variables that neither Tintype nor the manifest knows.
fn warn_of_variables(context: &RunContext, unknown: &[String]) {
    for name in unknown {
        if !context.site.manifest.text.contains(name) {
            let warning = format!("the environment variable {name} is unknown and is ignored");
            context.services.bus.publish(Event::Warning(warning));
        }
    }
}

/// Finishes the snapshots that need no browser.
fn finish_without_browser(context: &RunContext, hits: &[Option<CachedPass>]) {
    for (index, snapshot) in context.snapshots.iter().enumerate() {
        context.results.request(index);
        if let Some(reason) = &snapshot.skip {
            context.skip(index, reason);
        } else if let Some(hit) = &hits[index] {
            context.pass_cached(index, hit);
        }
    }
}

/// The local engines of this machine, each with its build.
type EngineBuilds = Vec<(BrowserName, String)>;

/// All builds, as the environment names them.
fn all_builds(builds: &EngineBuilds) -> Option<String> {
    let builds: Vec<_> = builds.iter().map(|(_, build)| build.as_str()).collect();
    (!builds.is_empty()).then(|| builds.join(", "))
}

/// The context of the cache for the browsers of this machine, and their builds.
/// A `webdriver` has its own browsers.
pub fn cache_context(
    manifest: &Manifest,
    config: &Config,
    environment: &Environment,
) -> (CacheContext, EngineBuilds) {
    let (mut browsers, mut switches, mut builds) = (Vec::new(), Vec::new(), Vec::new());
    let names = manifest.browser.names.iter();
    for &engine in names.filter(|_| manifest.browser.webdriver.is_none()) {
        let programs = find(&manifest.browser, engine).ok();
        let program = programs.as_ref().map(|programs| programs.browser.as_path());
        let build = match &manifest.browser.container {
            None => program.map(|program| browser_build(program, &manifest.state_dir())),
            Some(container) => container.version(engine, false).map(str::to_owned),
        };
        // Chromium and its headless shell have the same version, but render
        // differently.
        let kind = program.and_then(Path::file_name);
        let image = manifest.browser.image.as_ref();
        browsers.push(match image {
            None => format!("{build:?} {kind:?}"),
            Some(image) => format!("{build:?} {kind:?} {}", image.reference),
        });
        switches.extend(manifest.browser.switches(engine));
        builds.extend(build.map(|build| (engine, build)));
    }
    let mut context = CacheContext::new(
        browsers.join(", "),
        switches,
        environment.fonts.clone(),
        &config.variables,
    );
    context.platform.clone_from(&environment.platform);
    context.arch.clone_from(&environment.arch);
    context.project.clone_from(&manifest.project);
    (context, builds)
}
