//! Pictures, by run, snapshot and kind; never by path.

use axum::body::Body;
use axum::extract::{Path, RawQuery, State};
use axum::http::{Response, header};
use tintype::baseline;
use tintype::model::RunId;
use tokio::task::spawn_blocking;

use super::App;
use super::api::story;
use super::error::ApiError;
use crate::images;

pub(super) async fn image(
    State(app): State<App>,
    Path((run, name, kind)): Path<(String, String, String)>,
    RawQuery(version): RawQuery,
) -> Result<Response<Body>, ApiError> {
    let story = story(&name)?;
    let read = if kind == "baseline" {
        spawn_blocking(move || {
            let project = app.project()?;
            let path = project.baseline(&story)?;
            let found = baseline::read(&project.manifest.root, &path)?;
            found
                .map(|found| found.bytes)
                .ok_or_else(|| anyhow::anyhow!("there is no baseline"))
        })
        .await
    } else {
        let (_, result) = app.source.test(&RunId(run), &story).await?;
        let path = match kind.as_str() {
            "current" => result.current,
            "diff" => result.diff,
            _ => None,
        };
        let path = path.ok_or_else(|| ApiError::missing("the run has no such picture"))?;
        spawn_blocking(move || {
            let project = app.project()?;
            images::read(&images::find(&project.manifest, &path)?)
        })
        .await
    };
    let bytes = read
        .map_err(anyhow::Error::new)
        .and_then(|read| read)
        .map_err(|error| ApiError::missing(format!("{error:#}")))?;
    // An address that holds the picture's hash will never mean another one.
    let hashed = version.is_some_and(|version| version.len() > "v=".len());
    let caching = if hashed {
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
