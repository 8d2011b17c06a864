//! Converts a configuration of Lost Pixel.

use anyhow::{Result, bail};
use serde_json::{Map, Value, json};

use super::node::{evaluate, find};
use super::storybook::stories;
use super::suite::{DEFAULT_HEIGHT, ImportedSuite, delay, name_of, slug};

const CONFIGS: [&str; 4] = [
    "lostpixel.config.ts",
    "lostpixel.config.js",
    "lostpixel.config.mjs",
    "lostpixel.config.cjs",
];

/// What has no meaning here, or is converted.
const KNOWN: &str = "storybookShots pageShots storybookUrl generateOnly failOnDifference \
    imagePathBaseline imagePathCurrent imagePathDifference browser threshold \
    breakpoints mask waitBeforeScreenshot compareConcurrency shotConcurrency timeouts \
    lostPixelProjectId apiKey";

/// The width of Lost Pixel's browser without breakpoints.
const WIDTH: u64 = 1280;

pub(super) fn convert(suite: &mut ImportedSuite) -> Result<()> {
    let Some(name) = find(&suite.folder, &CONFIGS) else {
        bail!("there is no lostpixel.config in {}", suite.folder.display());
    };
    let config = evaluate(suite, "lost-pixel", Some(name))?.config;
    for key in config.as_object().into_iter().flat_map(Map::keys) {
        if !KNOWN.split(' ').any(|known| known == key) {
            suite.note(format!("{key} of the configuration"));
        }
    }
    common(suite, &config);
    let baselines = config["imagePathBaseline"]
        .as_str()
        .unwrap_or(".lostpixel/baseline/");
    let baselines = baselines.trim_start_matches("./").to_owned();
    // Version 2 has the address at the top.
    let storybook = config["storybookShots"]["storybookUrl"]
        .as_str()
        .or(config["storybookUrl"].as_str());
    match (storybook, &config["pageShots"]) {
        (Some(url), pages) => {
            if !pages.is_null() {
                suite.note(
                    "pageShots: a suite has one source of stories (help: write a second manifest)",
                );
            }
            storybook_shots(suite, &config, url, &baselines)
        }
        (None, Value::Object(pages)) => {
            page_shots(suite, &config, &Value::Object(pages.clone()), &baselines)
        }
        _ => bail!("the configuration has neither storybookShots nor pageShots"),
    }
}

fn common(suite: &mut ImportedSuite, config: &Value) {
    let engine = config["browser"].as_str().unwrap_or("chromium");
    suite.set("browser", "names", json!([engine]));
    for (key, value) in [
        ("metric", json!("yiq")),
        ("threshold", json!(0.1)),
        ("antialiasing", json!("ignore")),
    ] {
        suite.set("compare", key, value);
    }
    if let Some((key, limit)) = limit(&config["threshold"]) {
        suite.set("compare", key, limit);
    }
    if let Some(delay) = delay(&config["waitBeforeScreenshot"]) {
        suite.set("capture", "wait-for", delay);
    }
    let masks = masks(config);
    if !masks.is_empty() {
        suite.set("capture", "mask", json!(masks));
    }
}

/// A ratio below 1, otherwise a number of pixels.
fn limit(value: &Value) -> Option<(&'static str, Value)> {
    let limit = value.as_f64().filter(|limit| *limit > 0.0)?;
    Some(match limit < 1.0 {
        true => ("max-diff-ratio", json!(limit)),
        #[expect(clippy::cast_possible_truncation, reason = "a number of pixels")]
        false => ("max-diff-pixels", json!(limit as i64)),
    })
}

fn masks(value: &Value) -> Vec<Value> {
    let masks = value["mask"].as_array().into_iter().flatten();
    let masks = masks.map(|mask| mask["selector"].clone());
    masks.filter(Value::is_string).collect()
}

/// The widths, which become viewports.
fn widths(value: &Value) -> Vec<u64> {
    let widths = value["breakpoints"].as_array().into_iter().flatten();
    widths.filter_map(Value::as_u64).collect()
}

/// The widths of the suite with the part of a file name for each.
fn viewports(suite: &mut ImportedSuite, widths: &[u64]) -> Vec<(u64, String)> {
    let all: Vec<(u64, String)> = match widths {
        [] => vec![(WIDTH, String::new())],
        widths => widths
            .iter()
            .map(|width| (*width, format!("__[w{width}px]")))
            .collect(),
    };
    for (width, _) in &all {
        let viewport = json!({ "width": width, "height": DEFAULT_HEIGHT });
        suite.set("viewports", &name_of(&format!("w{width}")), viewport);
    }
    all
}

fn storybook_shots(
    suite: &mut ImportedSuite,
    config: &Value,
    url: &str,
    baselines: &str,
) -> Result<()> {
    let shots = &config["storybookShots"];
    let storybook = if url.starts_with("http") {
        url.to_owned()
    } else {
        suite.relative(url)
    };
    if !storybook.starts_with("http") && !suite.here.join(&storybook).is_dir() {
        bail!("there is no folder {storybook} (help: build it: `npx storybook build`)");
    }
    suite.set("stories", "storybook", storybook.as_str());
    let masks = masks(shots);
    if !masks.is_empty() {
        suite.set("capture", "mask", json!(masks));
    }
    match shots["elementLocator"]
        .as_str()
        .filter(|locator| !locator.is_empty())
    {
        Some(element) => suite.set("capture", "target", json!({ "element": element })),
        None => suite.set("capture", "target", "page"),
    }
    if let Some(selector) = shots["waitForSelector"].as_str() {
        suite.set("capture", "wait-for", selector);
    }
    let own = widths(shots);
    let viewports = viewports(suite, if own.is_empty() { &[] } else { &own });
    let built = stories(&suite.here.join(&storybook));
    if built.is_empty() {
        suite.note("pictures: they are found by the stories of a built Storybook only");
    }
    for story in built {
        for (width, suffix) in &viewports {
            let name = format!("{}{suffix}.png", story.id);
            let file = suite.folder.join(baselines).join(&name);
            if !file.is_file() {
                suite.note(format!("{}: there is no picture {name}", story.id));
            }
            suite.picture(
                file,
                &story.id,
                "light",
                &format!("{width}x{DEFAULT_HEIGHT}"),
            );
        }
    }
    Ok(())
}

fn page_shots(
    suite: &mut ImportedSuite,
    config: &Value,
    shots: &Value,
    baselines: &str,
) -> Result<()> {
    let Some(base) = shots["baseUrl"].as_str() else {
        bail!("pageShots has no baseUrl");
    };
    suite.set("stories", "url", base.trim_end_matches('/'));
    suite.set("capture", "target", "page");
    let general = match widths(shots) {
        own if own.is_empty() => widths(config),
        own => own,
    };
    let general = viewports(suite, &general);
    for page in shots["pages"].as_array().into_iter().flatten() {
        let name = page["name"].as_str().unwrap_or("page");
        let path = format!(
            "/{}",
            page["path"].as_str().unwrap_or("/").trim_start_matches('/')
        );
        let mut story = Map::new();
        story.insert("path".to_owned(), json!(path));
        let mut capture = Map::new();
        if let Some(delay) = delay(&page["waitBeforeScreenshot"]) {
            capture.insert("wait-for".to_owned(), delay);
        }
        let masks = masks(page);
        if !masks.is_empty() {
            capture.insert("mask".to_owned(), json!(masks));
        }
        if !capture.is_empty() {
            story.insert("capture".to_owned(), capture.into());
        }
        if let Some((key, limit)) = limit(&page["threshold"]) {
            story.insert("compare".to_owned(), json!({ key: limit }));
        }
        let own = widths(page);
        let own: Vec<_> = own
            .iter()
            .map(|width| (*width, format!("__[w{width}px]")))
            .collect();
        if !own.is_empty() {
            let sizes: Vec<_> = own
                .iter()
                .map(|(width, _)| format!("{width}x{DEFAULT_HEIGHT}"))
                .collect();
            story.insert("viewports".to_owned(), json!(sizes));
        }
        for key in ["beforeScreenshot", "viewport"]
            .iter()
            .filter(|key| !page[**key].is_null())
        {
            suite.note(format!("{name}: {key}"));
        }
        let id = suite.add(&slug(name), story);
        for (width, suffix) in if own.is_empty() { &general } else { &own } {
            let file = suite
                .folder
                .join(baselines)
                .join(format!("{name}{suffix}.png"));
            if !file.is_file() {
                suite.note(format!("{name}: there is no picture {name}{suffix}.png"));
            }
            suite.picture(file, &id, "light", &format!("{width}x{DEFAULT_HEIGHT}"));
        }
    }
    Ok(())
}
