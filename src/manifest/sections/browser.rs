//! `[browser]`: which browsers are used and how they are started.

use std::path::{Path, PathBuf};

use crate::manifest::context::ReadContext;
use crate::manifest::reader::{Problems, Table, Value};
use crate::manifest::types::{BrowserSettings, EngineSettings, ImageSettings};
use crate::manifest::values::{address, engines};
use crate::model::BrowserName;

/// Reads `[browser]`.
pub(super) fn browser(
    value: Option<Value<'_>>,
    context: &ReadContext,
    problems: &mut Problems,
) -> BrowserSettings {
    let root = &context.root;
    let mut settings = BrowserSettings {
        names: vec![BrowserName::Chromium],
        sessions: None,
        webdriver: None,
        binary: None,
        driver: None,
        args: Vec::new(),
        sandbox: None,
        firefox: EngineSettings::default(),
        webkit: EngineSettings::default(),
        image: None,
        container: None,
        system: context.system.clone(),
        proxy: None,
    };
    let Some(mut table) = value.and_then(|value| value.table(problems)) else {
        return settings;
    };
    if let Some(names) = table.take("names").and_then(|v| engines(&v, problems)) {
        settings.names = names;
    }
    settings.sessions = table.take("sessions").and_then(|v| sessions(&v, problems));
    settings.webdriver = table.take("webdriver").and_then(|v| address(&v, problems));
    let chromium = engine_settings(&mut table, root, problems);
    (settings.binary, settings.driver) = (chromium.binary, chromium.driver);
    settings.args = chromium.args;
    let mut engine = |key| {
        let mut table = table.take(key)?.table(problems)?;
        let settings = engine_settings(&mut table, root, problems);
        table.finish(problems);
        Some(settings)
    };
    settings.firefox = engine("firefox").unwrap_or_default();
    settings.webkit = engine("webkit").unwrap_or_default();
    settings.image = image(&mut table, &settings, root, problems);
    settings.sandbox = table.take("sandbox").and_then(|v| v.flag(problems));
    table.finish(problems);
    settings
}

/// `image`, and `container`, the program that runs it.
fn image(
    table: &mut Table<'_>,
    settings: &BrowserSettings,
    root: &Path,
    problems: &mut Problems,
) -> Option<ImageSettings> {
    let (image, runtime) = (table.take("image"), table.take("container"));
    let Some(image) = image else {
        if let Some(runtime) = runtime {
            problems.add(runtime.wrong("needs `image`"));
        }
        return None;
    };
    let reference = image.text(problems)?;
    if !is_pinned(reference) {
        let problem = image.expected("an image with its digest, such as \"name@sha256:…\"");
        problems.add(problem.help(
            "`docker image inspect --format '{{.RepoDigests}}' NAME` prints it; an image that \
             was never pushed has an id, sha256:…",
        ));
    }
    if settings.webdriver.is_some() {
        problems.add(image.wrong("cannot be combined with `webdriver`"));
    }
    if settings.names.contains(&BrowserName::Webkit) {
        problems.add(image.wrong("is not supported by WebKit, which is in `names`"));
    }
    Some(ImageSettings {
        reference: reference.to_owned(),
        runtime: runtime.and_then(|value| Some(program(value.text(problems)?, root))),
    })
}

/// Whether a reference has a digest, so that it always names the same image.
fn is_pinned(reference: &str) -> bool {
    let Some((name, digest)) = reference.rsplit_once("sha256:") else {
        return false;
    };
    let is_name = match name.strip_suffix('@') {
        None => name.is_empty(),
        Some(name) => {
            let is_allowed = |c: char| c.is_ascii_alphanumeric() || "._-/:".contains(c);
            name.starts_with(|c: char| c.is_ascii_alphanumeric()) && name.chars().all(is_allowed)
        }
    };
    let is_hex = |c: char| matches!(c, '0'..='9' | 'a'..='f');
    is_name && digest.len() == 64 && digest.chars().all(is_hex)
}

/// A bare name is searched on the PATH; a path is relative to the manifest.
fn program(name: &str, root: &Path) -> PathBuf {
    let path = Path::new(name);
    match path.components().count() {
        1 => path.to_owned(),
        _ => root.join(path),
    }
}

fn engine_settings(table: &mut Table<'_>, root: &Path, problems: &mut Problems) -> EngineSettings {
    let mut named = |key| Some(program(table.take(key)?.text(problems)?, root));
    let (binary, driver) = (named("binary"), named("driver"));
    let args = table.take("args").and_then(|v| v.texts(problems));
    let args = args.into_iter().flatten();
    EngineSettings {
        binary,
        driver,
        args: args.map(|(text, _)| text.to_owned()).collect(),
    }
}

/// `"auto"` or a number of sessions; `None` is `"auto"`.
fn sessions(value: &Value<'_>, problems: &mut Problems) -> Option<usize> {
    let count = value
        .inner()
        .as_integer()
        .and_then(|n| n.as_str().parse().ok());
    let is_auto = value.inner().as_str() == Some("auto");
    let count = count.filter(|count| (1..=256).contains(count));
    if count.is_none() && !is_auto {
        problems.add(value.expected("\"auto\" or an integer from 1 to 256"));
    }
    count
}
