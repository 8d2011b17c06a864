//! `cargo tintype review`: review differences and decide, on a page or in the
//! terminal.
//!
//! # Layout
//! - `request_filter`: rejects requests of other origins; `authentication`:
//!   identifies the user, with `sessions` in Redis.
//! - `state`: shared by all requests.
//! - `run_source`: reads runs from the record and from the folder of runs.
//! - `api`, `live_events`, `images`, `assets`: answer the page's requests.
//! - `decide`: applies decisions and publishes them.
//! - `terminal`: the review in the terminal.

mod access;
mod api;
mod assets;
mod authentication;
mod decide;
mod error;
mod hosts;
mod images;
mod live_events;
mod open;
mod options;
mod request_filter;
mod run_source;
mod server;
mod sessions;
mod state;
mod terminal;
mod terminal_images;

pub(crate) use options::ReviewOptions;

use std::net::SocketAddr;

use anyhow::{Context, Result, bail};
use tintype::internals::config::Config;
use tokio::net::TcpListener;

use crate::project::Project;
use access::TOKEN;

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
        let url = match &options.run {
            Some(run) => {
                let run = app.source.run_id(run).await?;
                format!("http://{address}/#/run/{}", api::encoded(run.as_str()))
            }
            None => format!("http://{address}/"),
        };
        println!("review: {url}");
        println!("{}; press Ctrl-C to stop", app.source.describe());
        if options.open {
            open::in_browser(&url);
        }
        server::serve(app, listener).await
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
