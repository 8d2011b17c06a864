//! `cargo tintype review`: review differences and decide, on a page or in the
//! terminal.
//!
//! # Layout
//! - `connections`: accepts connections, `request_filter`: rejects requests of
//!   other origins.
//! - `authentication`: identifies the user, by a `link` that was opened or by
//!   `sessions` in Redis, which are bound to the server's `identity`.
//! - `state`: shared by all requests.
//! - `run_source`: reads runs from the record and from the folder of runs.
//! - `event_streams`: the subscription that all event streams share.
//! - `api`, `changes`, `history`, `live_events`, `images`, `assets`: answer the page's requests.
//! - `names`: parses the names of snapshots in requests.
//! - `machines`: shows the workers of a shared run, and commands them.
//! - `budgets`: lists measurements beside their limits, `nodes`: the machines.
//! - `slow`: lists the slowest snapshots.
//! - `quarantines`: lists and changes quarantines.
//! - `metrics`: answers Prometheus.
//! - `alerts`: evaluates the alert rules while the server runs.
//! - `decide`: applies decisions and publishes them.
//! - `terminal`: the review in the terminal.

mod access;
mod alerts;
mod api;
mod assets;
mod authentication;
mod budgets;
mod changes;
mod connections;
mod decide;
mod error;
mod event_streams;
mod history;
mod hosts;
mod identity;
mod images;
mod link;
mod live_events;
mod machines;
mod metrics;
mod names;
mod nodes;
mod open;
mod options;
mod quarantines;
mod request_filter;
mod run_source;
mod server;
mod sessions;
mod slow;
mod state;
mod terminal;
mod terminal_images;

pub(crate) use options::ReviewOptions;

use std::net::SocketAddr;
use std::sync::Arc;

use anyhow::{Context, Result, bail};
use tintype::internals::config::Config;
use tokio::net::TcpListener;

use crate::output::print_line;
use crate::project::Project;
use access::{AccessPolicy, TOKEN};

pub(crate) fn run(config: &Config, options: &ReviewOptions) -> Result<()> {
    let project = Project::open(config)?;
    let runtime = tokio::runtime::Runtime::new().context("failed to start the async runtime")?;
    runtime.block_on(async {
        if options.tty {
            let unused = SocketAddr::from(([127, 0, 0, 1], 0));
            let app = state::open(&project, unused, options, None).await?;
            return terminal::review(&app, options).await;
        }
        let token = access::token(config.secrets.review_token.as_ref())?;
        check(options, token.is_some())?;
        let address = SocketAddr::new(options.host, options.port);
        let listener = TcpListener::bind(address)
            .await
            .with_context(|| format!("failed to listen on {address}"))?;
        let address = listener.local_addr()?;
        let app = state::open(&project, address, options, token).await?;
        let url = match &app.access.policy {
            AccessPolicy::Link(link) => link.url(),
            _ => format!(
                "http://{address}{}",
                state::landing(&app.source, options).await?
            ),
        };
        print_line!("review: {url}");
        print_line!("{}; press Ctrl-C to stop", app.source.describe());
        if options.open {
            open::in_default_browser(&url, &project.manifest.state_dir())?;
        }
        let alerts = alerts::evaluate_regularly(&app, &project.manifest);
        tokio::select! {
            () = server::serve(Arc::clone(&app), listener) => {}
            () = alerts => {}
        }
        Ok(())
    })
}

/// Rejects options under which everybody could change files.
fn check(options: &ReviewOptions, has_token: bool) -> Result<()> {
    let host = options.host;
    if !host.is_loopback() && !has_token && options.user_header.is_none() {
        bail!(
            "{host} is not a loopback address, so others could change files on this machine \
             (help: set {TOKEN} to a long random text, or pass --user-header with the header of \
             a reverse proxy)"
        );
    }
    if host.is_unspecified() && options.allow_host.is_empty() {
        bail!("pass --allow-host with the hostname that browsers use to reach {host}");
    }
    Ok(())
}
