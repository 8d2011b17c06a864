//! Lists, sets and lifts quarantines for the page.

use anyhow::Context as _;
use axum::extract::State;
use axum::{Extension, Json};
use jiff::civil::Date;
use serde::Deserialize;
use serde_json::{Value, json};
use tintype::internals::manifest::SnapshotSelector;
use tokio::task::spawn_blocking;

use super::access::AccessPolicy;
use super::authentication::User;
use super::error::ApiError;
use super::state::App;
use crate::quarantines::{self, ListedQuarantine, NewQuarantine};

pub(super) async fn list(State(app): State<App>) -> Result<Json<Value>, ApiError> {
    let project = app.project()?;
    let listed = quarantines::list(&project, &app.source.records).await?;
    let documents: Vec<_> = listed.iter().map(ListedQuarantine::document).collect();
    Ok(Json(json!({ "quarantines": documents })))
}

/// What a person asks for.
#[derive(Deserialize)]
#[serde(rename_all = "kebab-case", tag = "change", deny_unknown_fields)]
pub(super) enum QuarantineRequest {
    Set {
        /// A test name, or the beginning of one.
        subject: String,
        /// The last day: `2026-12-31`.
        until: String,
        reason: String,
    },
    Lift {
        subject: String,
    },
}

pub(super) async fn change(
    State(app): State<App>,
    Extension(user): Extension<User>,
    Json(request): Json<QuarantineRequest>,
) -> Result<Json<Value>, ApiError> {
    let (action, subject) = match &request {
        QuarantineRequest::Set { subject, .. } => ("quarantine", subject.clone()),
        QuarantineRequest::Lift { subject } => ("lift", subject.clone()),
    };
    let state = App::clone(&app);
    let changed = spawn_blocking(move || apply(&state, &request)).await;
    let changed = changed.map_err(anyhow::Error::new)?;
    changed.map_err(|error| ApiError::invalid(format!("{error:#}")))?;
    if let AccessPolicy::Token { sessions, .. } = &app.access.policy {
        sessions.audit(&user.name, action, &subject).await?;
    }
    list(State(app)).await
}

fn apply(app: &App, request: &QuarantineRequest) -> anyhow::Result<()> {
    let project = app.project()?;
    match request {
        QuarantineRequest::Set {
            subject,
            until,
            reason,
        } => {
            let until: Date = (until.parse().ok()).context("expected a date, as in 2026-12-31")?;
            let subject = &selector(subject)?;
            let new = NewQuarantine {
                subject,
                until,
                reason,
            };
            quarantines::set(&project, &new)
        }
        QuarantineRequest::Lift { subject } => {
            quarantines::lift(&project, &selector(subject)?).map(drop)
        }
    }
}

fn selector(text: &str) -> anyhow::Result<SnapshotSelector> {
    text.parse().map_err(anyhow::Error::msg)
}
