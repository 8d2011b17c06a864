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

pub use browser::{BrowserSettings, EngineSettings};
pub use capture::{CaptureSettings, Isolation, Network, PageErrors, Target, WaitFor};
pub use credentials::{CredentialTemplates, Credentials, CredentialsError};
pub use device::{Contrast, Device, Medium};
pub use key_chord::KeyChord;
pub use known_failure::KnownFailure;
pub use login::{Login, LoginExpiry, LoginMethod};
pub use manifest::Manifest;
pub use request_rule::{RequestAction, RequestRule, StubResponse, UrlPattern};
pub use screen::Screen;
pub use source::Source;
pub use step::Step;
pub use story::{StorySpec, StorybookDetails};
pub use template::{BaselineTemplate, TemplateValues};
pub use theme::{ColorScheme, Theme};
pub use tolerances::Tolerances;
pub(super) use tolerances::{CompareLimits, CompareSettings};
