//! Converts `toHaveScreenshot` of Playwright Test.

use anyhow::{Result, bail};
use serde_json::{Map, Value, json};

use super::node::{Shot, evaluate, find};
use super::playwright_pictures::picture;
use super::shots;
use super::suite::{ImportedSuite, name_of, split_address};

const CONFIGS: [&str; 6] = [
    "playwright.config.ts",
    "playwright.config.js",
    "playwright.config.mjs",
    "playwright.config.cjs",
    "playwright.config.mts",
    "playwright.config.cts",
];

/// Settings that have the same meaning here under another name.
const DEVICE: [(&str, &str); 3] = [
    ("locale", "locale"),
    ("timezoneId", "timezone"),
    ("userAgent", "user-agent"),
];

/// A project of the configuration: a browser at a viewport in a colour scheme.
struct PlaywrightProject {
    name: String,
    engine: String,
    viewport: String,
    theme: String,
}

pub(super) fn convert(suite: &mut ImportedSuite) -> Result<()> {
    let Some(config) = find(&suite.folder, &CONFIGS) else {
        bail!(
            "there is no playwright.config in {}",
            suite.folder.display()
        );
    };
    let recorded = evaluate(suite, "playwright", Some(config))?;
    let config = &recorded.config;
    server(suite, config);
    let defaults = &config["expect"]["toHaveScreenshot"];
    suite
        .sections
        .insert("compare".to_owned(), json!(limits(defaults, true)));
    let projects = projects(suite, config);
    // The address of the suite: that of the settings, otherwise of the first page.
    let first = recorded.shots.iter().filter_map(|shot| shot.url.as_deref());
    let first = first
        .filter_map(|url| Some(split_address(url)?.0.to_owned()))
        .next();
    let base = config["use"]["baseURL"]
        .as_str()
        .and_then(|url| Some(split_address(url)?.0.to_owned()));
    let Some(base) = base.or(first) else {
        bail!(
            "neither the configuration nor a test has the address of the pages (help: set use.baseURL)"
        );
    };
    suite.set("stories", "url", base.as_str());
    for shot in &recorded.shots {
        add(suite, shot, config, &base, &projects);
    }
    Ok(())
}

fn server(suite: &mut ImportedSuite, config: &Value) {
    match &config["webServer"] {
        Value::Object(server) => {
            if let Some(command) = server.get("command").and_then(Value::as_str) {
                suite.set("stories", "command", command);
            }
            for key in ["cwd", "env"]
                .iter()
                .filter(|key| server.contains_key(**key))
            {
                suite.note(format!("webServer.{key}"));
            }
        }
        Value::Array(_) => {
            suite.note("webServer: several servers (help: start them in one command)");
        }
        _ => {}
    }
}

/// The tolerance of the options of an assertion; `whole` with the defaults.
fn limits(options: &Value, whole: bool) -> Map<String, Value> {
    let mut limits = Map::new();
    if whole {
        // Playwright compares with pixelmatch 7 and leaves out anti-aliased pixels.
        limits.insert("metric".to_owned(), json!("yiq"));
        limits.insert("threshold".to_owned(), json!(0.2));
        limits.insert("antialiasing".to_owned(), json!("ignore"));
    }
    for (theirs, ours) in [
        ("threshold", "threshold"),
        ("maxDiffPixels", "max-diff-pixels"),
        ("maxDiffPixelRatio", "max-diff-ratio"),
    ] {
        if options[theirs].is_number() {
            limits.insert(ours.to_owned(), options[theirs].clone());
        }
    }
    limits
}

fn projects(suite: &mut ImportedSuite, config: &Value) -> Vec<PlaywrightProject> {
    let own = config["projects"].as_array().cloned().unwrap_or_default();
    let own = if own.is_empty() { vec![json!({})] } else { own };
    let mut projects: Vec<PlaywrightProject> = Vec::new();
    for project in &own {
        let mut merged = config["use"].as_object().cloned().unwrap_or_default();
        merged.extend(project["use"].as_object().cloned().unwrap_or_default());
        let settings = Value::Object(merged);
        projects.push(self::project(
            suite,
            project["name"].as_str().unwrap_or_default(),
            &settings,
        ));
    }
    let mut engines: Vec<&str> = projects
        .iter()
        .map(|project| project.engine.as_str())
        .collect();
    engines.dedup();
    let unique: std::collections::BTreeSet<_> = engines.iter().copied().collect();
    let first = engines.first().copied();
    let mut names: Vec<&str> = first.into_iter().collect();
    names.extend(unique.into_iter().filter(|name| Some(*name) != first));
    suite.set("browser", "names", json!(names));
    let themes: std::collections::BTreeSet<_> = projects.iter().map(|p| p.theme.clone()).collect();
    for theme in &themes {
        suite.set("themes", theme, json!({ "color-scheme": theme }));
    }
    let viewports = suite
        .sections
        .get("viewports")
        .and_then(Value::as_object)
        .map_or(1, Map::len);
    if names.len() * themes.len() * viewports > own.len() {
        suite.note(
            "projects: every story is rendered in each browser, theme and viewport, which are more \
             combinations than the projects (help: set `browsers`, `themes` or `viewports` of stories)",
        );
    }
    projects
}

fn project(suite: &mut ImportedSuite, name: &str, settings: &Value) -> PlaywrightProject {
    let engine = settings["browserName"]
        .as_str()
        .or(settings["defaultBrowserType"].as_str());
    let size = shots::viewport(&settings["viewport"]).unwrap_or_else(|| "1280x720".to_owned());
    let scale = settings["deviceScaleFactor"].as_f64().unwrap_or(1.0);
    let (width, height) = size.split_once('x').unwrap_or(("1280", "720"));
    let mut viewport = Map::new();
    viewport.insert(
        "width".to_owned(),
        json!(width.parse::<u64>().unwrap_or(1280)),
    );
    viewport.insert(
        "height".to_owned(),
        json!(height.parse::<u64>().unwrap_or(720)),
    );
    // The scale of pictures is 1 unless `scale: "device"` is set.
    for (theirs, ours) in [("isMobile", "mobile"), ("hasTouch", "touch")] {
        if settings[theirs] == true {
            viewport.insert(ours.to_owned(), json!(true));
        }
    }
    if scale != 1.0 {
        suite.note(format!(
            "project {name}: deviceScaleFactor {scale}, because Playwright's pictures have a pixel per \
             CSS pixel by default (help: set `scale` of the viewport)"
        ));
    }
    let shown = if name.is_empty() { "desktop" } else { name };
    let is_known = suite
        .sections
        .get("viewports")
        .and_then(Value::as_object)
        .is_some_and(|all| {
            all.values()
                .any(|other| *other == Value::Object(viewport.clone()))
        });
    if !is_known {
        suite.set("viewports", &name_of(shown), viewport);
    }
    for (theirs, ours) in DEVICE {
        if let Some(text) = settings[theirs].as_str().filter(|_| theirs != "userAgent") {
            suite.set("device", ours, text);
        }
    }
    for key in [
        "storageState",
        "httpCredentials",
        "extraHTTPHeaders",
        "geolocation",
        "permissions",
        "proxy",
    ] {
        if !settings[key].is_null() {
            suite.note(format!(
                "use.{key} (help: see logins, headers and basic-auth in the guide)"
            ));
        }
    }
    PlaywrightProject {
        name: name.to_owned(),
        engine: engine.unwrap_or("chromium").to_owned(),
        viewport: size,
        theme: settings["colorScheme"]
            .as_str()
            .unwrap_or("light")
            .to_owned(),
    }
}

fn add(
    suite: &mut ImportedSuite,
    shot: &Shot,
    config: &Value,
    base: &str,
    projects: &[PlaywrightProject],
) {
    let whole_page = shot.options.get("fullPage") == Some(&json!(true));
    let Some((mut story, size)) = shots::story(suite, shot, Some(base), whole_page) else {
        return;
    };
    let options = Value::Object(shot.options.clone());
    let limits = limits(&options, false);
    if !limits.is_empty() {
        story.insert("compare".to_owned(), limits.into());
    }
    let scheme = shot.settings.get("colorScheme").and_then(Value::as_str);
    if let Some(scheme) = scheme {
        suite.set("themes", scheme, json!({ "color-scheme": scheme }));
        story.insert("themes".to_owned(), json!([scheme]));
    }
    let id = suite.add(&shots::id(shot), story);
    let first = projects.first().map(|project| project.engine.clone());
    for project in projects {
        let viewport = size.as_deref().unwrap_or(&project.viewport);
        let theme = scheme.unwrap_or(&project.theme).to_owned();
        let story = match first.as_ref() == Some(&project.engine) {
            true => id.clone(),
            false => format!("{id}@{}", project.engine),
        };
        if let Some(file) = picture(suite, shot, config, &project.name) {
            suite.picture(file, &story, &theme, viewport);
        }
    }
}
