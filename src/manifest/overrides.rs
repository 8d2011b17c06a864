//! Applies the environment variables that override settings of a manifest.

use crate::config::{ConfigError, Overrides};
use crate::model::BrowserName;

use super::Manifest;

impl Manifest {
    /// Replaces the settings that environment variables override.
    ///
    /// # Errors
    /// When `TINTYPE_BROWSER` names an engine that the manifest does not.
    pub fn override_with(&mut self, overrides: &Overrides) -> Result<(), ConfigError> {
        let browser = &mut self.browser;
        if let Some(sessions) = overrides.sessions {
            browser.sessions = sessions;
        }
        if let Some(webdriver) = &overrides.webdriver {
            browser.webdriver = Some(webdriver.clone());
        }
        if let Some(retries) = overrides.retries {
            self.retries = retries;
        }
        let unknown = |name: &&BrowserName| !browser.names.contains(name);
        match overrides.browsers.iter().flatten().find(unknown) {
            None => Ok(()),
            Some(name) => Err(ConfigError::Invalid {
                variable: "TINTYPE_BROWSER",
                value: name.as_str().to_owned(),
                expected: format!(
                    "engines among `names` in [browser] of {}: {}",
                    self.path.display(),
                    BrowserName::list(&browser.names)
                ),
            }),
        }
    }
}
