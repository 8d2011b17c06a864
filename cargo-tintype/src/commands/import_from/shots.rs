//! Converts the screenshots that recorded tests take.

use serde_json::{Map, Value, json};

use super::node::Shot;
use super::suite::{ImportedSuite, slug, split_address};

/// A shot as an entry of `[[story]]`, with its viewport as `WxH`, or nothing if its
/// page is unknown or on another server than `base`.
pub(super) fn story(
    suite: &mut ImportedSuite,
    shot: &Shot,
    base: Option<&str>,
    whole_page: bool,
) -> Option<(Map<String, Value>, Option<String>)> {
    let shown = format!("{}: {}", shot.file, shot.titles.join(" › "));
    let Some(url) = &shot.url else {
        suite.note(format!(
            "{shown}: it opens no page, so its screenshot was left out"
        ));
        return None;
    };
    let path = match split_address(url) {
        None => format!("/{}", url.trim_start_matches("./").trim_start_matches('/')),
        Some((origin, path)) if base.is_none_or(|base| base == origin) => path.to_owned(),
        Some((origin, _)) => {
            suite.note(format!(
                "{shown}: {origin} is another server than that of the suite"
            ));
            return None;
        }
    };
    let mut capture = Map::new();
    if let Some(selector) = &shot.selector {
        capture.insert("target".to_owned(), json!({ "element": selector }));
    } else if whole_page {
        capture.insert("target".to_owned(), json!("page"));
    }
    let masks = shot.options.get("mask").and_then(Value::as_array);
    if let Some(masks) = masks.filter(|masks| !masks.is_empty()) {
        capture.insert("mask".to_owned(), json!(masks));
    }
    for option in ["clip", "omitBackground", "stylePath", "maskColor"] {
        if shot.options.contains_key(option) {
            suite.note(format!("{shown}: the option {option}"));
        }
    }
    let mut story = Map::new();
    story.insert("path".to_owned(), json!(path));
    if !capture.is_empty() {
        story.insert("capture".to_owned(), capture.into());
    }
    if !shot.steps.is_empty() {
        story.insert("steps".to_owned(), json!(shot.steps));
    }
    let size = viewport(&shot.viewport);
    if let Some(size) = &size {
        story.insert("viewports".to_owned(), json!([size]));
    }
    Some((story, size))
}

/// `{ width: 375, height: 667 }` as `375x667`.
pub(super) fn viewport(value: &Value) -> Option<String> {
    let (width, height) = (value["width"].as_u64()?, value["height"].as_u64()?);
    Some(format!("{width}x{height}"))
}

/// The id of a shot's story: its name, otherwise the titles of its test.
pub(super) fn id(shot: &Shot) -> String {
    let name = match &shot.name {
        Value::String(name) => name.clone(),
        Value::Array(parts) => {
            let parts: Vec<_> = parts.iter().filter_map(Value::as_str).collect();
            parts.join("/")
        }
        _ => {
            let number = match shot.index {
                1 => String::new(),
                index => format!("-{index}"),
            };
            return slug(&format!("{}{number}", shot.titles.join("/")));
        }
    };
    slug(name.strip_suffix(".png").unwrap_or(&name))
}
