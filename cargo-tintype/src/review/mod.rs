//! `cargo tintype review`: see what differs, decide, done.
//!
//! # Layout
//! - `guard`: which requests are answered at all; `visitors`: whose.
//! - `source`: runs, from the record and from the folder of runs.
//! - `api`, `events`, `pictures`, `assets`: what the page asks for.
//! - `desk`: the decisions, `apply` from the file to the record.
//! - `tty`: the same without a page.

mod api;
mod apply;
mod assets;

mod authentication;
mod error;
mod images;
mod live_events;
mod request_filter;
mod run_source;
mod terminal;

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result, anyhow, bail};
use axum::Router;
use axum::http::HeaderName;
use axum::middleware::from_fn_with_state;
use axum::routing::{get, post};
use tintype::baseline;
use tintype::config::{Config, Secret};
use tintype::record::{RecordConfig, RecordError, Records};
use tokio::net::TcpListener;

use crate::decisions::log::DecisionLog;
use crate::project::Project;
use crate::run_files;
use authentication::{AccessPolicy, SessionStore};
use request_filter::AllowedHosts;
use run_source::RunSource;

/// Look at what differs and decide, on a page in the browser
#[derive(clap::Args)]
pub(crate) struct ReviewOptions {
    /// With --tty, only snapshots whose name contains one of these texts
    #[arg(requires = "tty")]
    filters: Vec<String>,

    /// Ask in the terminal, one snapshot after the other
    #[arg(long)]
    tty: bool,

    /// With --tty, the run; otherwise the newest one
    #[arg(long, value_name = "ID", requires = "tty")]
    run: Option<String>,

    /// The port; 0 for a free one
    #[arg(long, default_value_t = 0)]
    port: u16,

    /// The address to listen on; anything but loopback needs the token in
    /// TINTYPE_REVIEW_TOKEN, or --user-header
    #[arg(long, default_value = "127.0.0.1", value_name = "ADDRESS")]
    host: IpAddr,

    /// Believe this header of a reverse proxy, which nobody can go around,
    /// about who the visitor is
    #[arg(long, value_name = "HEADER")]
    user_header: Option<HeaderName>,

    /// Another name under which the server may be called, as behind a
    /// tunnel: NAME or NAME:PORT as browsers write it
    #[arg(long, value_name = "NAME")]
    allow_host: Vec<String>,
}

/// What every request may use.
pub(crate) struct ServerState {
    hosts: AllowedHosts,
    /// Names the manifest, whatever the current folder is.
    config: Config,
    source: RunSource,
    decisions: DecisionLog,
    access: AccessPolicy,
}

/// [`ServerState`], as handlers are given it.
type App = Arc<ServerState>;

impl ServerState {
    /// The project as its manifest says now: a reviewer's page stays open
    /// while stories are written.
    fn project(&self) -> Result<Project> {
        Project::open(&self.config)
    }
}

pub(crate) fn run(config: &Config, options: &ReviewOptions) -> Result<()> {
    let runtime = tokio::runtime::Runtime::new().context("failed to start the runtime")?;
    runtime.block_on(async {
        if options.tty {
            let nowhere = SocketAddr::from(([127, 0, 0, 1], 0));
            let app = open(config, nowhere, options, None).await?;
            return terminal::review(&app, options).await;
        }
        let token = token(config.secrets.review_token.as_ref())?;
        check(options, token.is_some())?;
        let address = SocketAddr::new(options.host, options.port);
        let listener = TcpListener::bind(address)
            .await
            .with_context(|| format!("failed to listen on {address}"))?;
        let app = open(config, listener.local_addr()?, options, token).await?;
        println!("review: http://{}/", listener.local_addr()?);
        println!("{}; Ctrl-C ends", app.source.describe());
        serve(app, listener).await
    })
}

/// Refuses to let everybody change files here.
fn check(options: &ReviewOptions, token: bool) -> Result<()> {
    let host = options.host;
    if !host.is_loopback() && !token && options.user_header.is_none() {
        bail!(
            "{host} is not a loopback address, and whoever can reach the page can change files \
             here: set {TOKEN} to a long random text, or name a reverse proxy's --user-header"
        );
    }
    if host.is_unspecified() && options.allow_host.is_empty() {
        bail!("say with --allow-host NAME:PORT by which name browsers will reach {host}");
    }
    Ok(())
}

/// Opens the project and the record.
async fn open(
    config: &Config,
    address: SocketAddr,
    options: &ReviewOptions,
    token: Option<&Secret>,
) -> Result<App> {
    let failed = |error: RecordError| anyhow!("{error}");
    let project = Project::open(config)?;
    let work = project.manifest.state_dir();
    let settings = RecordConfig::new(&work, config).map_err(failed)?;
    let records = Records::open(&settings).await.map_err(failed)?;
    Ok(Arc::new(ServerState {
        hosts: AllowedHosts::new(address, &options.allow_host),
        access: access(options, token, &settings).await?,
        config: Config {
            manifest: Some(project.manifest.path.clone()),
            ..project.config
        },
        source: RunSource::new(records, run_files::folder_of(&project.manifest)),
        decisions: DecisionLog::open(&work)?,
    }))
}

/// Runs whose processes have died are looked for this often.
const CLOSED: Duration = Duration::from_secs(15);

/// Answers until Ctrl-C or SIGTERM.
async fn serve(app: App, listener: TcpListener) -> Result<()> {
    let closing = close_abandoned(app.source.records.clone());
    let service = router(app).into_make_service_with_connect_info::<SocketAddr>();
    tokio::select! {
        served = axum::serve(listener, service) => served.context("the server stopped"),
        () = ended() => Ok(()),
        () = closing => Ok(()),
    }
}

/// Ends runs that nobody works on any more, so that open pages hear of it. A
/// record in memory hears of no work of others, so it cannot know.
async fn close_abandoned(records: Records) {
    loop {
        if !records.is_memory() {
            // A record that is away is told of where it is read.
            let _ = records.end_abandoned().await;
        }
        tokio::time::sleep(CLOSED).await;
    }
}

/// The variable with the token; an argument would be seen by every user of the
/// machine.
const TOKEN: &str = "TINTYPE_REVIEW_TOKEN";

fn token(value: Option<&Secret>) -> Result<Option<&Secret>> {
    if value.is_some_and(|value| value.reveal().len() < 16) {
        bail!("{TOKEN} has fewer than 16 characters: `openssl rand -hex 16` makes a good one");
    }
    Ok(value)
}

async fn access(
    options: &ReviewOptions,
    token: Option<&Secret>,
    settings: &RecordConfig,
) -> Result<AccessPolicy> {
    if let Some(name) = &options.user_header {
        return Ok(AccessPolicy::Header(name.clone()));
    }
    let Some(token) = token else {
        return Ok(AccessPolicy::Open);
    };
    let connected = settings.redis().connect().await;
    if !matches!(connected, Ok(Some(_))) {
        bail!("sessions of visitors are kept in Redis: set REDIS_URL to one that is running");
    }
    Ok(AccessPolicy::Token {
        hash: baseline::sha256(token.reveal().as_bytes()),
        sessions: Box::new(SessionStore::new(settings.clone())),
    })
}

/// Until somebody asks the process to end. Open event streams would keep a
/// graceful shutdown waiting for ever, so they are simply cut: pages come back
/// to where they were.
async fn ended() {
    #[cfg(unix)]
    {
        use tokio::signal::unix::{SignalKind, signal};
        if let Ok(mut terminate) = signal(SignalKind::terminate()) {
            tokio::select! {
                _ = tokio::signal::ctrl_c() => {}
                _ = terminate.recv() => {}
            }
            return;
        }
    }
    // Without a way to hear of Ctrl-C the process just ends by it.
    if tokio::signal::ctrl_c().await.is_err() {
        std::future::pending::<()>().await;
    }
}

fn router(app: App) -> Router {
    let inside = Router::new()
        .route("/api/runs", get(api::runs))
        .route("/api/runs/{run}", get(api::run))
        .route("/api/runs/{run}/events", get(live_events::of_run))
        .route("/api/runs/{run}/tests/{name}", get(api::test))
        .route("/api/history/{name}", get(api::history))
        .route("/api/flaky", get(api::flaky))
        .route("/api/events", get(live_events::of_all))
        .route("/api/decisions", post(api::decide))
        .route("/images/{run}/{name}/{kind}", get(images::image))
        .layer(from_fn_with_state(
            Arc::clone(&app),
            authentication::require_user,
        ));
    Router::new()
        .route("/", get(assets::page))
        .route("/assets/{*path}", get(assets::file))
        .route(
            "/api/session",
            get(authentication::session).post(authentication::log_in),
        )
        .route("/api/session/end", post(authentication::log_out))
        .merge(inside)
        .layer(from_fn_with_state(Arc::clone(&app), request_filter::filter))
        .with_state(app)
}
