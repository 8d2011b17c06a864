//! Serves the page until Ctrl-C or SIGTERM.

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::middleware::from_fn_with_state;
use axum::routing::{get, post};
use tintype::internals::process::interrupted;
use tintype::internals::record::Records;
use tokio::net::TcpListener;

use super::state::App;
use super::{
    api, assets, authentication, budgets, changes, connections, history, images, live_events,
    machines, metrics, nodes, quarantines, request_filter, slow,
};

/// How often runs whose processes have died are looked for.
const ABANDONED_INTERVAL: Duration = Duration::from_secs(15);

/// Serves until Ctrl-C or SIGTERM. Open event streams would block a graceful
/// shutdown forever, so connections are cut; pages reconnect.
pub(super) async fn serve(app: App, listener: TcpListener) {
    let records = app.source.records.clone();
    tokio::select! {
        () = connections::serve(listener, router(Arc::clone(&app))) => {}
        () = app.streams.follow(&records) => {}
        () = end_abandoned(&records) => {}
        () = interrupted() => {}
    }
}

/// Ends runs all of whose processes have died, so that open pages show it. A
/// record in memory sees no other processes.
async fn end_abandoned(records: &Records) {
    loop {
        if !records.is_memory() {
            // Requests report a record that is unavailable.
            let _ = records.end_abandoned().await;
        }
        tokio::time::sleep(ABANDONED_INTERVAL).await;
    }
}

fn router(app: App) -> Router {
    let authenticated = Router::new()
        .route("/api/runs", get(api::runs))
        .route("/api/runs/{run}", get(api::run))
        .route("/api/runs/{run}/events", get(live_events::of_run))
        .route("/api/runs/{run}/tests/{name}", get(api::test))
        .route("/api/runs/{run}/explained", post(changes::explained))
        .route("/api/runs/{run}/workers", get(machines::workers))
        .route("/api/runs/{run}/commands", post(machines::command))
        .route("/api/history/{name}", get(history::history))
        .route("/api/budgets", get(budgets::budgets))
        .route("/api/machines", get(nodes::nodes))
        .route("/api/slow", get(slow::slow))
        .route("/api/flaky", get(history::flaky))
        .route(
            "/api/quarantines",
            get(quarantines::list).post(quarantines::change),
        )
        .route("/api/events", get(live_events::of_all))
        .route("/api/decisions", post(api::decide))
        .route("/images/{run}/{name}/{kind}", get(images::image))
        .layer(from_fn_with_state(
            Arc::clone(&app),
            authentication::require_user,
        ));
    let scraped = Router::new()
        .route("/metrics", get(metrics::metrics))
        .layer(from_fn_with_state(
            Arc::clone(&app),
            metrics::require_scraper,
        ));
    Router::new()
        .route("/", get(assets::page))
        .route("/assets/{*path}", get(assets::file))
        .route("/open/{secret}", get(authentication::open_link))
        .route(
            "/api/session",
            get(authentication::session).post(authentication::log_in),
        )
        .route("/api/session/end", post(authentication::log_out))
        .merge(authenticated)
        .merge(scraped)
        .layer(from_fn_with_state(Arc::clone(&app), request_filter::filter))
        .with_state(app)
}
