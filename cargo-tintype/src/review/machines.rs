//! Shows the workers of a run that several machines share, and sends commands to
//! them.

use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::{Extension, Json};
use serde::Deserialize;
use serde_json::{Value, json};
use tintype::internals::model::RunId;
use tintype::internals::record::{SharedRun, WorkerCommand};

use super::access::AccessPolicy;
use super::authentication::User;
use super::error::ApiError;
use super::state::App;

pub(super) async fn workers(
    State(app): State<App>,
    Path(run): Path<String>,
) -> Result<Json<SharedRun>, ApiError> {
    let id = RunId(run);
    let records = &app.source.records;
    // Runs of other projects are not found.
    records.run(&id).await?;
    Ok(Json(records.shared_run(&id).await?))
}

/// A command to one worker or to all of them.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct CommandRequest {
    command: WorkerCommand,
    #[serde(default)]
    worker: Option<String>,
}

pub(super) async fn command(
    State(app): State<App>,
    Extension(user): Extension<User>,
    Path(run): Path<String>,
    Json(request): Json<CommandRequest>,
) -> Result<Json<Value>, ApiError> {
    let (id, records) = (RunId(run), &app.source.records);
    let CommandRequest { command, worker } = request;
    if records.run(&id).await?.reason.is_some() {
        return Err(ApiError::new(
            StatusCode::CONFLICT,
            format!("the run {id} has ended"),
        ));
    }
    if let AccessPolicy::Token { sessions, .. } = &app.access.policy {
        let subject = format!("{id} {}", worker.as_deref().unwrap_or("all workers"));
        sessions
            .audit(&user.name, command.as_str(), &subject)
            .await?;
    }
    let reached = match worker {
        None => records.command_all(&id, command).await?,
        Some(worker) => {
            let is_there = records.command_worker(&id, &worker, command).await?;
            Vec::from_iter(is_there.then_some(worker))
        }
    };
    if reached.is_empty() {
        return Err(ApiError::not_found(
            "the run has no such worker: it has left".to_owned(),
        ));
    }
    Ok(Json(json!({ "workers": reached })))
}
