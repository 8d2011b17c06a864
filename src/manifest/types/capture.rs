//! How a page is captured.

use std::time::Duration;

use serde::Serialize;

use super::host_port::HostPort;

/// How a page is settled and captured.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[non_exhaustive]
pub struct CaptureSettings {
    /// The limit for loading and settling together.
    pub timeout: Duration,
    /// The part of the page to capture.
    pub target: Target,
    /// The width of the margin captured around an element, in CSS pixels.
    pub padding: u32,
    /// CSS selectors of elements to cover with a solid colour.
    pub mask: Vec<String>,
    /// How many snapshots share one load of the story.
    pub isolation: Isolation,
    /// Further conditions to wait for, in this order.
    pub wait_for: Vec<WaitFor>,
    /// Whether to wait while an element has `aria-busy="true"`.
    pub wait_for_busy: bool,
    /// Whether to wait for `fetch` and `XMLHttpRequest`.
    pub wait_for_network: bool,
    /// Whether the page may send requests to other origins.
    pub network: Network,
    /// The servers on this machine or in its private networks that the page may
    /// reach, besides its own.
    pub allow_hosts: Vec<HostPort>,
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
    /// Whether the page is measured: each snapshot is then captured on a page of
    /// its own.
    pub measure: bool,
    /// Whether the page is scrolled through before it is captured, so that
    /// content that loads or appears on scrolling is there. `None`: it is for
    /// [`Target::Page`].
    pub scroll_through: Option<bool>,
}

impl Default for CaptureSettings {
    fn default() -> Self {
        Self {
            timeout: Duration::from_secs(15),
            target: Target::Viewport,
            padding: 0,
            mask: Vec::new(),
            isolation: Isolation::Story,
            wait_for: Vec::new(),
            wait_for_busy: true,
            wait_for_network: true,
            network: Network::On,
            allow_hosts: Vec::new(),
            virtual_time: true,
            page_time: Duration::from_secs(10),
            clock: None,
            seeded: true,
            seed: None,
            page_errors: PageErrors::Report,
            measure: false,
            scroll_through: None,
        }
    }
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
#[non_exhaustive]
pub enum PageErrors {
    /// They are in the result and at the end of the run.
    Report,
    /// They also fail the snapshot.
    Fail,
}

/// Whether a page may send requests to other origins than that of the stories.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
pub enum Network {
    /// It may, and the result notes them.
    On,
    /// Such requests fail, and the snapshot with them, unless they are to
    /// `allow-hosts`.
    Off,
}

/// How many snapshots share one load of a story. A snapshot that differs from
/// its baseline is always captured on a second load as well.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
pub enum Isolation {
    /// All of the story's.
    Story,
    /// Those of one theme.
    Theme,
    /// One snapshot.
    Snapshot,
}

/// A condition to wait for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum WaitFor {
    /// An element matches this CSS selector and has a box.
    Selector(String),
    /// This JavaScript expression is true, or a promise of a true value.
    Expression(String),
    /// This time has passed since the page loaded.
    Delay(Duration),
}

/// The part of a page to capture.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Target {
    /// The viewport.
    Viewport,
    /// The whole page.
    Page,
    /// The first element that matches a CSS selector.
    Element(String),
}
