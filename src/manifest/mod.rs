//! `stories.toml`: read, checked and resolved, with errors that show the line.
//!
//! A manifest is read at run time, so that editing it rebuilds nothing.
//! Everything that can be found wrong without a browser is found here, all of
//! it at once: [`Manifest::load`] either gives a manifest that means something
//! or a [`ManifestError`] that shows every line to mend.

mod capture_settings;
mod code_stories;
mod compare_settings;
mod context;
mod credentials;
mod device;
mod error;
mod files;
mod folders;
mod keys;
mod known_failure;
mod login;
mod overrides;
mod reader;
mod request_rule;
mod request_settings;
mod resolve;
mod source;
mod steps;
mod story;
mod storybook;
mod suite;
mod template;
#[cfg(test)]
mod tests;
mod types;

use std::path::Path;

use toml::de::DeTable;

pub use code_stories::{CodeStoryError, Story};
pub use compare_settings::Tolerances;
pub use credentials::{CredentialTemplates, Credentials, CredentialsError};
pub use device::{Contrast, Device, Medium};
pub(crate) use error::Problem;
pub use error::{ManifestError, Report};
pub use keys::Chord;
pub use known_failure::KnownFailure;
pub use login::{Login, LoginExpiry, LoginMethod};
pub use request_rule::{RequestAction, RequestRule, StubResponse, UrlPattern};
pub use steps::Step;
pub use template::{BaselineTemplate, TemplateValues};
pub use types::{
    BrowserSettings, CaptureSettings, ColorScheme, EngineSettings, Isolation, Manifest, Network,
    PageErrors, Screen, Source, StorySpec, StorybookDetails, Target, Theme, WaitFor,
};

use context::ReadContext;
use reader::{Problems, Table};

use crate::config::Config;

impl Manifest {
    /// Reads a manifest from its file.
    ///
    /// # Errors
    /// When the file cannot be read or anything in it is wrong.
    pub fn load(path: &Path, config: &Config) -> Result<Self, ManifestError> {
        let source = std::fs::read_to_string(path).map_err(|e| ManifestError::read(path, &e))?;
        Self::parse(path, &source, config)
    }

    /// Reads a manifest from its text. `path` is where it stands: relative
    /// paths in it start at that folder, and errors name it.
    ///
    /// # Errors
    /// When anything in it is wrong.
    pub fn parse(path: &Path, source: &str, config: &Config) -> Result<Self, ManifestError> {
        let (document, broken) = DeTable::parse_recoverable(source);
        if !broken.is_empty() {
            return Err(ManifestError::invalid(path, source, syntax(&broken)));
        }
        let absolute = std::path::absolute(path).map_err(|e| ManifestError::read(path, &e))?;
        let root = absolute.parent().unwrap_or(Path::new("/")).to_owned();

        let mut problems = Problems::default();
        let mut table = Table::document(document.get_ref());
        let context = ReadContext::new(root, config);
        let suite = suite::read(&mut table, context, &mut problems);
        let stories = resolve::read(table.take("story").as_ref(), &suite, &mut problems);
        table.finish(&mut problems);
        request_settings::check_source(&suite.source, &stories, &mut problems);
        if !problems.0.is_empty() {
            return Err(ManifestError::invalid(path, source, problems.0));
        }
        Ok(Self {
            path: path.to_owned(),
            story_defaults: story::story_defaults(&suite, 0..0),
            root: suite.context.root,
            state_dir: suite.context.state_dir,
            source: suite.source,
            host: suite.host,
            from_code: suite.from_code,
            is_stale: suite.is_stale,
            credentials: suite.credentials,
            themes: suite.themes,
            viewports: suite.viewports,
            browser: suite.browser,
            baselines: suite.baselines,
            retries: suite.retries,
            device: suite.device,
            stories,
            text: source.into(),
        })
    }

    /// The errors found later, while looking at the manifest as a whole.
    pub(crate) fn invalid(&self, problems: Vec<Problem>) -> ManifestError {
        ManifestError::invalid(&self.path, &self.text, problems)
    }
}

/// What the TOML parser did not understand.
fn syntax(errors: &[toml::de::Error]) -> Vec<Problem> {
    errors
        .iter()
        .map(|error| Problem::new(error.span().unwrap_or(0..0), error.message()))
        .collect()
}
