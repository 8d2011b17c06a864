//! The variables that override settings of the manifest.

use crate::model::BrowserName;

use super::artifact_location::ArtifactLocation;
use super::error::ConfigError;
use super::variables::{Variable, Variables};

/// Values that beat those of the manifest.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Overrides {
    /// `TINTYPE_BROWSER`: the engines to run, out of those of the manifest.
    pub browsers: Option<Vec<BrowserName>>,
    /// `TINTYPE_SESSIONS`: the number of parallel browser sessions.
    pub sessions: Option<SessionCount>,
    /// `TINTYPE_WEBDRIVER`: the address of a running WebDriver server.
    pub webdriver: Option<String>,
    /// `TINTYPE_RETRIES`: the number of retries of a failed capture.
    pub retries: Option<u32>,
    /// `TINTYPE_ARTIFACTS`: the artifact store.
    pub artifacts: Option<ArtifactLocation>,
}

/// A number of sessions; `None` is `auto`.
type SessionCount = Option<usize>;

impl Overrides {
    pub(super) fn read(variables: &Variables) -> Result<Self, ConfigError> {
        let variable = |name| variables.variable(name);
        Ok(Self {
            browsers: variable("TINTYPE_BROWSER")
                .as_ref()
                .map(browsers)
                .transpose()?,
            sessions: variable("TINTYPE_SESSIONS")
                .as_ref()
                .map(sessions)
                .transpose()?,
            webdriver: variable("TINTYPE_WEBDRIVER")
                .as_ref()
                .map(webdriver)
                .transpose()?,
            retries: variable("TINTYPE_RETRIES")
                .as_ref()
                .map(retries)
                .transpose()?,
            artifacts: variable("TINTYPE_ARTIFACTS")
                .map(|variable| artifacts(&variable, variables))
                .transpose()?,
        })
    }

    /// Whether `TINTYPE_BROWSER` includes this engine.
    pub fn includes(&self, browser: BrowserName) -> bool {
        let names = self.browsers.as_ref();
        names.is_none_or(|names| names.contains(&browser))
    }
}

fn browsers(variable: &Variable) -> Result<Vec<BrowserName>, ConfigError> {
    let words = variable.value.split(',').map(str::trim);
    let read = words.map(|word| {
        BrowserName::parse(word).ok_or_else(|| {
            let known = BrowserName::list(&BrowserName::ALL);
            variable.invalid(format!("one or more of {known}, separated by commas"))
        })
    });
    read.collect()
}

fn sessions(variable: &Variable) -> Result<SessionCount, ConfigError> {
    match variable.value.as_str() {
        "auto" => Ok(None),
        number => match number.parse() {
            Ok(count @ 1..=256) => Ok(Some(count)),
            _ => Err(variable.invalid("`auto` or a number from 1 to 256")),
        },
    }
}

fn webdriver(variable: &Variable) -> Result<String, ConfigError> {
    let address = variable.value.trim_end_matches('/');
    if address.starts_with("http://") || address.starts_with("https://") {
        Ok(address.to_owned())
    } else {
        Err(variable.invalid("an address that begins with http:// or https://"))
    }
}

fn artifacts(variable: &Variable, variables: &Variables) -> Result<ArtifactLocation, ConfigError> {
    // The value is not shown, as it may contain a password.
    let unusable = |reason| ConfigError::Unusable {
        variable: variable.name,
        reason,
    };
    ArtifactLocation::parse(&variable.value, variables).map_err(unusable)
}

fn retries(variable: &Variable) -> Result<u32, ConfigError> {
    match variable.value.parse() {
        Ok(count @ 0..=10) => Ok(count),
        _ => Err(variable.invalid("a number from 0 to 10")),
    }
}
