//! `[browser]`: which browsers are used and how they are started.

use std::path::Path;

use crate::manifest::context::ReadContext;
use crate::manifest::reader::{Problems, Table, Value};
use crate::manifest::types::{BrowserSettings, EngineSettings};
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
    settings.sandbox = table.take("sandbox").and_then(|v| v.flag(problems));
    table.finish(problems);
    settings
}

fn engine_settings(table: &mut Table<'_>, root: &Path, problems: &mut Problems) -> EngineSettings {
    let mut program = |key| {
        let name = table.take(key)?.text(problems)?;
        // A bare name is searched on the PATH; a path is relative to the
        // manifest.
        let path = Path::new(name);
        let is_bare = path.components().count() == 1;
        Some(if is_bare {
            path.to_owned()
        } else {
            root.join(path)
        })
    };
    let (binary, driver) = (program("binary"), program("driver"));
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
