//! Serves the page, its styles, scripts and fonts, all from the binary.

use axum::body::Body;
use axum::extract::Path;
use axum::http::{Response, StatusCode, header};
use axum::response::Html;
use tintype::internals::report::html::assets::{FONTS, ICONS, REVIEW_SCRIPTS, SCRIPTS, STYLE};

const PAGE: &str = include_str!("review.html");

pub(super) async fn page() -> Html<&'static str> {
    Html(PAGE)
}

pub(super) async fn file(Path(path): Path<String>) -> Result<Response<Body>, StatusCode> {
    let (kind, body) = find(&path).ok_or(StatusCode::NOT_FOUND)?;
    Response::builder()
        .header(header::CONTENT_TYPE, kind)
        .header(header::CACHE_CONTROL, "no-cache")
        .body(body.into())
        .map_err(|_| StatusCode::INTERNAL_SERVER_ERROR)
}

fn find(path: &str) -> Option<(&'static str, &'static [u8])> {
    const CSS: &str = "text/css; charset=utf-8";
    const JS: &str = "text/javascript; charset=utf-8";
    let script = |name: &str| {
        let mut scripts = SCRIPTS.iter().chain(&REVIEW_SCRIPTS);
        scripts.find_map(|(known, source)| (*known == name).then_some(source.as_bytes()))
    };
    match path {
        "tintype.css" => Some((CSS, STYLE.as_bytes())),
        "icons.css" => Some((CSS, ICONS.as_bytes())),
        _ if path.starts_with("js/") => Some((JS, script(&path[3..])?)),
        _ => {
            let mut fonts = FONTS.iter();
            fonts.find_map(|(known, font)| (*known == path).then_some(("font/woff2", *font)))
        }
    }
}
