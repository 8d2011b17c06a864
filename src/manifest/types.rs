//! The checked manifest: what `stories.toml` means once every name in it has
//! been resolved and every number has been found to be in its range.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::ops::Range;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use serde::Serialize;

use super::compare_settings::Tolerances;
use super::credentials::CredentialTemplates;
use super::device::Device;
use super::known_failure::KnownFailure;
use super::login::Login;
use super::request_rule::RequestRule;
use super::steps::Step;
use super::template::BaselineTemplate;
use crate::config::System;
use crate::model::{BrowserName, Viewport};

/// A manifest without errors.
#[derive(Clone, Debug)]
pub struct Manifest {
    /// The manifest's own path, as it was named.
    pub path: PathBuf,
    /// The folder that it stands in, absolute. Relative paths start here.
    pub root: PathBuf,
    /// The folder `target/tintype`.
    pub(crate) state_dir: PathBuf,
    /// Where the stories come from.
    pub source: Source,
    /// The name by which browsers on other machines reach this one; the
    /// built-in server then listens on every interface.
    pub host: Option<String>,
    /// Whether the test target may name stories beside the manifest's.
    pub from_code: bool,
    /// Whether the stories are not those that a running Storybook has now: it
    /// does not answer, and they are those that it had last, or none.
    pub is_stale: bool,
    /// What the source's server wants to see before it answers.
    pub credentials: CredentialTemplates,
    /// Which browsers, and how they are reached.
    pub browser: BrowserSettings,
    /// The screens by their names, in the manifest's order.
    pub viewports: Vec<(String, Screen)>,
    /// Where baselines live: a path below [`root`](Self::root) with
    /// `{story}`, `{theme}`, `{viewport}`, `{browser}`, `{platform}`, `{arch}`.
    pub baselines: BaselineTemplate,
    /// How often a snapshot that could not be captured is tried again.
    pub retries: u32,
    /// The device, where neither theme nor story says otherwise.
    pub device: Device,
    /// Every story, in the manifest's order, with the suite's settings
    /// already folded in.
    pub stories: Vec<Arc<StorySpec>>,
    /// What every story is that sets nothing of its own.
    pub(crate) story_defaults: StorySpec,
    /// All themes, by their lines.
    pub(crate) themes: Vec<Arc<Theme>>,
    /// The manifest as it was read, for errors that show its lines.
    pub(crate) text: Arc<str>,
}

/// Where stories come from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Source {
    /// A folder, absolute, served by the built-in server.
    Dir(PathBuf),
    /// A server that is up, or that `command` starts.
    Url {
        /// Its address, without a trailing slash.
        base: String,
        /// The command that starts it, run by the shell in the manifest's
        /// folder.
        command: Option<String>,
    },
    /// Whatever the test target serves or names.
    Code,
}

/// Which browsers, and how they are reached.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct BrowserSettings {
    /// The engines, the first of which needs no suffix. Never empty.
    pub names: Vec<BrowserName>,
    /// How many sessions at once; `None` is `"auto"`.
    pub sessions: Option<usize>,
    /// A WebDriver that is up already, instead of one that is started.
    pub webdriver: Option<String>,
    /// Chromium's program, instead of the one that is found.
    pub binary: Option<PathBuf>,
    /// Its driver's program, instead of the one that is found.
    pub driver: Option<PathBuf>,
    /// Arguments added to its own.
    pub args: Vec<String>,
    /// Whether Chromium's sandbox is on. By default it is, except for root.
    pub sandbox: Option<bool>,
    /// What `binary`, `driver` and `args` are for Firefox.
    pub firefox: EngineSettings,
    /// What `binary`, `driver` and `args` are for WebKit.
    pub webkit: EngineSettings,
    /// The machine that starts them.
    #[serde(skip)]
    pub system: System,
    /// The proxy that all its requests go through, those to its own machine,
    /// too. No manifest says so: a run does, for each session.
    #[serde(skip)]
    pub proxy: Option<SocketAddr>,
}

/// How an engine other than Chromium is started.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct EngineSettings {
    /// The browser's program, instead of the one that is found.
    pub binary: Option<PathBuf>,
    /// The driver's program, instead of the one that is found.
    pub driver: Option<PathBuf>,
    /// Arguments added to the browser's own.
    pub args: Vec<String>,
}

/// A named way to render a story.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Theme {
    /// Its name.
    pub name: String,
    /// What `prefers-color-scheme` says.
    pub color_scheme: Option<ColorScheme>,
    /// Attributes set on the document's root element.
    pub attributes: BTreeMap<String, String>,
    /// Classes added to the document's root element.
    pub classes: Vec<String>,
    /// Parameters added to the address. They need a navigation of their own.
    pub query: BTreeMap<String, String>,
    /// A Storybook's globals as an address carries them, empty without any:
    /// `theme:dark;density:compact`.
    pub globals: String,
    /// What it says of the device.
    pub device: Device,
}

/// What `prefers-color-scheme` says.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum ColorScheme {
    /// `light`
    Light,
    /// `dark`
    Dark,
}

impl ColorScheme {
    /// The media feature's value.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Light => "light",
            Self::Dark => "dark",
        }
    }
}

/// A viewport and its scale.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Screen {
    /// Width × height in CSS pixels.
    pub viewport: Viewport,
    /// Device pixels per CSS pixel.
    pub scale: f64,
    /// Whether the page's viewport `<meta>` counts, as on a phone.
    pub mobile: bool,
    /// Whether there is a touchscreen instead of a mouse.
    pub touch: bool,
}

/// How a page is brought to rest and captured.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct CaptureSettings {
    /// How long loading and settling may take together.
    pub timeout: Duration,
    /// What is captured.
    pub target: Target,
    /// How much of the page around an element is captured with it, in CSS
    /// pixels.
    pub padding: u32,
    /// What is covered with a solid colour: CSS selectors.
    pub mask: Vec<String>,
    /// How many snapshots one load of the story may serve.
    pub isolation: Isolation,
    /// What else the page is waited for, in this order.
    pub wait_for: Vec<WaitFor>,
    /// Whether elements with `aria-busy="true"` are waited for.
    pub wait_for_busy: bool,
    /// Whether requests by `fetch` and `XMLHttpRequest` are waited for.
    pub wait_for_network: bool,
    /// Whether the page may reach other servers than its own.
    pub network: Network,
    /// Whether time on the page is virtual: it is advanced step by step, and
    /// costs no real time.
    pub virtual_time: bool,
    /// The most page time that a page gets to finish its motion.
    pub page_time: Duration,
    /// The time at which the page's clock starts, in milliseconds since the
    /// Unix epoch.
    pub clock: Option<i64>,
    /// Whether the page's random numbers are seeded.
    pub seeded: bool,
    /// The seed, if it is not the default one.
    pub seed: Option<u32>,
    /// Whether errors of the page fail its snapshots.
    pub page_errors: PageErrors,
    /// Whether the page is scrolled through before it is captured, so that
    /// content that loads or appears on scrolling is there. `None`: it is for
    /// [`Target::Page`].
    pub scroll_through: Option<bool>,
}

impl CaptureSettings {
    /// Whether the page is scrolled through before it is captured.
    pub fn scrolls_through(&self) -> bool {
        self.scroll_through
            .unwrap_or_else(|| self.target == Target::Page)
    }
}

/// What failed requests of the page's own origin, uncaught exceptions and
/// `console.error` do to a snapshot.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum PageErrors {
    /// They are in the result and at the end of the run.
    Report,
    /// They also fail the snapshot.
    Fail,
}

/// Whether a page may reach the open network: any origin but the story
/// server's own.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Network {
    /// It may, and the result says so.
    On,
    /// Such requests fail, and so does the snapshot.
    Off,
}

/// How many snapshots one load of a story may serve. Whatever is less than
/// equal to its baseline is loaded afresh in any case.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Isolation {
    /// All of the story's.
    Story,
    /// Those of one theme.
    Theme,
    /// One.
    Snapshot,
}

/// Something that a page is waited for on request.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum WaitFor {
    /// An element that this CSS selector finds is there and has a box.
    Selector(String),
    /// This JavaScript expression is true, or a promise of something true.
    Expression(String),
    /// This time has passed since the page was loaded.
    Delay(Duration),
}

/// What part of the page is captured.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Target {
    /// What the viewport shows.
    Viewport,
    /// The whole page, as wide as the viewport.
    Page,
    /// The first element that a CSS selector finds.
    Element(String),
}

/// What a story is in its Storybook, and what the manifest says there.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct StorybookDetails {
    /// The Storybook's id for it.
    pub id: String,
    /// Its args as an address carries them, empty without any: `label:Save+it`.
    pub args: String,
    /// Whether its own parameters decide how it is compared, since the
    /// manifest sets nothing of it for this story.
    pub may_compare: bool,
    /// Whether its own parameters decide on which screens it is shown.
    pub may_pick_screens: bool,
    /// Whether its own parameters may leave it out.
    pub may_skip: bool,
}

/// A story with everything that applies to it.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct StorySpec {
    /// Its id, without suffixes.
    pub id: String,
    /// Its address below the source: `forms/button.html?state=on`.
    pub path: String,
    /// The themes in which it is shown. Never empty.
    pub themes: Vec<Arc<Theme>>,
    /// The screens on which it is shown. Never empty.
    pub screens: Vec<Screen>,
    /// The engines in which it is shown. Never empty.
    pub browsers: Vec<BrowserName>,
    /// How it is compared.
    pub compare: Tolerances,
    /// How it is captured.
    pub capture: CaptureSettings,
    /// What is done to the page before it is captured.
    pub steps: Vec<Step>,
    /// What it says of the device itself, which beats its themes.
    pub device: Device,
    /// As whom it is visited.
    pub login: Option<Arc<Login>>,
    /// What becomes of its requests: the story's own rules, then the suite's.
    pub requests: Vec<Arc<RequestRule>>,
    /// Why it is left out.
    pub skip: Option<String>,
    /// What it is in its Storybook, if it comes from one.
    pub storybook: Option<StorybookDetails>,
    /// Why, and where, it is known to fail.
    pub known_failure: Option<KnownFailure>,
    /// The bytes of the manifest that declare it.
    #[serde(skip)]
    pub(crate) declared: Range<usize>,
}
