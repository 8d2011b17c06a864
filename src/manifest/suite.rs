//! What applies to all stories: every section but `[[story]]`.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use crate::model::{StoryIdentifier, Viewport};

use super::compare_settings::{Tolerances, one_of};
use super::context::ReadContext;
use super::credentials::CredentialTemplates;
use super::device::Device;
use super::error::Problem;
use super::login::{self, Login};
use super::reader::{Named, Problems, Table, Value};
use super::request_rule::RequestRule;
use super::source::{self, Origin, address};
use super::storybook::{self, Catalogue};
use super::template::BaselineTemplate;
use super::types::{
    BrowserSettings, CaptureSettings, ColorScheme, EngineSettings, Screen, Source, Theme,
};
use super::{capture_settings, compare_settings, request_settings};
use crate::model::BrowserName;

/// The sections of a manifest that stories build on.
pub(super) struct Suite {
    pub(super) source: Source,
    pub(super) host: Option<String>,
    pub(super) from_code: bool,
    pub(super) credentials: CredentialTemplates,
    pub(super) is_stale: bool,
    /// The stories of a Storybook, where the source is one.
    pub(super) storybook: Option<Catalogue>,
    pub(super) browser: BrowserSettings,
    pub(super) themes: Vec<Arc<Theme>>,
    pub(super) viewports: Vec<(String, Screen)>,
    pub(super) baselines: BaselineTemplate,
    pub(super) compare: Tolerances,
    pub(super) capture: CaptureSettings,
    pub(super) requests: Vec<Arc<RequestRule>>,
    pub(super) context: ReadContext,
    pub(super) retries: u32,
    pub(super) device: Device,
    pub(super) logins: Vec<Arc<Login>>,
    /// As whom stories are visited, unless they say otherwise.
    pub(super) login: Option<Arc<Login>>,
}

pub(super) fn read(
    document: &mut Table<'_>,
    context: ReadContext,
    problems: &mut Problems,
) -> Suite {
    let retries = document.take("retries");
    let logins = login::logins(document.take("login"), &context.variables, problems);
    let Origin {
        source,
        host,
        from_code,
        credentials,
        storybook,
        is_stale,
        login,
    } = source::read(document.take("stories"), &context, &logins, problems);
    Suite {
        themes: themes(document.take("themes"), storybook.is_some(), problems),
        source,
        host,
        from_code,
        credentials,
        storybook,
        is_stale,
        device: Device::read(document.take("device"), problems),
        logins,
        login,
        browser: browser(document.take("browser"), &context, problems),
        viewports: viewports(document.take("viewports"), problems),
        baselines: baselines(document.take("baselines"), problems),
        compare: compare_settings::compare(
            document.take("compare"),
            &Tolerances::default(),
            problems,
        ),
        capture: capture_settings::capture(
            document.take("capture"),
            &CaptureSettings::default(),
            problems,
        ),
        requests: request_settings::requests(document.take("request"), &context.root, problems),
        context,
        retries: retries
            .and_then(|v| v.whole(0, 10, problems))
            .and_then(|n| u32::try_from(n).ok())
            .unwrap_or(0),
    }
}

fn browser(
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
    let chromium = programs(&mut table, root, problems);
    (settings.binary, settings.driver) = (chromium.binary, chromium.driver);
    settings.args = chromium.args;
    let mut engine = |key| {
        let mut table = table.take(key)?.table(problems)?;
        let settings = programs(&mut table, root, problems);
        table.finish(problems);
        Some(settings)
    };
    settings.firefox = engine("firefox").unwrap_or_default();
    settings.webkit = engine("webkit").unwrap_or_default();
    settings.sandbox = table.take("sandbox").and_then(|v| v.flag(problems));
    table.finish(problems);
    settings
}

/// How one engine is started.
fn programs(table: &mut Table<'_>, root: &Path, problems: &mut Problems) -> EngineSettings {
    let mut program = |key| {
        let name = table.take(key)?.text(problems)?;
        // A bare name is looked for on the PATH, a path starts at the manifest.
        let path = Path::new(name);
        let bare = path.components().count() == 1;
        Some(if bare {
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

/// A list of engines: not empty, none of them twice.
pub(super) fn engines(value: &Value<'_>, problems: &mut Problems) -> Option<Vec<BrowserName>> {
    let words = BrowserName::ALL.map(|name| (name.as_str(), name));
    let mut names = Vec::new();
    for item in value.list(problems)? {
        match one_of(&item, &words, problems) {
            Some(name) if names.contains(&name) => {
                problems.add(item.wrong(&format!("has \"{}\" twice", name.as_str())));
            }
            Some(name) => names.push(name),
            None => {}
        }
    }
    if names.is_empty() {
        problems.add(value.wrong("names no browser"));
        return None;
    }
    Some(names)
}

fn sessions(value: &Value<'_>, problems: &mut Problems) -> Option<usize> {
    if value.is_text() {
        one_of(value, &[("auto", None)], problems)?
    } else {
        let count = value.whole(1, 256, problems)?;
        usize::try_from(count).ok()
    }
}

/// The themes in the order of their lines; without any, a single `light`.
fn themes(
    value: Option<Value<'_>>,
    in_storybook: bool,
    problems: &mut Problems,
) -> Vec<Arc<Theme>> {
    let table = value.and_then(|value| value.table(problems));
    let themes: Vec<_> = table
        .map(Table::named)
        .into_iter()
        .flatten()
        .filter_map(|entry| theme(&entry, in_storybook, problems))
        .map(Arc::new)
        .collect();
    if themes.is_empty() {
        return vec![Arc::new(Theme {
            name: "light".to_owned(),
            color_scheme: Some(ColorScheme::Light),
            attributes: BTreeMap::new(),
            classes: Vec::new(),
            query: BTreeMap::new(),
            globals: String::new(),
            device: Device::default(),
        })];
    }
    themes
}

fn theme(entry: &Named<'_>, in_storybook: bool, problems: &mut Problems) -> Option<Theme> {
    if let Err(error) = StoryIdentifier::check_theme(entry.name) {
        problems.add(Problem::new(entry.name_span.clone(), error.to_string()));
    }
    let mut table = entry.value.table(problems)?;
    let schemes = [("light", ColorScheme::Light), ("dark", ColorScheme::Dark)];
    let color_scheme = table
        .take("color-scheme")
        .and_then(|v| one_of(&v, &schemes, problems));
    let mut words = |key| {
        let table = table.take(key)?.table(problems)?;
        let text = |entry: Named<'_>, problems: &mut Problems| {
            Some((
                entry.name.to_owned(),
                entry.value.text(problems)?.to_owned(),
            ))
        };
        Some(
            table
                .named()
                .into_iter()
                .filter_map(|entry| text(entry, problems))
                .collect(),
        )
    };
    let attributes = words("attributes").unwrap_or_default();
    let query = words("query").unwrap_or_default();
    let classes = table.take("classes").and_then(|v| v.texts(problems));
    let globals = table.take("globals");
    let device = Device::take(&mut table, problems);
    table.finish(problems);
    if let (Some(globals), false) = (&globals, in_storybook) {
        problems.add(globals.wrong("is for the stories of a `storybook`"));
    }
    let globals = globals.and_then(|value| storybook::globals(&value, problems));
    Some(Theme {
        name: entry.name.to_owned(),
        color_scheme,
        attributes,
        classes: classes
            .into_iter()
            .flatten()
            .map(|(class, _)| class.to_owned())
            .collect(),
        query,
        globals: globals.unwrap_or_default(),
        device,
    })
}

/// The viewports in the order of their lines; without any, 1280x720.
fn viewports(value: Option<Value<'_>>, problems: &mut Problems) -> Vec<(String, Screen)> {
    let table = value.and_then(|value| value.table(problems));
    let screens: Vec<_> = table
        .map(Table::named)
        .into_iter()
        .flatten()
        .filter_map(|entry| Some((entry.name.to_owned(), screen(&entry.value, problems)?)))
        .collect();
    if screens.is_empty() {
        let viewport = Viewport {
            width: 1280,
            height: 720,
        };
        let screen = Screen {
            viewport,
            scale: 1.0,
            mobile: false,
            touch: false,
        };
        return vec![("desktop".to_owned(), screen)];
    }
    screens
}

fn screen(value: &Value<'_>, problems: &mut Problems) -> Option<Screen> {
    if value.is_text() {
        let text = value.text(problems)?;
        let screen = parse_screen(text);
        if screen.is_none() {
            problems.add(value.wrong("is not of the form \"375x667\" or \"375x667@2x\""));
        }
        return screen;
    }
    if !value.is_table() {
        problems.add(value.wrong("must be \"375x667\" or { width = 375, height = 667 }"));
        return None;
    }
    let mut table = value.table(problems)?;
    let (width, height) = (table.take("width"), table.take("height"));
    let scale = table.take("scale");
    let mobile = table.take("mobile").and_then(|v| v.flag(problems));
    let touch = table.take("touch").and_then(|v| v.flag(problems));
    table.finish(problems);
    if width.is_none() || height.is_none() {
        problems.add(value.wrong("needs both `width` and `height`"));
    }
    let mut side = |side: Option<Value<'_>>| {
        let pixels = side?.whole(1, MOST_PIXELS.into(), problems)?;
        u32::try_from(pixels).ok()
    };
    let viewport = side(width).zip(side(height));
    let scale = match scale {
        Some(scale) => self::scale(&scale, problems)?,
        None => 1.0,
    };
    viewport.map(|(width, height)| Screen {
        viewport: Viewport { width, height },
        scale,
        mobile: mobile.unwrap_or(false),
        touch: touch.unwrap_or(false),
    })
}

/// The longest side of a viewport, in CSS pixels. Above it browsers repeat or
/// drop parts of a picture.
const MOST_PIXELS: u32 = 16_384;

/// Device pixels per CSS pixel: from 0.25 to 8.
pub(super) fn scale(value: &Value<'_>, problems: &mut Problems) -> Option<f64> {
    value.number(0.25, 8.0, problems)
}

/// Reads `375x667` or `375x667@2x`.
pub(super) fn parse_screen(text: &str) -> Option<Screen> {
    let (viewport, scale) = match text.split_once('@') {
        Some((viewport, scale)) => (viewport, scale.strip_suffix('x')?.parse().ok()?),
        None => (text, 1.0),
    };
    let viewport: Viewport = viewport.parse().ok()?;
    let fits = viewport.width.max(viewport.height) <= MOST_PIXELS && (0.25..=8.0).contains(&scale);
    fits.then_some(Screen {
        viewport,
        scale,
        mobile: false,
        touch: false,
    })
}

fn baselines(value: Option<Value<'_>>, problems: &mut Problems) -> BaselineTemplate {
    let template = value
        .and_then(|value| value.table(problems))
        .and_then(|mut table| {
            let path = table.take("path");
            table.finish(problems);
            path
        })
        .and_then(|path| {
            let text = path.text(problems)?;
            BaselineTemplate::parse(text)
                .map_err(|error| problems.add(error.at(&path)))
                .ok()
        });
    template.unwrap_or_default()
}
