//! Converts a configuration of BackstopJS.

use std::collections::BTreeMap;

use anyhow::{Context, Result, bail};
use serde_json::{Map, Value, json};

use super::backstop_pictures::{FileName, find_picture};
use super::node::{evaluate, find};
use super::suite::{ImportedSuite, delay, name_of, slug, split_address};

/// What has no meaning here: folders, reports, engines.
const IGNORED: &str = "id viewports scenarios scenarioDefaults paths report engine engineOptions \
    asyncCaptureLimit asyncCompareLimit debug debugWindow misMatchThreshold \
    defaultMisMatchThreshold fileNameTemplate openReport resembleOutputOptions \
    requireSameDimensions dockerCommandTemplate ci scenarioLogsInReports archiveReport \
    label archivePath";

/// The keys of a scenario that are converted, or have no meaning here.
const SCENARIO: &str = "label url readySelector delay hideSelectors removeSelectors hoverSelector \
    hoverSelectors clickSelector clickSelectors keyPressSelectors scrollToSelector \
    postInteractionWait selectors selectorExpansion misMatchThreshold \
    requireSameDimensions viewports sIndex readyTimeout expect";

pub(super) fn convert(suite: &mut ImportedSuite) -> Result<()> {
    let config = config(suite)?;
    let viewports = viewports(suite, &config["viewports"]);
    let scenarios = config["scenarios"].as_array().cloned().unwrap_or_default();
    if scenarios.is_empty() {
        bail!("the configuration has no scenarios");
    }
    for key in config.as_object().into_iter().flat_map(Map::keys) {
        if !IGNORED.split(' ').any(|known| known == key) {
            suite.note(format!("{key} of the configuration"));
        }
    }
    // Resemble's tolerance of a pixel is about this.
    for (key, value) in [
        ("metric", json!("yiq")),
        ("threshold", json!(0.1)),
        ("antialiasing", json!("ignore")),
    ] {
        suite.set("compare", key, value);
    }
    suite.set(
        "compare",
        "max-diff-ratio",
        percent(&config["misMatchThreshold"]).unwrap_or(0.001),
    );
    let base = base(&scenarios);
    match &base {
        Some(base) => suite.set("stories", "url", base.as_str()),
        None => suite.set("stories", "dir", suite.relative(".")),
    }
    for (index, scenario) in scenarios.iter().enumerate() {
        let mut merged = config["scenarioDefaults"]
            .as_object()
            .cloned()
            .unwrap_or_default();
        merged.extend(scenario.as_object().cloned().unwrap_or_default());
        let scenario = Value::Object(merged);
        add(
            suite,
            &config,
            &scenario,
            index,
            base.as_deref(),
            &viewports,
        );
    }
    Ok(())
}

fn config(suite: &mut ImportedSuite) -> Result<Value> {
    let names = [
        "backstop.json",
        "backstop.config.js",
        "backstop.config.cjs",
        "backstop.js",
    ];
    match find(&suite.folder, &names) {
        Some("backstop.json") => {
            let path = suite.folder.join("backstop.json");
            let text = std::fs::read(&path)
                .with_context(|| format!("failed to read {}", path.display()))?;
            serde_json::from_slice(&text)
                .with_context(|| format!("failed to parse {}", path.display()))
        }
        Some(name) => Ok(evaluate(suite, "backstop", Some(name))?.config),
        None => bail!("there is no backstop.json in {}", suite.folder.display()),
    }
}

/// Label and size of each viewport, which become those of the suite.
fn viewports(suite: &mut ImportedSuite, value: &Value) -> Vec<(String, String)> {
    let mut viewports = Vec::new();
    for viewport in value.as_array().into_iter().flatten() {
        let label = viewport["label"]
            .as_str()
            .or(viewport["name"].as_str())
            .unwrap_or("viewport");
        let (width, height) = (&viewport["width"], &viewport["height"]);
        suite.set(
            "viewports",
            &name_of(label),
            json!({ "width": width, "height": height }),
        );
        viewports.push((label.to_owned(), format!("{width}x{height}")));
    }
    viewports
}

/// The server of most scenarios; none if they are files.
fn base(scenarios: &[Value]) -> Option<String> {
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    for url in scenarios
        .iter()
        .filter_map(|scenario| scenario["url"].as_str())
    {
        if let Some((origin, _)) = split_address(url) {
            *counts.entry(origin).or_default() += 1;
        }
    }
    let most = counts.into_iter().max_by_key(|(_, count)| *count);
    most.map(|(origin, _)| origin.to_owned())
}

fn percent(value: &Value) -> Option<f64> {
    value.as_f64().map(|percent| percent / 100.0)
}

fn add(
    suite: &mut ImportedSuite,
    config: &Value,
    scenario: &Value,
    index: usize,
    base: Option<&str>,
    viewports: &[(String, String)],
) {
    let label = scenario["label"].as_str().unwrap_or("scenario");
    let url = scenario["url"].as_str().unwrap_or_default();
    let path = match (split_address(url), base) {
        (Some((origin, path)), Some(base)) if origin == base => path.to_owned(),
        (None, None) => url.trim_start_matches("./").to_owned(),
        _ => {
            suite.note(format!(
                "{label}: {url} is on another server than most scenarios"
            ));
            return;
        }
    };
    for key in scenario.as_object().into_iter().flat_map(Map::keys) {
        if !SCENARIO.split(' ').any(|known| known == key) {
            suite.note(format!("{label}: {key}"));
        }
    }
    let own = scenario["viewports"]
        .as_array()
        .filter(|own| !own.is_empty());
    let own: Option<Vec<(String, String)>> = own.map(|own| {
        let sizes = own.iter().map(|viewport| {
            let label = viewport["label"].as_str().unwrap_or("viewport").to_owned();
            (
                label,
                format!("{}x{}", viewport["width"], viewport["height"]),
            )
        });
        sizes.collect()
    });
    let selectors = scenario["selectors"]
        .as_array()
        .cloned()
        .unwrap_or_default();
    let selectors = if selectors.is_empty() {
        vec![json!("document")]
    } else {
        selectors
    };
    for (position, selector) in selectors.iter().filter_map(Value::as_str).enumerate() {
        let mut story = Map::new();
        story.insert("path".to_owned(), json!(path));
        story.insert("capture".to_owned(), capture(scenario, selector).into());
        let steps = steps(scenario);
        if !steps.is_empty() {
            story.insert("steps".to_owned(), json!(steps));
        }
        if let Some(ratio) = percent(&scenario["misMatchThreshold"]) {
            story.insert("compare".to_owned(), json!({ "max-diff-ratio": ratio }));
        }
        if let Some(own) = &own {
            let sizes: Vec<_> = own.iter().map(|(_, size)| size).collect();
            story.insert("viewports".to_owned(), json!(sizes));
        }
        let id = match selectors.len() {
            1 => slug(label),
            _ => slug(&format!("{label}-{selector}")),
        };
        let id = suite.add(&id, story);
        for (number, (viewport, size)) in own.as_deref().unwrap_or(viewports).iter().enumerate() {
            let name = FileName {
                scenario: index,
                label,
                position,
                selector,
                number,
                viewport,
            };
            match find_picture(&suite.folder, config, &name) {
                Some(file) => suite.picture(file, &id, "light", size),
                None => suite.note(format!(
                    "{label}: there is no reference of {selector} at {viewport}"
                )),
            }
        }
    }
}

fn capture(scenario: &Value, selector: &str) -> Map<String, Value> {
    let mut capture = Map::new();
    let target = match selector {
        "document" => json!("page"),
        "viewport" => json!("viewport"),
        element => json!({ "element": element }),
    };
    capture.insert("target".to_owned(), target);
    let ready = scenario["readySelector"]
        .as_str()
        .filter(|selector| !selector.is_empty());
    let conditions: Vec<Value> = ready
        .map(|selector| json!(selector))
        .into_iter()
        .chain(delay(&scenario["delay"]))
        .collect();
    if !conditions.is_empty() {
        capture.insert("wait-for".to_owned(), json!(conditions));
    }
    let hidden: Vec<_> = texts(&scenario["hideSelectors"]);
    if !hidden.is_empty() {
        capture.insert("mask".to_owned(), json!(hidden));
    }
    capture
}

/// In the order in which BackstopJS performs them.
fn steps(scenario: &Value) -> Vec<Value> {
    let mut steps = Vec::new();
    for selector in texts(&scenario["removeSelectors"]) {
        let script = format!(
            "document.querySelectorAll({}).forEach(element => element.remove())",
            json!(selector)
        );
        steps.push(json!({ "script": script }));
    }
    for entry in scenario["keyPressSelectors"]
        .as_array()
        .into_iter()
        .flatten()
    {
        if let (Some(into), Some(text)) = (entry["selector"].as_str(), entry["keyPress"].as_str()) {
            steps.push(json!({ "type": { "into": into, "text": text } }));
        }
    }
    for (one, many, action) in [
        ("hoverSelector", "hoverSelectors", "hover"),
        ("clickSelector", "clickSelectors", "click"),
    ] {
        for selector in texts(&scenario[one])
            .into_iter()
            .chain(texts(&scenario[many]))
        {
            steps.push(json!({ action: selector }));
        }
    }
    match &scenario["postInteractionWait"] {
        Value::String(selector) if !selector.is_empty() => {
            steps.push(json!({ "wait-for": selector }));
        }
        time => steps.extend(delay(time).map(|delay| json!({ "wait-for": delay }))),
    }
    for selector in texts(&scenario["scrollToSelector"]) {
        steps.push(json!({ "scroll-to": selector }));
    }
    steps
}

/// One text, or a list of them.
fn texts(value: &Value) -> Vec<String> {
    let one = value.as_str().into_iter();
    let many = value
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(Value::as_str);
    let texts = one.chain(many).filter(|text| !text.is_empty());
    texts.map(str::to_owned).collect()
}
