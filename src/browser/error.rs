//! What can go wrong between here and a picture.

use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

use crate::model::Region;

/// Why a browser could not be had, or a page could not be captured.
#[derive(Debug, thiserror::Error)]
pub enum BrowserError {
    /// No browser or driver on this machine.
    #[error("no {what} was found on this machine (looked for {looked_for}); {advice}")]
    NotFound {
        /// `browser`, `driver`, `geckodriver`, …
        what: &'static str,
        /// The names that were tried.
        looked_for: String,
        /// What to install, or which setting names the program.
        advice: &'static str,
    },
    /// A program that is there could not be started.
    #[error("failed to start {}: {reason}", program.display())]
    Start {
        /// The program.
        program: PathBuf,
        /// What it or the system said.
        reason: String,
    },
    /// The browser refused the session.
    #[error("the browser's driver refused a session: {0}")]
    Session(String),
    /// A WebDriver that should be up gives no session.
    #[error(
        "the WebDriver at {address} gives no session: {reason} \
         (`webdriver` in [browser] of the manifest, or TINTYPE_WEBDRIVER, names it)"
    )]
    Remote {
        /// Its address.
        address: String,
        /// What it or the connection said.
        reason: String,
    },
    /// The engine has not what the manifest asks for.
    #[error(
        "{engine} cannot do `{key}`, which the manifest asks for in the story `{story}`: leave \
         \"{engine}\" out of its `browsers`, or the key away"
    )]
    Unsupported {
        /// Its name.
        engine: &'static str,
        /// The story's id.
        story: String,
        /// The manifest's word.
        key: &'static str,
    },
    /// The browser or its driver did not answer in time. The session is of no
    /// more use.
    #[error("the browser did not answer `{command}` within {} s; it was restarted", limit.as_secs_f32())]
    Timeout {
        /// The command that was not answered.
        command: String,
        /// How long it was waited for.
        limit: Duration,
    },
    /// The connection to the browser broke. The session is of no more use.
    #[error("the browser went away during `{command}`: {reason}")]
    Disconnected {
        /// The command under way.
        command: String,
        /// What the connection, or the browser's last words, said.
        reason: String,
    },
    /// The browser answered a command with an error.
    #[error("the browser refused `{command}`: {reason}")]
    Refused {
        /// The command.
        command: String,
        /// The browser's own words.
        reason: String,
    },
    /// The page could not be loaded.
    #[error("failed to load {url}: {reason}")]
    Load {
        /// Its address.
        url: String,
        /// Why.
        reason: String,
    },
    /// The page asked for what the manifest keeps it from.
    #[error(
        "the page reached the open network, which `network = \"off\"` refuses: {}{}; answer or \
         block such requests by `request` in the manifest",
        addresses.join(", "),
        after.as_deref().map(|after| format!(" (and then: {after})")).unwrap_or_default()
    )]
    OpenNetwork {
        /// What it asked for.
        addresses: Vec<String>,
        /// What else went wrong, probably for that reason.
        after: Option<String>,
    },
    /// A rule was meant for a request that nobody could look into.
    #[error(
        "{} of the manifest's `request` matched over TLS, where nothing can be answered, and only \
         whole hosts be blocked (https://the.host/**): {}",
        if rules.len() == 1 { "a rule" } else { "rules" },
        rules.join(", ")
    )]
    OverTls {
        /// Each rule with the address.
        rules: Vec<String>,
    },
    /// Rules for requests, and a browser that cannot reach our proxy.
    #[error(
        "`request` and `network = \"off\"` need a browser on this machine, and that of \
         {webdriver} is on another"
    )]
    RemoteBrowser {
        /// The WebDriver's address.
        webdriver: String,
    },
    /// The page never came to rest.
    #[error("{0}")]
    Unsettled(Unsettled),
    /// A Storybook could not show the story.
    #[error("Storybook says: {message}")]
    Storybook {
        /// Storybook's own words.
        message: String,
    },
    /// The user's own code around the story failed.
    #[error("the `{name}` hook of the test target failed: {reason}")]
    Hook {
        /// `before` or `after`.
        name: &'static str,
        /// What it said.
        reason: String,
    },
    /// The page does not look the same twice.
    #[error("{0}")]
    Unstable(Unstable),
    /// The story itself says that there shall be no picture of it. No failure.
    #[error("{0}")]
    Skipped(String),
    /// The part of the page that was asked for is not there.
    #[error("no element matches `{selector}` (the story's capture target)")]
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
    /// The picture that was asked for is larger than any that can be compared.
    #[error(
        "a picture of {target} has {width}×{height} pixels, more than the {most} that Tintype \
         compares (capture an element, or a page that is not so tall)"
    )]
    TooLarge {
        /// `the page`, or an element's selector.
        target: String,
        /// In image pixels.
        width: u64,
        /// In image pixels.
        height: u64,
        /// As many pixels as there may be.
        most: u64,
    },
    /// A step of the story, or of its login, could not be done.
    #[error("{0}")]
    Step(Box<StepFailure>),
    /// Nobody could be logged in.
    #[error("{0}")]
    Login(String),
}

impl BrowserError {
    /// A script of ours that failed in the page.
    pub(super) fn of_script(reason: String) -> Self {
        Self::Refused {
            command: "script in the page".to_owned(),
            reason,
        }
    }

    /// What a refusal means when the command was to load an address.
    pub(super) fn of_loading(self, address: &str) -> Self {
        match self {
            Self::Refused { reason, .. } => Self::Load {
                url: address.to_owned(),
                reason,
            },
            Self::Timeout { limit, .. } => Self::Timeout {
                command: format!("load {address}"),
                limit,
            },
            other => other,
        }
    }

    /// Whether the session that said so is of no more use, and another one is
    /// worth a try.
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

/// A page that did not come to rest: what it was still waited for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Unsettled {
    /// The time that it had.
    pub limit: Duration,
    /// Each condition that was not met, with what stood in its way.
    pub pending: Vec<Pending>,
}

/// A page that does not look the same twice.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Unstable {
    /// Which two pictures differ: `two pictures around a frame`.
    pub between: &'static str,
    /// The later of the two, as a PNG.
    pub last: Vec<u8>,
    /// Where they differ, drawn, as a PNG.
    pub motion: Option<Vec<u8>>,
    /// Where they differ, largest region first.
    pub moved: Vec<Region>,
    /// What moves it, or may.
    pub why: Vec<String>,
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
        Ok(())
    }
}

/// A step that could not be done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StepFailure {
    /// Which of the story's steps it is, from 1.
    pub number: usize,
    /// How many there are.
    pub of: usize,
    /// Its word in the manifest: `click`.
    pub kind: &'static str,
    /// What it was to be done to: a selector, a key, a script.
    pub target: String,
    /// Why it could not be done.
    pub reason: String,
    /// The login whose step it is; the story's own where there is none.
    pub login: Option<String>,
    /// The page as it was then, a PNG, where one could be taken.
    pub picture: Option<Vec<u8>>,
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
        write!(f, "(`{kind}` of `{target}`) was not done: {reason}")
    }
}

/// One condition that is not met.
#[derive(Clone, Debug, PartialEq, Eq, serde::Deserialize)]
pub struct Pending {
    /// Its word: `fonts`, `images`, …
    pub step: String,
    /// What stands in its way: an address, a selector.
    #[serde(default)]
    pub detail: String,
}

impl fmt::Display for Unsettled {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "the page did not come to rest within {} s",
            self.limit.as_secs_f32()
        )?;
        for (index, pending) in self.pending.iter().enumerate() {
            let lead = if index == 0 {
                ": still waiting for"
            } else {
                ","
            };
            write!(f, "{lead} {}", pending.step)?;
            if !pending.detail.is_empty() {
                write!(f, " ({})", pending.detail)?;
            }
        }
        Ok(())
    }
}
