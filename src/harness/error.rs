//! Errors that keep a suite from running any test.

use std::io::{self, IsTerminal};

use super::arguments::Color;
use crate::config::ConfigError;
use crate::escape::printable_with_styles;
use crate::manifest::{CodeStoryError, CredentialsError, ManifestError};
use crate::redact::redact;
use crate::serve::ServeError;

/// Why no test could be run.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub(crate) enum HarnessError {
    /// An environment variable has an invalid value.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// The manifest is missing or invalid.
    #[error(transparent)]
    Manifest(#[from] ManifestError),
    /// The test target's additions do not fit the manifest.
    #[error(transparent)]
    Code(#[from] CodeStoryError),
    /// The Storybook whose stories are to be listed could not be started.
    #[error(transparent)]
    Serve(#[from] ServeError),
    /// The credentials for the story server are missing.
    #[error(transparent)]
    Credentials(#[from] CredentialsError),
    /// A Storybook is running and does not list its stories.
    #[error(
        "the Storybook server responds, but has no index.json\n  \
         help: check that `storybook` in [stories] is the address of a Storybook 7 or later"
    )]
    NoIndex,
    /// The test list could not be printed.
    #[error("failed to print the list of tests: {0}")]
    Print(#[source] io::Error),
    /// No threads could be started.
    #[error("failed to start the async runtime: {0}")]
    Runtime(#[source] io::Error),
}

impl HarnessError {
    /// Prints the error to standard error, with the manifest's lines where it
    /// has any.
    #[expect(clippy::print_stderr, reason = "the colours of the manifest's lines")]
    pub(super) fn print(&self, color: Color, no_color: bool) {
        let text = self.render(color, no_color);
        eprintln!("{}", printable_with_styles(&redact(&text)));
    }

    fn render(&self, color: Color, no_color: bool) -> String {
        let is_colored = match color {
            Color::Always => true,
            Color::Never => false,
            Color::Auto => io::stderr().is_terminal() && !no_color,
        };
        match self {
            Self::Manifest(ManifestError::Read { .. }) => format!("error: {self}"),
            Self::Manifest(error) | Self::Code(CodeStoryError::Manifest(error)) => {
                error.render(is_colored)
            }
            error => format!("error: {error}"),
        }
    }
}
