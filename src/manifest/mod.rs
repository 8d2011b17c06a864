//! Reads, checks and resolves `stories.toml`.
//!
//! A manifest is read at run time, so editing it rebuilds nothing. All errors
//! that can be found without a browser are found here, and all of them are
//! reported at once, each with its line.

mod code_stories;
mod context;
mod error;
mod load;
mod overrides;
mod pages;
mod paths;
mod reader;
mod sections;
mod state_dir;
mod stories;
mod storybook;
#[cfg(test)]
mod tests;
mod types;
mod values;

pub use code_stories::{CodeStoryError, Story};
pub(crate) use error::Problem;
pub use error::{ManifestError, Report};
pub use types::{
    BaselineTemplate, BrowserSettings, CaptureSettings, ColorScheme, Contrast, CredentialTemplates,
    Credentials, CredentialsError, Device, EngineSettings, Isolation, KeyChord, KnownFailure,
    Login, LoginExpiry, LoginMethod, Manifest, Medium, Network, PageErrors, RequestAction,
    RequestRule, Screen, Source, Step, StorySpec, StorybookDetails, StubResponse, Target,
    TemplateValues, Theme, Tolerances, UrlPattern, WaitFor,
};
