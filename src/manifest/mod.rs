//! Reads, checks and resolves `stories.toml`.
//!
//! A manifest is read at run time, so editing it rebuilds nothing. All errors
//! that can be found without a browser are found here, and all of them are
//! reported at once, each with its line.

mod code_stories;
mod context;
mod dependencies;
mod error;
mod load;
mod overrides;
mod pages;
mod paths;
mod quarantine;
mod reader;
mod schema;
mod sections;
mod state_dir;
mod stories;
mod storybook;
#[cfg(test)]
mod tests;
mod types;
mod values;

pub(crate) use code_stories::CodeStoryError;
pub use code_stories::Story;
pub use error::ManifestError;
pub(crate) use error::Problem;
pub use schema::SCHEMA;
pub(crate) use types::{
    AlertCondition, AlertLimit, AlertMetric, AlertRule, BrowserProxy, Credentials,
    CredentialsError, Login, LoginExpiry, LoginMethod, RequestAction, RequestRule, Source, Step,
    StoryLock, StubResponse, TemplateValues, WebhookFormat,
};
pub use types::{
    AlertSettings, BrowserSettings, BudgetUsage, CaptureSettings, ColorScheme, Container, Contrast,
    Device, HostPort, Isolation, Manifest, Medium, Network, PageErrors, Quarantine, Screen,
    SnapshotSelector, StorySpec, Target, Theme, WaitFor, budget_usage,
};
pub(crate) use types::{ImageContents, ImageSettings};
