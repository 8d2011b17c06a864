//! The values of a manifest: resolved, and within their ranges.

mod browser;
mod capture;
mod credentials;
mod device;
mod key_chord;
mod known_failure;
mod login;
mod manifest;
mod request_rule;
mod screen;
mod source;
mod step;
mod story;
mod template;
mod theme;
mod tolerances;

pub use browser::BrowserSettings;
pub(crate) use browser::EngineSettings;
pub use capture::{CaptureSettings, Isolation, Network, PageErrors, Target, WaitFor};
pub(crate) use credentials::{CredentialTemplates, Credentials, CredentialsError};
pub use device::{Contrast, Device, Medium};
pub(crate) use key_chord::KeyChord;
pub(crate) use known_failure::KnownFailure;
pub(crate) use login::{Login, LoginExpiry, LoginMethod};
pub use manifest::Manifest;
pub(crate) use request_rule::{RequestAction, RequestRule, StubResponse, UrlPattern};
pub use screen::Screen;
pub(crate) use source::Source;
pub(crate) use step::Step;
pub use story::StorySpec;
pub(crate) use story::StorybookDetails;
pub(crate) use template::{BaselineTemplate, TemplateValues};
pub use theme::{ColorScheme, Theme};
pub(crate) use tolerances::Tolerances;
pub(super) use tolerances::{CompareLimits, CompareSettings};
