//! The environment variables, one resolver each.
//!
//! The environment beats the manifest, which beats the default. A value that
//! nobody knows is an error that names the variable and the choices; an empty
//! one counts as unset.

#[cfg(test)]
mod tests;
mod variables;

pub use variables::{Expanded, expand, variables};

use std::env;
use std::ffi::OsString;
use std::fmt;
use std::path::PathBuf;

use crate::manifest::{BrowserName, Manifest};
use crate::model::RunId;

/// What the environment asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Config {
    /// `TINTYPE_UPDATE`: which current images become baselines.
    pub update: UpdateMode,
    /// `TINTYPE_RUN_ID`, otherwise `NEXTEST_RUN_ID`, otherwise a fresh one.
    pub run_id: RunId,
    /// Whether the run's name was given from outside, so that other processes
    /// may be at work on the same run.
    pub shared_run: bool,
    /// `TINTYPE_MANIFEST`: the manifest's path.
    pub manifest: Option<PathBuf>,
    /// `TINTYPE_BROWSER`: the engines to run, of those in the manifest.
    pub browsers: Option<Vec<BrowserName>>,
    /// `TINTYPE_SESSIONS`: how many browser sessions at once. The outer option
    /// is whether it is set, the inner one is `auto` when it is none.
    pub sessions: Option<Option<usize>>,
    /// `TINTYPE_WEBDRIVER`: the address of a WebDriver that is up already.
    pub webdriver: Option<String>,
    /// `TINTYPE_RETRIES`: how often a failed capture is tried again.
    pub retries: Option<u32>,
    /// `TINTYPE_CACHE`: whether results of unchanged stories are used again.
    pub cache: CacheMode,
    /// `TINTYPE_LOG`: how much is told about the inner workings.
    pub log: LogLevel,
    /// `CI`: whether this is continuous integration.
    pub ci: bool,
    /// `NEXTEST`: whether `cargo nextest` runs each test in its own process.
    pub nextest: bool,
}

/// Which current images become baselines during the run.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum UpdateMode {
    /// None: `cargo tintype accept` decides afterwards.
    #[default]
    No,
    /// Those without a baseline.
    New,
    /// Those without a baseline and those that failed by difference.
    Failed,
    /// Every one that is not byte for byte its baseline.
    All,
}

/// Whether results of unchanged stories are used again.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum CacheMode {
    /// Neither read nor written.
    Off,
    /// Read only.
    Read,
    /// Read and written.
    #[default]
    On,
}

/// How much is told about the inner workings, on stderr.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum LogLevel {
    /// Nothing.
    #[default]
    Off,
    /// What went wrong.
    Error,
    /// And what is odd.
    Warn,
    /// And the large steps.
    Info,
    /// And the small ones.
    Debug,
    /// And every command to the browser.
    Trace,
}

/// A variable whose value means nothing.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the environment variable {variable} is `{value}`, but must be {choices}")]
pub struct ConfigError {
    /// The variable.
    pub variable: &'static str,
    /// Its value.
    pub value: String,
    /// What it may be.
    pub choices: String,
}

impl Config {
    /// Reads the process's environment.
    ///
    /// # Errors
    /// At the first variable whose value means nothing.
    pub fn from_environment() -> Result<Self, ConfigError> {
        Self::read(|name| env::var_os(name))
    }

    /// Reads variables from wherever `lookup` finds them.
    ///
    /// # Errors
    /// At the first variable whose value means nothing.
    pub fn read(lookup: impl Fn(&str) -> Option<OsString>) -> Result<Self, ConfigError> {
        let set = |name: &'static str| lookup(name).filter(|value| !value.is_empty());
        let text = |name| Some(Variable::new(name, &set(name)?));
        let run_id = text("TINTYPE_RUN_ID").or_else(|| text("NEXTEST_RUN_ID"));
        let shared_run = run_id.is_some();
        Ok(Self {
            update: optional(text("TINTYPE_UPDATE"), update)?.unwrap_or_default(),
            run_id: optional(run_id, self::run_id)?.unwrap_or_else(RunId::fresh),
            shared_run,
            manifest: set("TINTYPE_MANIFEST").map(PathBuf::from),
            browsers: optional(text("TINTYPE_BROWSER"), browsers)?,
            sessions: optional(text("TINTYPE_SESSIONS"), sessions)?,
            webdriver: optional(text("TINTYPE_WEBDRIVER"), webdriver)?,
            retries: optional(text("TINTYPE_RETRIES"), retries)?,
            cache: optional(text("TINTYPE_CACHE"), cache)?.unwrap_or_default(),
            log: optional(text("TINTYPE_LOG"), log)?.unwrap_or_default(),
            ci: text("CI").is_some_and(|ci| !matches!(&*ci.value, "false" | "0")),
            nextest: text("NEXTEST").is_some_and(|nextest| nextest.value == "1"),
        })
    }

    /// Lets the environment beat the manifest, where both have a say.
    ///
    /// # Errors
    /// When `TINTYPE_BROWSER` names an engine that the manifest does not.
    pub fn override_manifest(&self, manifest: &mut Manifest) -> Result<(), ConfigError> {
        let browser = &mut manifest.browser;
        if let Some(sessions) = self.sessions {
            browser.sessions = sessions;
        }
        if let Some(webdriver) = &self.webdriver {
            browser.webdriver = Some(webdriver.clone());
        }
        if let Some(retries) = self.retries {
            manifest.retries = retries;
        }
        let foreign = |name: &&BrowserName| !browser.names.contains(name);
        match self.browsers.iter().flatten().find(foreign) {
            None => Ok(()),
            Some(name) => Err(ConfigError {
                variable: "TINTYPE_BROWSER",
                value: name.as_str().to_owned(),
                choices: format!(
                    "among the `names` in [browser] of {}: {}",
                    manifest.path.display(),
                    listed(&browser.names)
                ),
            }),
        }
    }

    /// Whether `TINTYPE_BROWSER` leaves this engine in.
    pub fn runs_in(&self, browser: BrowserName) -> bool {
        self.browsers
            .as_ref()
            .is_none_or(|names| names.contains(&browser))
    }
}

fn listed(names: &[BrowserName]) -> String {
    let names: Vec<_> = names.iter().map(|name| name.as_str()).collect();
    names.join(", ")
}

/// A variable that is set.
struct Variable {
    name: &'static str,
    value: String,
}

impl Variable {
    /// Bytes that are no text are shown as such in the error that follows.
    fn new(name: &'static str, value: &OsString) -> Self {
        Self {
            name,
            value: value.to_string_lossy().into_owned(),
        }
    }

    fn must_be(&self, choices: impl fmt::Display) -> ConfigError {
        ConfigError {
            variable: self.name,
            value: self.value.clone(),
            choices: choices.to_string(),
        }
    }

    fn one_of<T: Copy>(&self, choices: &[(&str, T)]) -> Result<T, ConfigError> {
        let found = choices.iter().find(|(word, _)| *word == self.value);
        found.map(|(_, meaning)| *meaning).ok_or_else(|| {
            let words: Vec<_> = choices
                .iter()
                .map(|(word, _)| format!("`{word}`"))
                .collect();
            self.must_be(format!("one of {}", words.join(", ")))
        })
    }
}

fn optional<T>(
    variable: Option<Variable>,
    read: impl Fn(&Variable) -> Result<T, ConfigError>,
) -> Result<Option<T>, ConfigError> {
    variable.map(|variable| read(&variable)).transpose()
}

fn update(variable: &Variable) -> Result<UpdateMode, ConfigError> {
    variable.one_of(&[
        ("no", UpdateMode::No),
        ("new", UpdateMode::New),
        ("failed", UpdateMode::Failed),
        ("all", UpdateMode::All),
    ])
}

/// A run's name becomes a folder and part of Redis keys. Braces are allowed
/// for the sake of Redis Cluster.
fn run_id(variable: &Variable) -> Result<RunId, ConfigError> {
    let known = |c: char| c.is_ascii_alphanumeric() || "._-{}".contains(c);
    let name = &variable.value;
    if name.chars().all(known) && !name.starts_with('.') && name.len() <= 200 {
        return Ok(RunId(name.clone()));
    }
    Err(variable.must_be("letters, digits, `.`, `_`, `-`, `{`, `}`, not beginning with a `.`"))
}

fn browsers(variable: &Variable) -> Result<Vec<BrowserName>, ConfigError> {
    let words = variable.value.split(',').map(str::trim);
    words
        .map(|word| {
            let found = BrowserName::ALL.iter().find(|name| name.as_str() == word);
            found.copied().ok_or_else(|| {
                let known = listed(&BrowserName::ALL);
                variable.must_be(format!("one or more of {known}, with commas between"))
            })
        })
        .collect()
}

fn sessions(variable: &Variable) -> Result<Option<usize>, ConfigError> {
    match variable.value.as_str() {
        "auto" => Ok(None),
        number => match number.parse() {
            Ok(count @ 1..=256) => Ok(Some(count)),
            _ => Err(variable.must_be("`auto` or a number from 1 to 256")),
        },
    }
}

fn webdriver(variable: &Variable) -> Result<String, ConfigError> {
    let address = variable.value.trim_end_matches('/');
    if address.starts_with("http://") || address.starts_with("https://") {
        Ok(address.to_owned())
    } else {
        Err(variable.must_be("an address that begins with http:// or https://"))
    }
}

fn retries(variable: &Variable) -> Result<u32, ConfigError> {
    match variable.value.parse() {
        Ok(count @ 0..=10) => Ok(count),
        _ => Err(variable.must_be("a number from 0 to 10")),
    }
}

fn cache(variable: &Variable) -> Result<CacheMode, ConfigError> {
    variable.one_of(&[
        ("off", CacheMode::Off),
        ("read", CacheMode::Read),
        ("on", CacheMode::On),
    ])
}

fn log(variable: &Variable) -> Result<LogLevel, ConfigError> {
    variable.one_of(&[
        ("off", LogLevel::Off),
        ("error", LogLevel::Error),
        ("warn", LogLevel::Warn),
        ("info", LogLevel::Info),
        ("debug", LogLevel::Debug),
        ("trace", LogLevel::Trace),
    ])
}
