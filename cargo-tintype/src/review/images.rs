//! Serves images by run, snapshot and kind, never by path.

use axum::body::Body;
use axum::extract::{Path, Query, State};
use axum::http::{Response, header};
use serde::Deserialize;
use tintype::internals::model::RunId;
use tokio::task::spawn_blocking;

use super::error::ApiError;
use super::names::parse_name;
use super::state::App;
use crate::causes;
use crate::images::{self, RunImage};
use crate::past_baselines;

/// The query of the address of an image.
#[derive(Deserialize)]
pub(super) struct ImageQuery {
    /// The hash of the image: with it the address always has the same content.
    v: Option<String>,
    /// The cause whose residual is drawn.
    cause: Option<String>,
}

pub(super) async fn image(
    State(app): State<App>,
    Path((run, name, kind)): Path<(String, String, String)>,
    Query(query): Query<ImageQuery>,
) -> Result<Response<Body>, ApiError> {
    let story = parse_name(&name)?;
    let read = if kind == "baseline" {
        spawn_blocking(move || {
            let project = app.project()?;
            let path = project.baseline(&story)?;
            let found = project.baselines().read(&path)?;
            found
                .map(|found| found.bytes)
                .ok_or_else(|| anyhow::anyhow!("there is no baseline"))
        })
        .await
    } else {
        let (run, result) = app.source.test(&RunId(run), &story).await?;
        if kind == "replaced" {
            let copy = app.decisions.replaced(&result);
            let (_, copy) = copy.ok_or_else(|| ApiError::not_found("no baseline was replaced"))?;
            let bytes = images::read(&copy).map_err(|error| missing(&error))?;
            return respond(bytes, true);
        }
        if kind == "compared" {
            let read = spawn_blocking(move || {
                let project = app.project()?;
                past_baselines::of_run(&project, &app.decisions, &run, &result)
            });
            let read = read.await.map_err(anyhow::Error::new)?;
            return respond(read.map_err(|error| missing(&error))?, false);
        }
        if kind == "residual" {
            let drawn = spawn_blocking(move || {
                let project = app.project()?;
                causes::residual(&project, &result, query.cause.as_deref())
            });
            let drawn = drawn.await.map_err(anyhow::Error::new)?;
            // The baseline may change.
            return respond(drawn.map_err(|error| missing(&error))?, false);
        }
        let image = match kind.as_str() {
            "current" if result.current.is_some() => Some(RunImage::Current),
            "diff" if result.diff.is_some() => Some(RunImage::Diff),
            _ => None,
        };
        let image = image.ok_or_else(|| ApiError::not_found("the run has no such image"))?;
        spawn_blocking(move || {
            let project = app.project()?;
            Ok(images::verified(&project.manifest, &result, image)?.1)
        })
        .await
    };
    let bytes = read
        .map_err(anyhow::Error::new)
        .and_then(|read| read)
        .map_err(|error| missing(&error))?;
    respond(bytes, query.v.is_some_and(|hash| !hash.is_empty()))
}

/// The error of an image that is missing or refused.
fn missing(error: &anyhow::Error) -> ApiError {
    ApiError::not_found(format!("{error:#}"))
}

fn respond(bytes: Vec<u8>, is_immutable: bool) -> Result<Response<Body>, ApiError> {
    let caching = if is_immutable {
        "private, max-age=3600"
    } else {
        "no-cache"
    };
    Response::builder()
        .header(header::CONTENT_TYPE, "image/png")
        .header(header::CACHE_CONTROL, caching)
        .body(Body::from(bytes))
        .map_err(|error| anyhow::Error::new(error).into())
}
