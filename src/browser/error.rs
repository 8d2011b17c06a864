//! The errors of browsers and pages.

use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

use tintype_compare::grouped;

use crate::model::{Region, ResultError};

/// Why a browser is not available, or a page could not be captured.
#[derive(Debug, thiserror::Error)]
pub enum BrowserError {
    /// A browser or driver is not installed.
    #[error("{what} not found on this machine: tried {looked_for}\nhelp: {advice}")]
    NotFound {
        /// `Chromium`, `chromedriver`, …
        what: &'static str,
        /// The names that were tried.
        looked_for: String,
        /// The package to install, or the setting that names the program.
        advice: &'static str,
    },
    /// The image of the manifest lacks a browser or driver.
    #[error("{what} not found in the image {image}\nhelp: {help}")]
    NotInImage {
        /// `Chromium`, `chromedriver`, …
        what: &'static str,
        /// The image.
        image: String,
        /// What to do.
        help: &'static str,
    },
    /// The image of the manifest cannot be used.
    #[error(
        "`{command}` failed for the image {image}: {reason}\n\
         help: check `image` in [browser] of the manifest, and that the daemon is running"
    )]
    Image {
        /// The image.
        image: String,
        /// The program and its first argument.
        command: String,
        /// Its output.
        reason: String,
    },
    /// A program could not be started.
    #[error("failed to start {}: {reason}", program.display())]
    Start {
        /// The program.
        program: PathBuf,
        /// The program's output, or the system's error.
        reason: String,
    },
    /// The browser's driver did not create a session.
    #[error("failed to create a WebDriver session: {0}")]
    Session(String),
    /// A remote WebDriver did not create a session.
    #[error(
        "failed to create a session on the WebDriver at {address}: {reason}\n\
         help: check `webdriver` in [browser] of the manifest, or TINTYPE_WEBDRIVER"
    )]
    Remote {
        /// Its address.
        address: String,
        /// The error of the WebDriver or of the connection.
        reason: String,
    },
    /// The engine does not support a setting of the manifest.
    #[error(
        "the story `{story}` uses `{key}`, which is not supported by {engine}\n\
         help: remove `{key}`, or remove \"{engine}\" from the story's `browsers`"
    )]
    Unsupported {
        /// The engine's name.
        engine: &'static str,
        /// The story's id.
        story: String,
        /// The manifest key.
        key: &'static str,
    },
    /// The browser or its driver did not answer in time. The session cannot be
    /// used any more.
    #[error("timed out after {} s waiting for {command}; the browser was restarted", limit.as_secs_f32())]
    Timeout {
        /// The command or step that was awaited.
        command: String,
        /// The time limit.
        limit: Duration,
    },
    /// The connection to the browser broke. The session cannot be used any
    /// more.
    #[error("the browser disconnected during {command}: {reason}")]
    Disconnected {
        /// The command that was running.
        command: String,
        /// The error of the connection, and the browser's last output.
        reason: String,
    },
    /// The browser answered a command with an error.
    #[error("the browser rejected {command}: {reason}")]
    Refused {
        /// The command.
        command: String,
        /// The browser's message.
        reason: String,
    },
    /// The page could not be loaded.
    #[error("failed to load {url}: {reason}")]
    Load {
        /// Its address.
        url: String,
        /// The reason.
        reason: String,
    },
    /// The page sent requests that the manifest forbids.
    #[error(
        "the page sent requests to the open network, which `network = \"off\"` forbids: {}{}\n\
         help: answer or block these requests with `request` in the manifest",
        addresses.join(", "),
        after.as_deref().map(|after| format!(" (then: {after})")).unwrap_or_default()
    )]
    OpenNetwork {
        /// The addresses.
        addresses: Vec<String>,
        /// A later error, probably for the same reason.
        after: Option<String>,
    },
    /// The page failed, and sent requests to servers that it may not reach.
    #[error(
        "{cause}\nrequests of the page were blocked:\n  {}",
        errors.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n  ")
    )]
    BlockedRequests {
        /// The requests.
        errors: Vec<crate::model::PageError>,
        /// The failure, probably for this reason.
        cause: Box<BrowserError>,
    },
    /// The page has errors, and the manifest does not accept them.
    #[error(
        "the page has errors, and `page-errors` is \"fail\":\n  {}",
        errors.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n  ")
    )]
    PageErrors {
        /// Failed requests, uncaught exceptions and console errors.
        errors: Vec<crate::model::PageError>,
    },
    /// Request rules matched encrypted requests.
    #[error(
        "request rules cannot answer requests over TLS: {}\n\
         help: over TLS only whole hosts can be blocked, for example https://the.host/**",
        rules.join(", ")
    )]
    OverTls {
        /// Each rule with the address.
        rules: Vec<String>,
    },
    /// Request rules are used with a browser that cannot reach the proxy.
    #[error(
        "`request` and `network = \"off\"` need a browser on this machine, \
         but the WebDriver at {webdriver} is remote"
    )]
    RemoteBrowser {
        /// The WebDriver's address.
        webdriver: String,
    },
    /// The page was not ready in time.
    #[error("{0}")]
    Unsettled(Unsettled),
    /// A Storybook could not show the story.
    #[error("Storybook reports: {message}")]
    Storybook {
        /// Storybook's message.
        message: String,
    },
    /// A hook of the test target failed.
    #[error("the `{name}` hook failed: {reason}")]
    Hook {
        /// `before` or `after`.
        name: &'static str,
        /// The hook's error.
        reason: String,
    },
    /// The page does not look the same twice.
    #[error("{0}")]
    Unstable(Box<Unstable>),
    /// The story's own parameters skip it. Not a failure.
    #[error("{0}")]
    Skipped(String),
    /// The element that is captured does not exist.
    #[error("no element matches `{selector}`, the story's capture target")]
    TargetNotFound {
        /// The CSS selector.
        selector: String,
    },
    /// The element that is captured is not visible.
    #[error("failed to capture `{selector}`: {reason}")]
    TargetNotVisible {
        /// The CSS selector.
        selector: String,
        /// Why it is not visible.
        reason: String,
    },
    /// The screenshot would be larger than the largest that can be compared.
    #[error(
        "the screenshot of {target} would have {width}×{height} pixels, more than the maximum \
         of {} pixels\nhelp: capture an element, or a shorter page",
        grouped(*most)
    )]
    TooLarge {
        /// `the page`, or an element's selector.
        target: String,
        /// In image pixels.
        width: u64,
        /// In image pixels.
        height: u64,
        /// The maximum number of pixels.
        most: u64,
    },
    /// A step of the story, or of its login, failed.
    #[error("{0}")]
    Step(Box<StepFailure>),
    /// A login failed.
    #[error("{0}")]
    Login(String),
}

impl BrowserError {
    /// The error of a script that failed in the page.
    pub(super) fn of_script(reason: String) -> Self {
        Self::Refused {
            command: "a page script".to_owned(),
            reason,
        }
    }

    /// Whether the page got another document while a script ran in it, in the
    /// words of Chromium, Firefox and WebKit.
    pub(super) fn is_of_left_document(&self) -> bool {
        const REASONS: [&str; 6] = [
            "Inspected target navigated or closed",
            "Cannot find context with specified id",
            "Execution context was destroyed",
            "destroyed before query",
            "unable to build exceptionDetails",
            "before the unload event",
        ];
        matches!(self, Self::Refused { reason, .. }
            if REASONS.iter().any(|words| reason.contains(words)))
    }

    /// Turns the error of a navigation into one that names the address.
    pub(super) fn of_loading(self, address: &str) -> Self {
        match self {
            Self::Refused { reason, .. } => Self::Load {
                url: address.to_owned(),
                reason,
            },
            Self::Timeout { limit, .. } => Self::Timeout {
                command: format!("{address} to load"),
                limit,
            },
            other => other,
        }
    }

    /// Whether it is about a page that is still there.
    pub(crate) fn is_of_page(&self) -> bool {
        !self.is_fatal() && !self.is_of_setup()
    }

    /// Whether no page was tried, and none would be captured by trying again.
    pub(crate) fn is_of_setup(&self) -> bool {
        matches!(
            self,
            Self::NotFound { .. }
                | Self::NotInImage { .. }
                | Self::Image { .. }
                | Self::Unsupported { .. }
        )
    }

    /// Its facts for the record.
    pub(crate) fn facts(&self) -> ResultError {
        let (kind, selector) = match self {
            Self::NotFound { .. }
            | Self::NotInImage { .. }
            | Self::Image { .. }
            | Self::Start { .. } => ("browser-missing", None),
            Self::Session(_) | Self::Remote { .. } | Self::RemoteBrowser { .. } => {
                ("session", None)
            }
            Self::Unsupported { .. } => ("unsupported", None),
            Self::Timeout { .. } => ("timeout", None),
            Self::Disconnected { .. } => ("disconnected", None),
            Self::Refused { .. } => ("rejected", None),
            Self::Load { .. } => ("load", None),
            Self::OpenNetwork { .. } | Self::OverTls { .. } => ("network", None),
            Self::BlockedRequests { cause, .. } => return cause.facts(),
            Self::PageErrors { .. } => ("page-errors", None),
            Self::Unsettled(_) => ("unsettled", None),
            Self::Storybook { .. } => ("storybook", None),
            Self::Hook { .. } => ("hook", None),
            Self::Unstable(_) => ("unstable", None),
            Self::Skipped(_) => ("skipped", None),
            Self::TargetNotFound { selector } => ("target-not-found", Some(selector.clone())),
            Self::TargetNotVisible { selector, .. } => {
                ("target-not-visible", Some(selector.clone()))
            }
            Self::TooLarge { .. } => ("too-large", None),
            Self::Step(failure) => ("step", failure.selector()),
            Self::Login(_) => ("login", None),
        };
        ResultError {
            kind: kind.to_owned(),
            selector,
            step: match self {
                Self::Step(failure) if failure.login.is_none() => Some(failure.number),
                _ => None,
            },
            stack: stack(self.reason()),
        }
    }

    /// The browser's words, which may have the stack of an exception.
    fn reason(&self) -> &str {
        match self {
            Self::Refused { reason, .. } => reason,
            Self::Step(failure) => &failure.reason,
            Self::Storybook { message } => message,
            _ => "",
        }
    }

    /// Whether the session cannot be used any more, so that a retry needs a new
    /// one.
    pub fn is_fatal(&self) -> bool {
        matches!(
            self,
            Self::Timeout { .. }
                | Self::Disconnected { .. }
                | Self::Session(_)
                | Self::Remote { .. }
                | Self::Start { .. }
        )
    }
}

/// The conditions that a page did not meet in time.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Unsettled {
    /// The time limit.
    pub limit: Duration,
    /// Each pending condition.
    pub pending: Vec<Pending>,
}

/// One condition that is pending.
#[derive(Clone, Debug, PartialEq, Eq, serde::Deserialize)]
pub struct Pending {
    /// The condition: `fonts`, `images`, …
    pub step: String,
    /// The awaited subject: an address, a selector.
    #[serde(default)]
    pub detail: String,
}

impl fmt::Display for Unsettled {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let seconds = self.limit.as_secs_f32();
        write!(f, "timed out after {seconds} s waiting for ")?;
        for (index, pending) in self.pending.iter().enumerate() {
            let separator = if index == 0 { "" } else { ", " };
            write!(f, "{separator}{}", pending.step)?;
            if !pending.detail.is_empty() {
                write!(f, " ({})", pending.detail)?;
            }
        }
        Ok(())
    }
}

/// Two screenshots of one page that differ.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Unstable {
    /// The two screenshots: `two screenshots around a frame`.
    pub between: &'static str,
    /// The later screenshot, a PNG.
    pub last: Vec<u8>,
    /// The differences, a PNG.
    pub motion: Option<Vec<u8>>,
    /// The regions that differ, largest first.
    pub moved: Vec<Region>,
    /// The likely reasons.
    pub why: Vec<String>,
    /// The settings that may help.
    pub help: Option<String>,
}

impl fmt::Display for Unstable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the page is unstable: {} differ", self.between)?;
        if let Some(region) = self.moved.first() {
            let Region {
                x,
                y,
                width,
                height,
            } = region;
            write!(f, ", most of all {width}×{height} at {x},{y}")?;
        }
        if !self.why.is_empty() {
            write!(f, "; {}", self.why.join("; "))?;
        }
        if let Some(help) = &self.help {
            write!(f, "\nhelp: {help}")?;
        }
        Ok(())
    }
}

/// A step that failed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StepFailure {
    /// The step's number, from 1.
    pub number: usize,
    /// The number of steps.
    pub of: usize,
    /// The step's manifest key: `click`.
    pub kind: &'static str,
    /// The step's target: a selector, a key, a script.
    pub target: String,
    /// Why it failed.
    pub reason: String,
    /// The login that the step belongs to; `None` for a step of the story.
    pub login: Option<String>,
    /// A screenshot of the page after the failure, a PNG.
    pub picture: Option<Vec<u8>>,
}

impl StepFailure {
    /// The selector of its target, if it is one.
    fn selector(&self) -> Option<String> {
        let has_selector = !matches!(self.kind, "press" | "script" | "sync");
        has_selector.then(|| self.target.clone())
    }
}

/// The text from its first line that is a frame of a stack on, with the line before.
fn stack(text: &str) -> Option<String> {
    let is_frame = |line: &str| {
        let line = line.trim_start();
        line.starts_with("at ")
            || (line.contains('@') && line.ends_with(|c: char| c.is_ascii_digit()))
    };
    let lines: Vec<&str> = text.lines().collect();
    let first = lines.iter().position(|line| is_frame(line))?;
    Some(lines[first.saturating_sub(1)..].join("\n"))
}

impl fmt::Display for StepFailure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            number,
            of,
            kind,
            target,
            reason,
            ..
        } = self;
        write!(f, "step {number} of {of} ")?;
        if let Some(login) = &self.login {
            write!(f, "of the login `{login}` ")?;
        }
        write!(f, "(`{kind}` of `{target}`) failed: {reason}")
    }
}
