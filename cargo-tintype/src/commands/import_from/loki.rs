//! Converts a configuration of Loki.

use anyhow::{Context, Result, bail};
use serde_json::{Value, json};

use super::node::{evaluate, find};
use super::storybook::stories;
use super::suite::{ImportedSuite, name_of};

/// Sizes of Loki's presets.
const PRESETS: [(&str, u64, u64, f64, bool); 6] = [
    ("iPhone 5", 320, 568, 2.0, true),
    ("iPhone 6", 375, 667, 2.0, true),
    ("iPhone 6 Plus", 414, 736, 3.0, true),
    ("iPhone 7", 375, 667, 2.0, true),
    ("iPad", 768, 1024, 2.0, true),
    ("A4 Paper", 794, 1122, 1.0, false),
];

/// What has no meaning here, or is converted.
const KNOWN: &str = "configurations chromeSelector reactUri reference output difference diffingEngine \
    pixelmatch chromeConcurrency chromeDockerImage chromeFlags chromeRetries \
    chromeLoadTimeout";

pub(super) fn convert(suite: &mut ImportedSuite) -> Result<()> {
    let config = config(suite)?;
    for key in config
        .as_object()
        .into_iter()
        .flat_map(serde_json::Map::keys)
    {
        if !KNOWN.split(' ').any(|known| known == key) {
            suite.note(format!("{key} of Loki's configuration"));
        }
    }
    let storybook = match config["reactUri"].as_str() {
        Some(uri) if uri.starts_with("file:") => {
            suite.relative(uri.trim_start_matches("file:").trim_start_matches("//"))
        }
        Some(uri) => uri.to_owned(),
        None => suite.relative("storybook-static"),
    };
    if !storybook.starts_with("http") && !suite.here.join(&storybook).is_dir() {
        bail!("there is no folder {storybook} (help: build it: `npx storybook build`)");
    }
    suite.set("stories", "storybook", storybook.as_str());
    let selector = config["chromeSelector"]
        .as_str()
        .unwrap_or("#root > *, #storybook-root > *");
    suite.set("capture", "target", json!({ "element": selector }));
    for (key, value) in [
        ("metric", json!("yiq")),
        ("threshold", json!(0.1)),
        ("antialiasing", json!("ignore")),
    ] {
        suite.set("compare", key, value);
    }
    if let Some(threshold) = config["pixelmatch"]["threshold"].as_f64() {
        suite.set("compare", "threshold", threshold);
    }
    let configurations = config["configurations"]
        .as_object()
        .cloned()
        .unwrap_or_default();
    for (name, configuration) in &configurations {
        add(suite, &config, &storybook, name, configuration);
    }
    Ok(())
}

fn config(suite: &mut ImportedSuite) -> Result<Value> {
    if let Some(name) = find(
        &suite.folder,
        &["loki.config.js", "loki.config.cjs", "loki.config.mjs"],
    ) {
        return Ok(evaluate(suite, "loki", Some(name))?.config);
    }
    let path = suite.folder.join("package.json");
    let text =
        std::fs::read(&path).with_context(|| format!("failed to read {}", path.display()))?;
    let package: Value = serde_json::from_slice(&text)
        .with_context(|| format!("failed to parse {}", path.display()))?;
    if package["loki"]["configurations"].is_null() {
        bail!(
            "there is no `loki` in {} and no loki.config.js",
            path.display()
        );
    }
    Ok(package["loki"].clone())
}

fn add(
    suite: &mut ImportedSuite,
    config: &Value,
    storybook: &str,
    name: &str,
    configuration: &Value,
) {
    let target = configuration["target"].as_str().unwrap_or_default();
    if !target.starts_with("chrome") {
        suite.note(format!(
            "the configuration {name}: {target} is not a browser"
        ));
        return;
    }
    let preset = configuration["preset"].as_str();
    let known = PRESETS.iter().find(|(known, ..)| Some(*known) == preset);
    if let (Some(preset), None) = (preset, known) {
        suite.note(format!(
            "the configuration {name}: the preset {preset} is unknown"
        ));
        return;
    }
    let (_, width, height, scale, mobile) = known.copied().unwrap_or(("", 1366, 768, 1.0, false));
    let width = configuration["width"].as_u64().unwrap_or(width);
    let height = configuration["height"].as_u64().unwrap_or(height);
    let scale = configuration["deviceScaleFactor"].as_f64().unwrap_or(scale);
    let mobile = configuration["mobile"].as_bool().unwrap_or(mobile);
    let viewport = json!({ "width": width, "height": height, "scale": scale, "mobile": mobile });
    suite.set("viewports", &name_of(name), viewport);
    let suffix = if scale == 1.0 {
        String::new()
    } else {
        format!("@{scale}x")
    };
    let reference = config["reference"].as_str().unwrap_or(".loki/reference");
    let reference = suite.folder.join(reference);
    let built = stories(&suite.here.join(storybook));
    if built.is_empty() {
        suite.note("pictures: they are found by the titles of a built Storybook only");
    }
    for story in built {
        let stem = underscored(&format!("{name} {} {}", story.title, story.name));
        let file = reference.join(format!("{stem}.png"));
        if !file.is_file() {
            suite.note(format!("{}: there is no picture {stem}.png", story.id));
        }
        let id = format!("{}{suffix}", story.id);
        suite.picture(file, &id, "light", &format!("{width}x{height}"));
    }
}

/// A name as Loki writes it: one underscore for all that is no letter or digit.
fn underscored(text: &str) -> String {
    let words = text.split(|c: char| !c.is_ascii_alphanumeric());
    let words: Vec<_> = words.filter(|word| !word.is_empty()).collect();
    words.join("_")
}
